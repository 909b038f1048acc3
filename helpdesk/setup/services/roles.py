"""Roles as Set up shows them, over the verbs of the people's room."""

from collections.abc import Iterable, Mapping
from typing import Any

from helpdesk.db import db
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import Role
from helpdesk.people.services import accounts
from helpdesk.people.services import roles as verbs
from helpdesk.people.stamp import access_changed
from helpdesk.setup.services import editing, keeping

FIELDS = ("name", "description")
ADMINISTRATOR = accounts.ADMINISTRATOR


def add(actor: Actor, name: str, description: str, wanted: Iterable[Permission]) -> Role:
    """Add a role. Raises Denied, Refused; Denied also for what the actor may not do."""
    role = verbs.create(actor, name, wanted)
    role.description = editing.clean_text(description)
    return role


def edit(
    actor: Actor,
    role: Role,
    wanted: Mapping[str, Any],
    permissions: Iterable[Permission],
    seen: Mapping[str, Any] | None = None,
) -> bool:
    """Change a role's name, description and permissions; False when nothing changes.

    ``seen`` holds the fields and the ``permissions`` that the page showed; permissions that
    somebody else gave or took meanwhile stay as they are. Raises Denied, Refused, Changed.
    """
    actor.demand(Permission.SETUP_ROLES)
    named = {
        "name": editing.clean_name(wanted["name"]),
        "description": editing.clean_text(wanted["description"]),
    }
    changes = editing.merged(role, named, seen)
    after = {field: getattr(role, field) for field in FIELDS}
    after.update({field: new for field, (_old, new) in changes.items()})
    changed = verbs.rename(actor, role, after["name"], after["description"])
    if role.key == ADMINISTRATOR:
        return changed
    meant = {str(word) for word in permissions}
    now = {row.permission for row in role.permissions}
    if seen is not None:
        before = set(seen.get("permissions", []))
        meant = (now - (before - meant)) | (meant - before)
    known = {word for word in meant if word in set(Permission)}
    return verbs.set_permissions(actor, role, [Permission(word) for word in known]) or changed


def retire(actor: Actor, role: Role) -> bool:
    """Stop using a role that nobody holds. Raises Denied, Refused."""
    was_in_use = role.retired_at is None
    verbs.retire(actor, role)
    return was_in_use


def restore(actor: Actor, role: Role) -> bool:
    """Use a retired role again. Raises Denied, also when it allows what the actor may not do."""
    actor.demand(Permission.SETUP_ROLES)
    accounts.check_may_give(actor, [role])
    if not keeping.restore(actor, role):
        return False
    access_changed()
    return True


def delete(actor: Actor, role: Role) -> None:
    """Remove a role that was never held. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_ROLES)
    verbs.retire(actor, role)
    # Its permissions are part of it, not a use of it.
    role.permissions.clear()
    db.session.flush()
    keeping.delete(actor, role)
    access_changed()
