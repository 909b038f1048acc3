"""What tests of lists share: URLs as lists of texts, and a slow, obvious twin of the lists."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor
from helpdesk.tickets.companions import Follower, Mention
from helpdesk.tickets.desk import Category, TicketTag
from helpdesk.tickets.lifecycle import OPEN_ASSIGNMENT, UNFINISHED
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries import lists
from helpdesk.tickets.queries.filters import Due, Filter, Flag, My, Owner, Period

UTC_ZONE = ZoneInfo("UTC")


def query_lists(query: str) -> dict[str, list[str]]:
    """Read a query string as a browser's request is read."""
    return parse_qs(query, keep_blank_values=True)


def numbers(actor: Actor, wanted: Filter, *, limit: int = 50) -> list[int]:
    """Return the numbers of every page of a list, in order."""
    found: list[int] = []
    after = None
    for _page in range(1000):
        page = lists.page(actor, wanted, zone=UTC_ZONE, after=after, limit=limit)
        found.extend(row.number for row in page.rows)
        if page.more is None:
            return found
        after = lists.read_cursor(str(page.more))
        assert after == page.more
    raise AssertionError("the list does not end")


def expected(actor: Actor, wanted: Filter) -> list[int]:
    """Return the numbers a list should have, by looking at every ticket there is."""
    tickets = [
        ticket
        for ticket in db.session.scalars(select(Ticket))
        if may_see(actor, ticket) and fits(actor, ticket, wanted)
    ]
    if wanted.by_waiting:
        tickets.sort(key=place)
    else:
        tickets.sort(key=lambda t: (t.updated_at, t.id), reverse=True)
    return [ticket.id for ticket in tickets]


def place(ticket: Ticket) -> tuple[int, datetime, int]:
    """Return where a ticket stands in a queue: what is due first, then the customer's patience."""
    if ticket.due_at is not None:
        return 0, ticket.due_at, ticket.id
    rank = 9 if ticket.status_class == "pending" else ticket.priority
    return rank, ticket.waiting_since, ticket.id


def due_words(ticket: Ticket) -> set[Due]:
    """Return the words of the filter that fit what is due."""
    if ticket.due_at is None:
        return {Due.NONE}
    found, moment = set(), now()
    if ticket.due_at <= moment:
        found.add(Due.OVERDUE)
    elif ticket.due_at <= moment + timedelta(hours=2):
        found.add(Due.SOON)
    if ticket.due_at.astimezone(UTC_ZONE).date() == moment.astimezone(UTC_ZONE).date():
        found.add(Due.TODAY)
    return found


def may_see(actor: Actor, ticket: Ticket) -> bool:
    """Whether the actor may see the ticket, said in plain words."""
    if not ticket.restricted or ticket.queue_id in actor.queue_ids:
        return True
    if ticket.owner_id == actor.person_id:
        return True
    return any(
        row.queue_id in actor.queue_ids or row.technician_id == actor.person_id
        for row in ticket.assignments
    )


def stands_in(ticket: Ticket) -> set[int]:
    """Return the queues in which an unfinished ticket waits."""
    held = {row.queue_id for row in ticket.assignments if row.state in OPEN_ASSIGNMENT}
    return held or {ticket.queue_id}


