"""When a rule looks: at something that happens, after some time, or by a timetable. Values."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from helpdesk.rules.conditions import MAX_OPERANDS, WrongRule
from helpdesk.sla import business_days, business_time
from helpdesk.sla.calendar import Calendar, OutOfRange
from helpdesk.sla.clocks import Promise

MAX_TRIGGERS = 8
MOST = {"minutes": 100_000, "hours": 10_000, "days": 1_000}


class On(StrEnum):
    """What a rule waits for."""

    CREATED = "created"
    UPDATED = "updated"
    REPLIED = "replied"
    ASSIGNED = "assigned"
    ACKNOWLEDGED = "acknowledged"
    STATUS = "status"
    CLOCK = "clock"
    AFTER = "after"
    SCHEDULE = "schedule"
    ASKED = "asked"
    """Nothing of itself: another rule, or a step of a policy, lets it run."""


class Since(StrEnum):
    """What time is counted from."""

    OPENED = "opened"
    UPDATED = "updated"
    WAITING = "waiting"
    """Since the customer waits for us."""
    STATUS = "status"
    """Since the ticket came into its present status."""


BY_TIME = frozenset({On.CLOCK, On.AFTER})
"""Triggers that have a next moment for each ticket."""

_ALLOWED: Mapping[On, frozenset[str]] = {
    On.CREATED: frozenset({"channels"}),
    On.UPDATED: frozenset({"fields"}),
    On.REPLIED: frozenset({"by"}),
    On.ASSIGNED: frozenset(),
    On.ACKNOWLEDGED: frozenset(),
    On.STATUS: frozenset({"to"}),
    On.CLOCK: frozenset({"promise", "percent"}),
    On.AFTER: frozenset({"since", "amount", "unit", "calendar"}),
    On.SCHEDULE: frozenset({"weekdays", "at"}),
    On.ASKED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Trigger:
    """When a rule looks; what does not belong to its kind is empty."""

    on: On
    channels: tuple[str, ...] = ()
    """Created: only by these; empty is any."""
    fields: tuple[str, ...] = ()
    """Updated: only when one of these changed, as the journal names them."""
    by: str = "anybody"
    """Replied: ``customer``, ``staff`` or ``anybody``."""
    to: tuple[str, ...] = ()
    """Status: only into these classes."""
    promise: str = ""
    percent: int = 0
    since: str = ""
    amount: int = 0
    unit: str = ""
    calendar: int | None = None
    """Time is counted while this is open; None counts all of it."""
    weekdays: tuple[int, ...] = ()
    """Schedule: 0 is Monday; empty is every day."""
    at: str = ""

    def __post_init__(self) -> None:
        given = {one.name for one in fields(self) if getattr(self, one.name) != one.default}
        if strange := given - {"on"} - _ALLOWED[self.on]:
            raise WrongRule(f"{self.on.value} has no {', '.join(sorted(strange))}", "when")
        wrong = (
            (self.by not in {"customer", "staff", "anybody"}, "by"),
            (self.on is On.CLOCK and self.promise not in set(Promise), "promise"),
            (self.on is On.CLOCK and not 1 <= self.percent <= 1000, "percent"),
            (self.on is On.AFTER and self.since not in set(Since), "since"),
            (self.on is On.AFTER and not 0 < self.amount <= MOST.get(self.unit, 0), "amount"),
            (self.on is On.SCHEDULE and not _is_time(self.at), "at"),
            (any(not 0 <= day <= 6 for day in self.weekdays), "weekdays"),
        )
        for is_wrong, name in wrong:
            if is_wrong:
                raise WrongRule(f"{self.on.value}: {name} does not fit", "when")

    def to_json(self) -> dict[str, Any]:
        """Return the trigger as it is stored; only what differs from the usual."""
        found: dict[str, Any] = {"on": self.on.value}
        for one in fields(self):
            value = getattr(self, one.name)
            if one.name != "on" and value != one.default:
                found[one.name] = list(value) if isinstance(value, tuple) else value
        return found

    @classmethod
    def from_json(cls, stored: object) -> "Trigger":
        """Read a trigger. Raises WrongRule that names what is wrong."""
        if not isinstance(stored, Mapping) or stored.get("on") not in set(On):
            said = stored.get("on") if isinstance(stored, Mapping) else stored
            raise WrongRule(f"unknown trigger {said!r}", "when")
        known = {one.name: one.default for one in fields(cls)}
        values: dict[str, Any] = {}
        for name, value in stored.items():
            if name not in known:
                raise WrongRule(f"a trigger has no {name!r}", "when")
            if isinstance(known[name], tuple):
                if not isinstance(value, list) or len(value) > MAX_OPERANDS:
                    raise WrongRule(f"{name} is a list", "when")
                wanted: type = int if name == "weekdays" else str
                if any(type(one) is not wanted for one in value):
                    raise WrongRule(f"{name} does not fit", "when")
                values[name] = tuple(value)
            else:
                number = name in {"percent", "amount", "calendar"}
                if type(value) is not (int if number else str):
                    raise WrongRule(f"{name} does not fit", "when")
                values[name] = value
        return cls(**{**values, "on": On(values["on"])})


def _is_time(written: str) -> bool:
    hours, _, minutes = written.partition(":")
    fits = hours.isdecimal() and minutes.isdecimal() and len(written) == 5
    return fits and int(hours) < 24 and int(minutes) < 60


def after(trigger: Trigger, basis: datetime, calendar: Calendar | None) -> datetime | None:
    """Return when the time of a trigger has passed since a moment; None when that never comes.

    Days are dates: working days of the calendar, at the same time of day; without a calendar
    they have 24 hours.
    """
    amount = trigger.amount
    if calendar is None:
        return basis + timedelta(**{trigger.unit: amount})
    try:
        if trigger.unit == "days":
            return business_days.add_days(calendar, basis, amount)
        return business_time.add(calendar, basis, timedelta(**{trigger.unit: amount}))
    except (business_time.NeverOpens, OutOfRange, OverflowError):
        return None


def next_on_schedule(trigger: Trigger, moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the first moment after ``moment`` at which a timetable has come round (UTC)."""
    hours, minutes = (int(part) for part in trigger.at.split(":"))
    day = moment.astimezone(zone).date()
    for offset in range(9):
        on = day + timedelta(days=offset)
        if trigger.weekdays and on.weekday() not in trigger.weekdays:
            continue
        at = datetime(on.year, on.month, on.day, hours, minutes, tzinfo=zone)
        found = at.astimezone(moment.tzinfo)
        if found > moment:
            return found
    raise AssertionError("a week has every weekday")
