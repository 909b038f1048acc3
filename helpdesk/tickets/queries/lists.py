"""Pages of tickets: what a filter shows, a page at a time, by key and never by offset.

Open work comes from the worklist in the order (rank, moment, number): what is due by when it is,
then by how long somebody waits. So a page costs the same however much is finished. Lists that
include finished work come from the tickets in the order of their last change. A cursor names the
last row of a page; what moved meanwhile moves with its keys, and whatever kept its keys is shown
exactly once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    Select,
    case,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import aliased

from helpdesk.db import UTCDateTime, db
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import Person
from helpdesk.tickets import search
from helpdesk.tickets.desk import Status
from helpdesk.tickets.models import Ticket, Worklist
from helpdesk.tickets.queries.access import visible
from helpdesk.tickets.queries.conditions import in_worklist, is_open_work, on_ticket
from helpdesk.tickets.queries.filters import Filter
from helpdesk.tickets.queries.groups import Bounds

PAGE_ROWS = 50

COUNTED = 1000
"""Rows that a count looks at; beyond that it says "1000+"."""

MAX_HITS = 500
"""Tickets that contain a list's words; the newest are taken."""

MAX_LOOKED_AT = 5000
"""Tickets that are looked at to find those."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The keys of a page's last row. ``rank`` is empty in lists by last change."""

    rank: int | None
    moment: datetime
    number: int

    def __str__(self) -> str:
        """Return the cursor as ``read_cursor`` reads it."""
        since = (self.moment - _EPOCH) // _MICROSECOND
        return f"{'' if self.rank is None else self.rank}~{since}~{self.number}"


def read_cursor(text: str) -> Cursor | None:
    """Read a cursor from a URL; None for what is not one, which begins the list anew."""
    parts = text.split("~")
    if len(parts) != 3 or not all(part.isdecimal() and part.isascii() for part in parts[1:]):
        return None
    rank, since, number = parts
    if rank and not (rank.isdecimal() and rank.isascii()):
        return None
    if len(since) > 16 or len(number) > 15 or len(rank) > 2:
        return None
    moment = _EPOCH + int(since) * _MICROSECOND
    return Cursor(int(rank) if rank else None, moment, int(number))


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in order, and the cursor of the next page when there is one.

    A row has the columns of ``_COLUMNS``: rows are plain tuples, because fifty loaded objects
    cost several times what they show.
    """

    rows: Sequence[Row[Any]]
    more: Cursor | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows a list has, in all and by group. ``capped`` when there are more than said."""

    total: int
    by_group: dict[int, int]
    capped: bool = False


_customer = aliased(Person)
_owner = aliased(Person)

_COLUMNS: list[Any] = [
    Ticket.id.label("number"),
    Ticket.subject,
    Ticket.language,
    Ticket.kind,
    Ticket.priority,
    Ticket.status_class,
    Status.key.label("status_key"),
    Status.name.label("status_name"),
    Ticket.hold_reason,
    Ticket.wake_at,
    Ticket.channel,
    Ticket.contacts,
    Ticket.major,
    Ticket.thanked,
    Ticket.undelivered_at,
    Ticket.risk,
    Ticket.customer_replied,
    Ticket.updated_at,
    Ticket.waiting_since,
    Ticket.opened_at,
    Ticket.queue_id,
    _customer.name.label("customer_name"),
    _customer.vip.label("vip"),
    Ticket.owner_id,
    _owner.name.label("owner_name"),
]


def page(
    actor: Actor,
    wanted: Filter,
    *,
    zone: ZoneInfo,
    after: Cursor | None = None,
    limit: int = PAGE_ROWS,
    only: Sequence[int] | None = None,
) -> Page:
    """Return one page of a list. ``only`` narrows it to these numbers (what has just changed)."""
    chosen_keys = chosen(actor, wanted, zone=zone, after=after, limit=limit + 1, only=only)
    if chosen_keys is None:
        return Page([], None)
    keys, order = chosen_keys
    rows = db.session.execute(with_columns(keys).order_by(*order)).all()
    if len(rows) <= limit:
        return Page(rows, None)
    last = rows[limit - 1]
    return Page(rows[:limit], Cursor(last.rank, last.moment, last.number))


def chosen(
    actor: Actor,
    wanted: Filter,
    *,
    zone: ZoneInfo,
    limit: int,
    after: Cursor | None = None,
    only: Sequence[int] | None = None,
    further: Sequence[ColumnElement[bool]] = (),
) -> tuple[Any, list[Any]] | None:
    """Return a subquery of a page's keys (rank, moment, number) and their order.

    None when nothing can match. ``further`` are conditions on Ticket that no URL can say.
    """
    actor.demand(Permission.TICKET_READ)
    conditions = _conditions(actor, wanted, zone, only)
    if conditions is None:
        return None
    return _keys(actor, wanted, [*conditions, *further], after, limit)


