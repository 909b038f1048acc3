"""Tables that say how the desk works: queues, statuses, categories, priorities, causes, tags.

They are edited in Set up. What a ticket uses is never deleted but retired: it stays readable and
is no longer offered.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from helpdesk.db import BigId, Model, UTCDateTime
from helpdesk.lib.clock import now
from helpdesk.people.models import Organisation, Team


class Queue(Model):
    """Where tickets of one team wait. A restricted queue is invisible to other teams."""

    __tablename__ = "queue"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    description: Mapped[str] = mapped_column(Text, default="")
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), index=True)
    restricted: Mapped[bool] = mapped_column(default=False)
    # Where mail and calls without a queue of their own land.
    is_default: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    team: Mapped[Team] = relationship()


class Status(Model):
    """A named state in one fixed class. ``key`` marks those that come with the product."""

    __tablename__ = "status"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str | None] = mapped_column(String(30), unique=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    status_class: Mapped[str] = mapped_column(String(10))
    # For pending statuses: what it waits for (lifecycle.HoldReason).
    hold_reason: Mapped[str | None] = mapped_column(String(12))
    # The status a verb chooses when it needs one of the class.
    is_default: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Category(Model):
    """What a ticket is about, as a tree: ``Network › Remote › VPN``."""

    __tablename__ = "category"
    __table_args__ = (UniqueConstraint("parent_id", "name"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    # Names from the root, joined with " › "; kept by the set-up verbs.
    path: Mapped[str] = mapped_column(String(500), unique=True)
    # Where new tickets of this category go when nobody chose a queue.
    queue_id: Mapped[int | None] = mapped_column(ForeignKey("queue.id"))
    # What has to be known for its tickets; without one it is what the category above asks for.
    skill_id: Mapped[int | None] = mapped_column(ForeignKey("skill.id"))
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    queue: Mapped[Queue | None] = relationship()


class PriorityCell(Model):
    """One cell of the matrix impact × urgency → priority (1..4)."""

    __tablename__ = "priority_cell"

    impact: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    urgency: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    priority: Mapped[int] = mapped_column()


class Cause(Model):
    """Why it happened; asked when resolving."""

    __tablename__ = "cause"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    position: Mapped[int] = mapped_column(default=0)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Supplier(Model):
    """A firm outside that tickets wait for, and how it is reached."""

    __tablename__ = "supplier"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    # Where it stands among people and organisations, if it does.
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    # Where reminders go; without one nobody outside is reminded.
    email: Mapped[str] = mapped_column(String(254), default="")
    phone: Mapped[str] = mapped_column(String(60), default="")
    # What was agreed with it, in words: number of the contract, hours, who to ask for.
    contract: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    organisation: Mapped[Organisation | None] = relationship()


class Tag(Model):
    """A free word on tickets."""

    __tablename__ = "tag"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class TicketTag(Model):
    """A tag on a ticket."""

    __tablename__ = "ticket_tag"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey("tag.id"), primary_key=True, index=True)

    tag: Mapped[Tag] = relationship()


class QuickTemplate(Model):
    """A common matter that is logged and resolved in one form."""

    __tablename__ = "quick_template"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    subject: Mapped[str] = mapped_column(String(300))
    kind: Mapped[str] = mapped_column(String(12), default="incident")
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"))
    cause_id: Mapped[int | None] = mapped_column(ForeignKey("cause.id"))
    impact: Mapped[int] = mapped_column(default=3)
    urgency: Mapped[int] = mapped_column(default=2)
    solution: Mapped[str] = mapped_column(Text, default="")
    position: Mapped[int] = mapped_column(default=0)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    category: Mapped[Category | None] = relationship()
    cause: Mapped[Cause | None] = relationship()
