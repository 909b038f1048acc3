"""A desk with a calendar and promises, and a clock that the tests set."""

from datetime import UTC, datetime, timedelta
from typing import Any

from helpdesk.people.access import SYSTEM
from helpdesk.sla import saving
from helpdesk.sla.calendar import WEEKDAYS, Calendar
from helpdesk.sla.clocks import Promise
from helpdesk.sla.models import BusinessCalendar, Policy
from helpdesk.sla.policy import PRIORITIES, WAITS, Conditions, Scope, Step, Terms
from tests import factories

HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
OFFICE = Calendar.weekly("UTC", {day: [("09:00", "17:00")] for day in WEEKDAYS[:5]})


def monday(written: str, days: int = 0) -> datetime:
    """Return a moment of that Monday, or of so many days later: ``monday("10:30")``."""
    hours, minutes = written.split(":")
    return MONDAY + timedelta(days=days, hours=int(hours), minutes=int(minutes))


def office() -> BusinessCalendar:
    """Make a calendar of office hours."""
    return saving.add_calendar(SYSTEM, "Office hours", OFFICE)


def terms(
    calendar: BusinessCalendar,
    *,
    conditions: Conditions | None = None,
    waits: frozenset[str] = frozenset(WAITS),
    steps: tuple[Step, ...] = (),
    **hours: float | dict[int, float],
) -> Terms:
    """Return terms that promise hours: ``terms(office(), fix=8, first_reply={1: 1, 2: 2})``."""
    lengths = {}
    for name, promised in hours.items():
        by_priority = (
            promised if isinstance(promised, dict) else dict.fromkeys(PRIORITIES, promised)
        )
        for priority, length in by_priority.items():
            lengths[Promise(name.replace("_", "-")), priority] = length * HOUR
    return Terms(calendar.id, lengths, conditions or Conditions(), waits, steps)


def promised(
    name: str = "Standard",
    *,
    calendar: BusinessCalendar | None = None,
    conditions: Conditions | None = None,
    **hours: Any,
) -> Policy:
    """Make a policy for tickets; eight office hours to fix unless something else is said."""
    factories.desk()
    said = terms(
        calendar or office(),
        conditions=conditions,
        **(hours or {"fix": 8.0}),
    )
    return saving.add_policy(SYSTEM, name, Scope.TICKET, said)
