"""Where a ticket stands in the list it was opened from, and what comes before and after it."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from helpdesk.people.access import Actor
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries import lists
from helpdesk.tickets.queries.filters import Filter

LOOKED_AT = 200
"""The beginning of a list that is looked at; beyond it there is a next ticket, but no place."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """A ticket's place in a list. ``place`` and ``total`` are None when they are not known."""

    place: int | None
    total: int | None
    previous: int | None
    next: int | None

    @property
    def is_long(self) -> bool:
        """Whether the list goes on beyond what was looked at."""
        return self.total is None


def neighbours(actor: Actor, wanted: Filter, ticket: Ticket, *, zone: ZoneInfo) -> Neighbours:
    """Find the ticket in the list. One query.

    A ticket that has left the list (answered, resolved) has no place; what is first in the list
    comes next then.
    """
    numbers = lists.numbers(actor, wanted, zone=zone, limit=LOOKED_AT + 1)
    total = len(numbers) if len(numbers) <= LOOKED_AT else None
    if ticket.id not in numbers:
        return Neighbours(None, total, None, numbers[0] if numbers else None)
    place = numbers.index(ticket.id)
    return Neighbours(
        place=place + 1,
        total=total,
        previous=numbers[place - 1] if place > 0 else None,
        next=numbers[place + 1] if place + 1 < len(numbers) else None,
    )
