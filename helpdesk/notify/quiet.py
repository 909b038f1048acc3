"""Quiet hours: a stretch of every day on somebody's wall clock in which they are left in peace."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From when to when nobody is to be disturbed, on the wall clock; 21:00 to 07:00 is a night."""

    begin: time
    end: time

    @classmethod
    def read(cls, stored: object) -> Self | None:
        """Read ``["21:00", "07:00"]``; None for anything else, and for no time at all."""
        if not isinstance(stored, list) or len(stored) != 2:
            return None
        try:
            begin, end = (time.fromisoformat(str(one)) for one in stored)
        except ValueError:
            return None
        return cls(begin, end) if begin != end else None

    def stored(self) -> list[str]:
        """Return the hours as ``read`` takes them."""
        return [f"{self.begin:%H:%M}", f"{self.end:%H:%M}"]

    def over_at(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """Return when the quiet hours that a moment lies in are over; None when it lies in none.

        The end is on the wall clock of the zone: a night in which the clocks change is longer or
        shorter. An end that the clocks leave out is the moment at which they are put forward.
        """
        here = moment.astimezone(zone)
        at = here.timetz().replace(tzinfo=None)
        if self.begin < self.end:
            inside, later = self.begin <= at < self.end, 0
        else:
            inside = at >= self.begin or at < self.end
            later = int(at >= self.begin)
        if not inside:
            return None
        day = here.date() + timedelta(days=later)
        end = datetime.combine(day, self.end, zone).astimezone(moment.tzinfo)
        # In an hour that comes twice the end may lie behind us: who asks again in a minute is told.
        return end if end > moment else moment + MINUTE
