"""Calendars: when the desk is open, as promises count time.

What a calendar says is kept in versions (``sla.saving``); what a form changes of it is compared
part by part with what the form showed, as for everything else in Set up.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete as delete_from
from sqlalchemy import exists, select, update

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people import audit
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.setup.services import editing, keeping
from helpdesk.setup.written import write_hours
from helpdesk.sla import business_time, saving, stored
from helpdesk.sla.business_time import NeverOpens
from helpdesk.sla.calendar import WEEKDAYS, Calendar, Span, WrongCalendar
from helpdesk.sla.models import (
    BusinessCalendar,
    CalendarVersion,
    Clock,
    Policy,
    PolicyVersion,
    WorkingHours,
)
from helpdesk.sla.public_holidays import UnknownCountry

CONTENT = ("zone", "week", "holidays", "days", "make_up_like")
FIELDS = ("name", *CONTENT)
MOST_DAYS = 400
"""Days of its own that a calendar may have."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A calendar as its form shows it: its name, and what it says as it is stored."""

    __tablename__ = BusinessCalendar.__tablename__

    id: int
    name: str
    zone: str
    week: list[list[list[int]]]
    holidays: list[str | None] | None
    days: list[dict[str, Any]]
    make_up_like: int | None


def shown(row: BusinessCalendar) -> Shown:
    """Return what a calendar says now."""
    content = _content(row)
    return Shown(row.id, row.name, **{name: content[name] for name in CONTENT})


def add(actor: Actor, wanted: Mapping[str, Any]) -> BusinessCalendar:
    """Add a calendar; the first one is the default. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_SLA)
    name = _name(wanted)
    calendar = checked({**wanted, "breaks": []})
    row = saving.add_calendar(actor, name, calendar)
    if _default() is None:
        row.is_default = True
        db.session.flush()
    audit.record(actor, "calendar-created", row)
    return row


def edit(
    actor: Actor,
    row: BusinessCalendar,
    wanted: Mapping[str, Any],
    seen: Mapping[str, Any] | None = None,
) -> bool:
    """Change a calendar; False when nothing changes. Raises Denied, Refused, Changed.

    Promises that were given keep counting by what it said before.
    """
    actor.demand(Permission.SETUP_SLA)
    # Two who save at once come one after the other, and the second one sees what the first saved.
    db.session.refresh(row, with_for_update=True)
    said = {"name": _name(wanted, row), **{name: wanted[name] for name in CONTENT}}
    changes = editing.merged(shown(row), said, seen)
    if not changes:
        return False
    content = {
        **_content(row),
        **{name: changed[1] for name, changed in changes.items() if name in CONTENT},
    }
    calendar = checked(content)
    if "name" in changes:
        row.name = changes["name"][1]
    saving.change_calendar(actor, row, calendar)
    audit.record(actor, "calendar-edited", row, _told(changes))
    return True


def checked(content: Mapping[str, Any]) -> Calendar:
    """Return the calendar that a form means. Raises Refused."""
    if len(content["days"]) > MOST_DAYS:
        raise Refused("days-many", _l("A calendar has at most 400 days of its own."), "days")
    try:
        calendar = stored.calendar_from_json({"breaks": [], **content})
        business_time.next_open(calendar, now())
        if not any(calendar.week):
            # Single days alone come to an end, and then nothing could be promised any more.
            raise NeverOpens
    except UnknownCountry:
        raise Refused("part-unknown", _l("Choose a part of this country."), "part") from None
    except NeverOpens:
        raise Refused(
            "never-opens", _l("It never opens: write hours for at least one day."), "mon"
        ) from None
    except WrongCalendar:
        raise Refused("days-twice", _l("One date stands here twice."), "days") from None
    return calendar


def make_default(actor: Actor, row: BusinessCalendar) -> bool:
    """Let the form of a new policy offer this calendar first. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_SLA)
    if row.retired_at is not None:
        raise Refused("calendar-retired", _l("This calendar is retired. Restore it first."))
    if row.is_default:
        return False
    old = _default()
    db.session.execute(
        update(BusinessCalendar).where(BusinessCalendar.id != row.id).values(is_default=False)
    )
    row.is_default = True
    audit.record(actor, "calendar-default", row, {"default": [old.name if old else None, row.name]})
    return True


