"""A list as rows for a spreadsheet, a page at a time, however long it is."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Subquery, select
from sqlalchemy.orm import aliased

from helpdesk.db import db
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import Organisation, Person, Site
from helpdesk.tickets.desk import Category, Cause, Queue, Status
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries import bin as binned
from helpdesk.tickets.queries import lists
from helpdesk.tickets.queries.filters import Filter

BATCH = 500

_customer, _owner = aliased(Person), aliased(Person)

COLUMNS: dict[str, Any] = {
    "number": Ticket.id,
    "subject": Ticket.subject,
    "kind": Ticket.kind,
    "status": Status.name,
    "class": Ticket.status_class,
    "waits_for": Ticket.hold_reason,
    "priority": Ticket.priority,
    "impact": Ticket.impact,
    "urgency": Ticket.urgency,
    "queue": Queue.name,
    "owner": _owner.name,
    "customer": _customer.name,
    "vip": _customer.vip,
    "organisation": Organisation.name,
    "site": Site.name,
    "category": Category.path,
    "channel": Ticket.channel,
    "major": Ticket.major,
    "opened": Ticket.opened_at,
    "updated": Ticket.updated_at,
    "waiting_since": Ticket.waiting_since,
    "due_at": Ticket.due_at,
    "due_promise": Ticket.due_promise,
    "first_reply": Ticket.first_reply_at,
    "resolved": Ticket.resolved_at,
    "closed": Ticket.closed_at,
    "outcome": Ticket.outcome,
    "cause": Cause.name,
    "contacts": Ticket.contacts,
    "handovers": Ticket.handovers,
    "reopenings": Ticket.reopenings,
    "seconds_spent": Ticket.time_spent,
}
"""Columns of the file, in order; their names are for programs and the same in every language."""


BIN_COLUMNS: dict[str, Any] = {
    **COLUMNS,
    "binned": Ticket.hidden_at,
    "bin_reason": Ticket.bin_reason,
}
"""Columns of the bin as a file."""

Choose = Callable[[lists.Cursor | None], tuple[Subquery, Sequence[Any]] | None]
"""Returns the keys after a place, ``BATCH`` at most, with their order; None when there are none."""


def rows(actor: Actor, wanted: Filter, *, zone: ZoneInfo) -> Iterator[list[object]]:
    """Yield the rows of a list, in its order. Raises Denied before the first one.

    Pages follow each other by key, so a change meanwhile costs no row its place.
    """
    actor.demand(Permission.TICKET_EXPORT)
    return _rows(
        lambda after: lists.chosen(actor, wanted, zone=zone, after=after, limit=BATCH),
        COLUMNS,
        zone,
    )


def bin_rows(actor: Actor, *, days: int, zone: ZoneInfo) -> Iterator[list[object]]:
    """Yield the rows of the bin, as its page shows it. Raises Denied before the first one."""
    actor.demand(Permission.TICKET_EXPORT)
    actor.demand(Permission.TICKET_BIN)
    return _rows(
        lambda after: binned.chosen(actor, days=days, after=after, limit=BATCH), BIN_COLUMNS, zone
    )


def _rows(choose: Choose, columns: dict[str, Any], zone: ZoneInfo) -> Iterator[list[object]]:
    after: lists.Cursor | None = None
    while True:
        chosen = choose(after)
        if chosen is None:
            return
        keys, order = chosen
        named = [column.label(f"c_{name}") for name, column in columns.items()]
        batch = db.session.execute(
            select(keys.c.rank, keys.c.moment, *named)
            .select_from(keys)
            .join(Ticket, Ticket.id == keys.c.number)
            .join(Status, Status.id == Ticket.status_id)
            .join(Queue, Queue.id == Ticket.queue_id)
            .join(_customer, _customer.id == Ticket.customer_id)
            .join(_owner, _owner.id == Ticket.owner_id, isouter=True)
            .join(Organisation, Organisation.id == Ticket.organisation_id, isouter=True)
            .join(Site, Site.id == Ticket.site_id, isouter=True)
            .join(Category, Category.id == Ticket.category_id, isouter=True)
            .join(Cause, Cause.id == Ticket.cause_id, isouter=True)
            .order_by(*order)
        ).all()
        for row in batch:
            yield [_plain(value, zone) for value in row[2:]]
        if len(batch) < BATCH:
            return
        last = batch[-1]
        after = lists.Cursor(last.rank, last.moment, last.c_number)


def _plain(value: object, zone: ZoneInfo) -> object:
    """Return a value as a spreadsheet reads it; moments are the reader's own time of day."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime):
        return value.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    return value
