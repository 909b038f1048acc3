"""A home for work that comes back: a retired queue is nowhere that anybody looks."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.lifecycle import OPEN_ASSIGNMENT, UNFINISHED
from helpdesk.tickets.models import Assignment, Ticket
from helpdesk.tickets.services import choose
from helpdesk.tickets.services.errors import Refused


def refuge_of(ticket: Ticket) -> Queue | None:
    """Return the queue in use that takes in a ticket whose queue was retired.

    That is where a new ticket of its category would land. A restricted ticket goes only to
    another restricted queue of the same team, because anywhere else more people would read it;
    None when the team has no such queue.
    """
    if not ticket.restricted:
        return choose.default_queue(ticket.category)
    return db.session.scalar(
        select(Queue)
        .where(
            Queue.team_id == db.session.get_one(Queue, ticket.queue_id).team_id,
            Queue.restricted,
            Queue.retired_at.is_(None),
        )
        .order_by(Queue.position, Queue.id)
        .limit(1)
    )


def leave_retired_queues(ticket: Ticket) -> Queue | None:
    """Move a ticket that somebody must work on out of retired queues; returns its new home.

    None when nobody has to work on it or when it stands in queues in use already. Its home and
    its open assignments go to ``refuge_of``. Raises Refused for a restricted ticket without one.
    """
    if ticket.status_class not in UNFINISHED or ticket.hidden_at is not None:
        return None
    waiting = [row for row in ticket.assignments if row.state in OPEN_ASSIGNMENT]
    stranded = [row for row in waiting if _is_retired(row.queue_id)]
    homeless = not waiting and _is_retired(ticket.queue_id)
    if not stranded and not homeless:
        return None
    refuge = _need_refuge(ticket)
    _move(stranded, refuge)
    return refuge if homeless or _is_retired(ticket.queue_id) else None


def home_in_use(ticket: Ticket) -> Queue:
    """Return the queue for a new ticket that goes on where this one ended. Raises Refused."""
    return ticket.queue if ticket.queue.retired_at is None else _need_refuge(ticket)


def _need_refuge(ticket: Ticket) -> Queue:
    refuge = refuge_of(ticket)
    if refuge is None:
        raise Refused(
            "queue-retired-restricted",
            _l(
                "The queue of this restricted ticket is retired, and its team has no other"
                " restricted queue. Restore the queue in Set up first."
            ),
            "queue",
        )
    return refuge


def _is_retired(queue_id: int) -> bool:
    # The acting verb has nearly always loaded the queue, so this asks nothing.
    return db.session.get_one(Queue, queue_id).retired_at is not None


def _move(stranded: list[Assignment], refuge: Queue) -> None:
    for row in stranded:
        row.queue_id = refuge.id
    db.session.flush()
    for row in stranded:
        db.session.expire(row, ["queue"])
