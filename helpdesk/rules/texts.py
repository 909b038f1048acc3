"""Keeping the folded copy of what tickets say, for rules that are asked in SQL."""

from sqlalchemy import update

from helpdesk.db import db
from helpdesk.ending import at_end, write_waiting
from helpdesk.lib.folded import fold
from helpdesk.rows import Row, write_rows
from helpdesk.rules.facts import OPENING
from helpdesk.rules.models import RuleText
from helpdesk.tickets.events import EntryRedacted, TicketEvent
from helpdesk.tickets.models import Ticket


def on_ticket_event(event: TicketEvent) -> None:
    """Keep the texts of a new ticket, and a new subject."""
    ticket, entry = event.ticket, event.entry
    if entry.verb == OPENING:
        row = {
            "ticket_id": ticket.id,
            "subject": fold(ticket.subject),
            "message": fold(entry.body),
        }
        at_end(_write, ticket, row)
    elif entry.verb == "undo" or "subject" in (entry.changes or {}):
        _change(ticket, subject=fold(ticket.subject))


def on_redacted(event: EntryRedacted) -> None:
    """Forget what was redacted; the subject may have gone with it."""
    if event.entry.verb == OPENING:
        _change(event.entry.ticket, subject=fold(event.entry.ticket.subject), message="")


def _write(rows: list[Row]) -> None:
    write_rows(RuleText, rows)


def _change(ticket: Ticket, **texts: str) -> None:
    write_waiting()
    db.session.execute(update(RuleText).where(RuleText.ticket_id == ticket.id).values(**texts))
