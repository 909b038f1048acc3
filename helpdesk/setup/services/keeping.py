"""Retiring, restoring, deleting and ordering: the same for everything that Set up lists.

What was ever used is retired: it stays readable where it is and is no longer offered. Only what
nothing refers to can be deleted.
"""

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import exists, select

from helpdesk.db import Model, db
from helpdesk.lib.clock import now
from helpdesk.people import audit
from helpdesk.people.access import Actor
from helpdesk.people.errors import Refused
from helpdesk.tickets.companions import View

_FILTER_KEYS = {
    "queue": "queue",
    "category": "category",
    "supplier": "supplier",
    "tag": "tag",
}
"""Tables whose rows a saved view may name, with the key of its filter."""


def action(row: Any, what: str) -> str:
    """Return the word of the audit log for something done to a row: ``quick-template-edited``."""
    return f"{row.__tablename__.replace('_', '-')}-{what}"


def retire(actor: Actor, row: Any) -> bool:
    """Stop offering a thing; False when it is retired already."""
    if row.retired_at is not None:
        return False
    row.retired_at = now()
    audit.record(actor, action(row, "retired"), row)
    return True


def restore(actor: Actor, row: Any) -> bool:
    """Offer a retired thing again; False when it is in use."""
    if row.retired_at is None:
        return False
    row.retired_at = None
    audit.record(actor, action(row, "back"), row)
    return True


def delete(actor: Actor, row: Any) -> None:
    """Remove a thing that nothing has ever used. Raises Refused."""
    if is_used(row):
        raise Refused("in-use", _l("It was used, so it stays in the records: retire it instead."))
    audit.record(actor, action(row, "deleted"), row)
    db.session.delete(row)
    db.session.flush()


def is_used(row: Any) -> bool:
    """Whether any table refers to the row, or a saved view filters by it.

    All foreign keys of the program are asked, so a room that comes later counts by itself.
    """
    table = row.__table__
    for other in Model.metadata.tables.values():
        for key in other.foreign_keys:
            if key.column.table is table and db.session.scalar(
                select(exists().where(key.parent == row.id))
            ):
                return True
    word = _FILTER_KEYS.get(table.name)
    if word is None:
        return False
    return any(str(row.id) in filters.get(word, []) for filters in db.session.scalars(_filters()))


def _filters() -> Any:
    return select(View.filters).where(View.retired_at.is_(None))


def move(actor: Actor, rows: Sequence[Any], row: Any, step: int) -> bool:
    """Move a row one place up (-1) or down (+1) among ``rows``; False at the end of the list.

    Positions are written anew from 0, because rows that were never moved may share one.
    """
    order = list(rows)
    at = order.index(row)
    to = at + step
    if not 0 <= to < len(order):
        return False
    order[at], order[to] = order[to], order[at]
    renumber(order)
    audit.record(actor, action(row, "moved"), row, {"place": [at + 1, to + 1]})
    return True


def renumber(order: Sequence[Any]) -> None:
    """Give rows the positions in which they stand."""
    for position, row in enumerate(order):
        if row.position != position:
            row.position = position
