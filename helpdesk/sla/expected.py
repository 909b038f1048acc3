"""When a customer may expect it: what a technician said, else what the fix promise says."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.sla.clocks import Promise
from helpdesk.sla.models import Clock
from helpdesk.tickets.lifecycle import UNFINISHED, StatusClass
from helpdesk.tickets.models import Ticket


@dataclass(frozen=True, slots=True)
class Expected:
    """The time a customer is told."""

    at: datetime
    is_estimate: bool
    """Whether a technician said so; otherwise the fix promise says it."""

    @property
    def past(self) -> bool:
        """Whether it has passed, so that a new one has to be said."""
        return self.at <= now()


def expected_of(ticket: Ticket) -> Expected | None:
    """Return the time the customer is told; None when nobody knows one, or nothing is open.

    One query at most, and none where the ticket says enough itself.
    """
    if ticket.expected_at is not None or ticket.due_promise == Promise.FIX:
        fix_due = ticket.due_at if ticket.due_promise == Promise.FIX else None
        return expected_with(ticket, fix_due)
    fix_due = db.session.scalar(
        select(Clock.due_at).where(
            Clock.ticket_id == ticket.id, Clock.piece == 0, Clock.promise == Promise.FIX.value
        )
    )
    return expected_with(ticket, fix_due)


def expected_with(ticket: Ticket, fix_due: datetime | None) -> Expected | None:
    """Return the same where it is known when the fix is due."""
    if ticket.status_class not in UNFINISHED or ticket.hidden_at is not None:
        return None
    if ticket.expected_at is not None:
        return Expected(ticket.expected_at, is_estimate=True)
    return Expected(fix_due, is_estimate=False) if fix_due is not None else None


def expected_for(ticket: Ticket) -> datetime | None:
    """Return the moment the customer is told (UTC); None when nobody knows one."""
    found = expected_of(ticket)
    return found.at if found is not None else None


def is_demanded(ticket: Ticket) -> bool:
    """Whether a new time has to be said: that which was told has passed, and it is on us."""
    if ticket.status_class not in {StatusClass.NEW, StatusClass.OPEN}:
        return False
    if ticket.expected_at is None and (ticket.due_at is None or ticket.due_at > now()):
        # What is due first is not past, so the fix, which is due no sooner, is not either.
        return False
    found = expected_of(ticket)
    return found is not None and found.past
