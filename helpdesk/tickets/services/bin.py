"""The end of the bin: after its days a binned ticket does not come back, and its texts go."""

from datetime import timedelta

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.events import publish
from helpdesk.lib.clock import now
from helpdesk.people.access import SYSTEM
from helpdesk.tickets.events import EntryRedacted
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services.redact import empty, forget_former_subjects


def expire_bin(days: int, limit: int = 50) -> int:
    """Empty the entries of tickets that have lain in the bin for longer than ``days``.

    The numbers stay taken and the journal keeps that there was something; texts, files, raw mail
    and index entries go. Returns how many tickets were emptied. Called by the worker.
    """
    old = list(
        db.session.scalars(
            select(Ticket)
            .where(
                Ticket.hidden_at < now() - timedelta(days=days),
                Ticket.bin_reason.is_not(None),
                Ticket.subject != "",
            )
            .order_by(Ticket.hidden_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )
    for ticket in old:
        ticket.subject, ticket.solution = "", ""
        forget_former_subjects(SYSTEM, ticket, now())
        for entry in db.session.scalars(
            select(Entry).where(Entry.ticket_id == ticket.id, Entry.redacted_at.is_(None))
        ):
            publish(EntryRedacted(actor=SYSTEM, entry=entry))
            empty(entry, now())
        db.session.flush()
    return len(old)
