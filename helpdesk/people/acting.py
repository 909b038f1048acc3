"""Somebody as an actor although they are not asking, to know what they may see now."""

from sqlalchemy import select, true

from helpdesk.db import db
from helpdesk.people.access import Actor
from helpdesk.people.guard import WHO, actor_from
from helpdesk.people.models import Account, Desk, Person

_QUERY = (
    select(*WHO)
    .join(Person, Person.id == Account.person_id)
    .join(Desk, true(), isouter=True)
    .where(Account.deactivated_at.is_(None), Person.retired_at.is_(None))
)


def actor_of(person_id: int) -> Actor | None:
    """Return a person with what they may do now; None when they can't sign in."""
    row = db.session.execute(_QUERY.where(Account.person_id == person_id)).one_or_none()
    return actor_from(row) if row is not None else None
