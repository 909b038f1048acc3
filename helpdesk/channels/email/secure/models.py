"""Tables of keys: ours, our correspondents', and the authorities that vouch for certificates."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from helpdesk.channels.email.models import Mailbox
from helpdesk.db import BigId, Json, Model, UTCDateTime
from helpdesk.lib.clock import now


class MailKey(Model):
    """A secret key of a mailbox: opens what is encrypted for it, and may sign its answers."""

    __tablename__ = "mail_key"
    __table_args__ = (UniqueConstraint("mailbox_id", "fingerprint"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailbox.id"))
    kind: Mapped[str] = mapped_column(String(10))
    # As the certificate or key calls its holder.
    name: Mapped[str] = mapped_column(String(300))
    addresses: Mapped[list[str]] = mapped_column(Json)
    fingerprint: Mapped[str] = mapped_column(String(64))
    # Of an OpenPGP key: the numbers by which messages say for whom they are encrypted.
    numbers: Mapped[list[str]] = mapped_column(Json, default=list)
    begins_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # S/MIME: the certificate and those between it and its authority, PEM. OpenPGP: armoured.
    public: Mapped[str] = mapped_column(Text)
    # The secret key and, of OpenPGP, its password: encrypted (see channels.email.secrets).
    secret: Mapped[str] = mapped_column(Text)
    password: Mapped[str] = mapped_column(Text, default="")
    # Answers of the mailbox are signed with it; of one key at most.
    signs: Mapped[bool] = mapped_column(default=False)
    # Which warning of its end administrators had last.
    told: Mapped[str] = mapped_column(String(20), default="")
    added_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)

    mailbox: Mapped[Mailbox] = relationship()


class PersonKey(Model):
    """What is known of a correspondent's key, by the address it is good for."""

    __tablename__ = "person_key"
    __table_args__ = (UniqueConstraint("address", "kind", "fingerprint"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    address: Mapped[str] = mapped_column(String(320))
    kind: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(300))
    fingerprint: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    public: Mapped[str] = mapped_column(Text)
    # Taken from a signature that was verified; otherwise somebody of the staff vouched for it.
    learned: Mapped[bool] = mapped_column(default=False)
    added_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)


class MailAuthority(Model):
    """An authority whose certificates are believed besides those this machine knows."""

    __tablename__ = "mail_authority"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(300))
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    public: Mapped[str] = mapped_column(Text)
    added_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
