"""The matrix that makes a priority of impact and urgency."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people import audit
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.people.models import AuditEntry, Person
from helpdesk.setup.services import desk_settings
from helpdesk.setup.services.editing import Changed
from helpdesk.tickets.desk import PriorityCell
from helpdesk.tickets.lifecycle import DEFAULT_MATRIX, LEVELS

Matrix = dict[tuple[int, int], int]
"""(impact, urgency) → priority."""

CELLS = [(impact, urgency) for impact in LEVELS for urgency in LEVELS]
PRIORITIES = (1, 2, 3, 4)
ACTION = "priorities-edited"


def matrix() -> Matrix:
    """Return the desk's matrix, with the usual value where a cell was never set."""
    rows = db.session.scalars(select(PriorityCell))
    return {**DEFAULT_MATRIX, **{(row.impact, row.urgency): row.priority for row in rows}}


def set_matrix(actor: Actor, wanted: Matrix, seen: Matrix | None = None) -> bool:
    """Write the cells that the person changed; False when none differs.

    Tickets keep the priority they have: it is looked up when impact or urgency is set. Raises
    Denied, Refused, and Changed when somebody set one of the same cells to another value.
    """
    actor.demand(Permission.SETUP_TICKETS)
    if set(wanted) != set(CELLS) or not set(wanted.values()) <= set(PRIORITIES):
        raise Refused("priority-unknown", _l("Priorities go from 1 to 4."))
    # Cells that were never set have no row to lock.
    desk_settings.the_desk(lock=True)
    stands = matrix()
    meant = {cell: value for cell, value in wanted.items() if not seen or value != seen.get(cell)}
    if seen:
        theirs = {
            key(cell): stands[cell]
            for cell, value in meant.items()
            if stands[cell] not in (seen.get(cell), value)
        }
        if theirs:
            raise Changed(theirs, _last_editor())
    changes = {cell: value for cell, value in meant.items() if value != stands[cell]}
    if not changes:
        return False
    for (impact, urgency), value in changes.items():
        db.session.merge(PriorityCell(impact=impact, urgency=urgency, priority=value))
    audit.record(
        actor,
        ACTION,
        changes={key(cell): [stands[cell], value] for cell, value in changes.items()},
    )
    return True


def key(cell: tuple[int, int]) -> str:
    """Return the name of a cell in forms and in the audit log: ``impact-1-urgency-2``."""
    return f"impact-{cell[0]}-urgency-{cell[1]}"


def _last_editor() -> str | None:
    return db.session.scalar(
        select(Person.name)
        .join(AuditEntry, AuditEntry.actor_id == Person.id)
        .where(AuditEntry.action == ACTION)
        .order_by(AuditEntry.id.desc())
        .limit(1)
    )
