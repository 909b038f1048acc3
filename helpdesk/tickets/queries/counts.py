"""The numbers beside the lists: queues, my work, saved views.

Each kind is one query over open work, remembered in the process for two seconds. What is open to
all of staff is counted once for everybody: when a ticket changes, thirty open queues ask for the
same numbers. What restricted queues add is counted for each reader by itself, and most readers
have none. Whoever has just acted reads afresh, so that nobody sees their own click not counted.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    case,
    exists,
    func,
    literal,
    select,
)
from sqlalchemy.orm import aliased

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor, Permission
from helpdesk.tickets.companions import Follower, Mention
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.events import TicketEvent
from helpdesk.tickets.models import Ticket, Worklist
from helpdesk.tickets.queries.access import visible
from helpdesk.tickets.queries.conditions import (
    assigned_to,
    in_worklist,
    is_open_work,
    on_ticket,
    to_acknowledge,
)
from helpdesk.tickets.queries.filters import Filter, Owner
from helpdesk.tickets.queries.groups import OVERDUE, Bounds, in_worklist_group

T = TypeVar("T")

REMEMBERED_FOR = 2.0
"""Seconds for which a number may be old."""

MAX_REMEMBERED = 5000


@dataclass(slots=True)
class Memory:
    """What a process remembers of counts, and who must read afresh because they just acted."""

    seconds: float = REMEMBERED_FOR
    known: dict[Hashable, tuple[float, Any]] = field(default_factory=dict)
    acted: dict[int, float] = field(default_factory=dict)

    def recall(
        self, person_id: int | None, key: Hashable, count: Callable[[], T], *, shared: bool = False
    ) -> T:
        """Return what is remembered under the key, or count and remember.

        ``shared`` for numbers that are the same for everybody.
        """
        moment = time.monotonic()
        whose = (None if shared else person_id, key)
        if person_id is not None and moment >= self.acted.get(person_id, 0.0):
            until, value = self.known.get(whose, (0.0, None))
            if moment < until:
                found: T = value
                return found
        fresh = count()
        if len(self.known) >= MAX_REMEMBERED:
            self.known.clear()
        self.known[whose] = (moment + self.seconds, fresh)
        return fresh

    def forget(self, person_id: int) -> None:
        """Let a person read afresh until everything remembered before their act is old.

        The act is not committed yet, so dropping what is remembered now would not be enough.
        """
        moment = time.monotonic()
        if len(self.acted) >= MAX_REMEMBERED:
            self.acted = {key: until for key, until in self.acted.items() if until > moment}
        self.acted[person_id] = moment + self.seconds


def memory() -> Memory:
    """Return the memory of the application. Tests that travel in time remember nothing."""
    seconds = 0.0 if current_app.testing else REMEMBERED_FOR
    found: Memory = current_app.extensions.setdefault("hearth-counts", Memory(seconds))
    return found


def on_ticket_event(event: TicketEvent) -> None:
    """Whoever acts sees the new numbers at once."""
    if event.actor.person_id is not None:
        memory().forget(event.actor.person_id)


@dataclass(slots=True)
class QueueLine:
    """A queue in the side navigation, with its open tickets by group (see ``groups``)."""

    id: int
    name: str
    restricted: bool
    mine: bool
    unacknowledged: int = 0
    unowned: int = 0
    by_group: dict[int, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many open tickets stand in the queue."""
        return sum(self.by_group.values())

    @property
    def overdue(self) -> int:
        """How many of them are past what was promised."""
        return self.by_group.get(OVERDUE, 0)


@dataclass(frozen=True, slots=True)
class MyWork:
    """How many tickets each of the actor's own lists has."""

    assigned: int = 0
    acknowledge: int = 0
    replied: int = 0
    mentioned: int = 0
    following: int = 0


