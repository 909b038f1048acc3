"""What is written on a ticket and leaves later."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import aliased, joinedload

from helpdesk.db import db
from helpdesk.people.models import Person
from helpdesk.tickets.companions import Draft, LaterAnswer
from helpdesk.tickets.lifecycle import EntryKind
from helpdesk.tickets.models import Entry, Ticket

_merged = aliased(Ticket)


def later_on(ticket_id: Any) -> ColumnElement[bool]:
    """Return the condition for what waits on a ticket, or on one that was merged into it."""
    below = select(_merged.id).where(_merged.merged_into_id == ticket_id)
    return or_(LaterAnswer.ticket_id == ticket_id, LaterAnswer.ticket_id.in_(below))


@dataclass(frozen=True, slots=True)
class Waiting:
    """An answer that leaves later, and whether the customer wrote since it was written."""

    answer: LaterAnswer
    wrote_since: bool

    @property
    def names(self) -> str:
        """Who gets it, by name."""
        rows: list[Any] = [
            row
            for kind in ("to", "cc")
            for row in _rows(self.answer.draft.fields.get(kind))
            if isinstance(row, dict)
        ]
        return ", ".join(str(row.get("name", "")) for row in rows)


def _rows(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else []


def waiting(ticket: Ticket) -> list[Waiting]:
    """Return what waits on a ticket, the next to leave first. One query, one for their files."""
    wrote = exists().where(
        Entry.ticket_id.in_((LaterAnswer.ticket_id, ticket.id)),
        Entry.id > LaterAnswer.seen_entry_id,
        Entry.kind == EntryKind.MESSAGE,
        Entry.inbound,
    )
    rows = db.session.execute(
        select(LaterAnswer, wrote)
        .where(later_on(ticket.id))
        .options(
            joinedload(LaterAnswer.person).load_only(Person.name),
            joinedload(LaterAnswer.draft).selectinload(Draft.attachments),
        )
        .order_by(LaterAnswer.leaves_at, LaterAnswer.id)
    )
    return [Waiting(answer, wrote_since) for answer, wrote_since in rows]
