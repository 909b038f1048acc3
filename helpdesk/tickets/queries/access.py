"""What an actor may see, and finding it: one call for both.

``NotFound`` says that there is no such thing or that the actor may not see it: the two look the
same from outside.
"""

from collections.abc import Collection
from functools import lru_cache

from sqlalchemy import ColumnElement, Select, bindparam, false, or_, select, true
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.interfaces import ORMOption

from helpdesk.db import db, is_reading
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Missing as NotFound
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.models import Assignment, Attachment, Entry, Ticket

__all__ = [
    "NotFound",
    "attachment_for",
    "entry_for",
    "get_for",
    "hidden_among",
    "many_for",
    "queue_for",
    "visible",
    "visible_queues",
]


@lru_cache(maxsize=2048)
def visible(actor: Actor) -> ColumnElement[bool]:
    """Return the condition on Ticket that says what the actor may see.

    Staff see every ticket but the restricted ones, which show only to members of the queues
    concerned, to whoever holds an assignment, and to their owner. An actor is a value, and so is
    the condition: what may change is part of the actor.
    """
    if not actor.can(Permission.TICKET_READ):
        return false()
    if actor.is_system:
        return true()
    # One value, not EXISTS: PostgreSQL may answer EXISTS by reading every assignment there is,
    # because it can't know that only the few restricted tickets come to ask.
    mine = (
        select(Assignment.id)
        .where(
            Assignment.ticket_id == Ticket.id,
            or_(
                Assignment.queue_id.in_(actor.queue_ids),
                Assignment.technician_id == actor.person_id,
            ),
        )
        .limit(1)
        .scalar_subquery()
    )
    return or_(
        Ticket.restricted.is_(False),
        Ticket.queue_id.in_(actor.queue_ids),
        Ticket.owner_id == actor.person_id,
        mine.is_not(None),
    )


@lru_cache(maxsize=2048)
def _one_ticket(actor: Actor, options: tuple[ORMOption, ...], lock: bool) -> Select[Ticket]:
    """Return the select of one visible ticket by ``number``; putting it together is not cheap."""
    statement = (
        select(Ticket)
        .where(Ticket.id == bindparam("number"), visible(actor))
        .options(
            joinedload(Ticket.status),
            joinedload(Ticket.queue),
            joinedload(Ticket.customer),
            joinedload(Ticket.owner),
            *options,
        )
    )
    if lock:
        statement = statement.with_for_update(of=Ticket).execution_options(populate_existing=True)
    return statement


def get_for(
    actor: Actor,
    number: int,
    *,
    permission: Permission = Permission.TICKET_READ,
    lock: bool = False,
    options: tuple[ORMOption, ...] = (),
) -> Ticket:
    """Return the ticket with this number if the actor may see it.

    ``lock`` holds the row for a change (PostgreSQL; SQLite's writing transaction does anyway);
    ``options`` say what to load along with it; they are made once, not for every call. Denied
    when the permission is missing, NotFound otherwise.
    """
    actor.demand(permission)
    ticket = db.session.scalar(_one_ticket(actor, options, lock), {"number": number})
    if ticket is None:
        raise NotFound
    return ticket


def many_for(
    actor: Actor, numbers: list[int], *, permission: Permission = Permission.TICKET_READ
) -> list[Ticket]:
    """Return the tickets with these numbers that the actor may see, in this order.

    They are locked, unless the request only reads.
    """
    actor.demand(permission)
    statement = select(Ticket).where(Ticket.id.in_(numbers), visible(actor)).order_by(Ticket.id)
    if not is_reading():
        statement = statement.with_for_update(of=Ticket)
    found = {ticket.id: ticket for ticket in db.session.scalars(statement)}
    return [found[number] for number in dict.fromkeys(numbers) if number in found]


@lru_cache(maxsize=2048)
def _seen_among(actor: Actor) -> Select[int]:
    """Return the select of visible ones among ``numbers``; putting it together is not cheap."""
    among = Ticket.id.in_(bindparam("numbers", expanding=True))
    return select(Ticket.id).where(among, visible(actor))


def hidden_among(actor: Actor, numbers: Collection[int]) -> set[int]:
    """Return those of the numbers that the actor may not see; asks nothing for none."""
    if not numbers:
        return set()
    seen = db.session.scalars(_seen_among(actor), {"numbers": list(numbers)})
    return set(numbers) - set(seen)


def entry_for(actor: Actor, ticket: Ticket, entry_id: int) -> Entry:
    """Return a journal entry of a ticket the actor was given by ``get_for``. Raises NotFound.

    Entries of tickets that were merged into this one belong to it.
    """
    actor.demand(Permission.TICKET_READ)
    entry = db.session.get(Entry, entry_id)
    if entry is None:
        raise NotFound
    if entry.ticket_id != ticket.id and entry.ticket.merged_into_id != ticket.id:
        raise NotFound
    return entry


def attachment_for(actor: Actor, attachment_id: int) -> Attachment:
    """Return a file of a ticket the actor may see. Raises Denied, NotFound."""
    actor.demand(Permission.TICKET_READ)
    row = db.session.scalar(
        select(Attachment)
        .join(Entry, Attachment.entry_id == Entry.id)
        .join(Ticket, Entry.ticket_id == Ticket.id)
        .where(Attachment.id == attachment_id, visible(actor))
    )
    if row is None or row.redacted_at is not None:
        raise NotFound
    return row


def visible_queues(actor: Actor) -> list[Queue]:
    """Return the queues in use that the actor may see, in the desk's order."""
    if not actor.can(Permission.TICKET_READ):
        return []
    statement = select(Queue).where(Queue.retired_at.is_(None))
    if not actor.is_system:
        statement = statement.where(or_(Queue.restricted.is_(False), Queue.id.in_(actor.queue_ids)))
    return list(db.session.scalars(statement.order_by(Queue.position, Queue.name)))


def queue_for(actor: Actor, queue_id: int) -> Queue:
    """Return a queue the actor may see. Raises Denied, NotFound."""
    actor.demand(Permission.TICKET_READ)
    queue = db.session.get(Queue, queue_id)
    if queue is None or (queue.restricted and queue.id not in actor.queue_ids):
        raise NotFound
    return queue
