"""Keeping the folded copy of what tickets say, for rules that are asked in SQL."""

from sqlalchemy import update

from helpdesk.db import db
from helpdesk.lib.folded import fold
from helpdesk.rules.facts import OPENING
from helpdesk.rules.models import RuleText
from helpdesk.tickets.events import EntryRedacted, TicketEvent
from helpdesk.tickets.models import Ticket


def on_ticket_event(event: TicketEvent) -> None:
    """Keep the texts of a new ticket, and a new subject."""
    ticket, entry = event.ticket, event.entry
    if entry.verb == OPENING:
        db.session.add(
            RuleText(ticket_id=ticket.id, subject=fold(ticket.subject), message=fold(entry.body))
        )
        db.session.flush()
    elif entry.verb == "undo" or "subject" in (entry.changes or {}):
        _change(ticket, subject=fold(ticket.subject))


def on_redacted(event: EntryRedacted) -> None:
    """Forget what was redacted; the subject may have gone with it."""
    if event.entry.verb == OPENING:
        _change(event.entry.ticket, subject=fold(event.entry.ticket.subject), message="")


def _change(ticket: Ticket, **texts: str) -> None:
    db.session.execute(update(RuleText).where(RuleText.ticket_id == ticket.id).values(**texts))
