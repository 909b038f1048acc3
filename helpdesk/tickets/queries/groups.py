"""The groups of a queue: how soon it is due, else its priority, last what waits.

What is due stands in the worklist under one rank, in the order of its moment, because how soon
that is changes by itself. Here the rank is told apart by the time left, as the list is read.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, case

from helpdesk.lib.clock import now
from helpdesk.tickets.lifecycle import DUE_RANK
from helpdesk.tickets.models import Worklist

OVERDUE, SOON, TODAY, LATER = -4, -3, -2, -1
"""Groups of what is due; the others are ranks."""
SOON_IS = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where the groups of what is due begin and end."""

    midnight: datetime
    """When the reader's day began."""
    now: datetime
    soon: datetime
    today: datetime
    """When their day is over."""

    @classmethod
    def here(cls, zone: ZoneInfo) -> "Bounds":
        """Return the present bounds for a reader in a time zone."""
        return cls.at(now(), zone)

    @classmethod
    def at(cls, moment: datetime, zone: ZoneInfo) -> "Bounds":
        """Return the bounds at a moment: today ends with the reader's day."""
        day = moment.astimezone(zone).date()
        begins, ends = (
            datetime.combine(each, time(), zone) for each in (day, day + timedelta(days=1))
        )
        return cls(begins, moment, moment + SOON_IS, ends)

    def group_of(self, rank: int, moment: datetime) -> int:
        """Return the group of a line of the worklist."""
        if rank != DUE_RANK:
            return rank
        if moment <= self.now:
            return OVERDUE
        if moment <= self.soon:
            return SOON
        return TODAY if moment < self.today else LATER

    def column(
        self, rank: ColumnElement[int], moment: ColumnElement[datetime]
    ) -> ColumnElement[int]:
        """Return the same as an expression over worklist columns."""
        return case(
            (rank != DUE_RANK, rank),
            (moment <= self.now, OVERDUE),
            (moment <= self.soon, SOON),
            (moment < self.today, TODAY),
            else_=LATER,
        )


def in_worklist_group(bounds: Bounds) -> ColumnElement[int]:
    """Return the group of a line of the worklist as an expression."""
    return bounds.column(Worklist.rank, Worklist.moment)  # type: ignore[arg-type]
