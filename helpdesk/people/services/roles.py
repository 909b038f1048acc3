"""Roles: named sets of permissions."""

from collections.abc import Iterable

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people import audit, typed_text
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.people.models import Account, AccountRole, Role, RolePermission
from helpdesk.people.services.accounts import ADMINISTRATOR, CUSTOMER
from helpdesk.people.stamp import access_changed


def set_permissions(actor: Actor, role: Role, wanted: Iterable[Permission]) -> bool:
    """Say what a role allows; False when nothing changes. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_ROLES)
    if role.key == ADMINISTRATOR:
        raise Refused("role-administrator", _l("An administrator may do everything."))
    new = sorted(Permission(word) for word in wanted)
    old = sorted(row.permission for row in role.permissions)
    if new == old:
        return False
    added = set(new) - set(old)
    for permission in added:
        actor.demand(permission)
    kept = [row for row in role.permissions if row.permission in new]
    role.permissions = kept + [RolePermission(permission=word) for word in sorted(added)]
    db.session.flush()
    audit.record(actor, "role-permissions-changed", role, {"permissions": [old, list(new)]})
    access_changed()
    return True


def create(actor: Actor, name: str, wanted: Iterable[Permission]) -> Role:
    """Create a role. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_ROLES)
    role = Role(name=_check_name(name), position=_next_position())
    db.session.add(role)
    db.session.flush()
    audit.record(actor, "role-created", role)
    set_permissions(actor, role, wanted)
    return role


def rename(actor: Actor, role: Role, name: str, description: str = "") -> bool:
    """Rename or describe a role; False when nothing changes. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_ROLES)
    new = {
        "name": _check_name(name, role),
        "description": typed_text.paragraphs(description, 2000, "description"),
    }
    changes = audit.difference({"name": role.name, "description": role.description}, new)
    if not changes:
        return False
    role.name, role.description = new["name"], new["description"]
    audit.record(actor, "role-edited", role, changes)
    return True


def retire(actor: Actor, role: Role) -> None:
    """Stop using a role. Refused while somebody who can sign in holds it."""
    actor.demand(Permission.SETUP_ROLES)
    if role.key in (ADMINISTRATOR, CUSTOMER):
        raise Refused("role-needed", _l("The desk cannot do without this role."))
    holder = db.session.scalar(
        select(AccountRole.account_id)
        .join(Account, Account.id == AccountRole.account_id)
        .where(AccountRole.role_id == role.id, Account.deactivated_at.is_(None))
        .limit(1)
    )
    if holder is not None:
        raise Refused("role-held", _l("Somebody holds this role. Give them another one first."))
    if role.retired_at is None:
        role.retired_at = now()
        audit.record(actor, "role-retired", role)
        access_changed()


def _check_name(name: str, own: Role | None = None) -> str:
    name = typed_text.name(name, 100)
    same = db.session.scalar(select(Role).where(func.lower(Role.name) == name.lower()))
    if same is not None and (own is None or same.id != own.id):
        raise Refused("name-taken", _l("There is already a role of this name."), "name")
    return name


def _next_position() -> int:
    return (db.session.scalar(select(func.max(Role.position))) or 0) + 1