def numbers(
    actor: Actor,
    wanted: Filter,
    *,
    zone: ZoneInfo,
    limit: int,
    further: Sequence[ColumnElement[bool]] = (),
) -> list[int]:
    """Return the numbers of a list's first tickets, in its order, and nothing else of them."""
    chosen_keys = chosen(actor, wanted, zone=zone, limit=limit, further=further)
    if chosen_keys is None:
        return []
    keys, order = chosen_keys
    return list(db.session.scalars(select(keys.c.number).order_by(*order)))


def with_columns(keys: Any) -> Select[Any]:
    """Return the select of what a row shows, for chosen tickets (rank, moment, number)."""
    return (
        select(keys.c.rank, keys.c.moment, *_due_columns(keys), *_COLUMNS)
        .select_from(keys)
        .join(Ticket, Ticket.id == keys.c.number)
        .join(Status, Status.id == Ticket.status_id)
        .join(_customer, _customer.id == Ticket.customer_id)
        .join(_owner, _owner.id == Ticket.owner_id, isouter=True)
    )


def _due_columns(keys: Any) -> list[Any]:
    """Return the columns of what a row says is due.

    A queue shows what is due there, which may be what its team promised about a part.
    """
    if "due_promise" not in keys.c:
        return [Ticket.due_at, Ticket.due_promise, Ticket.due_since]
    is_due = keys.c.due_promise.is_not(None)
    return [case((is_due, keys.c.moment)).label("due_at"), keys.c.due_promise, keys.c.due_since]


def counts(actor: Actor, wanted: Filter, *, zone: ZoneInfo) -> Counts | None:
    """Count a list of open work, up to a limit; None for lists with finished work."""
    actor.demand(Permission.TICKET_READ)
    if not wanted.is_open_work:
        return None
    conditions = _conditions(actor, wanted, zone, None)
    if conditions is None:
        return Counts(0, {})
    keys = _waiting_keys(actor, wanted, conditions, None, COUNTED + 1)
    grouped = select(
        Bounds.here(zone).column(keys.c.rank, keys.c.moment).label("group"), keys.c.rank
    ).subquery()
    statement = (
        select(grouped.c.group, func.count())
        .group_by(grouped.c.group, grouped.c.rank)
        .order_by(grouped.c.rank, grouped.c.group)
    )
    by_group: dict[int, int] = dict(db.session.execute(statement).all())
    total = sum(by_group.values())
    if total <= COUNTED:
        return Counts(total, by_group)
    # The limit cut the last group off: one row too many was read to find out.
    by_group[list(by_group)[-1]] -= 1
    return Counts(COUNTED, by_group, capped=True)


def _conditions(
    actor: Actor, wanted: Filter, zone: ZoneInfo, only: Sequence[int] | None
) -> list[ColumnElement[bool]] | None:
    """Return all conditions on Ticket; None when nothing can match."""
    found = on_ticket(actor, wanted, moment=now(), zone=zone)
    if only is not None:
        found.append(Ticket.id.in_(list(only)))
    if wanted.words:
        numbers = _with_words(actor, wanted, found)
        if not numbers:
            return None
        found.append(Ticket.id.in_(numbers))
    return found


def _with_words(actor: Actor, wanted: Filter, conditions: list[ColumnElement[bool]]) -> list[int]:
    """Return the numbers of the newest tickets that contain the words and match the rest."""
    found: list[int] = []
    number = wanted.words.lstrip("#")
    if number.isascii() and number.isdecimal() and len(number) <= 15:
        found.append(int(number))
    seen: set[int] = set()
    batch: list[int] = []

    def check() -> None:
        statement = select(Ticket.id).where(
            Ticket.id.in_(batch), Ticket.hidden_at.is_(None), visible(actor), *conditions
        )
        if wanted.queues:
            statement = statement.where(_stands_in(wanted.queues))
        fitting = set(db.session.scalars(statement))
        found.extend(number for number in batch if number in fitting)
        batch.clear()

    hits: Iterable[int] = search.of_address(wanted.words)
    hits = hits or search.hits(wanted.words, apart=True)
    for hit in hits:
        if hit in seen:
            continue
        seen.add(hit)
        batch.append(hit)
        if len(batch) == MAX_HITS:
            check()
            if len(found) >= MAX_HITS or len(seen) >= MAX_LOOKED_AT:
                break
    if batch:
        check()
    return found[:MAX_HITS]


def _stands_in(queues: Sequence[int]) -> ColumnElement[bool]:
    there = exists().where(Worklist.ticket_id == Ticket.id, Worklist.queue_id.in_(queues))
    return or_(Ticket.queue_id.in_(queues), there)


