"""What restricting a queue means for the tickets that are or were in it.

Set up changes the queue; here its tickets follow. They are many, so they are changed by a few
statements and get no journal entry: the audit log says who restricted the queue.
"""

from sqlalchemy import ColumnElement, exists, or_, select, update
from sqlalchemy.orm import aliased

from helpdesk.db import db
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.models import Assignment, Ticket, Worklist


def restrict_tickets_of(queue: Queue) -> None:
    """Hide the tickets that the queue holds or held from everybody else.

    What was merged into another ticket is read there, so that one is hidden too.
    """
    merged = aliased(Ticket)
    holds_merged = exists().where(merged.merged_into_id == Ticket.id, merged.restricted)
    for concerned in (_part_of(queue), holds_merged):
        db.session.execute(
            update(Ticket)
            .where(Ticket.restricted.is_(False), concerned)
            .values(restricted=True)
            .execution_options(synchronize_session=False)
        )
    _follow(restricted=True)


def open_tickets_of(queue: Queue) -> None:
    """Show the tickets of a queue that is no longer restricted.

    Those in which another restricted queue has or had a part stay hidden, also when it had that
    part in a ticket that was merged into them.
    """
    merged = aliased(Ticket)
    closed = select(Queue.id).where(Queue.restricted)
    elsewhere = or_(
        Ticket.queue_id.in_(closed),
        exists().where(Assignment.ticket_id == Ticket.id, Assignment.queue_id.in_(closed)),
        exists().where(merged.merged_into_id == Ticket.id, merged.restricted),
    )
    # What was merged away comes first, because the survivor asks whether it is still restricted.
    for merged_away in (Ticket.merged_into_id.is_not(None), Ticket.merged_into_id.is_(None)):
        db.session.execute(
            update(Ticket)
            .where(Ticket.restricted, merged_away, _part_of(queue), ~elsewhere)
            .values(restricted=False)
            .execution_options(synchronize_session=False)
        )
    _follow(restricted=False)


def _part_of(queue: Queue) -> ColumnElement[bool]:
    held = exists().where(Assignment.ticket_id == Ticket.id, Assignment.queue_id == queue.id)
    return or_(Ticket.queue_id == queue.id, held)


def _follow(*, restricted: bool) -> None:
    """Bring the copies on the worklist into step, and forget what this session had loaded."""
    of_ticket = select(Ticket.id).where(
        Ticket.id == Worklist.ticket_id, Ticket.restricted.is_(restricted)
    )
    db.session.execute(
        update(Worklist)
        .where(Worklist.restricted.is_(not restricted), of_ticket.exists())
        .values(restricted=restricted)
        .execution_options(synchronize_session=False)
    )
    db.session.expire_all()