def fits(actor: Actor, ticket: Ticket, wanted: Filter) -> bool:
    """Whether a ticket is what a filter asks for."""
    if ticket.hidden_at is not None or ticket.status_class not in wanted.effective_classes:
        return False
    unfinished = ticket.status_class in UNFINISHED
    if wanted.queues:
        queues = stands_in(ticket) if unfinished else {ticket.queue_id}
        if not wanted.is_open_work:
            queues = queues | {ticket.queue_id}
        if not queues & set(wanted.queues):
            return False
    owner: set[object] = {Owner.NONE} if ticket.owner_id is None else {ticket.owner_id}
    if ticket.owner_id == actor.person_id:
        owner.add(Owner.ME)
    alternatives: list[tuple[Iterable[object], Iterable[object]]] = [
        (wanted.priorities, [ticket.priority]),
        (wanted.owners, owner),
        (wanted.customers, [ticket.customer_id, ticket.requester_id]),
        (wanted.organisations, [ticket.organisation_id]),
        (wanted.sites, [ticket.site_id]),
        (wanted.kinds, [ticket.kind]),
        (wanted.channels, [ticket.channel]),
        (wanted.holds, [ticket.hold_reason]),
        (wanted.dues, due_words(ticket)),
        (wanted.tags, tags_of(ticket) if wanted.tags else []),
        (wanted.categories, category_and_above(ticket)),
    ]
    if any(values and not set(values) & set(has) for values, has in alternatives):
        return False
    if not within(ticket.opened_at, wanted.opened) or not within(ticket.updated_at, wanted.updated):
        return False
    if wanted.words and wanted.words.casefold() not in ticket.subject.casefold():
        return False
    return all(has_flag(ticket, flag, wanted) for flag in wanted.flags) and is_mine(
        actor, ticket, wanted
    )


def within(moment: datetime, period: Period | None) -> bool:
    if period is None:
        return True
    first, end = period.bounds(now(), UTC_ZONE)
    return (first is None or first <= moment) and (end is None or moment < end)


def tags_of(ticket: Ticket) -> list[int]:
    return list(
        db.session.scalars(select(TicketTag.tag_id).where(TicketTag.ticket_id == ticket.id))
    )


def category_and_above(ticket: Ticket) -> list[int]:
    found = []
    category = ticket.category
    while category is not None:
        found.append(category.id)
        category = db.session.get(Category, category.parent_id) if category.parent_id else None
    return found


def has_flag(ticket: Ticket, flag: Flag, wanted: Filter) -> bool:
    match flag:
        case Flag.REPLIED | Flag.MAJOR | Flag.THANKED | Flag.UNEXPLAINED as plain:
            name = "customer_replied" if plain is Flag.REPLIED else plain.value
            return bool(getattr(ticket, name))
        case Flag.UNDELIVERED:
            return ticket.undelivered_at is not None
        case Flag.UNACKNOWLEDGED:
            return any(
                row.state == "assigned" and (not wanted.queues or row.queue_id in wanted.queues)
                for row in ticket.assignments
            )
        case Flag.WOKEN:
            return ticket.woken_at is not None and ticket.woken_at >= ticket.waiting_since
        case Flag.REOPENED:
            return ticket.reopenings > 0
        case Flag.UNTOUCHED:
            old = ticket.updated_at < now() - timedelta(days=3)
            return old and ticket.status_class in {"new", "open"}
        case Flag.VIP:
            return ticket.customer.vip
        case Flag.AT_RISK:
            return ticket.risk != ""
        case Flag.OVER_TIME:
            expected = ticket.expected_at
            return ticket.status_class in {"new", "open"} and bool(expected and expected <= now())


def is_mine(actor: Actor, ticket: Ticket, wanted: Filter) -> bool:
    held = any(
        row.technician_id == actor.person_id
        and (row.state in OPEN_ASSIGNMENT if wanted.is_open_work else row.state != "withdrawn")
        for row in ticket.assignments
    )
    mine = held or ticket.owner_id == actor.person_id
    match wanted.my:
        case None:
            return True
        case My.ASSIGNED:
            return mine
        case My.REPLIED:
            return mine and ticket.customer_replied
        case My.ACKNOWLEDGE:
            return any(
                row.state == "assigned"
                and (
                    row.technician_id == actor.person_id
                    or (row.technician_id is None and row.queue_id in actor.queue_ids)
                )
                for row in ticket.assignments
            )
        case My.MENTIONED:
            mention = select(Mention).where(
                Mention.ticket_id == ticket.id,
                Mention.person_id == actor.person_id,
                Mention.seen_at.is_(None),
            )
            return db.session.scalars(mention).first() is not None
        case My.FOLLOWING:
            return db.session.get(Follower, (ticket.id, actor.person_id)) is not None
