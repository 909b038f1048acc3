"""The alert board: notices of known trouble, their tickets, and who is told when it is fixed."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from helpdesk.db import BigId, Json, Model, UTCDateTime
from helpdesk.lib.clock import now
from helpdesk.people.models import Person, Team
from helpdesk.tickets.models import Ticket


class Severity(StrEnum):
    """How bad it is."""

    INFORMATION = "information"
    DEGRADED = "degraded"
    OUTAGE = "outage"


class Audience(StrEnum):
    """Who is to see it."""

    TEAM = "team"
    STAFF = "staff"
    PUBLIC = "public"


class State(StrEnum):
    """Where a notice stands; it follows from its times."""

    COMING = "coming"
    RUNNING = "running"
    EXPIRED = "expired"
    FIXED = "fixed"


def state_of(
    starts_at: datetime, ends_at: datetime, fixed_at: datetime | None, moment: datetime
) -> State:
    """Say where a notice with these times stands at a moment."""
    if fixed_at is not None:
        return State.FIXED
    if ends_at <= moment:
        return State.EXPIRED
    return State.RUNNING if starts_at <= moment else State.COMING


class Alert(Model):
    """A notice of known trouble, or of work to come."""

    __tablename__ = "alert"
    # What runs ends last, so one index finds it and pages through what is over.
    __table_args__ = (Index("ix_alert_ends", "ends_at", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    headline: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text, default="")
    severity: Mapped[str] = mapped_column(String(12))
    audience: Mapped[str] = mapped_column(String(8))
    # Whose it is, when it is for one team only.
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime)
    # When it is over by itself; the moment it was fixed, once it is.
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)
    fixed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    closing: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    # Grows with whatever a reader should look at again; who put it away did so up to an edition.
    edition: Mapped[int] = mapped_column(default=1)

    author: Mapped[Person | None] = relationship()
    team: Mapped[Team | None] = relationship()
    lines: Mapped[list["AlertLine"]] = relationship(
        back_populates="alert", order_by="AlertLine.id.desc()"
    )

    @property
    def state(self) -> State:
        """Where it stands now."""
        return state_of(self.starts_at, self.ends_at, self.fixed_at, now())


class AlertLine(Model):
    """Something that was said about the trouble, or done to its notice; never changed later."""

    __tablename__ = "alert_line"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    alert_id: Mapped[int] = mapped_column(ForeignKey("alert.id"), index=True)
    # "written", "changed", "said" or "fixed".
    kind: Mapped[str] = mapped_column(String(10))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    text: Mapped[str] = mapped_column(Text, default="")
    # Fields with their old and new values, when the notice was changed.
    changes: Mapped[dict[str, object]] = mapped_column(Json, default=dict)
    # Whether the public could read it when it was said: nothing becomes public afterwards.
    public: Mapped[bool] = mapped_column(default=False)

    alert: Mapped[Alert] = relationship(back_populates="lines")
    author: Mapped[Person | None] = relationship()


class AlertTicket(Model):
    """A ticket that is about the trouble."""

    __tablename__ = "alert_ticket"

    alert_id: Mapped[int] = mapped_column(ForeignKey("alert.id"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True, index=True)
    linked_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    linked_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)

    alert: Mapped[Alert] = relationship()
    ticket: Mapped[Ticket] = relationship()


class AlertListener(Model):
    """Somebody who is told when it is fixed: a customer through a ticket, or staff."""

    __tablename__ = "alert_listener"
    __table_args__ = (UniqueConstraint("alert_id", "person_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    alert_id: Mapped[int] = mapped_column(ForeignKey("alert.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    # The customer's own ticket, through which they are told; empty for staff.
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    added_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    added_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    told_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    ticket: Mapped[Ticket | None] = relationship()
