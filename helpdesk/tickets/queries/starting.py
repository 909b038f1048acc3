"""The ticket that somebody should begin next, found and locked for them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor, Permission
from helpdesk.tickets.lifecycle import StatusClass
from helpdesk.tickets.models import Assignment, Ticket
from helpdesk.tickets.next_up import Reason, Waiting, in_order, reasons
from helpdesk.tickets.queries import lists
from helpdesk.tickets.queries.access import visible
from helpdesk.tickets.queries.conditions import is_open_assignment, is_open_work
from helpdesk.tickets.queries.filters import EVERYTHING, Filter
from helpdesk.tickets.queries.needs import NOTHING_KNOWN, known_by, needs_of, skill_names

HEAD = 40
"""Tickets read of each list that candidates come from, so many however long the lists are."""

ROUNDS = 3
"""How often the lists are read anew when colleagues took everything that was read."""


@dataclass(frozen=True, slots=True)
class Next:
    """The ticket to begin, locked; why this one; whether it was nobody's."""

    ticket: Ticket
    because: Sequence[Reason]
    is_free: bool
    is_given: bool


@dataclass(frozen=True, slots=True)
class Later:
    """What of a list waits on purpose: how many tickets, and when the first comes back (UTC)."""

    number: int
    first_at: datetime | None


def next_up(
    actor: Actor,
    wanted: Filter,
    *,
    zone: ZoneInfo,
    skip: int | None = None,
    own_only: bool = False,
) -> Next | None:
    """Return what of a list the actor should begin, locked for them; None when nothing waits.

    Nobody's tickets and their own are candidates, never what waits on purpose. Who asks at the
    same moment gets another one: what a colleague is being given is passed over, and only where
    nothing else is left does this wait to see whether they take it. ``skip`` is the ticket just
    looked at; ``own_only`` leaves aside what would be claimed. Raises Denied.
    """
    actor.demand(Permission.TICKET_WORK)
    for _round in range(ROUNDS):
        moment = now()
        found = in_order(candidates(actor, wanted, zone=zone, own_only=own_only), moment)
        found = [one for one in found if one.number != skip]
        if not found:
            return None
        ticket = _lock(actor, found, passing_over=True) or _lock(actor, found, passing_over=False)
        if ticket is not None:
            one = next(one for one in found if one.number == ticket.id)
            is_free = not (one.is_given or one.is_begun)
            return Next(ticket, reasons(one, moment), is_free, one.is_given)
    return None


def is_there_any(actor: Actor, wanted: Filter, *, zone: ZoneInfo) -> bool:
    """Whether Start next would find something; nothing is locked."""
    return bool(candidates(actor, wanted, zone=zone))


def candidates(
    actor: Actor, wanted: Filter, *, zone: ZoneInfo, own_only: bool = False
) -> list[Waiting]:
    """Return what of a list could be begun: the actor's own, and the heads of what is free.

    The list by promises and the list of what is urgent are read, each up to HEAD, so the cost
    does not grow with the lists and never with what is finished. Who looks at everything is
    given what is free in their own queues.
    """
    wanted = _without_waiting(wanted)
    mine, free = _is_mine(actor), _is_free()
    numbers = set(lists.numbers(actor, wanted, zone=zone, limit=HEAD, further=[mine]))
    if not own_only:
        if wanted == _without_waiting(EVERYTHING) and actor.queue_ids:
            wanted = replace(wanted, queues=tuple(sorted(actor.queue_ids)))
        numbers |= set(lists.numbers(actor, wanted, zone=zone, limit=HEAD, further=[free]))
        urgent = [free, Ticket.priority <= 2]
        numbers |= set(lists.numbers(actor, wanted, zone=zone, limit=HEAD, further=urgent))
    return _as_they_stand(actor, numbers) if numbers else []


