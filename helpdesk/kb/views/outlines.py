"""What an article of each kind begins with: an outline to be filled in, in its own language."""

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.kb.models import Kind
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.own_words import own_words
from helpdesk.web.i18n import LANGUAGES

MOST_QUOTED = 4000
"""Characters of a ticket that an article begins with."""


def outline(kind: Kind, language: str) -> str:
    """Return the outline of a kind, in the article's language as far as we speak it."""
    with force_locale(language if language in LANGUAGES else "en"):
        return "\n".join(_LINES[kind]()) + "\n"


def from_ticket(kind: Kind, language: str, ticket: Ticket) -> str:
    """Return what a ticket knows, as the beginning of an article: what was seen, why, what helped.

    The customer's own words stand there to be rewritten, without what they quote; nobody's name
    is put in. A tree of questions begins with its outline.
    """
    if kind is Kind.TROUBLESHOOTING:
        return outline(kind, language)
    with force_locale(language if language in LANGUAGES else "en"):
        parts = [f"## {_('What people see')}", _seen(ticket)]
        if ticket.cause is not None:
            parts += [f"## {_('Cause')}", ticket.cause.name]
        parts += [
            f"## {_('Way around') if kind is Kind.KNOWN_ERROR else _('Steps')}",
            _helped(ticket),
        ]
        parts += [f"## {_('How you know it worked')}"]
    return "\n\n".join(part for part in parts if part) + "\n"


def _seen(ticket: Ticket) -> str:
    """Return what the customer wrote first, as a quotation."""
    row = db.session.execute(
        select(Entry.body, Entry.envelope)
        .where(Entry.ticket_id == ticket.id, Entry.verb == "log", Entry.redacted_at.is_(None))
        .order_by(Entry.id)
        .limit(1)
    ).first()
    said = own_words(row.body, row.envelope or {}).strip() if row is not None else ""
    return "\n".join(f"> {line}".rstrip() for line in said[:MOST_QUOTED].splitlines())


def _helped(ticket: Ticket) -> str:
    """Return what fixed it: the solution, else our last answer."""
    if ticket.solution.strip():
        return ticket.solution.strip()
    said = db.session.scalar(
        select(Entry.body)
        .where(
            Entry.ticket_id == ticket.id,
            Entry.verb == "reply",
            Entry.redacted_at.is_(None),
            Entry.withdrawn_at.is_(None),
        )
        .order_by(Entry.id.desc())
        .limit(1)
    )
    return (said or "").strip()[:MOST_QUOTED]


def _how_to() -> list[str]:
    return [
        f"## {_('Before you begin')}",
        "",
        f"- {_('What you need')}",
        "",
        f"## {_('Steps')}",
        "",
        f"1. {_('First step')}",
        f"2. {_('Second step')}",
        "",
        f"## {_('How you know it worked')}",
        "",
        f"## {_('If it does not work')}",
        "",
    ]


def _known_error() -> list[str]:
    return [
        f"## {_('What people see')}",
        "",
        f"## {_('Who is affected')}",
        "",
        f"## {_('Cause')}",
        "",
        f"## {_('Way around')}",
        "",
        f"1. {_('First step')}",
        "",
        f"## {_('When it will be fixed')}",
        "",
    ]


def _faq() -> list[str]:
    return [
        f"## {_('First question?')}",
        "",
        str(_("A short answer.")),
        "",
        f"## {_('Second question?')}",
        "",
        str(_("A short answer.")),
        "",
    ]


def _troubleshooting() -> list[str]:
    return [
        str(_("What this is about, in a line.")),
        "",
        "## Step: cable",
        str(_("Is the cable plugged in at both ends?")),
        f"- {_('Yes')} → restart",
        f"- {_('No')} → plug-in",
        "",
        "## Step: plug-in",
        str(_("Plug it in and wait a minute. Does it work now?")),
        f"- {_('Yes')} → done",
        f"- {_('No')} → restart",
        "",
        "## Step: restart",
        str(_("Turn it off and on again. Does it work now?")),
        f"- {_('Yes')} → done",
        f"- {_('No')} → hand-over",
        "",
        "## Step: done",
        str(_("Good. Nothing else to do.")),
        "- solved",
        "",
        "## Step: hand-over",
        str(_("Log a ticket: a technician goes on from here.")),
        "- hand over",
    ]


def _general() -> list[str]:
    return [""]


_LINES = {
    Kind.HOW_TO: _how_to,
    Kind.KNOWN_ERROR: _known_error,
    Kind.FAQ: _faq,
    Kind.TROUBLESHOOTING: _troubleshooting,
    Kind.GENERAL: _general,
}
