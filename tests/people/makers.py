"""Makers of test data for people and access."""

from argon2 import PasswordHasher
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import Account, AuditEntry, Person
from helpdesk.people.seed import ensure_roles
from tests import factories

PASSWORD = "correct horse battery"
_cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def account(
    *roles: str, person: Person | None = None, login: str | None = None, password: str = PASSWORD
) -> Account:
    """Make an account with built-in roles. Its hash is a cheap one, so that tests are quick."""
    factories.desk()
    keys = roles or ("technician",)
    person = person or factories.person(is_technician=keys != ("customer",))
    built_in = ensure_roles()
    row = Account(
        person_id=person.id,
        login=login or person.contact_points[0].value,
        password_hash=_cheap.hash(password),
        preferences={},
    )
    row.roles = [built_in[key] for key in keys]
    db.session.add(row)
    db.session.commit()
    return row


def acting(row: Account, *, permissions: frozenset[Permission] | None = None) -> Actor:
    """Return the account's owner as an actor with every permission, or the given ones."""
    return Actor(
        person_id=row.person_id,
        name=row.person.name,
        permissions=frozenset(Permission) if permissions is None else permissions,
        account_id=row.id,
    )


def administrator() -> Actor:
    """Make an administrator and return them as an actor."""
    return acting(account("administrator"))


def logged(action: str) -> list[AuditEntry]:
    """Return the audit entries of an action, oldest first."""
    return list(
        db.session.scalars(
            select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)
        )
    )