def queues(actor: Actor) -> list[QueueLine]:
    """Return the queues the actor may see, their own teams' first, with their counts."""
    actor.demand(Permission.TICKET_READ)
    known = memory()
    bounds = Bounds.here(ZoneInfo(actor.time_zone))
    found = known.recall(
        actor.person_id, ("queues", bounds.today), lambda: _open_queues(bounds), shared=True
    )
    inside = None
    if sees_restricted(actor):
        inside = known.recall(
            actor.person_id, ("inside", bounds.today), lambda: _inside(actor, bounds)
        )
    lines = [
        QueueLine(
            row.id,
            row.name,
            row.restricted,
            row.id in actor.queue_ids,
            *_sums([*by_group, *(inside[row.id] if inside is not None else ())]),
        )
        for row, by_group in found
        if not row.restricted or row.id in actor.queue_ids or actor.is_system
    ]
    return sorted(lines, key=lambda line: not line.mine)


_Sums = list[tuple[int, int, int, int]]
"""Group, how many, how many unacknowledged, how many of nobody."""


def _sums(rows: _Sums) -> tuple[int, int, dict[int, int]]:
    by_group: dict[int, int] = {}
    for group, number, _unacknowledged, _unowned in rows:
        by_group[group] = by_group.get(group, 0) + number
    return sum(row[2] for row in rows), sum(row[3] for row in rows), dict(sorted(by_group.items()))


def _by_group(bounds: Bounds, *conditions: ColumnElement[bool]) -> Select[Any]:
    # Grouped in an outer query: PostgreSQL would not know two expressions with parameters as one.
    lines = (
        select(
            Worklist.queue_id,
            in_worklist_group(bounds).label("group"),
            Worklist.unacknowledged,
            Worklist.unowned,
        )
        .where(*conditions)
        .subquery("lines")
    )
    return select(
        lines.c.queue_id,
        lines.c.group,
        func.count().label("number"),
        _how_many(lines.c.unacknowledged).label("unacknowledged"),
        _how_many(lines.c.unowned).label("unowned"),
    ).group_by(lines.c.queue_id, lines.c.group)


def _open_queues(bounds: Bounds) -> list[tuple[Row[Any], _Sums]]:
    """Return every queue, with what stands in it and is open to all of staff."""
    waiting = _by_group(bounds, Worklist.restricted.is_(False)).subquery()
    rows = db.session.execute(
        select(
            Queue.id,
            Queue.name,
            Queue.restricted,
            *(waiting.c[name] for name in ("group", "number", "unacknowledged", "unowned")),
        )
        .join(waiting, waiting.c.queue_id == Queue.id, isouter=True)
        .where(Queue.retired_at.is_(None))
        .order_by(Queue.position, Queue.name, Queue.id)
    )
    found: dict[int, tuple[Row[Any], _Sums]] = {}
    for row in rows:
        _queue, sums = found.setdefault(row.id, (row, []))
        if row.group is not None:
            sums.append((row.group, row.number, int(row.unacknowledged), int(row.unowned)))
    return list(found.values())


def _inside(actor: Actor, bounds: Bounds) -> dict[int, _Sums]:
    """Return what restricted tickets add for the actor, by queue."""
    found: dict[int, _Sums] = defaultdict(list)
    statement = _by_group(bounds, Worklist.restricted.is_(True), in_worklist(actor))
    for row in db.session.execute(statement):
        found[row.queue_id].append(
            (row.group, row.number, int(row.unacknowledged), int(row.unowned))
        )
    return found


def sees_restricted(actor: Actor) -> bool:
    """Whether any open restricted ticket may be seen by the actor; to most people none may."""
    return memory().recall(
        actor.person_id,
        "restricted",
        lambda: (
            db.session.scalar(
                select(literal(1))
                .select_from(Worklist)
                .where(Worklist.restricted.is_(True), in_worklist(actor))
                .limit(1)
            )
            is not None
        ),
    )


def _how_many(flag: Any) -> Any:
    return func.sum(case((flag, 1), else_=0))


def my_work(actor: Actor) -> MyWork:
    """Count the actor's own lists, in one query."""
    actor.demand(Permission.TICKET_READ)
    if actor.person_id is None:
        return MyWork()
    return memory().recall(actor.person_id, "mine", lambda: _my_work(actor))


