"""Tables of mail coming in: mailboxes, and the ledger of every message they ever gave us."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, literal, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from helpdesk.db import BigId, Json, Model, UTCDateTime
from helpdesk.lib.clock import now
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.models import Entry, Ticket

LINK_ABOVE = 10 * 1024 * 1024
"""Bytes of files that most servers on the way to a customer take."""
LINK_DAYS = 30


class Tls(StrEnum):
    """How a connection is protected."""

    IMPLICIT = "tls"
    STARTTLS = "starttls"
    NONE = "none"


class Kind(StrEnum):
    """How mail comes into a mailbox: we read it, an MTA pipes it, a program posts it."""

    IMAP = "imap"
    PIPE = "pipe"
    HTTP = "http"


class SignIn(StrEnum):
    """What we sign in to the mail servers with."""

    PASSWORD = "password"  # noqa: S105 (what it is called, not one)
    OAUTH = "oauth"


class Speaks(StrEnum):
    """What leaves through a mailbox: everything, only what people write, or nothing yet."""

    ALL = "all"
    PEOPLE = "people"
    NOTHING = "nothing"


class Plus(StrEnum):
    """What addresses like ``support+word@`` are used for, where a mailbox gets such mail."""

    NONE = "none"
    REPLIES = "replies"
    ALL = "all"
    """For answers, and as the return path, to which bounces go."""


class State(StrEnum):
    """What became of a message.

    ``wanted`` and ``stored`` are on their way: to be fetched again, and safely with us but not
    looked at yet. All others are fates.
    """

    WANTED = "wanted"
    STORED = "stored"
    FILED = "filed"
    DUPLICATE = "duplicate"
    IGNORED = "ignored"
    BOUNCE = "bounce"
    QUARANTINED = "quarantined"
    DISMISSED = "dismissed"


class Mailbox(Model):
    """A mailbox: mail to it becomes tickets, and answers leave through it over SMTP."""

    __tablename__ = "mailbox"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    # What recipients see as the sender's name.
    name: Mapped[str] = mapped_column(String(100))
    # Addresses that mail to this mailbox carries, in lower case; answers come from the first.
    addresses: Mapped[list[str]] = mapped_column(Json)
    queue_id: Mapped[int] = mapped_column(ForeignKey("queue.id"), index=True)
    # Sends what no other mailbox is responsible for: answers to calls, links to sign in.
    is_default: Mapped[bool] = mapped_column(default=False)
    kind: Mapped[str] = mapped_column(String(10), default=Kind.IMAP)
    sign_in: Mapped[str] = mapped_column(String(10), default=SignIn.PASSWORD)
    # A safe start: what came before is not filed, and what leaves by itself, or at all, waits.
    not_before: Mapped[datetime | None] = mapped_column(UTCDateTime)
    speaks: Mapped[str] = mapped_column(String(10), default=Speaks.ALL)
    plus: Mapped[str] = mapped_column(String(10), default=Plus.NONE)

    # Host and user are empty where mail is not fetched.
    imap_host: Mapped[str] = mapped_column(String(253))
    imap_port: Mapped[int] = mapped_column(default=993)
    imap_tls: Mapped[str] = mapped_column(String(10), default=Tls.IMPLICIT)
    imap_user: Mapped[str] = mapped_column(String(320))
    # Passwords are encrypted (see channels.email.secrets).
    imap_secret: Mapped[str] = mapped_column(Text, default="")
    folder: Mapped[str] = mapped_column(String(255), default="INBOX")
    # Where a message goes once it is filed; empty leaves it where it is. With `copies` only a
    # copy of it goes there.
    move_to: Mapped[str] = mapped_column(String(255), default="")
    copies: Mapped[bool] = mapped_column(default=False)

    # Without a host the mailbox only receives.
    smtp_host: Mapped[str] = mapped_column(String(253), default="")
    smtp_port: Mapped[int] = mapped_column(default=587)
    smtp_tls: Mapped[str] = mapped_column(String(10), default=Tls.STARTTLS)
    smtp_user: Mapped[str] = mapped_column(String(320), default="")
    smtp_secret: Mapped[str] = mapped_column(Text, default="")

    # How many messages its server takes in a minute and in an hour; 0 stands for any number.
    per_minute: Mapped[int] = mapped_column(default=0)
    per_hour: Mapped[int] = mapped_column(default=0)
    # Files of an answer that are larger, together, go as links (bytes; 0: never), for so long.
    link_above: Mapped[int] = mapped_column(BigId, default=LINK_ABOVE)
    link_days: Mapped[int] = mapped_column(default=LINK_DAYS)

    # How far we are in the folder. UIDs only mean something together with UIDVALIDITY, and that
    # only in one place: `place` counts the times another server, user or folder was set.
    place: Mapped[int] = mapped_column(default=1)
    uidvalidity: Mapped[int | None] = mapped_column(BigId)
    last_uid: Mapped[int] = mapped_column(BigId, default=0)
    # Set until the first look: what lies in the folder already is left alone.
    only_new: Mapped[bool] = mapped_column(default=False)

    # Which process reads it right now; see channels.email.lease.
    lease_holder: Mapped[str | None] = mapped_column(String(120))
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)

    last_success_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Since when reading fails, and why; empty while it works. The same for sending.
    failing_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_error: Mapped[str] = mapped_column(Text, default="")
    send_failing_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    send_error: Mapped[str] = mapped_column(Text, default="")
    # While its server can't be reached nothing is tried before this.
    send_failures: Mapped[int] = mapped_column(default=0)
    send_again_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    received_count: Mapped[int] = mapped_column(BigId, default=0)

    # What counting the folder found: see channels.email.counting. Up to this UID nothing was ever
    # to be read, because only new mail was wanted.
    begun_uid: Mapped[int] = mapped_column(BigInteger, default=0)
    counted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    server_count: Mapped[int | None] = mapped_column(BigInteger)
    missing_count: Mapped[int] = mapped_column(BigInteger, default=0)
    missing_uids: Mapped[list[int] | None] = mapped_column(Json)
    # After so many hours without mail something is wrong; 0 says that it may be silent for ever.
    silent_hours: Mapped[int] = mapped_column(BigInteger, default=0)
    # What administrators were written to about last, see channels.email.watching.
    alarmed: Mapped[str] = mapped_column(String(200), default="")

    # Mail servers whose word about senders counts (RFC 8601), in lower case, with spaces between.
    trusts: Mapped[str] = mapped_column(String(500), default="")
    # What technicians write about a ticket goes to its customer, if it is proven to be theirs.
    staff_answers: Mapped[bool] = mapped_column(default=False)

    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Counts edits of the settings, so that whoever reads the mailbox connects anew.
    version: Mapped[int] = mapped_column(default=1)

    queue: Mapped[Queue] = relationship()

    @property
    def address(self) -> str:
        """The address that answers come from."""
        return self.addresses[0]

    @property
    def sends(self) -> bool:
        """Whether answers can leave through this mailbox."""
        return bool(self.smtp_host) and self.active and self.retired_at is None


class MailPace(Model):
    """How many messages left through a mailbox in one slot of ten seconds.

    Only mailboxes with a limit have any, and only for the last hour.
    """

    __tablename__ = "mail_pace"

    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailbox.id"), primary_key=True)
    # Seconds since 1970, divided by ten.
    slot: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    count: Mapped[int] = mapped_column(default=0)


class Signature(Model):
    """What stands below answers, in one language: the desk's, a queue's, or a technician's own."""

    __tablename__ = "signature"
    __table_args__ = (
        UniqueConstraint("queue_id", "language"),
        UniqueConstraint("person_id", "language"),
        Index(
            "uq_signature_desk",
            "language",
            unique=True,
            postgresql_where=text("queue_id IS NULL AND person_id IS NULL"),
            sqlite_where=text("queue_id IS NULL AND person_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    # Neither of them: the desk's.
    queue_id: Mapped[int | None] = mapped_column(ForeignKey("queue.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    language: Mapped[str] = mapped_column(String(20))
    body: Mapped[str] = mapped_column(Text, default="")


class MailMessage(Model):
    """One line of the ledger: a message that came in, and its fate.

    Written and committed together with the raw message (a blob) before anybody looks inside.
    What we send has its own ledger, the outbox.
    """

    __tablename__ = "mail_message"
    __table_args__ = (
        UniqueConstraint("mailbox_id", "place", "uidvalidity", "uid"),
        Index("ix_mail_message_page", "mailbox_id", "id"),
        Index("ix_mail_message_fate", "state", "id"),
        Index("ix_mail_message_sender", "sender", "received_at"),
        Index(
            "ix_mail_message_open",
            "state",
            "id",
            postgresql_where=text("state IN ('wanted','stored','quarantined')"),
            sqlite_where=text("state IN ('wanted','stored','quarantined')"),
        ),
        Index(
            "ix_mail_message_to_move",
            "mailbox_id",
            postgresql_where=text("to_move"),
            sqlite_where=text("to_move"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    # Empty for messages that were imported from files.
    mailbox_id: Mapped[int | None] = mapped_column(ForeignKey("mailbox.id"))
    place: Mapped[int | None] = mapped_column()
    uidvalidity: Mapped[int | None] = mapped_column(BigId)
    uid: Mapped[int | None] = mapped_column(BigId)
    # The file an imported message came from.
    source: Mapped[str] = mapped_column(String(300), default="")
    queue_id: Mapped[int] = mapped_column(ForeignKey("queue.id"))

    # Empty when it was too large to fetch, or after a redaction.
    raw_sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    size: Mapped[int] = mapped_column(BigId)
    # When the mail server got it (for imported messages: the Date header, if it makes sense).
    received_at: Mapped[datetime] = mapped_column(UTCDateTime)
    stored_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)

    # Known once it was understood. A Message-ID of more than 255 characters is kept as a hash.
    message_id: Mapped[str | None] = mapped_column(String(255), index=True)
    sender: Mapped[str] = mapped_column(String(320), default="")
    subject: Mapped[str] = mapped_column(String(300), default="")
    # What makes it the same message wherever it turns up again. The database lets one of them be
    # filed, whoever else tries at the same moment; copies of it are duplicates.
    identity: Mapped[str | None] = mapped_column(String(64), unique=True)

    state: Mapped[str] = mapped_column(String(12), default=State.STORED)
    # Why it has this fate, for programs ("own", "too-large") and for people.
    reason: Mapped[str] = mapped_column(String(30), default="")
    error: Mapped[str] = mapped_column(Text, default="")
    # How often somebody began to file it. A message that kills its reader is put aside.
    attempts: Mapped[int] = mapped_column(default=0)
    settled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # It has its fate and still has to be moved on the server.
    to_move: Mapped[bool] = mapped_column(default=False)

    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("entry.id"), index=True)
    duplicate_of_id: Mapped[int | None] = mapped_column(ForeignKey("mail_message.id"), index=True)
    redacted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    mailbox: Mapped[Mailbox | None] = relationship()
    queue: Mapped[Queue] = relationship()
    ticket: Mapped[Ticket | None] = relationship()
    entry: Mapped[Entry | None] = relationship()


OPEN = MailMessage.state.in_(
    [
        literal(str(one), literal_execute=True)
        for one in (State.WANTED, State.STORED, State.QUARANTINED)
    ]
)
"""What has no final fate, in the words of its index: SQLite sees then that the index fits."""

TO_MOVE = text("mail_message.to_move")
"""What still has to be moved on its server, in the words of its index."""
