"""When a desk is open: a time zone, hours for each weekday, holidays and special days.

A calendar is a value: it never changes, two with the same content are equal, and it knows nothing
of any database. What is asked of it about moments is in ``business_time``, about whole days in
``business_days``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from helpdesk.sla.opening import DAY, OpenYear, open_year
from helpdesk.sla.public_holidays import PublicHolidays

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
KEPT_YEARS = 64
"""Tables of years that a calendar keeps: about 30 kB each with two spans a day."""
FIRST_YEAR, LAST_YEAR = 2, 9997
"""Python's dates end soon after, and hours reach over the ends of a year."""
ONE_DAY = timedelta(days=1)


class WrongCalendar(ValueError):
    """A calendar was described in a way that makes no sense; the message says what is wrong."""


class OutOfRange(ValueError):
    """A calculation leads to a year that dates cannot express."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Hours of a day on the wall clock: a half-open interval, in seconds since midnight.

    One that ends beyond 86,400 goes on into the next day and belongs to the day on which it
    begins.
    """

    start: int
    end: int

    def __post_init__(self) -> None:
        if not (0 <= self.start < DAY and self.start < self.end <= self.start + DAY):
            raise WrongCalendar(
                f"hours begin within their day and last 24 hours at most: {self.start}–{self.end}"
            )

    @classmethod
    def of(cls, start: str, end: str) -> Self:
        """Read hours written as ``09:00`` or ``09:00:00``.

        An end that is not later than the start is meant for the next day, so 22:00–06:00 is a
        night and 00:00–00:00 (or 00:00–24:00) the whole day.
        """
        begins, ends = _seconds(start), _seconds(end)
        return cls(begins, ends if ends > begins else ends + DAY)


def _seconds(written: str) -> int:
    try:
        hours, minutes, seconds = (int(part) for part in f"{written}:00".split(":")[:3])
    except ValueError:
        raise WrongCalendar(f"a time of day looks like 09:00, not {written!r}") from None
    total = hours * 3600 + minutes * 60 + seconds
    in_order = 0 <= minutes < 60 and 0 <= seconds < 60 and 0 <= total <= DAY
    if hours < 0 or not in_order:
        raise WrongCalendar(f"a time of day is between 00:00 and 24:00, not {written!r}")
    return total


