"""Choosing the rows a verb needs by default: statuses of a class, the default queue, priorities."""

from typing import TypeVar

from sqlalchemy import Select, select

from helpdesk.db import Model, db
from helpdesk.tickets.desk import Category, PriorityCell, Queue, Status
from helpdesk.tickets.lifecycle import DEFAULT_MATRIX, StatusClass

Row = TypeVar("Row", bound=Model)

_ORDERED = select(Status).order_by(Status.is_default.desc(), Status.position, Status.id)
_CELLS = select(PriorityCell)


def status_of(status_class: StatusClass, *, hold_reason: str | None = None) -> Status:
    """Return the status a verb uses for a class: the one for the hold reason, else the default.

    Raises LookupError when the desk has no status of the class, which Set up prevents.
    """
    rows = [row for row in _statuses() if row.status_class == status_class]
    if not rows:
        raise LookupError(f"no status of class {status_class}")
    if hold_reason is not None:
        for row in rows:
            if row.hold_reason == hold_reason:
                return row
    return rows[0]


def status_by_key(key: str) -> Status | None:
    """Return a status that came with the product, unless it was retired."""
    return next((row for row in _statuses() if row.key == key), None)


def every_status() -> list[Status]:
    """Return all statuses, retired ones too, the default of each class first."""
    return _kept(Status, _ORDERED)


def _statuses() -> list[Status]:
    return [row for row in every_status() if row.retired_at is None]


def _kept(model: type[Row], statement: Select[Row]) -> list[Row]:
    """Return the rows of a small table that every verb needs; asked for once a transaction."""
    transaction = db.session().get_transaction()
    asked_in, kept = db.session.info.get(model.__tablename__, (None, []))
    if transaction is None or asked_in is not transaction or not kept or kept[0] not in db.session:
        with db.session.no_autoflush:
            kept = list(db.session.scalars(statement))
        db.session.info[model.__tablename__] = (db.session().get_transaction(), kept)
    found: list[Row] = kept
    return found


def priority_for(impact: int, urgency: int) -> int:
    """Look the priority up in the desk's matrix (ITIL's usual one until it was edited)."""
    for cell in _kept(PriorityCell, _CELLS):
        if (cell.impact, cell.urgency) == (impact, urgency):
            return cell.priority
    return DEFAULT_MATRIX[impact, urgency]


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