def retire(actor: Actor, row: BusinessCalendar) -> bool:
    """Stop offering a calendar by which no policy in use counts. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_SLA)
    policies = counting_by().get(row.id)
    if policies:
        raise Refused(
            "calendar-counted-by",
            _l("%(name)s counts by it. Choose another calendar there first.", name=policies[0]),
        )
    row.is_default = False
    return keeping.retire(actor, row)


def restore(actor: Actor, row: BusinessCalendar) -> bool:
    """Offer a retired calendar again. Raises Denied."""
    actor.demand(Permission.SETUP_SLA)
    return keeping.restore(actor, row)


def delete(actor: Actor, row: BusinessCalendar) -> None:
    """Remove a calendar by which nothing was ever counted. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_SLA)
    versions = select(CalendarVersion.id).where(CalendarVersion.calendar_id == row.id)
    named = PolicyVersion.content["calendar"].as_integer() == row.id
    counted = Clock.calendar_version_id.in_(versions)
    worked_by = exists().where(WorkingHours.calendar_id == row.id)
    if db.session.scalar(select(exists().where(named) | exists().where(counted) | worked_by)):
        raise Refused("in-use", _l("It was used, so it stays in the records: retire it instead."))
    audit.record(actor, "calendar-deleted", row)
    db.session.execute(delete_from(CalendarVersion).where(CalendarVersion.calendar_id == row.id))
    db.session.delete(row)
    db.session.flush()


def in_order() -> list[BusinessCalendar]:
    """Return the calendars in use, by name."""
    rows = db.session.scalars(select(BusinessCalendar).where(BusinessCalendar.retired_at.is_(None)))
    return sorted(rows, key=lambda row: (row.name.casefold(), row.id))


def said() -> dict[int, Calendar]:
    """Return what each calendar says now, by its key, in one query."""
    rows = db.session.execute(
        select(CalendarVersion.calendar_id, CalendarVersion.content).join(
            BusinessCalendar,
            (BusinessCalendar.id == CalendarVersion.calendar_id)
            & (BusinessCalendar.version == CalendarVersion.number),
        )
    )
    return {key: stored.calendar_from_json(content) for key, content in rows}


def counting_by() -> dict[int, list[str]]:
    """Return the names of the policies in use by the key of the calendar they count by."""
    rows = db.session.execute(
        select(Policy.name, PolicyVersion.content["calendar"].as_integer())
        .join(
            PolicyVersion,
            (PolicyVersion.policy_id == Policy.id) & (PolicyVersion.number == Policy.version),
        )
        .where(Policy.retired_at.is_(None))
        .order_by(Policy.name)
    )
    found: dict[int, list[str]] = {}
    for name, calendar_id in rows:
        found.setdefault(calendar_id, []).append(name)
    return found


def _name(wanted: Mapping[str, Any], own: BusinessCalendar | None = None) -> str:
    name = editing.clean_name(wanted["name"])
    editing.check_free(BusinessCalendar, name, own)
    return name


def _content(row: BusinessCalendar) -> dict[str, Any]:
    version = db.session.get_one(CalendarVersion, stored.newest_calendar_version(row.id))
    return dict(version.content)


def _default() -> BusinessCalendar | None:
    return db.session.scalar(
        select(BusinessCalendar)
        .where(BusinessCalendar.is_default, BusinessCalendar.retired_at.is_(None))
        .limit(1)
    )


def _told(changes: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """Return changes as the audit log keeps them: hours and days as they are read."""
    told: dict[str, list[Any]] = {}
    for name, (old, new) in changes.items():
        if name == "week":
            told["hours"] = [_hours(old), _hours(new)]
        elif name == "days":
            told["own_days"] = [_days(one for one in old if one not in new),
                                _days(one for one in new if one not in old)]  # fmt: skip
        elif name == "holidays":
            told["holidays"] = [_country(old), _country(new)]
        elif name == "make_up_like":
            told["make_up_like"] = [None if day is None else WEEKDAYS[day] for day in (old, new)]
        else:
            told["time_zone" if name == "zone" else name] = [old, new]
    return told


def _hours(week: list[list[list[int]]]) -> str:
    """Return a week in a line, neighbouring days of the same hours together."""
    runs: list[tuple[str, str, str]] = []
    for day, pairs in zip(WEEKDAYS, week, strict=True):
        hours = write_hours(Span(*pair) for pair in pairs) or "–"
        if runs and runs[-1][2] == hours:
            runs[-1] = (runs[-1][0], day, hours)
        else:
            runs.append((day, day, hours))
    return "; ".join(
        f"{first if first == last else f'{first}–{last}'} {hours}" for first, last, hours in runs
    )


def _days(days: Iterable[Mapping[str, Any]]) -> list[str]:
    return [
        f"{one['year'] or '*'}-{one['month']:02}-{one['day']:02} {one['name']}".rstrip()
        for one in days
    ]


def _country(holidays: list[str | None] | None) -> str | None:
    return "-".join(part for part in holidays[:2] if part) if holidays else None