def _my_work(actor: Actor) -> MyWork:
    # What one owns, holds or is asked to acknowledge may be seen for that very reason.
    mine = (
        select(
            func.count().label("assigned"),
            _how_many(Ticket.customer_replied).label("replied"),
        )
        .where(is_open_work(), Ticket.id.in_(assigned_to(actor)))
        .cte("mine")
    )
    acknowledge = select(func.count(Worklist.ticket_id.distinct())).where(
        Worklist.ticket_id.in_(to_acknowledge(actor))
    )
    unseen = select(Mention.ticket_id).where(
        Mention.person_id == actor.person_id, Mention.seen_at.is_(None)
    )
    mentioned = select(func.count()).where(
        Ticket.id.in_(unseen), Ticket.hidden_at.is_(None), visible(actor)
    )
    followed = select(Follower.ticket_id).where(Follower.person_id == actor.person_id)
    following = select(func.count(Worklist.ticket_id.distinct())).where(
        Worklist.ticket_id.in_(followed), in_worklist(actor)
    )
    row = db.session.execute(
        select(
            mine.c.assigned,
            mine.c.replied,
            acknowledge.scalar_subquery().label("acknowledge"),
            mentioned.scalar_subquery().label("mentioned"),
            following.scalar_subquery().label("following"),
        )
    ).one()
    return MyWork(
        assigned=row.assigned,
        acknowledge=row.acknowledge,
        replied=int(row.replied or 0),
        mentioned=row.mentioned,
        following=row.following,
    )


def matching(actor: Actor, wanted: Mapping[int, Filter], *, zone: ZoneInfo) -> dict[int, int]:
    """Count several filters over open work in one pass; returns numbers by the filters' keys.

    Filters with words or finished work are not counted and are missing in the result.
    """
    actor.demand(Permission.TICKET_READ)
    counted = {key: each for key, each in wanted.items() if each.is_open_work and not each.words}
    ours = {key: each for key, each in counted.items() if not _is_personal(each)}
    own = {key: each for key, each in counted.items() if _is_personal(each)}
    known, who = memory(), actor.person_id
    name = (str(zone), tuple(sorted(ours.items(), key=lambda item: item[0])))
    found: dict[int, int] = {}
    if ours:
        found = dict(
            known.recall(
                who,
                ("views", *name),
                lambda: _matching(actor, ours, zone, Ticket.restricted.is_(False)),
                shared=True,
            )
        )
        if sees_restricted(actor):
            inside = and_(Ticket.restricted.is_(True), visible(actor))
            more = known.recall(
                who, ("inside", *name), lambda: _matching(actor, ours, zone, inside)
            )
            found = {key: number + more[key] for key, number in found.items()}
    if own:
        name = (str(zone), tuple(sorted(own.items(), key=lambda item: item[0])))
        found |= known.recall(
            who, ("own", *name), lambda: _matching(actor, own, zone, visible(actor))
        )
    return found


def _is_personal(each: Filter) -> bool:
    """Whether a filter means something else to everybody who asks."""
    return each.my is not None or Owner.ME in each.owners


def _matching(
    actor: Actor, wanted: Mapping[int, Filter], zone: ZoneInfo, among: ColumnElement[bool]
) -> dict[int, int]:
    moment = now()
    columns = []
    for each in wanted.values():
        conditions = on_ticket(actor, each, moment=moment, zone=zone)
        if each.queues:
            there = aliased(Worklist)
            conditions.append(
                exists().where(there.ticket_id == Ticket.id, there.queue_id.in_(each.queues))
            )
        columns.append(func.count().filter(*conditions) if conditions else func.count())
    # Open work is what stands in the worklist; read from the tickets it comes once each.
    row = db.session.execute(
        select(*columns).select_from(Ticket).where(is_open_work(), among)
    ).one()
    return dict(zip(wanted, row, strict=True))
