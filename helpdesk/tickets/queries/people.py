"""People and their tickets: a customer's history, figures, and who can be given work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Select, func, select, union
from sqlalchemy.orm import joinedload

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import Account, Person, TeamMember
from helpdesk.people.search import fold
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.lifecycle import UNFINISHED
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import visible, visible_queues

COUNTED = 1000
"""Counts stop here: a monitoring system as customer may have any number of tickets."""

HISTORY_PAGE = 25
"""Tickets of one page of a history."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How much somebody has to do with us. ``COUNTED`` means "that many or more"."""

    last_year: int
    open: int


def _person_tickets(actor: Actor, person_id: int, *more: ColumnElement[bool]) -> Select[int]:
    """Select the keys of the visible tickets for or asked for by a person."""
    parts = [
        select(Ticket.id.label("id"))
        .where(column == person_id, Ticket.hidden_at.is_(None), visible(actor), *more)
        .order_by(Ticket.id.desc())
        .limit(COUNTED)
        .subquery()
        for column in (Ticket.customer_id, Ticket.requester_id)
    ]
    both = union(*(select(part.c.id) for part in parts)).subquery()
    return select(both.c.id)


def figures(actor: Actor, person_id: int) -> Figures:
    """Count a person's tickets of twelve months and the open ones. One query."""
    year = _person_tickets(actor, person_id, Ticket.opened_at > now() - timedelta(days=365))
    unfinished = _person_tickets(actor, person_id, Ticket.status_class.in_(UNFINISHED))
    row = db.session.execute(
        select(
            select(func.count()).select_from(year.subquery()).scalar_subquery(),
            select(func.count()).select_from(unfinished.subquery()).scalar_subquery(),
        )
    ).one()
    return Figures(min(row[0], COUNTED), min(row[1], COUNTED))


def count_of_person(actor: Actor, person_id: int) -> int:
    """Count the tickets a person has or asked for, those the actor may see."""
    return (
        db.session.scalar(
            select(func.count()).select_from(_person_tickets(actor, person_id).subquery())
        )
        or 0
    )


def _rows(statement: Select[Ticket]) -> list[Ticket]:
    return list(
        db.session.scalars(
            statement.options(
                joinedload(Ticket.status),
                joinedload(Ticket.customer),
                joinedload(Ticket.owner),
                joinedload(Ticket.queue),
            )
        )
    )


def person_history(
    actor: Actor,
    person_id: int,
    *,
    before: int | None = None,
    limit: int = HISTORY_PAGE,
    without: int | None = None,
) -> tuple[list[Ticket], bool]:
    """Return a person's tickets, newest first, and whether there are more.

    ``before`` is the number of the last ticket of the page before. Raises Denied.
    """
    actor.demand(Permission.TICKET_READ)
    more: list[ColumnElement[bool]] = []
    if before is not None:
        more.append(Ticket.id < before)
    if without is not None:
        more.append(Ticket.id != without)
    keys = _person_tickets(actor, person_id, *more)
    rows = _rows(
        select(Ticket).where(Ticket.id.in_(keys)).order_by(Ticket.id.desc()).limit(limit + 1)
    )
    return rows[:limit], len(rows) > limit


def organisation_history(
    actor: Actor, organisation_id: int, *, before: int | None = None, limit: int = HISTORY_PAGE
) -> tuple[list[Ticket], bool]:
    """Return an organisation's tickets, newest first, and whether there are more."""
    actor.demand(Permission.TICKET_READ)
    statement = select(Ticket).where(
        Ticket.organisation_id == organisation_id, Ticket.hidden_at.is_(None), visible(actor)
    )
    if before is not None:
        statement = statement.where(Ticket.id < before)
    rows = _rows(statement.order_by(Ticket.id.desc()).limit(limit + 1))
    return rows[:limit], len(rows) > limit


def open_tickets_of(actor: Actor, person_id: int, limit: int = 10) -> list[Ticket]:
    """Return a person's open tickets, the one that moved last first: a call is likely about it."""
    actor.demand(Permission.TICKET_READ)
    keys = _person_tickets(actor, person_id, Ticket.status_class.in_(UNFINISHED))
    return _rows(
        select(Ticket)
        .where(Ticket.id.in_(keys))
        .order_by(Ticket.updated_at.desc(), Ticket.id.desc())
        .limit(limit)
    )


def tickets_between(actor: Actor, numbers: Sequence[int]) -> list[Ticket]:
    """Return the visible tickets with these numbers, in this order."""
    found = {
        ticket.id: ticket
        for ticket in _rows(select(Ticket).where(Ticket.id.in_(numbers), visible(actor)))
    }
    return [found[number] for number in numbers if number in found]


# ---- Who can be given work ----


@dataclass(frozen=True, slots=True)
class Choice:
    """A place where work can go: a queue, or a technician as a member of its team."""

    queue_id: int
    queue: str
    technician_id: int | None = None
    technician: str = ""
    availability: str = ""

    @property
    def key(self) -> str:
        """How a form names it: ``3`` or ``3:17``."""
        return f"{self.queue_id}:{self.technician_id}" if self.technician_id else f"{self.queue_id}"


def targets(
    actor: Actor, question: str, *, near: int | None = None, limit: int = 12
) -> list[Choice]:
    """Return queues and technicians whose names have words that begin so.

    ``near`` is the ticket's queue: it and its technicians come first, and a technician of several
    teams is offered for that queue alone. Without a question these are all that is offered.
    """
    actor.demand(Permission.TICKET_READ)
    queues = {queue.id: queue for queue in visible_queues(actor)}
    asked = [fold(word) for word in question.split()]

    def fits(name: str) -> bool:
        said = fold(name)
        return all(
            said.startswith(word) or f" {word}" in said or (not word.isascii() and word in said)
            for word in asked
        )

    found: list[tuple[tuple[int, int, str], Choice]] = []
    for place, queue in enumerate(queues.values()):
        if fits(queue.name):
            found.append(((queue.id != near, 0, f"{place:04}"), Choice(queue.id, queue.name)))
    placed: dict[int, tuple[tuple[int, int, str], Choice]] = {}
    for row in db.session.execute(
        select(Person.id, Person.name, Queue.id.label("queue_id"), Account.availability)
        .join(TeamMember, TeamMember.person_id == Person.id)
        .join(Queue, Queue.team_id == TeamMember.team_id)
        .join(Account, Account.person_id == Person.id, isouter=True)
        .where(
            Person.is_technician,
            Person.retired_at.is_(None),
            Queue.id.in_(list(queues)),
        )
        .order_by(Person.name, Queue.position, Queue.id)
    ):
        if not fits(row.name):
            continue
        choice = Choice(
            row.queue_id,
            queues[row.queue_id].name,
            row.id,
            row.name,
            row.availability or "",
        )
        order = (int(row.queue_id != near), 1, fold(row.name))
        if row.id not in placed or order < placed[row.id][0]:
            placed[row.id] = (order, choice)
    found.extend(placed.values())
    found.sort(key=lambda item: item[0])
    return [choice for _order, choice in found[:limit]]
