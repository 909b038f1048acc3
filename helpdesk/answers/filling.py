"""Templates with the ticket filled in, in the language of its customer.

The notation is that of messages to customers (``helpdesk.notify.texts``): names in braces, and a
line for which there is nothing to say is left out. A template is Markdown; what is filled in is
text, so its signs are escaped.
"""

import re
from collections.abc import Mapping

from helpdesk.answers.models import Texts
from helpdesk.notify import filled, texts
from helpdesk.notify.filled import reads, the_desk
from helpdesk.people.access import Actor
from helpdesk.tickets.models import Ticket

PLACEHOLDERS = (
    "customer",
    "number",
    "subject",
    "queue",
    "technician",
    "me",
    "expected",
    "needed",
    "solution",
    "desk",
)
"""What may stand in braces. ``technician`` is the owner of the ticket, ``me`` who writes."""

_SIGNS = re.compile(r"[\\`*_\[\]<>~|]|&(?=#?\w+;)")
_BEGINNING = re.compile(r"^(?:([#+\-=])|(\d+)([.)]))", re.MULTILINE)


def as_text(value: str) -> str:
    """Return a value so that Markdown shows it as it is."""
    escaped = _SIGNS.sub(lambda found: "\\" + found[0], value)
    return _BEGINNING.sub(
        lambda found: f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}", escaped
    )


def answer(actor: Actor, template: Texts, ticket: Ticket) -> str:
    """Return a template as Markdown, filled in for whoever the answer goes to."""
    person = ticket.requester or ticket.customer
    desk = the_desk()
    language, text = template.text_in((reads(person, desk), desk.language))
    return filled_in(actor, text, language, ticket) if text else ""


def filled_in(actor: Actor, text: str, language: str, ticket: Ticket) -> str:
    """Return one text as Markdown, filled in."""
    person = ticket.requester or ticket.customer
    values = filled.values(ticket, person, language)
    return _fill(text, {**values, "queue": ticket.queue.name, "me": actor.name})


def example(actor: Actor, text: str, language: str) -> str:
    """Return one text as Markdown, filled in with an example."""
    return _fill(text, {**filled.examples(language), "queue": "Service desk", "me": actor.name})


def _fill(text: str, values: Mapping[str, str]) -> str:
    return texts.fill_lines(text, {name: as_text(value) for name, value in values.items()})
