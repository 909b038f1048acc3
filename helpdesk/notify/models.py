"""The outbox: one row for everything that must leave the house, kept as the ledger of what did."""

from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    literal,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from helpdesk.db import BigId, Json, Model, UTCDateTime
from helpdesk.kb.models import Article
from helpdesk.lib.clock import now
from helpdesk.people.models import Person
from helpdesk.tickets.models import Entry, Ticket


class Sending(StrEnum):
    """Where an outgoing message stands."""

    HELD = "held"
    """Decided on, but not yet to be told: its text is made when its time has come."""
    QUEUED = "queued"
    CLAIMED = "claimed"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Rank(IntEnum):
    """What leaves first when a mailbox may not send everything at once."""

    PERSON = 0
    """A person wrote it, or waits for it: an answer, a link to sign in."""
    MANY = 1
    """One message to many."""
    AUTOMATIC = 2
    """What the desk says by itself."""


def _usual_rank(context: Any) -> int:
    """An answer has a journal entry behind it; what has none the desk says by itself."""
    written = context.get_current_parameters().get("entry_id") is not None
    return Rank.PERSON if written else Rank.AUTOMATIC


class OutboxMessage(Model):
    """One message to one set of recipients.

    Written in the transaction that decided to send it, sent after the commit by the worker. The
    Message-ID is fixed here, so that a message which had to be sent twice (the process died
    between "sent" and "recorded") is recognised as one by every mail program.

    An answer has no text of its own: it is made from its journal entry when it is sent. Notices
    carry theirs, and lose it once they are sent. What a customer is told of a ticket by itself is
    held first, with what it rests on (``basis``): it gets its text when it may be told, or is
    dropped when it is no longer true.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "ix_outbox_due",
            "mailbox_id",
            "rank",
            "turn_at",
            "id",
            postgresql_where=text("state IN ('queued','claimed')"),
            sqlite_where=text("state IN ('queued','claimed')"),
        ),
        Index(
            "ix_outbox_unsent",
            "id",
            postgresql_where=text("state IN ('queued','claimed','failed')"),
            sqlite_where=text("state IN ('queued','claimed','failed')"),
        ),
        Index(
            "ix_outbox_held",
            "next_try_at",
            postgresql_where=text("state = 'held'"),
            sqlite_where=text("state = 'held'"),
        ),
        Index(
            "ix_outbox_told",
            "person_id",
            "told_at",
            postgresql_where=text("told_at IS NOT NULL"),
            sqlite_where=text("told_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    channel: Mapped[str] = mapped_column(String(12))
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("entry.id"), index=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    # The supplier it was written to; empty for customers and staff.
    supplier_id: Mapped[int | None] = mapped_column(ForeignKey("supplier.id"))
    # What a notice is about ("received", "fixed" …); empty for answers and links to sign in.
    kind: Mapped[str] = mapped_column(String(20), default="")
    # Whom a notice is for, what in the journal it rests on, and when they were told.
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    basis: Mapped[dict[str, object]] = mapped_column(Json, default=dict)
    told_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Chosen when it was written; without one the default mailbox of the day sends it.
    mailbox_id: Mapped[int | None] = mapped_column(ForeignKey("mailbox.id"), index=True)
    # Who gets it, as the message says: [["Ho Mei-Ling", "ho@…"], …].
    to: Mapped[list[list[str]]] = mapped_column(Json)
    cc: Mapped[list[list[str]]] = mapped_column(Json, default=list)
    # Addresses this row still has to reach: all of the above, or those a server put off.
    recipients: Mapped[list[str]] = mapped_column(Json)
    message_id: Mapped[str] = mapped_column(String(255), index=True)
    subject: Mapped[str] = mapped_column(String(400), default="")
    text: Mapped[str | None] = mapped_column(Text)
    html: Mapped[str | None] = mapped_column(Text)

    state: Mapped[str] = mapped_column(String(10), default=Sending.QUEUED)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    # Never before this: the end of the undo window, then of each wait after a failure.
    next_try_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    # Of what is due, what leaves first: by rank, then by turn. Each further message of a ticket
    # that has some waiting gets a later turn, so that none keeps the others waiting.
    rank: Mapped[int] = mapped_column(default=_usual_rank)
    turn_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    # What is put below an answer (Markdown), and which of its files go as links, until when:
    # {"until": …, "files": [key, …]}. Settled when it was written, so that it stays one message.
    signature: Mapped[str] = mapped_column(Text, default="")
    linked: Mapped[dict[str, object]] = mapped_column(Json, default=dict)
    # A claim that runs out belonged to a process that died; the message is due again.
    claimed_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    # For programs ("no-address", "refused", "overtaken") and the server's own words.
    reason: Mapped[str] = mapped_column(String(30), default="")
    last_error: Mapped[str] = mapped_column(Text, default="")
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # When a mail system reported that it reached somebody not.
    returned_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # After this the message has lost its point (the link in it works no longer).
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    entry: Mapped[Entry | None] = relationship()
    ticket: Mapped[Ticket | None] = relationship()
    person: Mapped[Person | None] = relationship()


def _among(*states: Sending) -> ColumnElement[bool]:
    """Say that a row is in one of these states, as text: SQLite sees then that an index fits."""
    return OutboxMessage.state.in_([literal(str(one), literal_execute=True) for one in states])


WAITING = _among(Sending.QUEUED, Sending.CLAIMED)
"""What has not left, in the words of the index of what is due."""
UNSENT = _among(Sending.QUEUED, Sending.CLAIMED, Sending.FAILED)
"""What has not arrived, in the words of the index of the outbox page."""
HELD = _among(Sending.HELD)
"""What waits until it may be told, in the words of its index."""


class MessageText(Model):
    """An edited text of what customers are told: one version, which never changes.

    The newest of a kind and language counts. An empty one stands for the text that comes with
    the product, so that going back to it is a version like any other.
    """

    __tablename__ = "message_text"
    __table_args__ = (UniqueConstraint("kind", "language", "number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    language: Mapped[str] = mapped_column(String(20))
    number: Mapped[int] = mapped_column()
    subject: Mapped[str] = mapped_column(String(300), default="")
    body: Mapped[str] = mapped_column(Text, default="")
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)

    made_by: Mapped[Person | None] = relationship()


class Notice(Model):
    """Something a member of staff should know, on screen until they have seen it.

    It holds no text of a ticket: what it says is drawn from its kind and data when it is shown,
    and only to a reader who may see the ticket then.
    """

    __tablename__ = "notice"
    __table_args__ = (
        Index("ix_notice_person", "person_id", "created_at", "id"),
        Index(
            "ix_notice_unseen",
            "person_id",
            "ticket_id",
            postgresql_where=text("seen_at IS NULL"),
            sqlite_where=text("seen_at IS NULL"),
        ),
        Index(
            "ix_notice_mail",
            "mail_at",
            "person_id",
            postgresql_where=text("mail_at IS NOT NULL"),
            sqlite_where=text("mail_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    # What happened (notices.Kind).
    kind: Mapped[str] = mapped_column(String(20))
    # What it is about: a ticket, or an article.
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id"), index=True)
    # Who did it; empty when it came about by itself.
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    data: Mapped[dict[str, object]] = mapped_column(Json, default=dict)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    seen_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Whether the reader wants it on screen, and when it is to be mailed; empty when it is not.
    on_screen: Mapped[bool] = mapped_column(default=True)
    mail_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    ticket: Mapped[Ticket | None] = relationship()
    article: Mapped[Article | None] = relationship()
    actor: Mapped[Person | None] = relationship(foreign_keys=[actor_id])


class Webhook(Model):
    """Another program that is called when a promise is in danger."""

    __tablename__ = "webhook"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    url: Mapped[str] = mapped_column(String(1000))
    # What signs each call, encrypted (``sealing``).
    secret: Mapped[str] = mapped_column(Text)
    # Whether it may lie within our own network.
    private: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class WebhookCall(Model):
    """One call of a webhook: written in the transaction that decided it, made after the commit.

    ``call_id`` goes along in a header and stays the same however often it is tried, so that the
    other side recognises a repeat.
    """

    __tablename__ = "webhook_call"
    __table_args__ = (
        Index(
            "ix_webhook_call_due",
            "next_try_at",
            postgresql_where=text("state IN ('queued','claimed')"),
            sqlite_where=text("state IN ('queued','claimed')"),
        ),
        Index("ix_webhook_call_created", "created_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhook.id"), index=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    call_id: Mapped[str] = mapped_column(String(36))
    event: Mapped[str] = mapped_column(String(30))
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10), default=Sending.QUEUED)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    next_try_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    # A claim that runs out belonged to a process that died; the call is due again.
    claimed_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    # What the other side answered the last time, or why it could not be reached.
    status: Mapped[int | None] = mapped_column()
    said: Mapped[str] = mapped_column(String(400), default="")
    made_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    webhook: Mapped[Webhook] = relationship()


CALLS_WAITING = WebhookCall.state.in_(
    [literal(str(one), literal_execute=True) for one in (Sending.QUEUED, Sending.CLAIMED)]
)
"""Calls that were not made yet, in the words of their index."""
