"""What the tests of verbs share: looking at journal and worklist, and resolving."""

from typing import Any

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.tickets import services
from helpdesk.tickets.lifecycle import Outcome
from helpdesk.tickets.models import Entry, Ticket, Worklist
from tests import factories


def queues_of(ticket: Ticket) -> set[int]:
    return set(db.session.scalars(select(Worklist.queue_id).where(Worklist.ticket_id == ticket.id)))


def entries(ticket: Ticket) -> list[Entry]:
    return list(
        db.session.scalars(select(Entry).where(Entry.ticket_id == ticket.id).order_by(Entry.id))
    )


def resolve(ticket: Ticket, by: Any = None, **kw: Any) -> Entry:
    return services.resolve(
        by or factories.actor(),
        ticket,
        **{
            "outcome": Outcome.SOLVED,
            "solution": "Changed the ribbon.",
            "cause": factories.cause(),
            **kw,
        },
    )
