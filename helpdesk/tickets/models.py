"""Tables of the ticket itself, its journal and its assignments.

The tables that describe how the desk works (queues, statuses, categories …) are in ``desk.py``,
the smaller companions of a ticket (links, tasks, drafts …) in ``companions.py``.
"""

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship, synonym

from helpdesk.db import BigId, Json, Model, UTCDateTime
from helpdesk.lib.clock import now
from helpdesk.people.models import Organisation, Person
from helpdesk.tickets.desk import Category, Cause, Queue, Status, Supplier

FIRST_NUMBER = 10001
"""Ticket numbers begin here, so that they are recognised as numbers in a subject line."""


class Ticket(Model):
    """One piece of work for one customer, from first contact to closing.

    The key is the public number; it is never reused. ``status_class`` repeats the class of the
    status, so that lists need no join.
    """

    __tablename__ = "ticket"
    __table_args__ = (
        # Lists of finished work page by key over these; lists of open work use the worklist.
        Index("ix_ticket_updated", "updated_at", "id"),
        Index("ix_ticket_queue_updated", "queue_id", "updated_at", "id"),
        Index("ix_ticket_customer", "customer_id", "id"),
        Index("ix_ticket_requester", "requester_id", "id"),
        Index("ix_ticket_organisation", "organisation_id", "id"),
        Index(
            "ix_ticket_owner_open",
            "owner_id",
            "id",
            postgresql_where=text("status_class IN ('new','open','pending') AND hidden_at IS NULL"),
            sqlite_where=text("status_class IN ('new','open','pending') AND hidden_at IS NULL"),
        ),
        Index(
            "ix_ticket_wake",
            "wake_at",
            postgresql_where=text("wake_at IS NOT NULL"),
            sqlite_where=text("wake_at IS NOT NULL"),
        ),
        Index(
            "ix_ticket_supplier",
            "supplier_id",
            "updated_at",
            "id",
            postgresql_where=text("supplier_id IS NOT NULL"),
            sqlite_where=text("supplier_id IS NOT NULL"),
        ),
        Index(
            "ix_ticket_ask_again",
            "ask_again_at",
            postgresql_where=text("ask_again_at IS NOT NULL"),
            sqlite_where=text("ask_again_at IS NOT NULL"),
        ),
        Index(
            "ix_ticket_risk",
            "risk_at",
            postgresql_where=text("risk_at IS NOT NULL"),
            sqlite_where=text("risk_at IS NOT NULL"),
        ),
        Index(
            "ix_ticket_resolved_waiting",
            "resolved_at",
            postgresql_where=text("status_class = 'resolved'"),
            sqlite_where=text("status_class = 'resolved'"),
        ),
        Index(
            "ix_ticket_bin",
            "hidden_at",
            postgresql_where=text("hidden_at IS NOT NULL"),
            sqlite_where=text("hidden_at IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number = synonym("id")
    subject: Mapped[str] = mapped_column(String(300))
    kind: Mapped[str] = mapped_column(String(12), default="incident")
    status_id: Mapped[int] = mapped_column(ForeignKey("status.id"))
    status_class: Mapped[str] = mapped_column(String(10))
    impact: Mapped[int] = mapped_column(default=3)
    urgency: Mapped[int] = mapped_column(default=2)
    priority: Mapped[int] = mapped_column(default=3)
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"))
    channel: Mapped[str] = mapped_column(String(12))
    language: Mapped[str | None] = mapped_column(String(20))
    major: Mapped[bool] = mapped_column(default=False)

    queue_id: Mapped[int] = mapped_column(ForeignKey("queue.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    # The person helped, and the person who asked for it when that is somebody else.
    customer_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    requester_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    site_id: Mapped[int | None] = mapped_column(ForeignKey("site.id"))
    # A restricted queue holds or held it: only the queues concerned, and its owner, see it.
    restricted: Mapped[bool] = mapped_column(default=False)

    opened_at: Mapped[datetime] = mapped_column(UTCDateTime)
    opened_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    # Since when the customer waits for us: opening, or their oldest message we have not answered.
    waiting_since: Mapped[datetime] = mapped_column(UTCDateTime)
    # Their oldest unanswered message; empty once somebody replied or called.
    unanswered_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # They wrote and nobody has looked or answered yet: the row is bold.
    customer_replied: Mapped[bool] = mapped_column(default=False)
    # They only said thanks after it was resolved: flagged, not reopened.
    thanked: Mapped[bool] = mapped_column(default=False)
    # A mail of ours about it came back, and nobody has written, called or said it is dealt with.
    undelivered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # What is due first, what was promised there and since when it is owed; empty when nothing runs.
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    due_promise: Mapped[str | None] = mapped_column(String(12))
    due_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # When the customer was told to expect it, where a technician said so.
    expected_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # When a new time has to be asked for; empty once it was.
    ask_again_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # A promise was missed and nobody has said why.
    unexplained: Mapped[bool] = mapped_column(default=False)
    first_reply_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Messages to and from the customer, calls included.
    contacts: Mapped[int] = mapped_column(default=0)
    handovers: Mapped[int] = mapped_column(default=0)
    reopenings: Mapped[int] = mapped_column(default=0)
    # How often the customer wrote again while an earlier message was unanswered.
    chasers: Mapped[int] = mapped_column(default=0)
    # Why it is likely to miss a promise (lifecycle.RiskReason, by spaces); empty while it is not.
    risk: Mapped[str] = mapped_column(String(100), default="")
    # When time alone changes that; empty when it does not.
    risk_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # When half and three quarters of the open time until ``shares_due_at`` are used.
    half_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    late_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    shares_due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    time_spent: Mapped[int] = mapped_column(default=0)

    hold_reason: Mapped[str | None] = mapped_column(String(12))
    hold_note: Mapped[str] = mapped_column(String(300), default="")
    wake_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    woken_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # For whom it waits or last waited, their number of it, and what they promised this time.
    supplier_id: Mapped[int | None] = mapped_column(ForeignKey("supplier.id"))
    supplier_reference: Mapped[str] = mapped_column(String(120), default="")
    supplier_promised_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    resolved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    resolved_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    outcome: Mapped[str | None] = mapped_column(String(12))
    cause_id: Mapped[int | None] = mapped_column(ForeignKey("cause.id"))
    solution: Mapped[str] = deferred(mapped_column(Text, default=""))
    # Solved at first contact: logged and resolved in one go, never handed over.
    first_contact_fix: Mapped[bool] = mapped_column(default=False)

    # Hidden from every list: in the bin (with a reason) or merged into another ticket.
    hidden_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    bin_reason: Mapped[str | None] = mapped_column(String(10))
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    version: Mapped[int] = mapped_column(default=1)

    # For reading: their keys are what is set. The unit of work need not look at each of them at
    # every flush, which is a tenth of what taking in a message costs.
    status: Mapped[Status] = relationship(viewonly=True)
    queue: Mapped[Queue] = relationship(viewonly=True)
    category: Mapped[Category | None] = relationship(viewonly=True)
    cause: Mapped[Cause | None] = relationship(viewonly=True)
    owner: Mapped[Person | None] = relationship(foreign_keys=[owner_id], viewonly=True)
    customer: Mapped[Person] = relationship(foreign_keys=[customer_id], viewonly=True)
    requester: Mapped[Person | None] = relationship(foreign_keys=[requester_id], viewonly=True)
    organisation: Mapped[Organisation | None] = relationship(viewonly=True)
    supplier: Mapped[Supplier | None] = relationship(viewonly=True)
    assignments: Mapped[list["Assignment"]] = relationship(
        back_populates="ticket", order_by="Assignment.id"
    )

    def __init__(self, **values: Any) -> None:
        """Make a ticket that knows its plain values at once, not only when it has been written."""
        super().__init__(**{**_plain_values(), **values})


@cache
def _plain_values() -> dict[str, Any]:
    """Return what the columns of a new ticket hold when nobody says otherwise."""
    return {
        column.key: column.default.arg
        for column in Ticket.__table__.columns
        if column.default is not None and column.default.is_scalar
    }


class Entry(Model):
    """One journal entry: a message, a note, a call, or an event with old and new values.

    Append-only, enforced by triggers in the database. The one thing that may change later is a
    redaction (``redacted_at`` with the texts emptied) or the withdrawal of a message that was
    taken back before it was sent (``withdrawn_at``).
    """

    __tablename__ = "entry"
    __table_args__ = (Index("ix_entry_ticket", "ticket_id", "happened_at", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    kind: Mapped[str] = mapped_column(String(10))
    # The verb that wrote it: "reply", "assign", "merge" …; the timeline chooses words by it.
    verb: Mapped[str] = mapped_column(String(30))
    # Shown to the customer (message, shared call summary) or to staff only.
    public: Mapped[bool] = mapped_column(default=False)
    # Messages and calls: from the customer's side to us.
    inbound: Mapped[bool] = mapped_column(default=False)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    channel: Mapped[str] = mapped_column(String(12))
    happened_at: Mapped[datetime] = mapped_column(UTCDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    duration: Mapped[int | None] = mapped_column()
    # Plain text is always there; HTML only when the message had some. It is cleaned before it is
    # stored and cleaned again is never needed: what is stored is what is shown.
    body: Mapped[str] = mapped_column(Text, default="")
    html: Mapped[str | None] = mapped_column(Text)
    # Who it went to or came from: keys to, cc, from, subject; people as id and name.
    envelope: Mapped[dict[str, object] | None] = mapped_column(Json)
    # A field and its old and new value: {"priority": [3, 2]}; keys carry a name beside them.
    changes: Mapped[dict[str, object] | None] = mapped_column(Json)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    redacted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    ticket: Mapped[Ticket] = relationship()
    author: Mapped[Person | None] = relationship(viewonly=True)
    attachments: Mapped[list["Attachment"]] = relationship(
        back_populates="entry", order_by="Attachment.id"
    )


class Attachment(Model):
    """A file of a journal entry, or of a draft that is not sent yet. The bytes are a blob."""

    __tablename__ = "attachment"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("entry.id"), index=True)
    draft_id: Mapped[int | None] = mapped_column(
        ForeignKey("draft.id", ondelete="SET NULL"), index=True
    )
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    name: Mapped[str] = mapped_column(String(255))
    content_type: Mapped[str] = mapped_column(String(120))
    size: Mapped[int] = mapped_column(BigId)
    # Set when the message's HTML shows the picture in place.
    content_id: Mapped[str | None] = mapped_column(String(255))
    redacted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    entry: Mapped[Entry | None] = relationship(back_populates="attachments")


class Assignment(Model):
    """A piece of the ticket handed to a queue or to one of its technicians."""

    __tablename__ = "assignment"
    __table_args__ = (
        Index("ix_assignment_ticket", "ticket_id", "id"),
        Index(
            "ix_assignment_open_technician",
            "technician_id",
            "state",
            postgresql_where=text("state IN ('assigned','acknowledged')"),
            sqlite_where=text("state IN ('assigned','acknowledged')"),
        ),
        Index(
            "ix_assignment_open_queue",
            "queue_id",
            "state",
            postgresql_where=text("state IN ('assigned','acknowledged')"),
            sqlite_where=text("state IN ('assigned','acknowledged')"),
        ),
        Index(
            "ix_assignment_supplier",
            "supplier_id",
            "ticket_id",
            postgresql_where=text("supplier_id IS NOT NULL"),
            sqlite_where=text("supplier_id IS NOT NULL"),
        ),
        Index(
            "ix_assignment_waits",
            "ticket_id",
            postgresql_where=text("waits_since IS NOT NULL"),
            sqlite_where=text("waits_since IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    queue_id: Mapped[int] = mapped_column(ForeignKey("queue.id"))
    technician_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    state: Mapped[str] = mapped_column(String(12), default="assigned")
    note: Mapped[str] = mapped_column(String(300), default="")
    # Assignments given out together: the first to acknowledge may close the others.
    parallel_group: Mapped[int | None] = mapped_column(BigId)
    first_wins: Mapped[bool] = mapped_column(default=False)
    # The assignment this one was handed over from; "return" goes back there.
    moved_from_id: Mapped[int | None] = mapped_column(ForeignKey("assignment.id"))
    assigned_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    # When it was given out. Naming somebody within the queue moves `assigned_at` and not this:
    # whoever waits for the team has waited since then.
    given_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    assigned_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    acknowledged_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    acknowledged_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # What the team promised and is due first, as it stands beside tickets too.
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    due_promise: Mapped[str | None] = mapped_column(String(12))
    due_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Since when this piece waits for a supplier; empty while it does not. For whom it waits or
    # last waited, their number of it, what they promised this time, and a word to colleagues.
    waits_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    wait_note: Mapped[str] = mapped_column(String(300), default="")
    supplier_id: Mapped[int | None] = mapped_column(ForeignKey("supplier.id"))
    supplier_reference: Mapped[str] = mapped_column(String(120), default="")
    supplier_promised_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    ticket: Mapped[Ticket] = relationship(back_populates="assignments")
    queue: Mapped[Queue] = relationship(viewonly=True)
    supplier: Mapped[Supplier | None] = relationship(viewonly=True)
    technician: Mapped[Person | None] = relationship(foreign_keys=[technician_id], viewonly=True)


class Worklist(Model):
    """Where unfinished tickets wait: one row a ticket and queue, derived by the verbs.

    A ticket stands in every queue in which it has an open assignment, or in its home queue when
    it has none. ``rank`` and ``moment`` are its place: what has a due moment comes first, in that
    order; then the others by priority, longest waiting first; last what waits. So the index is the
    list: pages and counts of open work never touch what is finished. ``helpdesk tickets
    rebuild-worklist`` makes it anew.
    """

    __tablename__ = "worklist"
    __table_args__ = (
        Index("ix_worklist_order", "queue_id", "rank", "moment", "ticket_id"),
        # Lists over several queues read this one, in order, and stop after a page.
        Index("ix_worklist_everywhere", "rank", "moment", "ticket_id", "queue_id"),
    )

    queue_id: Mapped[int] = mapped_column(ForeignKey("queue.id"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True, index=True)
    rank: Mapped[int] = mapped_column()
    moment: Mapped[datetime] = mapped_column(UTCDateTime)
    # What is due at that moment: something about the ticket, or about a part of it that waits in
    # this queue ("part-fix"). Since when it is owed; both are empty where nothing is due.
    due_promise: Mapped[str | None] = mapped_column(String(20))
    due_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Copies for counting without the tickets.
    unowned: Mapped[bool] = mapped_column(default=True)
    unacknowledged: Mapped[bool] = mapped_column(default=False)
    restricted: Mapped[bool] = mapped_column(default=False)