def waits_until(actor: Actor, wanted: Filter, *, zone: ZoneInfo) -> Later:
    """Return what of a list waits on purpose, counted up to a limit."""
    waiting = replace(wanted, classes=(StatusClass.PENDING,))
    chosen = lists.chosen(actor, waiting, zone=zone, limit=lists.COUNTED)
    if chosen is None:
        return Later(0, None)
    keys, _order = chosen
    number, first_at = db.session.execute(
        select(func.count(), func.min(Ticket.wake_at))
        .select_from(keys)
        .join(Ticket, Ticket.id == keys.c.number)
    ).one()
    return Later(number, first_at)


def _without_waiting(wanted: Filter) -> Filter:
    if not wanted.is_open_work:
        wanted = replace(wanted, classes=())
    classes = wanted.effective_classes - {StatusClass.PENDING}
    return replace(wanted, classes=tuple(sorted(classes)), sort=EVERYTHING.sort)


def _is_given(actor: Actor) -> ColumnElement[bool]:
    return exists().where(
        Assignment.ticket_id == Ticket.id,
        Assignment.technician_id == actor.person_id,
        Assignment.state == "assigned",
        Assignment.waits_since.is_(None),
    )


def _is_mine(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that a ticket is the actor's or a piece of it was given to them."""
    given = select(Assignment.ticket_id).where(
        Assignment.technician_id == actor.person_id,
        is_open_assignment(),
        Assignment.state == "assigned",
        Assignment.waits_since.is_(None),
    )
    owned = select(Ticket.id).where(Ticket.owner_id == actor.person_id, is_open_work())
    # Both are read from indexes over open work, and what is not in them is not looked at.
    return Ticket.id.in_(given.union(owned))


def _is_free() -> ColumnElement[bool]:
    held = exists().where(
        Assignment.ticket_id == Ticket.id,
        Assignment.technician_id.is_not(None),
        is_open_assignment(),
    )
    return and_(Ticket.owner_id.is_(None), ~held)


def _as_they_stand(actor: Actor, numbers: set[int]) -> list[Waiting]:
    known = known_by([actor.person_id or 0]).get(actor.person_id or 0, NOTHING_KNOWN)
    rows = db.session.execute(
        select(
            Ticket.id,
            Ticket.priority,
            Ticket.waiting_since,
            Ticket.due_at,
            Ticket.owner_id,
            Ticket.customer_replied,
            Ticket.category_id,
            Ticket.language,
            _is_given(actor).label("is_given"),
        ).where(Ticket.id.in_(numbers))
    ).all()
    needs = {row.id: needs_of(row.category_id, row.language) for row in rows}
    names = skill_names({one.skill_id for one in needs.values() if one.skill_id is not None})
    return [
        Waiting(
            number=row.id,
            priority=row.priority,
            waiting_since=row.waiting_since,
            due_at=row.due_at,
            is_given=row.is_given,
            is_begun=row.owner_id == actor.person_id and not row.is_given,
            replied=row.customer_replied,
            skill=names.get(needs[row.id].skill_id or 0, ""),
            level=known.levels.get(needs[row.id].skill_id or 0, 0),
            language=needs[row.id].language,
            speaks=known.speaks(needs[row.id].language),
        )
        for row in rows
    ]


def _lock(actor: Actor, found: Sequence[Waiting], *, passing_over: bool) -> Ticket | None:
    """Lock and return the first of these that can still be begun.

    Its row is judged again once it is locked, so what a colleague took meanwhile, or moved to
    where the actor may not look, is not found.
    SQLite has one writer at a time and locks nothing.
    """
    numbers = [one.number for one in found]
    place = case({number: at for at, number in enumerate(numbers)}, value=Ticket.id)
    return db.session.scalar(
        select(Ticket)
        .where(
            Ticket.id.in_(numbers),
            visible(actor),
            or_(_is_free(), Ticket.owner_id == actor.person_id, _is_given(actor)),
            Ticket.status_class.in_([StatusClass.NEW, StatusClass.OPEN]),
            Ticket.hidden_at.is_(None),
        )
        .order_by(place)
        .limit(1)
        .with_for_update(of=Ticket, skip_locked=passing_over)
        .execution_options(populate_existing=True)
    )
