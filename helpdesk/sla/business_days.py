"""Whole working days: counting them, and promises that are made in days.

A date is a business day when hours begin on it. Where there are several ways to see it, the
decision is in ``docs/adr/2026-11-22-business-time-conventions.md``.
"""

from datetime import date, datetime, timedelta

from helpdesk.sla import business_time
from helpdesk.sla.business_time import SEARCHED_YEARS, NeverOpens
from helpdesk.sla.calendar import ONE_DAY, Calendar
from helpdesk.sla.opening import DAY, moment_of, on_the_wall, was_left_out

SEARCHED_DAYS = SEARCHED_YEARS * 366


def is_business_day(calendar: Calendar, day: date) -> bool:
    """Whether hours begin on a date."""
    return bool(calendar.hours_on(day)) and not was_left_out(calendar.time_zone, day)


def next_business_day(calendar: Calendar, day: date) -> date:
    """Return the first business day after a date. Raises NeverOpens when there is none."""
    return _step(calendar, day, ONE_DAY)


def previous_business_day(calendar: Calendar, day: date) -> date:
    """Return the last business day before a date. Raises NeverOpens when there is none."""
    return _step(calendar, day, -ONE_DAY)


def count_business_days(calendar: Calendar, first: date, last: date) -> int:
    """Return how many of the dates from ``first`` to ``last``, both included, are business days."""
    days = (last - first).days + 1
    return sum(is_business_day(calendar, first + timedelta(days=n)) for n in range(days))


def shift_date(calendar: Calendar, day: date, days: int) -> date:
    """Return the date so many business days later, or earlier when ``days`` is negative.

    From a date that is none, counting begins at the next one in that direction. Raises NeverOpens
    when there are not enough.
    """
    if days and not is_business_day(calendar, day):
        day = _step(calendar, day, ONE_DAY if days > 0 else -ONE_DAY)
    for _ in range(abs(days)):
        day = _step(calendar, day, ONE_DAY if days > 0 else -ONE_DAY)
    return day


def add_days(calendar: Calendar, start: datetime, days: int) -> datetime:
    """Return the same time of day so many business days later, in UTC.

    Counting begins when the desk is open. When it is closed at that time of the last day, the
    next opening of this day is meant, and after the last of them its closing. A moment in a night
    shift belongs to the day on which the shift began. With a negative number all of it is
    mirrored. Raises NeverOpens when there are not enough days.
    """
    if days == 0:
        return business_time.add(calendar, start, timedelta())
    back = days < 0
    find = business_time.previous_open if back else business_time.next_open
    day, seconds = _working_day(calendar, find(calendar, start), back=back)
    day = shift_date(calendar, day, days)
    hours = calendar.hours_on(day)
    if back:
        fitting = [min(end, seconds) for begin, end in hours if begin < seconds]
        meant = fitting[-1] if fitting else hours[0][0]
    else:
        fitting = [max(begin, seconds) for begin, end in hours if end > seconds]
        meant = fitting[0] if fitting else hours[-1][1]
    zone, whole = calendar.time_zone, int(meant)
    # Microseconds survive where the time of day does.
    part = round((meant - whole) * 1_000_000)
    return moment_of(on_the_wall(zone, day, whole) + part)


def worked_days(calendar: Calendar, start: datetime, end: datetime) -> float:
    """Return how many days of work lie between two moments; negative when ``end`` is the earlier.

    Of each business day it counts the part of its own hours: half a short day is half a day.
    """
    if end < start:
        return -worked_days(calendar, end, start)
    zone = calendar.time_zone
    day, last = start.astimezone(zone).date() - ONE_DAY, end.astimezone(zone).date()
    total = 0.0
    while day <= last:
        whole = worked = timedelta()
        for begin, finish in calendar.hours_on(day) if not was_left_out(zone, day) else ():
            opens, closes = (moment_of(on_the_wall(zone, day, s)) for s in (begin, finish))
            whole += max(closes - opens, timedelta())
            worked += max(min(closes, end) - max(opens, start), timedelta())
        if whole:
            total += worked / whole
        day += ONE_DAY
    return total


def _step(calendar: Calendar, day: date, by: timedelta) -> date:
    for _ in range(SEARCHED_DAYS):
        day += by
        if is_business_day(calendar, day):
            return day
    raise NeverOpens("the calendar has no business day within forty years of the date asked about")


def _working_day(calendar: Calendar, moment: datetime, *, back: bool) -> tuple[date, float]:
    """Return the date to whose hours an open moment belongs, and its seconds since midnight."""
    shown = moment.astimezone(calendar.time_zone)
    of_day = shown.hour * 3600 + shown.minute * 60 + shown.second + shown.microsecond / 1_000_000
    today = shown.date()
    for day, seconds in ((today - ONE_DAY, of_day + DAY), (today, of_day)):
        for begin, end in calendar.hours_on(day):
            if begin < seconds <= end if back else begin <= seconds < end:
                return day, seconds
    # Only in the hour by which clocks are put back or forward does the wall show another time.
    return today, of_day
