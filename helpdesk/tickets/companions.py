"""The smaller tables around a ticket: links, followers, tasks, time, drafts, views, undo."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from helpdesk.db import BigId, Json, Model, UTCDateTime
from helpdesk.lib.clock import now
from helpdesk.people.models import Person
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.models import Attachment, Entry, Ticket


class Link(Model):
    """A directed relation between two tickets (lifecycle.LinkType)."""

    __tablename__ = "ticket_link"
    __table_args__ = (UniqueConstraint("from_id", "to_id", "type"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    from_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    to_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    type: Mapped[str] = mapped_column(String(12))
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)

    from_ticket: Mapped[Ticket] = relationship(foreign_keys=[from_id])
    to_ticket: Mapped[Ticket] = relationship(foreign_keys=[to_id])


class Follower(Model):
    """A technician who wants to know what happens to a ticket."""

    __tablename__ = "follower"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)
    since: Mapped[datetime] = mapped_column(UTCDateTime, default=now)

    person: Mapped[Person] = relationship()


class CopyRecipient(Model):
    """Somebody outside the desk who takes part in a ticket's mail: a CC of the customer's."""

    __tablename__ = "copy_recipient"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)

    person: Mapped[Person] = relationship()


class Mention(Model):
    """A technician named with @ in a note."""

    __tablename__ = "mention"

    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    seen_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Task(Model):
    """A step of the work, alone or on a named checklist."""

    __tablename__ = "task"
    __table_args__ = (
        Index("ix_task_ticket", "ticket_id", "position", "id"),
        Index(
            "ix_task_open_person",
            "person_id",
            postgresql_where=text("done_at IS NULL"),
            sqlite_where=text("done_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    checklist: Mapped[str] = mapped_column(String(100), default="")
    title: Mapped[str] = mapped_column(String(300))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    position: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    done_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    removed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    queue_id: Mapped[int | None] = mapped_column(ForeignKey("queue.id"))
    """Whose people do it, when nobody is named."""

    person: Mapped[Person | None] = relationship(foreign_keys=[person_id])
    queue: Mapped[Queue | None] = relationship()


class TimeEntry(Model):
    """Time that somebody spent on a ticket, in seconds. Corrected by a counter-entry."""

    __tablename__ = "time_entry"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("entry.id"))
    seconds: Mapped[int] = mapped_column()
    note: Mapped[str] = mapped_column(String(300), default="")
    happened_at: Mapped[datetime] = mapped_column(UTCDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)

    person: Mapped[Person] = relationship()


DRAFT_KINDS = ("reply", "note", "call", "side", "log")
"""What somebody types; drafts of other kinds belong to something else and are not shown as such."""


class Draft(Model):
    """What somebody typed and has not sent: kept on the server, so nothing typed is ever lost."""

    __tablename__ = "draft"
    __table_args__ = (UniqueConstraint("person_id", "ticket_id", "kind"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    # Empty for a call that is being logged and has no ticket yet.
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    # One of the kinds above, or "later" (see LaterAnswer).
    kind: Mapped[str] = mapped_column(String(10))
    body: Mapped[str] = mapped_column(Text, default="")
    # Other fields of the form (recipients, duration, subject …).
    fields: Mapped[dict[str, object]] = mapped_column(Json, default=dict)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)

    attachments: Mapped[list[Attachment]] = relationship(order_by=Attachment.id)


class LaterAnswer(Model):
    """An answer that is written and leaves at a moment its author chose.

    Its text, recipients and files are a draft of the kind "later". Nothing of it stands in the
    journal, and no promise is kept by it, until it leaves: then it becomes a reply like any other.
    """

    __tablename__ = "later_answer"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    draft_id: Mapped[int] = mapped_column(ForeignKey("draft.id"), unique=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    leaves_at: Mapped[datetime] = mapped_column(UTCDateTime)
    # The newest entry its author had seen: what the customer wrote after it is pointed out.
    seen_entry_id: Mapped[int] = mapped_column(BigId, default=0)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    # Why it did not leave when its moment had come; a person has to decide then.
    problem: Mapped[str] = mapped_column(String(400), default="")

    draft: Mapped[Draft] = relationship()
    ticket: Mapped[Ticket] = relationship()
    person: Mapped[Person] = relationship()


# What leaves by itself; what could not waits for a person.
Index(
    "ix_later_answer_due",
    LaterAnswer.leaves_at,
    postgresql_where=text("problem = ''"),
    sqlite_where=text("problem = ''"),
)


class View(Model):
    """A saved filter over tickets. Shared ones have no owner; shipped ones have a key."""

    __tablename__ = "view"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str | None] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    # Shared with one team; with nobody's owner and no team it is everybody's.
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    colour: Mapped[str] = mapped_column(String(12), default="c1")
    # The filter as it stands in the URL: {"class": ["open"], "owner": ["none"]}.
    filters: Mapped[dict[str, list[str]]] = mapped_column(Json, default=dict)
    position: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Undo(Model):
    """How to take back what somebody did a moment ago (the undo of 8 seconds).

    ``before`` is the ticket as it was (see services.undo); rows that share ``group_id`` were one
    act of a bulk change and are taken back together.
    """

    __tablename__ = "undo"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    group_id: Mapped[str] = mapped_column(String(32), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id"))
    verb: Mapped[str] = mapped_column(String(30))
    before: Mapped[dict[str, object]] = mapped_column(Json)
    # The ticket's version after the act: if it moved on since, undoing would lose somebody's work.
    version: Mapped[int] = mapped_column()
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Presence(Model):
    """Who has a ticket open right now, and whether they are writing."""

    __tablename__ = "presence"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True, index=True)
    writing: Mapped[bool] = mapped_column(default=False)
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now, index=True)

    person: Mapped[Person] = relationship()


class Redaction(Model):
    """The trace of a redaction: who took what away, when and why; never what it said."""

    __tablename__ = "redaction"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id"))
    actor_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    reason: Mapped[str] = mapped_column(String(300))

    entry: Mapped[Entry] = relationship()


class Doubt(Model):
    """A message whose sender could not be verified, kept as a note until somebody decides."""

    __tablename__ = "doubt"

    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id"), primary_key=True)
    # Empty until somebody said whether it is from who it says.
    believed: Mapped[bool | None] = mapped_column()
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    decided_by: Mapped[Person | None] = relationship()
