"""What was done today, and who is at work on a list."""

from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import func, literal_column, select

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import Person
from helpdesk.tickets.companions import Presence
from helpdesk.tickets.models import Ticket, Worklist
from helpdesk.tickets.queries.conditions import in_worklist
from helpdesk.tickets.queries.counts import memory
from helpdesk.tickets.queries.page import PRESENT_FOR

SHOWN_AT_WORK = 6


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who has a ticket of a list open right now."""

    id: int
    name: str


def resolved_today(actor: Actor, *, zone: ZoneInfo) -> int:
    """Count what the actor has resolved since midnight where they are."""
    actor.demand(Permission.TICKET_READ)
    midnight = datetime.combine(now().astimezone(zone).date(), time(), zone)
    # Written out so that the index over what is resolved and not yet closed is used.
    is_resolved = Ticket.status_class == literal_column("'resolved'")
    statement = select(func.count()).where(
        is_resolved, Ticket.resolved_at >= midnight, Ticket.resolved_by_id == actor.person_id
    )
    return db.session.scalar(statement) or 0


def at_work(actor: Actor, queues: tuple[int, ...]) -> list[Colleague]:
    """Return colleagues who have a ticket of these queues (any queue, if none) open right now."""
    actor.demand(Permission.TICKET_READ)
    return memory().recall(actor.person_id, ("at work", queues), lambda: _at_work(actor, queues))


def _at_work(actor: Actor, queues: tuple[int, ...]) -> list[Colleague]:
    seen = (
        select(Presence.person_id)
        .join(Worklist, Worklist.ticket_id == Presence.ticket_id)
        .where(Presence.seen_at > now() - PRESENT_FOR, in_worklist(actor))
    )
    if queues:
        seen = seen.where(Worklist.queue_id.in_(queues))
    rows = db.session.execute(
        select(Person.id, Person.name)
        .where(Person.id.in_(seen))
        .order_by(Person.name, Person.id)
        .limit(SHOWN_AT_WORK)
    )
    return [Colleague(row.id, row.name) for row in rows]
