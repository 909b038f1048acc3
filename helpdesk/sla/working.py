"""Working hours of technicians: by which calendar somebody works, and whether it is open."""

from collections.abc import Collection, Mapping
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people import audit, hours
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.people.models import Account, Person
from helpdesk.sla import business_time, stored
from helpdesk.sla.models import BusinessCalendar, WorkingHours


def register() -> None:
    """Let the rooms below ask who is off; ``app.create_app`` does."""
    hours.register(off_now)


def off_now(person_ids: Collection[int]) -> Mapping[int, datetime | None]:
    """Return who of these people is outside their hours, and when they begin (UTC).

    Who has no calendar of their own works by the desk's default calendar, and at any time on a
    desk without one. The moment is None where the calendar never opens again.
    """
    default = db.session.scalar(select(BusinessCalendar.id).where(BusinessCalendar.is_default))
    own: dict[int, int] = dict(
        db.session.execute(
            select(Account.person_id, WorkingHours.calendar_id)
            .join(WorkingHours, WorkingHours.account_id == Account.id)
            .where(Account.person_id.in_(person_ids))
        ).all()
    )
    begins: dict[int, datetime | None] = {}
    closed = set[int]()
    for calendar_id in {*own.values(), default} - {None}:
        assert calendar_id is not None
        calendar = stored.calendar_of(stored.newest_calendar_version(calendar_id))
        moment = now()
        if business_time.is_open(calendar, moment):
            continue
        closed.add(calendar_id)
        try:
            begins[calendar_id] = business_time.next_open(calendar, moment)
        except business_time.NeverOpens:
            begins[calendar_id] = None
    by_person = {key: own.get(key, default) for key in person_ids}
    return {key: begins[one] for key, one in by_person.items() if one is not None and one in closed}


def calendar_of(person: Person) -> BusinessCalendar | None:
    """Return somebody's own calendar; None when they work by the desk's."""
    return db.session.scalar(
        select(BusinessCalendar)
        .join(WorkingHours, WorkingHours.calendar_id == BusinessCalendar.id)
        .join(Account, Account.id == WorkingHours.account_id)
        .where(Account.person_id == person.id)
    )


def set_calendar(actor: Actor, person: Person, calendar_id: int | None) -> bool:
    """Say by which calendar a technician works; None is the desk's.

    False when nothing changes, also for somebody who cannot sign in. Raises Denied, Refused.
    """
    actor.demand(Permission.SETUP_TEAMS)
    account = db.session.scalar(select(Account).where(Account.person_id == person.id))
    if account is None:
        return False
    row = db.session.get(WorkingHours, account.id)
    calendar_id = calendar_id or None
    if (row.calendar_id if row is not None else None) == calendar_id:
        return False
    wanted = db.session.get(BusinessCalendar, calendar_id) if calendar_id is not None else None
    if calendar_id is not None and (wanted is None or wanted.retired_at is not None):
        raise Refused("calendar-gone", _l("Choose a calendar from the list."), "calendar_id")
    before = calendar_of(person)
    if wanted is None:
        db.session.delete(row)
    elif row is None:
        db.session.add(WorkingHours(account_id=account.id, calendar_id=wanted.id))
    else:
        row.calendar_id = wanted.id
    db.session.flush()
    changes: dict[str, audit.Change] = {
        "working_hours": [before.name if before else None, wanted.name if wanted else None]
    }
    audit.record(actor, "account-changed", account, changes, label=person.name)
    return True
