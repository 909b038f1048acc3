"""What every desk begins with in this room: the built-in roles."""

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people.access import BUILT_IN_ROLES
from helpdesk.people.models import Role, RolePermission
from helpdesk.people.roles import ENGLISH_NAMES


def ensure_roles() -> dict[str, Role]:
    """Create the built-in roles that are missing and return all of them by key.

    A role that is there stays as it is: an administrator may have changed what it allows, its
    name, or have retired it.
    """
    there = {
        role.key: role for role in db.session.scalars(select(Role).where(Role.key.is_not(None)))
    }
    found: dict[str, Role] = {}
    for position, (key, permissions) in enumerate(BUILT_IN_ROLES.items()):
        role = there.get(key)
        if role is None:
            role = Role(key=key, name=ENGLISH_NAMES[key], position=position)
            role.permissions = [RolePermission(permission=word) for word in sorted(permissions)]
            db.session.add(role)
        found[key] = role
    db.session.flush()
    return found
