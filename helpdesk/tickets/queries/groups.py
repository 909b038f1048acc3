"""The groups of a queue: how soon it is due, else its priority, last what waits.

What is due stands in the worklist under one rank, in the order of its moment, because how soon
that is changes by itself. Here the rank is told apart by the time left, as the list is read.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
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
    """Where the groups of what is due end, each a moment that still belongs to its group."""

    now: datetime
    soon: datetime
    today: datetime

    @classmethod
    def here(cls, zone: ZoneInfo) -> "Bounds":
        """Return the bounds for a reader in a time zone: today ends with their day."""
        moment = now()
        here = moment.astimezone(zone)
        midnight = here.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return cls(moment, moment + SOON_IS, midnight)

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