ALL_DAY = Span(0, DAY)


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A day with hours of its own: none when the desk is closed, fewer on a half day."""

    month: int
    day: int
    year: int | None = None
    """None when it comes every year; 29 February then comes in leap years."""
    spans: tuple[Span, ...] = ()
    name: str = ""

    def __post_init__(self) -> None:
        try:
            # 2000 has a 29 February.
            date(self.year or 2000, self.month, self.day)
        except ValueError as error:
            raise WrongCalendar(f"{self.day}.{self.month}. is no date: {error}") from None

    @classmethod
    def on(cls, day: date, spans: Iterable[Span] = (), name: str = "") -> Self:
        """Make a special day that comes once."""
        return cls(day.month, day.day, day.year, tuple(spans), name)


@dataclass(frozen=True, slots=True)
class Break:
    """The desk is closed for some hours of one date, whatever hours it would have."""

    day: date
    span: Span


@dataclass(frozen=True)
class Calendar:
    """Opening hours. The first of these rules that says something about a day decides its hours.

    1. a special day of that very date; 2. one that comes every year; 3. a public holiday: closed;
    4. a weekend that is worked instead: the hours of ``make_up_like``; 5. the weekday.

    Raises WrongCalendar for an unknown time zone or two special days on one date.
    """

    zone: str
    """An IANA time zone: ``Europe/London``."""
    week: tuple[tuple[Span, ...], ...]
    """Hours of Monday to Sunday. Any number of spans; those that overlap count once."""
    public_holidays: PublicHolidays | None = None
    special_days: tuple[SpecialDay, ...] = ()
    breaks: tuple[Break, ...] = ()
    make_up_like: int | None = None
    """The weekday (Monday is 0) whose hours a weekend has that the country works to make up for a
    holiday; None when the desk does not take part in that."""

    _zone: ZoneInfo = field(init=False, repr=False, compare=False)
    _dated: dict[date, SpecialDay] = field(init=False, repr=False, compare=False)
    _yearly: dict[tuple[int, int], SpecialDay] = field(init=False, repr=False, compare=False)
    _breaks: dict[date, tuple[Span, ...]] = field(init=False, repr=False, compare=False)
    _years: dict[int, OpenYear] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.week) != 7:
            raise WrongCalendar("a week has hours for seven days, Monday first")
        if self.make_up_like not in {None, *range(7)}:
            raise WrongCalendar("weekdays are numbered from 0, Monday, to 6")
        try:
            zone = ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise WrongCalendar(f"there is no time zone {self.zone!r}") from None
        dated: dict[date, SpecialDay] = {}
        yearly: dict[tuple[int, int], SpecialDay] = {}
        for special in self.special_days:
            key = (special.month, special.day)
            if special.year is None:
                twice, yearly[key] = key in yearly, special
            else:
                day = date(special.year, *key)
                twice, dated[day] = day in dated, special
            if twice:
                raise WrongCalendar(f"two special days share one date: {special}")
        breaks: dict[date, tuple[Span, ...]] = {}
        for pause in self.breaks:
            breaks[pause.day] = (*breaks.get(pause.day, ()), pause.span)
        # The only way to give a frozen object what it works out from its content.
        for name, value in (("zone", zone), ("dated", dated), ("yearly", yearly)):
            object.__setattr__(self, f"_{name}", value)
        object.__setattr__(self, "_breaks", breaks)

    @classmethod
    def weekly(
        cls, zone: str, hours: Mapping[str, Iterable[tuple[str, str]]], **rest: object
    ) -> Self:
        """Make a calendar from written hours: ``{"mon": [("09:00", "17:00")]}``.

        ``rest`` is what else a calendar has.
        """
        if unknown := sorted(set(hours) - set(WEEKDAYS)):
            raise WrongCalendar(f"weekdays are {', '.join(WEEKDAYS)}, not {', '.join(unknown)}")
        week = tuple(
            tuple(Span.of(start, end) for start, end in hours.get(name, ())) for name in WEEKDAYS
        )
        return cls(zone, week, **rest)  # type: ignore[arg-type]

    @classmethod
    def around_the_clock(cls, zone: str = "UTC") -> Self:
        """Make a calendar that never closes."""
        return cls(zone, ((ALL_DAY,),) * 7)

    @property
    def time_zone(self) -> ZoneInfo:
        """The time zone, for calculations."""
        return self._zone

    @property
    def dated_years(self) -> tuple[int, int]:
        """The first and last year of special days that come once and have hours; (9999, 0) if none.

        Outside these years a calendar without hours in its week never opens.
        """
        years = [day.year for day, special in self._dated.items() if special.spans]
        return min(years, default=9999), max(years, default=0)

    def special_day(self, day: date) -> SpecialDay | None:
        """Return the special day that decides about a date, if one does."""
        return self._dated.get(day) or self._yearly.get((day.month, day.day))

    def holiday_name(self, day: date) -> str | None:
        """Return why a date is a holiday: the name of the day, which may be empty.

        None when it is not one: an ordinary day, also of a weekend, and a special day with hours.
        """
        if special := self.special_day(day):
            return None if special.spans else special.name
        return self.public_holidays.name(day) if self.public_holidays else None

    def hours_on(self, day: date) -> list[tuple[int, int]]:
        """Return the hours that begin on a date, in order, in seconds since its midnight.

        Those that overlap are one; the breaks of this date and of the next are taken out.
        """
        spans = [(span.start, span.end) for span in self._planned(day)]
        if len(spans) > 1:
            spans = _united(spans)
        if self._breaks and spans:
            for later, date_of_break in ((0, day), (DAY, day + ONE_DAY)):
                for pause in self._breaks.get(date_of_break, ()):
                    spans = _without(spans, pause.start + later, pause.end + later)
            # The night before a break that itself goes on past midnight.
            for pause in self._breaks.get(day - ONE_DAY, ()):
                spans = _without(spans, pause.start - DAY, pause.end - DAY)
        return spans

    def _planned(self, day: date) -> tuple[Span, ...]:
        if special := self.special_day(day):
            return special.spans
        holidays, weekday = self.public_holidays, day.weekday()
        if holidays is None:
            return self.week[weekday]
        if holidays.name(day) is not None:
            return ()
        if self.make_up_like is not None and holidays.is_worked_instead(day):
            return self.week[self.make_up_like]
        return self.week[weekday]

    def opening(self, year: int) -> OpenYear:
        """Return when the desk is open in a year of UTC. Made when first asked for, then kept.

        Raises OutOfRange for years that dates cannot express.
        """
        table = self._years.get(year)
        if table is None:
            if not FIRST_YEAR <= year <= LAST_YEAR:
                raise OutOfRange(f"the year {year} is beyond what dates can express")
            table = open_year(self._zone, year, self.hours_on)
            if len(self._years) >= KEPT_YEARS:
                self._years.clear()
            # Two threads may both make it; either of the equal results may stay.
            self._years[year] = table
        return table


def _united(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    united: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if united and start <= united[-1][1]:
            united[-1] = (united[-1][0], max(end, united[-1][1]))
        else:
            united.append((start, end))
    return united


def _without(spans: list[tuple[int, int]], start: int, end: int) -> list[tuple[int, int]]:
    pieces = [
        piece
        for begin, finish in spans
        for piece in ((begin, min(finish, start)), (max(begin, end), finish))
    ]
    return [(begin, finish) for begin, finish in pieces if begin < finish]
