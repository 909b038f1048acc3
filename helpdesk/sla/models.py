"""Tables of calendars, policies and clocks.

What a calendar or a policy says is kept in versions that never change. A clock names the versions
by which it counts: who edits a policy changes no promise that was given; ``replay`` does, and
shows first what it would change.
"""

from datetime import datetime
from secrets import randbits

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from helpdesk.db import BigId, Json, Model, UTCDateTime
from helpdesk.lib.clock import now
from helpdesk.tickets.models import Ticket


def new_key() -> int:
    """Return a key that is never given twice, also not after a transaction that came to nothing.

    Processes keep what a version says under its key; a key that a database hands out again after
    a rollback would let them go on with something nobody ever saved.
    """
    return randbits(52) + 1


class BusinessCalendar(Model):
    """Opening hours by name; what they are is said by its newest version."""

    __tablename__ = "calendar"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    # What the form of a new policy offers first, and by what those work for whom none is said.
    is_default: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Counts its versions, and edits with them.
    version: Mapped[int] = mapped_column(default=1)


class CalendarVersion(Model):
    """What a calendar says; see ``stored.calendar_to_json``. Written once."""

    __tablename__ = "calendar_version"
    __table_args__ = (UniqueConstraint("calendar_id", "number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, default=new_key)
    calendar_id: Mapped[int] = mapped_column(ForeignKey("calendar.id"))
    number: Mapped[int] = mapped_column()
    content: Mapped[dict[str, object]] = mapped_column(Json)
    made_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class WorkingHours(Model):
    """The calendar by which somebody works; who has none works by the desk's default calendar."""

    __tablename__ = "working_hours"

    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id"), primary_key=True, autoincrement=False
    )
    calendar_id: Mapped[int] = mapped_column(ForeignKey("calendar.id"), index=True)


class Policy(Model):
    """A set of promises by name; what they are is said by its newest version."""

    __tablename__ = "policy"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    # To whom something is promised (policy.Scope).
    scope: Mapped[str] = mapped_column(String(10), default="ticket")
    # Of two that are equally specific the one that stands earlier decides.
    position: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)
    # Since when its steps rest because they did too much within an hour.
    rests_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # What they did before is not held against them: a person let them go on.
    roused_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class PolicyVersion(Model):
    """What a policy says; see ``policy.Terms.to_json``. Written once."""

    __tablename__ = "policy_version"
    __table_args__ = (UniqueConstraint("policy_id", "number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, default=new_key)
    policy_id: Mapped[int] = mapped_column(ForeignKey("policy.id"))
    number: Mapped[int] = mapped_column()
    content: Mapped[dict[str, object]] = mapped_column(Json)
    made_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class Clock(Model):
    """How a promise about a ticket stands: derived from its journal, and kept for lists.

    Everything but the versions can be thrown away and worked out again; the versions say which
    promise was given. What an open assignment owes is a clock of its own.
    """

    __tablename__ = "clock"
    __table_args__ = (
        UniqueConstraint("ticket_id", "piece", "promise"),
        # The sweep reads what has come up and nothing else.
        Index(
            "ix_clock_next",
            "next_at",
            postgresql_where=text("next_at IS NOT NULL"),
            sqlite_where=text("next_at IS NOT NULL"),
        ),
        Index("ix_clock_policy_version", "policy_version_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    # So that the clocks of a new ticket are written together with it.
    ticket: Mapped[Ticket] = relationship()
    # The assignment it is about; 0 for the whole ticket, because NULLs are never equal.
    piece: Mapped[int] = mapped_column(BigId, default=0)
    # What was promised (clocks.Promise).
    promise: Mapped[str] = mapped_column(String(12))
    policy_version_id: Mapped[int] = mapped_column(ForeignKey("policy_version.id"))
    calendar_version_id: Mapped[int] = mapped_column(ForeignKey("calendar_version.id"))
    # The conditions because of which the policy was chosen, the weightiest first.
    because: Mapped[list[str]] = mapped_column(Json, default=list)
    # Open time promised and used, in seconds. Of a clock that runs, used up to `counted_at`.
    length: Mapped[int] = mapped_column()
    used: Mapped[int] = mapped_column(default=0)
    counted_at: Mapped[datetime] = mapped_column(UTCDateTime)
    # running, halted, met or none (nothing is owed).
    state: Mapped[str] = mapped_column(String(8))
    owed_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # How many times something was owed: what is done once is done once a round.
    round: Mapped[int] = mapped_column(default=1)
    # When it is due; empty unless it runs.
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    met_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # When the time used came up to what was promised; a clock that has this was missed.
    missed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # When the next thing is to happen: a step of the escalation, or that it is missed.
    next_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Miss(Model):
    """A promise that was missed, and why, once somebody has said so."""

    __tablename__ = "miss"
    __table_args__ = (UniqueConstraint("ticket_id", "piece", "promise", "round"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    piece: Mapped[int] = mapped_column(BigId, default=0)
    promise: Mapped[str] = mapped_column(String(12))
    round: Mapped[int] = mapped_column(default=1)
    missed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    # Why (lifecycle.MissReason); empty until it is said.
    reason: Mapped[str | None] = mapped_column(String(12))
    note: Mapped[str] = mapped_column(String(300), default="")
    explained_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    explained_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class StepDone(Model):
    """A step of an escalation that was done, which is why it is not done again."""

    __tablename__ = "step_done"
    __table_args__ = (Index("ix_step_done_policy", "policy_id", "done_at"),)

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    piece: Mapped[int] = mapped_column(BigId, primary_key=True, default=0)
    promise: Mapped[str] = mapped_column(String(12), primary_key=True)
    # The round of the clock: the third question in need of an answer escalates anew.
    round: Mapped[int] = mapped_column(primary_key=True)
    # Which step (policy.Step.key).
    step: Mapped[str] = mapped_column(String(40), primary_key=True)
    done_at: Mapped[datetime] = mapped_column(UTCDateTime)
    # Whose step it was; empty for the moment at which a promise is missed.
    policy_id: Mapped[int | None] = mapped_column(ForeignKey("policy.id"))
    # Messages that left the house with it.
    sent: Mapped[int] = mapped_column(default=0)
    # It came up while the steps of the policy rested, and nothing was done.
    rested: Mapped[bool] = mapped_column(default=False)

    ticket: Mapped[Ticket] = relationship()
