"""Tables of rules: what they say in versions, what they did, what they wait for.

What a version says never changes, so processes keep what they read. The one number in
``rule_stamp`` is another whenever any rule is; by it they know that they have to look again.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from helpdesk.db import BigId, Json, Model, UTCDateTime
from helpdesk.lib.clock import now
from helpdesk.people.models import Person
from helpdesk.sla.models import new_key
from helpdesk.tickets.models import Entry, Ticket


class Rule(Model):
    """A rule by name; what it says is said by its newest version."""

    __tablename__ = "rule"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    # The heading under which it stands (content.Folder).
    folder: Mapped[str] = mapped_column(String(20), default="sort")
    # Rules run from the smallest to the largest.
    position: Mapped[int] = mapped_column(default=0)
    turned_on: Mapped[bool] = mapped_column(default=False)
    # Why it was turned off by itself ("brake"); empty when a person did or it is on.
    off_reason: Mapped[str] = mapped_column(String(20), default="")
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    # What it did within the hour before is not held against it: a person turned it on again.
    turned_on_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class RuleVersion(Model):
    """What a rule says; see ``content.Content.to_json``. Written once."""

    __tablename__ = "rule_version"
    __table_args__ = (UniqueConstraint("rule_id", "number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, default=new_key)
    rule_id: Mapped[int] = mapped_column(ForeignKey("rule.id"))
    number: Mapped[int] = mapped_column()
    content: Mapped[dict[str, object]] = mapped_column(Json)
    # The version that was restored with it, if one was.
    restored: Mapped[int | None] = mapped_column()
    made_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    made_by: Mapped[Person | None] = relationship()


class RuleStamp(Model):
    """One row: a number that is another whenever a rule was saved, turned or moved."""

    __tablename__ = "rule_stamp"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    stamp: Mapped[int] = mapped_column(BigId, default=new_key)


class RuleRun(Model):
    """One time that a rule was true for a ticket, and what came of it."""

    __tablename__ = "rule_run"
    __table_args__ = (
        Index("ix_rule_run_rule", "rule_id", "at"),
        Index("ix_rule_run_ticket", "ticket_id", "id"),
        # Old ones are deleted by this.
        Index("ix_rule_run_at", "at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    rule_id: Mapped[int] = mapped_column(ForeignKey("rule.id"))
    version: Mapped[int] = mapped_column()
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    # The journal entry that was the reason; empty for time, and for what a person applied.
    cause_id: Mapped[int | None] = mapped_column(ForeignKey("entry.id"))
    # Which trigger it was ("created", "after" …; "applied" by a person).
    why: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    # What became of it (engine.Outcome).
    outcome: Mapped[str] = mapped_column(String(12))
    # Messages that it sent or asked for.
    sent: Mapped[int] = mapped_column(default=0)
    # What each action came to: [{"do": key, "said": word, …}].
    steps: Mapped[list[dict[str, object]]] = mapped_column(Json, default=list)

    rule: Mapped[Rule] = relationship()
    ticket: Mapped[Ticket] = relationship()
    cause: Mapped[Entry | None] = relationship()


class RuleEntry(Model):
    """A journal entry that a run wrote: the answer to "why did this happen?"."""

    __tablename__ = "rule_entry"

    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id"), primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("rule_run.id", ondelete="CASCADE"), index=True)


class RuleMoment(Model):
    """When a rule about time looks at a ticket next; one row a rule, trigger and ticket.

    ``basis`` is what the time is counted from. A row that has been dealt with keeps it, without
    a next moment, so that the same stretch of time is dealt with once.
    """

    __tablename__ = "rule_moment"
    __table_args__ = (
        Index(
            "ix_rule_moment_next",
            "next_at",
            postgresql_where=text("next_at IS NOT NULL"),
            sqlite_where=text("next_at IS NOT NULL"),
        ),
        Index("ix_rule_moment_ticket", "ticket_id"),
    )

    rule_id: Mapped[int] = mapped_column(ForeignKey("rule.id"), primary_key=True)
    # The place of the trigger among those of the rule, from 0.
    trigger: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    basis: Mapped[datetime] = mapped_column(UTCDateTime)
    next_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # The next moment of a rule that is turned off: it waits here, out of the way.
    resting_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class RuleTimetable(Model):
    """When a trigger with a timetable comes next."""

    __tablename__ = "rule_timetable"

    rule_id: Mapped[int] = mapped_column(ForeignKey("rule.id"), primary_key=True)
    trigger: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    next_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class RuleTurn(Model):
    """Who of a queue was given the last ticket that rules dealt out in turn."""

    __tablename__ = "rule_turn"

    queue_id: Mapped[int] = mapped_column(ForeignKey("queue.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))


class RuleText(Model):
    """What a ticket says, folded as rules compare it (``lib/folded.py``); derived."""

    __tablename__ = "rule_text"

    ticket_id: Mapped[int] = mapped_column(
        ForeignKey("ticket.id"), primary_key=True, autoincrement=False
    )
    subject: Mapped[str] = mapped_column(Text)
    # The message the ticket began with.
    message: Mapped[str] = mapped_column(Text)
