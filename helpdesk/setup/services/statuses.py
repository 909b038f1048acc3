"""Statuses: names for where a ticket stands, each in one fixed class."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people import audit
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.setup.services import editing, keeping
from helpdesk.tickets.desk import Status
from helpdesk.tickets.lifecycle import HoldReason, StatusClass

FIELDS = ("name", "hold_reason")
CLASSES = list(StatusClass)


def add(actor: Actor, wanted: Mapping[str, Any]) -> Status:
    """Add a status at the end of its class. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_TICKETS)
    if wanted.get("status_class") not in CLASSES:
        raise Refused("class-unknown", _l("Choose what the status means."), "status_class")
    status_class = StatusClass(wanted["status_class"])
    checked = _checked(wanted, status_class)
    status = Status(**checked, status_class=status_class.value, position=10_000)
    db.session.add(status)
    db.session.flush()
    keeping.renumber(in_order())
    audit.record(actor, "status-created", status, {"class": [None, status_class.value]})
    return status


def edit(
    actor: Actor, status: Status, wanted: Mapping[str, Any], seen: Mapping[str, Any] | None = None
) -> bool:
    """Rename a status, or say what it waits for; False when nothing changes.

    The class stays: tickets in the status would change their meaning. Raises Denied, Refused,
    Changed.
    """
    actor.demand(Permission.SETUP_TICKETS)
    checked = _checked(wanted, StatusClass(status.status_class), status)
    changes = editing.merged(status, checked, seen)
    if not changes:
        return False
    editing.write(status, changes)
    audit.record(actor, "status-edited", status, changes)
    return True


def make_default(actor: Actor, status: Status) -> bool:
    """Let tickets that enter the class get this status. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_TICKETS)
    if status.retired_at is not None:
        raise Refused("status-retired", _l("This status is retired. Restore it first."))
    if status.is_default:
        return False
    old = None
    for other in of_class(status.status_class):
        if other.is_default:
            old, other.is_default = other.name, False
    status.is_default = True
    audit.record(actor, "status-default", status, {"default": [old, status.name]})
    return True


def move(actor: Actor, status: Status, step: int) -> bool:
    """Move a status one place up (-1) or down (+1) within its class. Raises Denied."""
    actor.demand(Permission.SETUP_TICKETS)
    if status.retired_at is not None:
        return False
    order = in_order()
    to = order.index(status) + step
    if not 0 <= to < len(order) or order[to].status_class != status.status_class:
        return False
    return keeping.move(actor, order, status, step)


def retire(actor: Actor, status: Status) -> bool:
    """Stop offering a status; tickets in it stay there. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_TICKETS)
    _check_needed(status)
    return keeping.retire(actor, status)


def restore(actor: Actor, status: Status) -> bool:
    """Offer a retired status again. Raises Denied."""
    actor.demand(Permission.SETUP_TICKETS)
    if not keeping.restore(actor, status):
        return False
    keeping.renumber(in_order())
    return True


def delete(actor: Actor, status: Status) -> None:
    """Remove a status that no ticket ever had. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_TICKETS)
    _check_needed(status)
    if status.key is not None:
        raise Refused(
            "status-built-in", _l("This status came with Hearth. Retire it instead of deleting it.")
        )
    keeping.delete(actor, status)


def of_class(status_class: str) -> list[Status]:
    """Return the statuses of a class that are in use, in their order."""
    return [status for status in in_order() if status.status_class == status_class]


def in_order() -> list[Status]:
    """Return the statuses in use by class, then in their order within it."""
    rows = db.session.scalars(select(Status).where(Status.retired_at.is_(None)))
    return sorted(
        rows, key=lambda row: (CLASSES.index(StatusClass(row.status_class)), row.position, row.id)
    )


def _check_needed(status: Status) -> None:
    if status.retired_at is not None:
        return
    if len(of_class(status.status_class)) == 1:
        raise Refused(
            "status-last", _l("The desk needs one status of this meaning. Add another first.")
        )
    if status.is_default:
        raise Refused(
            "status-default",
            _l("Tickets get this status by themselves. Make another one the default first."),
        )


def _checked(
    wanted: Mapping[str, Any], status_class: StatusClass, own: Status | None = None
) -> dict[str, Any]:
    name = editing.clean_name(wanted["name"], 60)
    editing.check_free(Status, name, own)
    reason = wanted.get("hold_reason") or None
    if status_class is not StatusClass.PENDING:
        reason = None
    elif reason not in set(HoldReason):
        raise Refused("reason-missing", _l("Say what the ticket waits for."), "hold_reason")
    return {"name": name, "hold_reason": reason}
