"""Arithmetic with time that counts only while a desk is open. Pure: no database, no clock.

Moments are aware datetimes (naive ones raise ValueError), and those returned are in UTC.
Durations are timedeltas, exact to the microsecond. Hours are what the clocks on the wall show;
what is counted are seconds that really passed, so a night of eight hours counts seven when clocks
are put forward.

Hours are half open: at 17:00 a desk that closes at 17:00 is closed. A duration that ends just
when the desk closes is over at that moment, not at the next opening.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from helpdesk.sla.calendar import FIRST_YEAR, LAST_YEAR, Calendar, OutOfRange
from helpdesk.sla.opening import DAY, SECOND, instant, micros, moment_of

SEARCHED_YEARS = 40
"""How far to look for hours. Whatever the calendar repeats at all, even a 29 February on one
weekday, it repeats within forty years (as a rule 28, and 2100 is no leap year)."""


class NeverOpens(ValueError):
    """The calendar has no hours in the direction in which time was to be counted."""


class Period(NamedTuple):
    """One stretch of open time, in UTC; the end is no longer part of it."""

    opens: datetime
    closes: datetime


class Change(NamedTuple):
    """A moment at which the desk opens or closes."""

    at: datetime
    opens: bool


def add(calendar: Calendar, start: datetime, duration: timedelta) -> datetime:
    """Return the first moment at which ``duration`` of open time has passed since ``start``.

    Nothing has passed at ``start`` itself, also when the desk is closed then. A negative duration
    counts backwards, see ``subtract``.

    Raises NeverOpens when the calendar has no hours any more, OutOfRange beyond all dates.
    """
    wanted = micros(duration)
    if wanted < 0:
        return subtract(calendar, start, -duration)
    at = instant(start)
    if wanted == 0:
        return start.astimezone(UTC)
    year = _year(at)
    table = calendar.opening(year)
    wanted += table.before(at)
    until = _last_worth_a_look(calendar, year)
    if wanted > (LAST_YEAR - year + 1) * _LONGEST_YEAR:
        raise OutOfRange(f"no calendar has {duration} of open time left")
    while wanted > table.total:
        wanted -= table.total
        if table.total:
            until = _last_worth_a_look(calendar, year)
        elif year >= until:
            raise NeverOpens(_NEVER)
        year += 1
        table = calendar.opening(year)
    i = bisect_left(table.counted, wanted)
    return moment_of(table.closes[i] - (table.counted[i] - wanted))


def subtract(calendar: Calendar, end: datetime, duration: timedelta) -> datetime:
    """Return the last moment from which ``duration`` of open time passes until ``end``.

    ``add`` from there leads to ``end``, or to the last closing before it. Raises as ``add`` does.
    """
    wanted = micros(duration)
    if wanted < 0:
        return add(calendar, end, -duration)
    at = instant(end)
    if wanted == 0:
        return end.astimezone(UTC)
    year = _year(at)
    table = calendar.opening(year)
    left = table.before(at) - wanted
    until = _first_worth_a_look(calendar, year)
    if -left > (year - FIRST_YEAR) * _LONGEST_YEAR:
        raise OutOfRange(f"no calendar had {duration} of open time before")
    while left < 0:
        if table.total:
            until = _first_worth_a_look(calendar, year)
        elif year <= until:
            raise NeverOpens(_NEVER)
        year -= 1
        table = calendar.opening(year)
        left += table.total
    i = bisect_right(table.counted, left)
    return moment_of(table.closes[i] - (table.counted[i] - left))


def between(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """Return the open time from one moment to another; negative when ``end`` is the earlier."""
    first, last = instant(start), instant(end)
    if last < first:
        return -between(calendar, end, start)
    year, last_year = _year(first), _year(last)
    open_time = calendar.opening(last_year).before(last) - calendar.opening(year).before(first)
    open_time += sum(calendar.opening(y).total for y in range(year, last_year))
    return timedelta(microseconds=open_time)


def is_open(calendar: Calendar, moment: datetime) -> bool:
    """Whether the desk is open at a moment; at the moment of closing it is not."""
    at = instant(moment)
    table = calendar.opening(_year(at))
    i = bisect_right(table.opens, at) - 1
    return i >= 0 and at < table.closes[i]


def next_open(calendar: Calendar, moment: datetime) -> datetime:
    """Return the first open moment from ``moment`` on: itself when the desk is open.

    Raises NeverOpens when there is none.
    """
    at = instant(moment)
    for opens, closes in _forwards(calendar, _year(at)):
        if closes > at:
            return moment_of(max(opens, at))
    raise NeverOpens(_NEVER)


def previous_open(calendar: Calendar, moment: datetime) -> datetime:
    """Return the end of the open time up to ``moment``: itself when the desk was open until then.

    The mirror image of ``next_open``: at the very moment of opening it is the last closing, at
    that of closing the moment itself. Raises NeverOpens when there was no open time before.
    """
    at = instant(moment)
    for opens, closes in _backwards(calendar, _year(at)):
        if opens < at:
            return moment_of(min(closes, at))
    raise NeverOpens(_NEVER)


def next_change(calendar: Calendar, moment: datetime) -> Change | None:
    """Return when the desk next opens or closes after ``moment``.

    None when it does neither within forty years: it is open all the time, or never again.
    """
    at = instant(moment)
    closing = None
    for opens, closes in _forwards(calendar, _year(at)):
        if closing is not None and opens != closing:
            return Change(moment_of(closing), opens=False)
        if closing is None and opens > at:
            return Change(moment_of(opens), opens=True)
        # Only where one year becomes the next does open time go on after it "closes".
        if closes > at:
            if not _ends_a_year(closes):
                return Change(moment_of(closes), opens=False)
            if closes - at > _LONG:
                return None
            closing = closes
    return None if closing is None else Change(moment_of(closing), opens=False)


def previous_change(calendar: Calendar, moment: datetime) -> Change | None:
    """Return when the desk last opened or closed, at ``moment`` or before it.

    None when it did neither within forty years.
    """
    at = instant(moment)
    opening = None
    for opens, closes in _backwards(calendar, _year(at)):
        if opening is not None and closes != opening:
            return Change(moment_of(opening), opens=True)
        if opening is None and closes <= at:
            # It may be the end of a year at which the next one went on; that was looked at first.
            return Change(moment_of(closes), opens=False)
        if opens <= at:
            if not _ends_a_year(opens):
                return Change(moment_of(opens), opens=True)
            if at - opens > _LONG:
                return None
            opening = opens
    return None if opening is None else Change(moment_of(opening), opens=True)


def next_close(calendar: Calendar, moment: datetime) -> datetime | None:
    """Return the first closing after ``moment``; None when the desk does not close any more."""
    change = next_change(calendar, moment)
    if change and change.opens:
        change = next_change(calendar, change.at)
    return change.at if change else None


def previous_close(calendar: Calendar, moment: datetime) -> datetime | None:
    """Return the last closing, at ``moment`` or before it; None when it was not closed before."""
    change = previous_change(calendar, moment)
    if change and change.opens:
        change = previous_change(calendar, change.at - timedelta.resolution)
    return change.at if change else None


def periods(calendar: Calendar, start: datetime, end: datetime) -> Iterator[Period]:
    """Yield the open time from one moment to another, in order, cut off at both."""
    begins, ends = instant(start), instant(end)
    if ends <= begins:
        return
    held: tuple[int, int] | None = None
    for year in range(_year(begins), _year(ends) + 1):
        table = calendar.opening(year)
        for opens, closes in zip(table.opens, table.closes, strict=True):
            since, until = max(opens, begins), min(closes, ends)
            if since >= until:
                continue
            if held and held[1] == since:
                held = (held[0], until)
                continue
            if held:
                yield _period(held)
            held = (since, until)
    if held:
        yield _period(held)


_NEVER = "the calendar has no hours within forty years of what is asked about"
_LONGEST_YEAR = 366 * DAY * SECOND
_LONG = SEARCHED_YEARS * _LONGEST_YEAR


def _period(interval: tuple[int, int]) -> Period:
    return Period(moment_of(interval[0]), moment_of(interval[1]))


def _year(at: int) -> int:
    """Return the year of an instant. Raises OutOfRange where there is no table for it."""
    try:
        year = moment_of(at).year
    except OverflowError:
        year = LAST_YEAR + 1
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise OutOfRange("the moment is beyond what can be calculated with")
    return year


def _ends_a_year(at: int) -> bool:
    moment = moment_of(at)
    return instant(datetime(moment.year, 1, 1, tzinfo=UTC)) == at


def _forwards(calendar: Calendar, year: int) -> Iterator[tuple[int, int]]:
    """Yield the intervals from a year on, until nothing came for forty years."""
    until = _last_worth_a_look(calendar, year)
    while year <= until:
        table = calendar.opening(year)
        if table.opens:
            yield from zip(table.opens, table.closes, strict=True)
            until = _last_worth_a_look(calendar, year)
        year += 1


def _backwards(calendar: Calendar, year: int) -> Iterator[tuple[int, int]]:
    """Yield the intervals of a year and those before it, the latest first."""
    until = _first_worth_a_look(calendar, year)
    while year >= until:
        table = calendar.opening(year)
        if table.opens:
            yield from zip(reversed(table.opens), reversed(table.closes), strict=True)
            until = _first_worth_a_look(calendar, year)
        year -= 1


# Hours of a special day may lie in the year beside it, seen from UTC.


def _last_worth_a_look(calendar: Calendar, year: int) -> int:
    return min(LAST_YEAR, max(year + SEARCHED_YEARS, calendar.dated_years[1] + 1))


def _first_worth_a_look(calendar: Calendar, year: int) -> int:
    return max(FIRST_YEAR, min(year - SEARCHED_YEARS, calendar.dated_years[0] - 1))
