"""A slow, obvious twin of business time: look at the wall clock in every single minute.

It shares nothing with the product but the description of hours. It is exact as long as hours
begin and end on whole minutes, and not within an hour that comes twice or not at all.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from helpdesk.sla.calendar import Calendar, Span, SpecialDay

MINUTE = timedelta(minutes=1)
Hours = list[tuple[int, int]]
"""From–to, in minutes since midnight; more than 1440 is the next day."""


@dataclass(frozen=True)
class Twin:
    """Hours of weekdays, and of dates that have their own."""

    zone: str
    week: dict[int, Hours]
    special: dict[date, Hours] = field(default_factory=dict)

    def calendar(self) -> Calendar:
        """The same hours as the product writes them."""
        return Calendar(
            self.zone,
            tuple(_spans(self.week.get(weekday, [])) for weekday in range(7)),
            special_days=tuple(
                SpecialDay.on(day, _spans(hours)) for day, hours in self.special.items()
            ),
        )

    def is_open(self, minute: datetime) -> bool:
        wall = minute.astimezone(ZoneInfo(self.zone))
        clock = wall.hour * 60 + wall.minute
        for day, shown in ((wall.date(), clock), (wall.date() - timedelta(days=1), clock + 1440)):
            hours = self.special.get(day, self.week.get(day.weekday(), []))
            if any(start <= shown < end for start, end in hours):
                return True
        return False

    def open_minutes(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """Yield the beginning of every open minute from start to end, both on whole minutes."""
        minute = start.astimezone(UTC)
        while minute < end:
            if self.is_open(minute):
                yield minute
            minute += MINUTE


def _spans(hours: Hours) -> tuple[Span, ...]:
    return tuple(Span(start * 60, end * 60) for start, end in hours)