def _keys(
    actor: Actor,
    wanted: Filter,
    conditions: list[ColumnElement[bool]],
    after: Cursor | None,
    limit: int,
) -> tuple[Any, list[Any]]:
    """Return the chosen keys and their order, which a subquery need not keep by itself."""
    if wanted.by_waiting:
        keys = _waiting_keys(actor, wanted, conditions, after, limit)
        return keys, [keys.c.rank, keys.c.moment, keys.c.number]
    keys = _updated_keys(actor, wanted, conditions, after, limit)
    return keys, [keys.c.moment.desc(), keys.c.number.desc()]


def _waiting_keys(
    actor: Actor,
    wanted: Filter,
    conditions: list[ColumnElement[bool]],
    after: Cursor | None,
    limit: int,
) -> Any:
    """Choose open work in the order of a queue: by what is due, then by rank, longest waiting."""
    order = (Worklist.rank, Worklist.moment, Worklist.ticket_id)
    statement = select(
        Worklist.rank,
        Worklist.moment,
        Worklist.ticket_id.label("number"),
        Worklist.due_promise,
        Worklist.due_since,
    ).where(*_lines(actor, wanted))
    if conditions:
        # All of them are open; saying so lets a plan read open tickets alone.
        statement = statement.join(Ticket, Ticket.id == Worklist.ticket_id)
        statement = statement.where(is_open_work(), *conditions)
    if after is not None:
        last = (literal(after.rank or 0), literal(after.moment, UTCDateTime), literal(after.number))
        statement = statement.where(tuple_(*order) > tuple_(*last))
    return statement.order_by(*order).limit(limit).subquery("keys")


def _lines(actor: Actor, wanted: Filter) -> list[ColumnElement[bool]]:
    """Return the conditions on Worklist that choose each ticket of a list once."""
    found = [in_worklist(actor)]
    if wanted.queues:
        found.append(Worklist.queue_id.in_(wanted.queues))
    if len(wanted.queues) != 1:
        # Of several lines of one ticket that of the first queue is taken.
        other = aliased(Worklist)
        first = [other.ticket_id == Worklist.ticket_id, other.queue_id < Worklist.queue_id]
        if wanted.queues:
            first.append(other.queue_id.in_(wanted.queues))
        found.append(~exists().where(*first))
    return found


_NO_RANK = cast(null(), Integer).label("rank")
_BY_UPDATE: list[Any] = [_NO_RANK, Ticket.updated_at.label("moment"), Ticket.id.label("number")]


def _updated_keys(
    actor: Actor,
    wanted: Filter,
    conditions: list[ColumnElement[bool]],
    after: Cursor | None,
    limit: int,
) -> Any:
    """Choose tickets by their last change, newest first."""
    if wanted.is_open_work:
        chosen: Any = (
            select(*_BY_UPDATE)
            .join(Worklist, Worklist.ticket_id == Ticket.id)
            .where(*_lines(actor, wanted), is_open_work(), *conditions)
        )
        return _newest(chosen, after, limit).subquery("keys")
    conditions = [Ticket.hidden_at.is_(None), visible(actor), *conditions]
    if not wanted.queues:
        return _newest(select(*_BY_UPDATE).where(*conditions), after, limit).subquery("keys")
    # Two ways lead there: the tickets at home in the queues, and the open ones that only visit.
    # The latter are few and chosen first; else a plan may read all tickets in search of them.
    at_home = select(*_BY_UPDATE).where(*conditions, Ticket.queue_id.in_(wanted.queues))
    visits = (
        select(Ticket.id)
        .join(Worklist, Worklist.ticket_id == Ticket.id)
        .where(Worklist.queue_id.in_(wanted.queues), Ticket.queue_id.not_in(wanted.queues))
        .distinct()
        .cte("visits")
        .prefix_with("MATERIALIZED")
    )
    visiting = select(*_BY_UPDATE).join(visits, visits.c.id == Ticket.id).where(*conditions)
    both: Any = union_all(
        select(_newest(at_home, after, limit).subquery()),
        select(_newest(visiting, after, limit).subquery()),
    ).subquery()
    order = (both.c.moment.desc(), both.c.number.desc())
    return select(both).order_by(*order).limit(limit).subquery("keys")


def _newest(chosen: Select[Any], after: Cursor | None, limit: int) -> Select[Any]:
    if after is not None:
        last = (literal(after.moment, UTCDateTime), literal(after.number))
        chosen = chosen.where(tuple_(Ticket.updated_at, Ticket.id) < tuple_(*last))
    return chosen.order_by(Ticket.updated_at.desc(), Ticket.id.desc()).limit(limit)
