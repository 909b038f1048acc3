"""Tables of side conversations: what is written to others than the customer about a ticket.

Every message of one is a journal entry of its ticket, for staff. These tables say which entries
belong together, with whom, and who wrote last.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from helpdesk.db import BigId, Model, UTCDateTime
from helpdesk.lib.clock import now
from helpdesk.people.models import Person
from helpdesk.tickets.models import Entry, Ticket

WRITE = "write-aside"
HEAR = "hear-aside"
"""Verbs of the messages of side conversations, ours and theirs."""


class SideState(StrEnum):
    """How a side conversation stands."""

    WAITING = "waiting"
    """We wrote last, and wait for them."""
    ANSWERED = "answered"
    """They wrote last."""
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    """Its only message was taken back before it left."""


class SideTalk(Model):
    """A conversation with others than the customer, on a ticket."""

    __tablename__ = "side_talk"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    subject: Mapped[str] = mapped_column(String(300))
    state: Mapped[str] = mapped_column(String(10), default=SideState.WAITING)
    opened_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    opened_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    # When somebody wrote last.
    spoken_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    ticket: Mapped[Ticket] = relationship()
    opened_by: Mapped[Person] = relationship()
    members: Mapped[list["SideMember"]] = relationship(
        back_populates="talk", order_by="SideMember.id", cascade="all, delete-orphan"
    )


class SideMember(Model):
    """Somebody whom a side conversation is with. Who is gone is not written to any more."""

    __tablename__ = "side_member"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    talk_id: Mapped[int] = mapped_column(ForeignKey("side_talk.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    copy: Mapped[bool] = mapped_column(default=False)
    gone: Mapped[bool] = mapped_column(default=False)

    talk: Mapped[SideTalk] = relationship(back_populates="members")
    person: Mapped[Person] = relationship()


class SideEntry(Model):
    """A journal entry that is a message of a side conversation."""

    __tablename__ = "side_entry"

    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id"), primary_key=True)
    talk_id: Mapped[int] = mapped_column(ForeignKey("side_talk.id"), index=True)

    entry: Mapped[Entry] = relationship()
    talk: Mapped[SideTalk] = relationship()
