"""Which tickets are replayed together: how many wait for it, and a bounded number at a time."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from helpdesk.db import db
from helpdesk.sla import replay
from helpdesk.sla.models import BusinessCalendar, CalendarVersion, Clock, Policy, PolicyVersion
from helpdesk.tickets.models import Ticket, Worklist

MOST = 1000
"""Tickets that a page looks at or replays at once: SQLite lets nobody else write meanwhile, and
each takes up to five milliseconds."""
COUNTED = 2000
"""Up to how many tickets are counted that keep what was promised before."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Unfinished tickets in the order of their numbers."""

    tickets: list[Ticket]
    last: int
    """The number up to which everything was looked through."""
    more: bool
    """Whether there are tickets after it."""


def batch(
    policy_id: int | None = None,
    *,
    since: datetime | None = None,
    after: int = 0,
    most: int = MOST,
    lock: bool = False,
) -> Batch:
    """Return unfinished tickets after a number; with a policy those that it was promised to.

    ``since`` leaves out those that were opened before; ``lock`` holds the rows for a change.
    """
    numbers: list[int] = []
    more = True
    while more and len(numbers) < most:
        wanted = min(replay.BATCH, most - len(numbers))
        # One further ticket says whether there is another batch.
        found = replay.touched_by(policy_id, after=after, limit=wanted + 1)
        more = len(found) > wanted
        numbers += found[:wanted]
        after = numbers[-1] if numbers else after
    return Batch(_load(numbers, since, lock=lock), after, more)


def outdated() -> int:
    """Return how many unfinished tickets keep what a policy or its calendar promised before.

    Counted up to one more than ``COUNTED``.
    """
    older = (
        select(Clock.id)
        .join(PolicyVersion, PolicyVersion.id == Clock.policy_version_id)
        .join(Policy, Policy.id == PolicyVersion.policy_id)
        .join(CalendarVersion, CalendarVersion.id == Clock.calendar_version_id)
        .join(BusinessCalendar, BusinessCalendar.id == CalendarVersion.calendar_id)
        .where(
            Clock.ticket_id == Worklist.ticket_id,
            Policy.retired_at.is_(None),
            or_(
                PolicyVersion.number < Policy.version,
                CalendarVersion.number < BusinessCalendar.version,
            ),
        )
    )
    waiting = select(Worklist.ticket_id).distinct().where(exists(older)).limit(COUNTED + 1)
    return db.session.scalar(select(func.count()).select_from(waiting.subquery())) or 0


def _load(numbers: list[int], since: datetime | None, *, lock: bool) -> list[Ticket]:
    if not numbers:
        return []
    statement = (
        select(Ticket)
        .where(Ticket.id.in_(numbers))
        .options(joinedload(Ticket.customer), joinedload(Ticket.organisation))
        .order_by(Ticket.id)
    )
    if since is not None:
        statement = statement.where(Ticket.opened_at >= since)
    if lock:
        # Writing down what is due looks at who holds the ticket.
        statement = statement.options(selectinload(Ticket.assignments))
        statement = statement.with_for_update(of=Ticket).execution_options(populate_existing=True)
    return list(db.session.scalars(statement))
