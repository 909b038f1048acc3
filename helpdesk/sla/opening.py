"""One year of opening hours as a table of UTC intervals, which is what makes counting fast.

Moments are whole microseconds since 1970 in UTC. Integers are exact, and comparing them knows
nothing of time zones: daylight-saving changes are dealt with here, once, when a table is made.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
"""Microseconds in a second."""
DAY = 86_400
"""Seconds in a day of 24 hours."""

Spans = Iterable[tuple[int, int]]
"""From–to, in seconds of the wall clock since the midnight with which a day begins."""


def micros(length: timedelta) -> int:
    """Return a length of time in whole microseconds."""
    return (length.days * DAY + length.seconds) * SECOND + length.microseconds


def instant(moment: datetime) -> int:
    """Return an aware moment as microseconds since 1970.

    Raises ValueError for a naive one: nobody can say when that is.
    """
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise ValueError(f"a moment needs a time zone: {moment.isoformat()}")
    return micros(moment - EPOCH)


def moment_of(microseconds: int) -> datetime:
    """Return microseconds since 1970 as an aware UTC datetime."""
    return EPOCH + timedelta(microseconds=microseconds)


def on_the_wall(zone: ZoneInfo, day: date, seconds: int) -> int:
    """Return the instant at which the clocks of a zone show a time of a day.

    ``seconds`` count from midnight and may go on into the days after. As RFC 5545 (3.3.5) has
    it: a time that comes twice, when clocks are put back, is the first of the two; one that is
    left out, when they are put forward, is read with the offset from before the change.
    """
    shown = datetime(day.year, day.month, day.day) + timedelta(seconds=seconds)  # noqa: DTZ001
    # Not by way of astimezone(): a default ``fold`` of 0 means just what is wanted here.
    return instant(shown.replace(tzinfo=zone))


def was_left_out(zone: ZoneInfo, day: date) -> bool:
    """Whether a zone skipped a whole day, as Samoa did when it crossed the date line in 2011."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=zone)
    return noon.astimezone(UTC).astimezone(zone).date() != day


@dataclass(frozen=True, slots=True)
class OpenYear:
    """When a desk is open in one year of UTC: intervals in order that neither touch nor overlap."""

    opens: tuple[int, ...]
    """When each interval begins."""
    closes: tuple[int, ...]
    """When it ends; this moment is no longer part of it."""
    counted: tuple[int, ...]
    """Open microseconds of this year up to the end of each interval."""

    @property
    def total(self) -> int:
        """Open microseconds of the whole year."""
        return self.counted[-1] if self.counted else 0

    def before(self, at: int) -> int:
        """Return the open microseconds of this year that lie before an instant."""
        i = bisect_right(self.opens, at) - 1
        if i < 0:
            return 0
        return self.counted[i] - max(0, self.closes[i] - at)


def open_year(zone: ZoneInfo, year: int, hours_on: Callable[[date], Spans]) -> OpenYear:
    """Make the table of one year, from the hours of each day on the wall clock."""
    begins, ends = (instant(datetime(y, 1, 1, tzinfo=UTC)) for y in (year, year + 1))
    # Hours that begin in the last days of the year before may reach into this one: they last past
    # midnight, and zones are up to fourteen hours away from UTC.
    first = date(year - 1, 12, 29)
    found = []
    for offset in range((date(year + 1, 1, 2) - first).days + 1):
        day = first + timedelta(days=offset)
        hours = hours_on(day)
        if not hours or was_left_out(zone, day):
            continue
        for start, end in hours:
            opens = max(begins, on_the_wall(zone, day, start))
            closes = min(ends, on_the_wall(zone, day, end))
            # Hours that lie in the hour which is left out may come to nothing.
            if opens < closes:
                found.append((opens, closes))
    return _table(found)


def _table(found: list[tuple[int, int]]) -> OpenYear:
    """Put intervals in order and make one of those that touch or overlap."""
    opens: list[int] = []
    closes: list[int] = []
    for begin, end in sorted(found):
        if closes and begin <= closes[-1]:
            closes[-1] = max(closes[-1], end)
        else:
            opens.append(begin)
            closes.append(end)
    lengths = (end - begin for begin, end in zip(opens, closes, strict=True))
    return OpenYear(tuple(opens), tuple(closes), tuple(accumulate(lengths)))
