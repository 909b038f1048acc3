"""A filter as conditions on tickets."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, exists, false, func, literal_column, or_, select, union
from sqlalchemy.orm import aliased

from helpdesk.people.access import Actor
from helpdesk.people.models import Person
from helpdesk.tickets.companions import Follower, Mention
from helpdesk.tickets.desk import Category, TicketTag
from helpdesk.tickets.lifecycle import UNFINISHED, HoldReason, StatusClass
from helpdesk.tickets.models import Assignment, Ticket, Worklist
from helpdesk.tickets.queries.access import visible
from helpdesk.tickets.queries.filters import Due, Filter, Flag, My, Owner, Period
from helpdesk.tickets.queries.groups import Bounds

UNTOUCHED_AFTER = timedelta(days=3)
"""Work that nothing happened to for so long is untouched; what waits on purpose is not."""


def is_open_work() -> ColumnElement[bool]:
    """Return the condition on Ticket of the indexes over open work.

    Written out, not bound: a prepared statement must prove that it may use such an index.
    """
    classes: list[Any] = [literal_column(f"'{name}'") for name in ("new", "open", "pending")]
    return and_(Ticket.status_class.in_(classes), Ticket.hidden_at.is_(None))


def is_open_assignment() -> ColumnElement[bool]:
    """Return the condition on Assignment of the indexes over open ones; written out, too."""
    states: list[Any] = [literal_column(f"'{name}'") for name in ("assigned", "acknowledged")]
    return Assignment.state.in_(states)


@lru_cache(maxsize=2048)
def in_worklist(actor: Actor) -> ColumnElement[bool]:
    """Return the condition on Worklist that says which of its lines the actor may see.

    Only the lines of restricted tickets in queues of other teams need a look at the ticket. An
    actor is a value, so the condition is put together once for each.
    """
    if actor.is_system:
        return Worklist.ticket_id.is_not(None)
    return or_(
        Worklist.restricted.is_(False),
        Worklist.queue_id.in_(sorted(actor.queue_ids)),
        exists().where(Ticket.id == Worklist.ticket_id, visible(actor)).correlate(Worklist),
    )


def on_ticket(
    actor: Actor, wanted: Filter, *, moment: datetime, zone: ZoneInfo
) -> list[ColumnElement[bool]]:
    """Return the conditions on Ticket that a filter asks for; all of them must hold.

    Queues and words are not among them: lists find those through indexes of their own. Nor is
    the class of status when all unfinished work is asked for, which the worklist stands for.
    """
    found = list(_of_fields(actor, wanted))
    if wanted.effective_classes != UNFINISHED:
        found.append(Ticket.status_class.in_(sorted(wanted.effective_classes)))
    if wanted.opened is not None:
        found.extend(_within(Ticket.opened_at, wanted.opened, moment, zone))
    if wanted.updated is not None:
        found.extend(_within(Ticket.updated_at, wanted.updated, moment, zone))
    if wanted.dues:
        bounds = Bounds.at(moment, zone)
        found.append(or_(*(_due(due, bounds) for due in wanted.dues)))
    found.extend(_flag(flag, wanted, moment) for flag in wanted.flags)
    if wanted.my is not None:
        found.extend(_my(actor, wanted))
    return found


def _of_fields(actor: Actor, wanted: Filter) -> Iterator[ColumnElement[bool]]:
    plain: list[tuple[Any, tuple[Any, ...]]] = [
        (Ticket.priority, wanted.priorities),
        (Ticket.organisation_id, wanted.organisations),
        (Ticket.site_id, wanted.sites),
        (Ticket.kind, wanted.kinds),
        (Ticket.channel, wanted.channels),
    ]
    for column, values in plain:
        if values:
            yield column.in_(values)
    if wanted.holds:
        holds = Ticket.hold_reason.in_(wanted.holds)
        # A part that waits for a supplier does so while colleagues work on the rest.
        of_parts = select(Assignment.ticket_id).where(Assignment.waits_since.is_not(None))
        yield or_(holds, Ticket.id.in_(of_parts)) if HoldReason.SUPPLIER in wanted.holds else holds
    if wanted.suppliers:
        of_parts = select(Assignment.ticket_id).where(Assignment.supplier_id.in_(wanted.suppliers))
        if wanted.is_open_work:
            yield or_(Ticket.supplier_id.in_(wanted.suppliers), Ticket.id.in_(of_parts))
        else:
            # Of a long past only what is theirs is read, through both indexes.
            other = aliased(Ticket)
            whole = select(other.id).where(other.supplier_id.in_(wanted.suppliers))
            yield Ticket.id.in_(union(whole, of_parts))
    if wanted.owners:
        keys = [
            actor.person_id if owner is Owner.ME else owner
            for owner in wanted.owners
            if owner is not Owner.NONE
        ]
        choices = [Ticket.owner_id.in_([key for key in keys if key is not None])] if keys else []
        if Owner.NONE in wanted.owners:
            choices.append(Ticket.owner_id.is_(None))
        yield or_(*choices)
    if wanted.customers:
        # The one who asked on behalf of somebody looks for the ticket among their own.
        yield or_(
            Ticket.customer_id.in_(wanted.customers), Ticket.requester_id.in_(wanted.customers)
        )
    if wanted.categories:
        yield Ticket.category_id.in_(_with_subcategories(wanted.categories))
    if wanted.tags:
        yield exists().where(TicketTag.ticket_id == Ticket.id, TicketTag.tag_id.in_(wanted.tags))


def _with_subcategories(keys: tuple[int, ...]) -> Any:
    root, branch = aliased(Category), aliased(Category)
    beginning = root.path + " › "
    return (
        select(branch.id)
        .join(
            root,
            or_(
                branch.id == root.id,
                func.substr(branch.path, 1, func.length(root.path) + 3) == beginning,
            ),
        )
        .where(root.id.in_(keys))
    )


def _within(
    column: Any, period: Period, moment: datetime, zone: ZoneInfo
) -> Iterator[ColumnElement[bool]]:
    first, end = period.bounds(moment, zone)
    if first is not None:
        yield column >= first
    if end is not None:
        yield column < end


def _due(due: Due, bounds: Bounds) -> ColumnElement[bool]:
    """Return the condition of a word about what is due; the groups of a queue end there too."""
    match due:
        case Due.OVERDUE:
            return Ticket.due_at <= bounds.now
        case Due.SOON:
            return and_(Ticket.due_at > bounds.now, Ticket.due_at <= bounds.soon)
        case Due.TODAY:
            # All of the reader's day: what was missed this morning belongs to it.
            return and_(Ticket.due_at >= bounds.midnight, Ticket.due_at < bounds.today)
        case Due.NONE:
            return Ticket.due_at.is_(None)


_COLUMNS: dict[Flag, ColumnElement[bool]] = {
    Flag.REPLIED: Ticket.customer_replied.is_(True),
    Flag.THANKED: Ticket.thanked.is_(True),
    Flag.UNDELIVERED: Ticket.undelivered_at.is_not(None),
    Flag.MAJOR: Ticket.major.is_(True),
    Flag.UNEXPLAINED: Ticket.unexplained.is_(True),
}
"""Flags that are a column of the ticket."""


def _flag(flag: Flag, wanted: Filter, moment: datetime) -> ColumnElement[bool]:
    match flag:
        case (
            Flag.REPLIED | Flag.THANKED | Flag.UNDELIVERED | Flag.MAJOR | Flag.UNEXPLAINED
        ) as plain:
            return _COLUMNS[plain]
        case Flag.UNACKNOWLEDGED:
            # In the queues that are looked at: elsewhere others may be waited for.
            there = [Assignment.queue_id.in_(wanted.queues)] if wanted.queues else []
            return exists().where(
                Assignment.ticket_id == Ticket.id, Assignment.state == "assigned", *there
            )
        case Flag.WOKEN:
            # Until somebody answers; what is held anew is no longer awake.
            return Ticket.woken_at >= Ticket.waiting_since
        case Flag.REOPENED:
            return Ticket.reopenings > 0
        case Flag.UNTOUCHED:
            return and_(
                Ticket.status_class.in_([StatusClass.NEW, StatusClass.OPEN]),
                Ticket.updated_at < moment - UNTOUCHED_AFTER,
            )
        case Flag.VIP:
            return exists().where(Person.id == Ticket.customer_id, Person.vip)
        case Flag.AT_RISK:
            return Ticket.risk != ""
        case Flag.OVER_TIME:
            return and_(
                Ticket.expected_at <= moment,
                Ticket.status_class.in_([StatusClass.NEW, StatusClass.OPEN]),
            )


def _my(actor: Actor, wanted: Filter) -> Iterator[ColumnElement[bool]]:
    if actor.person_id is None:
        yield false()
        return
    match wanted.my:
        case My.ASSIGNED:
            yield _mine(actor, wanted)
        case My.REPLIED:
            yield _mine(actor, wanted)
            yield Ticket.customer_replied.is_(True)
        case My.ACKNOWLEDGE:
            yield Ticket.id.in_(to_acknowledge(actor))
        case My.MENTIONED:
            yield Ticket.id.in_(
                select(Mention.ticket_id).where(
                    Mention.person_id == actor.person_id, Mention.seen_at.is_(None)
                )
            )
        case My.FOLLOWING:
            yield Ticket.id.in_(
                select(Follower.ticket_id).where(Follower.person_id == actor.person_id)
            )


def _mine(actor: Actor, wanted: Filter) -> ColumnElement[bool]:
    """I own it, or hold a piece of it."""
    if wanted.is_open_work:
        return Ticket.id.in_(assigned_to(actor))
    held = exists().where(
        Assignment.ticket_id == Ticket.id,
        Assignment.technician_id == actor.person_id,
        Assignment.state != "withdrawn",
    )
    return or_(Ticket.owner_id == actor.person_id, held)


def assigned_to(actor: Actor) -> Any:
    """Return the select of the keys of open tickets that are the actor's to work on."""
    owned = select(Ticket.id).where(Ticket.owner_id == actor.person_id, is_open_work())
    held = select(Assignment.ticket_id).where(
        Assignment.technician_id == actor.person_id, is_open_assignment()
    )
    return union(owned, held)


def to_acknowledge(actor: Actor) -> Any:
    """Return the select of the keys of tickets that wait for the actor's "I have it"."""
    waiting = (is_open_assignment(), Assignment.state == "assigned")
    named = select(Assignment.ticket_id).where(
        Assignment.technician_id == actor.person_id, *waiting
    )
    ours = select(Assignment.ticket_id).where(
        Assignment.queue_id.in_(sorted(actor.queue_ids)),
        Assignment.technician_id.is_(None),
        *waiting,
    )
    return union(named, ours)
