"""Causes: why something happened, asked when a ticket is resolved."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people import audit
from helpdesk.people.access import Actor, Permission
from helpdesk.setup.services import editing, keeping
from helpdesk.tickets.desk import Cause

FIELDS = ("name",)


def add(actor: Actor, wanted: Mapping[str, Any]) -> Cause:
    """Add a cause behind the others. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_TICKETS)
    cause = Cause(**_checked(wanted), position=editing.next_position(Cause))
    db.session.add(cause)
    db.session.flush()
    audit.record(actor, "cause-created", cause)
    return cause


def edit(
    actor: Actor, cause: Cause, wanted: Mapping[str, Any], seen: Mapping[str, Any] | None = None
) -> bool:
    """Rename a cause; False when nothing changes. Raises Denied, Refused, Changed."""
    actor.demand(Permission.SETUP_TICKETS)
    changes = editing.merged(cause, _checked(wanted, cause), seen)
    if not changes:
        return False
    editing.write(cause, changes)
    audit.record(actor, "cause-edited", cause, changes)
    return True


def move(actor: Actor, cause: Cause, step: int) -> bool:
    """Move a cause one place up (-1) or down (+1). Raises Denied."""
    actor.demand(Permission.SETUP_TICKETS)
    return keeping.move(actor, in_order(), cause, step) if cause.retired_at is None else False


def retire(actor: Actor, cause: Cause) -> bool:
    """Stop offering a cause. Raises Denied."""
    actor.demand(Permission.SETUP_TICKETS)
    return keeping.retire(actor, cause)


def restore(actor: Actor, cause: Cause) -> bool:
    """Offer a retired cause again. Raises Denied."""
    actor.demand(Permission.SETUP_TICKETS)
    return keeping.restore(actor, cause)


def delete(actor: Actor, cause: Cause) -> None:
    """Remove a cause that was never given. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_TICKETS)
    keeping.delete(actor, cause)


def in_order() -> list[Cause]:
    """Return the causes in use, in the order in which they are offered."""
    return list(
        db.session.scalars(
            select(Cause)
            .where(Cause.retired_at.is_(None))
            .order_by(Cause.position, Cause.name, Cause.id)
        )
    )


def _checked(wanted: Mapping[str, Any], own: Cause | None = None) -> dict[str, Any]:
    name = editing.clean_name(wanted["name"], 120)
    editing.check_free(Cause, name, own)
    return {"name": name}
