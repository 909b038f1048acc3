"""How much work somebody has in hand, and how much of it rules may give them at once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, ScalarSelect, func, select

from helpdesk.db import db
from helpdesk.people.models import Account, Desk, Person
from helpdesk.tickets.lifecycle import StatusClass
from helpdesk.tickets.models import Assignment, Ticket
from helpdesk.tickets.queries.conditions import is_open_assignment


@dataclass(frozen=True, slots=True)
class Load:
    """What one technician has in hand, of how much; ``most`` is None where nothing limits it."""

    in_hand: int
    most: int | None

    @property
    def is_full(self) -> bool:
        """Whether rules give them nothing more for now."""
        return self.most is not None and self.in_hand >= self.most


def in_hand() -> ScalarSelect[int]:
    """Return how many open pieces of work a ``Person`` of the query around it has in hand.

    What waits takes no room: pieces that wait for a supplier, and tickets on hold. It is read
    from the index over open assignments of a technician, so finished work costs nothing.
    """
    return (
        select(func.count(Assignment.id))
        .join(Ticket, Ticket.id == Assignment.ticket_id)
        .where(
            Assignment.technician_id == Person.id,
            is_open_assignment(),
            Assignment.waits_since.is_(None),
            Ticket.status_class != StatusClass.PENDING,
            Ticket.hidden_at.is_(None),
        )
        .correlate(Person)
        .scalar_subquery()
    )


def most_at_once() -> ColumnElement[int | None]:
    """Return the limit of an ``Account`` of the query around it: its own, else the desk's."""
    of_desk = select(Desk.most_at_once).limit(1).scalar_subquery()
    return func.coalesce(Account.most_at_once, of_desk)


def loads(person_ids: Collection[int]) -> Mapping[int, Load]:
    """Return what technicians with an account have in hand, in one query for all of them."""
    if not person_ids:
        return {}
    rows = db.session.execute(
        select(Person.id, in_hand(), most_at_once())
        .join(Account, Account.person_id == Person.id)
        .where(Person.id.in_(person_ids), Account.deactivated_at.is_(None))
    )
    return {person_id: Load(number, most) for person_id, number, most in rows}
