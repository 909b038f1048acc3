"""What somebody holds, and which of it falls due while they are away."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select

from helpdesk.db import db
from helpdesk.people.access import Actor
from helpdesk.tickets.lifecycle import OPEN_ASSIGNMENT, UNFINISHED
from helpdesk.tickets.models import Assignment, Ticket
from helpdesk.tickets.queries.access import visible


def held_by(actor: Actor, person_id: int, *, limit: int) -> list[int]:
    """Return the open tickets that somebody owns or holds a part of and the actor may see."""
    pieces = select(Assignment.ticket_id).where(
        Assignment.technician_id == person_id, Assignment.state.in_(sorted(OPEN_ASSIGNMENT))
    )
    return list(
        db.session.scalars(
            select(Ticket.id)
            .where(
                or_(Ticket.owner_id == person_id, Ticket.id.in_(pieces)),
                Ticket.status_class.in_(sorted(UNFINISHED)),
                Ticket.hidden_at.is_(None),
                visible(actor),
            )
            .order_by(Ticket.due_at.is_(None), Ticket.due_at, Ticket.id)
            .limit(limit)
        )
    )


def falling_due(numbers: Sequence[int], until: datetime) -> frozenset[int]:
    """Return which of these tickets have something promised, told or planned before a moment."""
    return frozenset(
        db.session.scalars(
            select(Ticket.id).where(
                Ticket.id.in_(numbers),
                or_(Ticket.due_at < until, Ticket.expected_at < until, Ticket.wake_at < until),
            )
        )
    )
