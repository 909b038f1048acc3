"""Side conversations of a ticket, and what is in them."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, or_, select
from sqlalchemy.orm import joinedload, selectinload

from helpdesk.db import db
from helpdesk.people.models import Person
from helpdesk.tickets.desk import Supplier
from helpdesk.tickets.models import Attachment, Entry, Ticket
from helpdesk.tickets.queries.access import NotFound
from helpdesk.tickets.side_talks import SideEntry, SideMember, SideState, SideTalk

MOST_FILES = 100
"""Files of a ticket that are offered to be sent along, the newest first."""

_ASKED: Any = bindparam("ticket")


def _with_people(statement: Select[SideTalk]) -> Select[SideTalk]:
    of_people = selectinload(SideTalk.members).joinedload(SideMember.person)
    return statement.options(of_people.load_only(Person.name, Person.is_technician))


_OF_TICKET = _with_people(
    select(SideTalk)
    .join(Ticket, Ticket.id == SideTalk.ticket_id)
    .where(
        or_(Ticket.id == _ASKED, Ticket.merged_into_id == _ASKED),
        SideTalk.state != SideState.WITHDRAWN,
    )
    .order_by(SideTalk.closed_at.is_not(None), SideTalk.spoken_at.desc(), SideTalk.id.desc())
    .limit(50)
)


def has_side_talks(ticket: Any) -> ColumnElement[bool]:
    """Return the condition of side conversations of a ticket, or of one merged into it."""
    own = SideTalk.ticket_id == ticket
    merged = select(Ticket.id).where(Ticket.merged_into_id == ticket)
    return or_(own, SideTalk.ticket_id.in_(merged))


def of_ticket(ticket: Ticket) -> list[SideTalk]:
    """Return the side conversations of a ticket, open ones first. Two queries."""
    return list(db.session.scalars(_OF_TICKET, {"ticket": ticket.id}))


def known(ticket: Ticket, talk_id: int) -> SideTalk | None:
    """Return a side conversation of a ticket that was found for its reader; None without it."""
    return db.session.scalar(_OF_TICKET.where(SideTalk.id == talk_id), {"ticket": ticket.id})


def find(ticket: Ticket, talk_id: int) -> SideTalk:
    """Return a side conversation of a ticket that was found for its reader. Raises NotFound."""
    talk = known(ticket, talk_id)
    if talk is None:
        raise NotFound
    return talk


def names(talk: SideTalk) -> str:
    """Return whom a conversation is with."""
    here = [row.person.name for row in talk.members if not row.gone]
    return ", ".join(here or [row.person.name for row in talk.members])


def entries_of(talk_id: Any) -> Select[int]:
    """Return the select of the keys of a conversation's journal entries."""
    return select(SideEntry.entry_id).where(SideEntry.talk_id == talk_id)


def still_open(ticket: Ticket) -> list[SideTalk]:
    """Return the conversations in which an answer is awaited."""
    return [talk for talk in of_ticket(ticket) if talk.state == SideState.WAITING]


def files_of(ticket: Ticket) -> list[Attachment]:
    """Return the files of a ticket's journal that can be sent along, the newest first."""
    return list(
        db.session.scalars(
            select(Attachment)
            .join(Entry, Entry.id == Attachment.entry_id)
            .join(Ticket, Ticket.id == Entry.ticket_id)
            .where(
                or_(Ticket.id == ticket.id, Ticket.merged_into_id == ticket.id),
                Attachment.redacted_at.is_(None),
                Entry.withdrawn_at.is_(None),
            )
            .options(joinedload(Attachment.entry).load_only(Entry.happened_at))
            .order_by(Attachment.id.desc())
            .limit(MOST_FILES)
        )
    )


def chosen_files(ticket: Ticket, keys: Collection[int]) -> list[Attachment]:
    """Return those of a ticket's files that somebody chose, in their order."""
    if not keys:
        return []
    return [row for row in reversed(files_of(ticket)) if row.id in set(keys)]


def suppliers_named(question: str, limit: int = 5) -> list[Supplier]:
    """Return suppliers with an address whose name or address contains the words."""
    words = question.strip()
    if not words:
        return []
    escaped = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    like = f"%{escaped}%"
    return list(
        db.session.scalars(
            select(Supplier)
            .where(
                Supplier.retired_at.is_(None),
                Supplier.email != "",
                or_(
                    Supplier.name.ilike(like, escape="\\"), Supplier.email.ilike(like, escape="\\")
                ),
            )
            .order_by(Supplier.name)
            .limit(limit)
        )
    )


def supplier_at(address: str) -> Supplier | None:
    """Return the supplier whose address it is."""
    return db.session.scalar(
        select(Supplier).where(Supplier.email == address.strip().lower()).limit(1)
    )
