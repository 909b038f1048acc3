"""Writing calendars and policies: every save that changes something is a new version."""

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people.access import Actor
from helpdesk.sla import stored
from helpdesk.sla.calendar import Calendar
from helpdesk.sla.models import BusinessCalendar, CalendarVersion, Policy, PolicyVersion
from helpdesk.sla.policy import Scope, Terms


def add_calendar(actor: Actor, name: str, calendar: Calendar) -> BusinessCalendar:
    """Keep a calendar under a name that is free."""
    row = BusinessCalendar(name=name)
    db.session.add(row)
    db.session.flush()
    _calendar_version(actor, row, calendar)
    return row


def change_calendar(actor: Actor, row: BusinessCalendar, calendar: Calendar) -> bool:
    """Let a calendar say something else from now on; False when it says so already.

    Promises that were given keep counting by what it said then, until they are replayed.
    """
    if stored.calendar_of(stored.newest_calendar_version(row.id)) == calendar:
        return False
    row.version += 1
    _calendar_version(actor, row, calendar)
    return True


def add_policy(actor: Actor, name: str, scope: Scope, terms: Terms) -> Policy:
    """Keep a policy under a name that is free, as the last of the list."""
    places = db.session.scalars(select(Policy.position)).all()
    row = Policy(name=name, scope=scope.value, position=max(places, default=-1) + 1)
    db.session.add(row)
    db.session.flush()
    _policy_version(actor, row, terms)
    return row


def change_policy(actor: Actor, row: Policy, terms: Terms) -> bool:
    """Let a policy promise something else from now on; False when it does so already."""
    if newest_terms(row) == terms:
        return False
    row.version += 1
    _policy_version(actor, row, terms)
    return True


def newest_terms(row: Policy) -> Terms:
    """Return what a policy says now."""
    version_id = db.session.scalars(
        select(PolicyVersion.id).where(
            PolicyVersion.policy_id == row.id, PolicyVersion.number == row.version
        )
    ).one()
    return stored.terms_of(version_id)


def _calendar_version(actor: Actor, row: BusinessCalendar, calendar: Calendar) -> None:
    content = stored.calendar_to_json(calendar)
    db.session.add(
        CalendarVersion(
            calendar_id=row.id, number=row.version, content=content, made_by_id=actor.person_id
        )
    )
    db.session.flush()


def _policy_version(actor: Actor, row: Policy, terms: Terms) -> None:
    db.session.add(
        PolicyVersion(
            policy_id=row.id,
            number=row.version,
            content=terms.to_json(),
            made_by_id=actor.person_id,
        )
    )
    db.session.flush()
