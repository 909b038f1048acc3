"""Choosing the rows a verb needs by default: statuses of a class, the default queue, priorities."""

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.tickets.desk import Category, PriorityCell, Queue, Status
from helpdesk.tickets.lifecycle import DEFAULT_MATRIX, StatusClass


def status_of(status_class: StatusClass, *, hold_reason: str | None = None) -> Status:
    """Return the status a verb uses for a class: the one for the hold reason, else the default.

    Raises LookupError when the desk has no status of the class, which Set up prevents.
    """
    rows = list(
        db.session.scalars(
            select(Status)
            .where(Status.status_class == status_class, Status.retired_at.is_(None))
            .order_by(Status.is_default.desc(), Status.position, Status.id)
        )
    )
    if not rows:
        raise LookupError(f"no status of class {status_class}")
    if hold_reason is not None:
        for row in rows:
            if row.hold_reason == hold_reason:
                return row
    return rows[0]


def status_by_key(key: str) -> Status | None:
    """Return a status that came with the product, unless it was retired."""
    return db.session.scalar(select(Status).where(Status.key == key, Status.retired_at.is_(None)))


def priority_for(impact: int, urgency: int) -> int:
    """Look the priority up in the desk's matrix (ITIL's usual one until it was edited)."""
    cell = db.session.get(PriorityCell, (impact, urgency))
    return cell.priority if cell is not None else DEFAULT_MATRIX[impact, urgency]


def default_queue(category: Category | None = None) -> Queue:
    """Return where a new ticket goes when nobody chose a queue: the category's, else the desk's."""
    if category is not None and category.queue is not None and category.queue.retired_at is None:
        return category.queue
    queue = db.session.scalar(
        select(Queue)
        .where(Queue.retired_at.is_(None))
        .order_by(Queue.is_default.desc(), Queue.position, Queue.id)
        .limit(1)
    )
    if queue is None:
        raise LookupError("the desk has no queue")
    return queue
