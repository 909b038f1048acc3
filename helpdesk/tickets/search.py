"""Finding tickets by number, by whose they are and by words, the newest first.

Which tickets have the words is the business of ``lookup``; here they are held against what the
actor may see.
"""

import re

from sqlalchemy import Select, select

from helpdesk.db import db
from helpdesk.lib.bigrams import words
from helpdesk.people import contact_values
from helpdesk.people.access import Actor
from helpdesk.people.models import ContactKind, ContactPoint
from helpdesk.tickets.lookup import MOST_QUICK, hits
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import visible

__all__ = ["find", "hits", "numbers", "of_address", "statement"]

_ADDRESS = re.compile(r"[^\s@]{1,64}@[^\s@]{1,255}")


def numbers(actor: Actor, question: str, limit: int = 500, *, quick: bool = False) -> list[int]:
    """Return the numbers of visible tickets that contain the question, newest hit first."""
    seen: dict[int, bool] = {}
    waiting: list[int] = []
    result: list[int] = []

    def check() -> None:
        fine = set(
            db.session.scalars(
                select(Ticket.id).where(
                    Ticket.id.in_(waiting), Ticket.hidden_at.is_(None), visible(actor)
                )
            )
        )
        result.extend(number for number in waiting if number in fine)
        waiting.clear()

    for number in hits(question, quick=quick, apart=True):
        if number in seen:
            continue
        seen[number] = True
        waiting.append(number)
        if len(waiting) >= limit:
            check()
            if len(result) >= limit or len(seen) >= 20 * limit:
                break
    if waiting:
        check()
    return result[:limit]


def of_address(question: str) -> list[int]:
    """Return the newest tickets of whose e-mail address a question is; nobody's have none.

    Those they asked for and those that are about them, at most ``MOST_QUICK`` of each.
    """
    asked = question.strip()
    if not _ADDRESS.fullmatch(asked):
        return []
    try:
        value = contact_values.email(asked)
    except ValueError:
        return []
    people = db.session.scalars(
        select(ContactPoint.person_id).where(
            ContactPoint.kind == ContactKind.EMAIL, ContactPoint.value == value
        )
    ).all()
    found: list[int] = []
    for column in (Ticket.customer_id, Ticket.requester_id):
        for person_id in set(people):
            found += db.session.scalars(
                select(Ticket.id)
                .where(column == person_id)
                .order_by(Ticket.id.desc())
                .limit(MOST_QUICK)
            )
    return sorted(set(found), reverse=True)


def statement(actor: Actor, question: str, limit: int = 500) -> Select[Ticket] | None:
    """Return the select of the newest tickets that contain the question; None without words."""
    if not words(question):
        return None
    return (
        select(Ticket)
        .where(Ticket.id.in_(numbers(actor, question, limit)))
        .order_by(Ticket.updated_at.desc(), Ticket.id.desc())
    )


def find(actor: Actor, question: str, limit: int = 20, *, quick: bool = False) -> list[Ticket]:
    """Find tickets by number or by words, the actor's visible ones only, newest first.

    ``quick`` as in ``hits``.
    """
    bare = question.strip().lstrip("#")
    if bare.isdigit() and len(bare) < 12:
        exact = db.session.scalar(select(Ticket).where(Ticket.id == int(bare), visible(actor)))
        if exact is not None:
            return [exact]
    theirs = of_address(question)
    if theirs:
        return list(
            db.session.scalars(
                select(Ticket)
                .where(Ticket.id.in_(theirs), Ticket.hidden_at.is_(None), visible(actor))
                .order_by(Ticket.id.desc())
                .limit(limit)
            )
        )
    ordered = numbers(actor, question, limit, quick=quick)
    found = {
        ticket.id: ticket
        for ticket in db.session.scalars(select(Ticket).where(Ticket.id.in_(ordered)))
    }
    return [found[number] for number in ordered]
