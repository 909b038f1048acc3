"""Questions about business time with known answers, one JSON object each, and what we say to them.

A question names its calendar (``tz``, ``week``, ``holidays``, ``overrides``, ``breaks``), an
operation and its input; moments without an offset are in the zone of the calendar. Its answer is
right when it means the same: moments are compared as moments, not as they are written. One without
an operation is the life of a ticket, see ``lives``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from math import trunc
from typing import Any

from helpdesk.sla import business_days, business_time, lives
from helpdesk.sla.calendar import WEEKDAYS, Break, Calendar, Span, SpecialDay

Case = Mapping[str, Any]


class CannotRun(Exception):
    """The question is of a kind that nothing here answers yet; the message says which."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What we say to a question, beside what was expected."""

    id: str
    ok: bool
    got: Any
    expected: Any
    why: str | None = None
    """Why there is no answer, where there is none."""

    def record(self) -> dict[str, Any]:
        """Return the line that is printed."""
        line = {"id": self.id, "ok": self.ok, "got": self.got, "expected": self.expected}
        return line if self.why is None else {**line, "why": self.why}


def run(case: Case) -> Outcome:
    """Answer one question. What is wrong with it becomes part of the outcome."""
    name, expected = str(case.get("id", "")), case.get("expected")
    try:
        calendar = calendar_of(case["calendar"])
        if "op" not in case:
            life = lives.live(calendar, case)
            return Outcome(name, lives.agrees(life, case["expected"]), _written(life), expected)
        answer = OPERATIONS.get(case["op"])
        if answer is None:
            raise CannotRun(f"there is no operation {case['op']!r}")
        got, wanted = answer(calendar, case), expected
        if isinstance(got, datetime) and isinstance(expected, str):
            # Some ask for a moment and expect no more than its date.
            only_date = len(expected) == len("2026-11-22")
            got = got.astimezone(calendar.time_zone).date() if only_date else got
            wanted = date.fromisoformat(expected) if only_date else _moment(calendar, expected)
        elif case["op"] == "periods":
            wanted = [[_moment(calendar, at) for at in pair] for pair in expected or ()]
        elif isinstance(got, date):
            wanted = date.fromisoformat(expected) if expected else None
        return Outcome(name, got == wanted, _written(got), expected)
    except (CannotRun, ValueError, TypeError, LookupError, AttributeError) as error:
        said = str(error) if isinstance(error, CannotRun | ValueError) else repr(error)
        return Outcome(name, False, None, expected, said)


def calendar_of(described: Mapping[str, Any]) -> Calendar:
    """Read a calendar. Hours that end on another day have a third member, which is understood."""
    special: dict[tuple[int, int, int | None], SpecialDay] = {}
    for written in described.get("holidays") or ():
        year, month, day = written.split("-")
        key = (int(month), int(day), None if year == "*" else int(year))
        special[key] = SpecialDay(*key)
    for written, hours in (described.get("overrides") or {}).items():
        on = date.fromisoformat(written)
        special[on.month, on.day, on.year] = SpecialDay.on(on, _spans(hours or ()))
    breaks = [
        Break(date.fromisoformat(written), span)
        for written, hours in (described.get("breaks") or {}).items()
        for span in _spans(hours)
    ]
    week = described.get("week") or {}
    return Calendar(
        described["tz"],
        tuple(_spans(week.get(name, ())) for name in WEEKDAYS),
        special_days=tuple(special.values()),
        breaks=tuple(breaks),
    )


def _spans(hours: Any) -> tuple[Span, ...]:
    return tuple(Span.of(span[0], span[1]) for span in hours)


def _moment(calendar: Calendar, written: str) -> datetime:
    read = datetime.fromisoformat(written)
    return (read if read.tzinfo else read.replace(tzinfo=calendar.time_zone)).astimezone(UTC)


def _written(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _written(part) for key, part in value.items()}
    return [_written(part) for part in value] if isinstance(value, list | tuple) else value


# ---- The operations ----


def _add(calendar: Calendar, case: Case) -> Any:
    length = timedelta(seconds=case["seconds"])
    return business_time.add(calendar, _moment(calendar, case["start"]), length)


def _between(calendar: Calendar, case: Case) -> Any:
    start, end = (_moment(calendar, case[key]) for key in ("start", "end"))
    seconds = business_time.between(calendar, start, end).total_seconds()
    if case.get("rounding"):
        unit = case["unit_seconds"]
        return trunc(seconds / unit) * unit
    return seconds


def _add_days(calendar: Calendar, case: Case) -> Any:
    start = case["start"]
    if len(start) == len("2026-11-22"):
        return business_days.shift_date(calendar, date.fromisoformat(start), case["days"])
    return business_days.add_days(calendar, _moment(calendar, start), case["days"])


def _between_days(calendar: Calendar, case: Case) -> Any:
    """Count days: of dates or by dates how many come after the first, else days of work."""
    start, end = (_moment(calendar, case[key]) for key in ("start", "end"))
    only_dates = len(case["start"]) == len("2026-11-22")
    if only_dates or case["unit"] == "calendarDays":
        first, last = (at.astimezone(calendar.time_zone).date() for at in (start, end))
        return business_days.count_business_days(calendar, first + timedelta(days=1), last)
    days = business_days.worked_days(calendar, start, end)
    return days if case.get("fraction") else trunc(days)


def _periods(calendar: Calendar, case: Case) -> Any:
    start, count = _moment(calendar, case["start"]), case["count"]
    far = timedelta(days=7 * count)
    while True:
        found = business_time.periods(calendar, start, start + far)
        # One more than wanted: the last one may have been cut off.
        first = [list(period) for period in islice(found, count + 1)]
        if len(first) > count:
            return first[:count]
        business_time.next_open(calendar, start + far)
        far *= 2


def _of_date(function: Callable[[Calendar, date], Any]) -> Callable[[Calendar, Case], Any]:
    return lambda calendar, case: function(calendar, date.fromisoformat(case["date"]))


def _of_moment(function: Callable[[Calendar, datetime], Any]) -> Callable[[Calendar, Case], Any]:
    return lambda calendar, case: function(calendar, _moment(calendar, case["at"]))


def _count(calendar: Calendar, case: Case) -> Any:
    first, last = (date.fromisoformat(case[key]) for key in ("start", "end"))
    return business_days.count_business_days(calendar, first, last)


OPERATIONS: dict[str, Callable[[Calendar, Case], Any]] = {
    "add": _add,
    "between": _between,
    "is_open": _of_moment(business_time.is_open),
    "next_open": _of_moment(business_time.next_open),
    "prev_open": _of_moment(business_time.previous_open),
    "next_close": _of_moment(business_time.next_close),
    "previous_closing": _of_moment(business_time.previous_close),
    "periods": _periods,
    "local_to_utc": lambda calendar, case: _moment(calendar, case["local"]),
    "is_holiday": _of_date(lambda calendar, day: calendar.holiday_name(day) is not None),
    "is_business_day": _of_date(business_days.is_business_day),
    "next_business_day": _of_date(business_days.next_business_day),
    "previous_business_day": _of_date(business_days.previous_business_day),
    "count_business_days": _count,
    "add_days": _add_days,
    "between_days": _between_days,
}
