"""Questions that higher rooms put into forms about tickets, and their answers.

Resolving a ticket asks why a promise was missed, answering asks for a new time once the one that
was told has passed; both are known above this package. A question draws its fields into a form
and takes the answer when the form comes back, within the same act.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Protocol

from flask import current_app
from markupsafe import Markup

from helpdesk.people.access import Actor
from helpdesk.tickets.models import Ticket


class Form(StrEnum):
    """Forms that may hold questions."""

    REPLY = "reply"
    RESOLVE = "resolve"
    SIDE = "side"


class Question(Protocol):
    """Something that is asked in a form when there is reason to."""

    def ask(self, ticket: Ticket) -> Markup | None:
        """Return the fields, filled with what was sent already; None when there is no reason."""

    def answer(self, actor: Actor, ticket: Ticket) -> None:
        """Take the answer from the request, before the act itself.

        A form that was drawn when there was no reason has no such fields, and passes. Raises
        Refused for an answer that will not do.
        """


def register(app: Any, form: Form, question: Question) -> None:
    """Let a form hold a question."""
    app.extensions.setdefault("hearth-questions", {}).setdefault(form, []).append(question)


def _questions(form: Form) -> list[Question]:
    found: list[Question] = current_app.extensions.get("hearth-questions", {}).get(form, [])
    return found


def asked(form: Form, ticket: Ticket) -> list[Markup]:
    """Return the fields of all questions that there is reason to ask."""
    return list(_drawn(form, ticket))


def _drawn(form: Form, ticket: Ticket) -> Iterator[Markup]:
    for question in _questions(form):
        fields = question.ask(ticket)
        if fields is not None:
            yield fields


def answered(form: Form, actor: Actor, ticket: Ticket) -> None:
    """Take the answers to all questions of a form. Raises Refused."""
    for question in _questions(form):
        question.answer(actor, ticket)


# ---- While a call is logged: there is no ticket yet ----


class OpeningQuestion(Protocol):
    """Something that is asked in the form that logs a call."""

    def ask(self) -> Markup | None:
        """Return the fields, filled with what was sent already; None when there is no reason."""

    def hold(self, actor: Actor) -> None:
        """Lock what the answer is about, before any ticket is."""

    def answer(self, actor: Actor, ticket: Ticket) -> None:
        """Take the answer from the request, once the ticket is there. Raises Refused."""


def register_opening(app: Any, question: OpeningQuestion) -> None:
    """Let the form that logs a call hold a question."""
    app.extensions.setdefault("hearth-opening-questions", []).append(question)


def _opening() -> list[OpeningQuestion]:
    found: list[OpeningQuestion] = current_app.extensions.get("hearth-opening-questions", [])
    return found


def asked_at_opening() -> list[Markup]:
    """Return the fields of all questions that there is reason to ask while a call is logged."""
    drawn = (question.ask() for question in _opening())
    return [fields for fields in drawn if fields is not None]


def hold_at_opening(actor: Actor) -> None:
    """Lock what the answers of the form are about. Called before a ticket is locked or made."""
    for question in _opening():
        question.hold(actor)


def answered_at_opening(actor: Actor, ticket: Ticket) -> None:
    """Take the answers to what was asked while the call was logged. Raises Refused."""
    for question in _opening():
        question.answer(actor, ticket)
