"""Tables of how mail comes in besides a password: what a provider granted us, and who may post.

What mailboxes are and how they are read is in ``models``. Everything secret here is encrypted
like passwords (``secrets``).
"""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Date, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from helpdesk.channels.email.models import Mailbox
from helpdesk.db import BigId, Model, UTCDateTime


class Provider(StrEnum):
    """Who grants access to a mailbox."""

    MICROSOFT = "microsoft"
    GOOGLE = "google"
    OTHER = "other"


class Flow(StrEnum):
    """How access is granted: by a person who signs in there, or to our program as such."""

    CODE = "code"
    CLIENT = "client"


class MailGrant(Model):
    """What an OAuth2 provider granted for one mailbox, and how to have it renewed."""

    __tablename__ = "mail_grant"

    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailbox.id"), primary_key=True)
    provider: Mapped[str] = mapped_column(String(20), default=Provider.OTHER)
    flow: Mapped[str] = mapped_column(String(10), default=Flow.CODE)
    authorize_url: Mapped[str] = mapped_column(String(500), default="")
    token_url: Mapped[str] = mapped_column(String(500), default="")
    scope: Mapped[str] = mapped_column(String(1000), default="")
    client_id: Mapped[str] = mapped_column(String(300), default="")
    client_secret: Mapped[str] = mapped_column(Text, default="")
    # What an administrator knows and no provider says: the last days of the secret of our
    # program, and of what was granted.
    secret_ends_on: Mapped[date | None] = mapped_column(Date)
    access_ends_on: Mapped[date | None] = mapped_column(Date)

    access_token: Mapped[str] = mapped_column(Text, default="")
    access_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # How many seconds it was given for.
    access_life: Mapped[int | None] = mapped_column()
    refresh_token: Mapped[str] = mapped_column(Text, default="")
    # The end of the refresh token where the provider says it, and how many seconds it had when
    # it was granted: one that is renewed with every use always has about as many left.
    refresh_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    refresh_life: Mapped[int | None] = mapped_column()
    granted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Since when the provider gives nothing any more, and in which words.
    refused_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    refused: Mapped[str] = mapped_column(Text, default="")

    # Counts what was granted, so that nobody writes an older token over a newer one.
    generation: Mapped[int] = mapped_column(default=0)
    # One process at a time asks for a new token; it has until then.
    busy_until: Mapped[datetime | None] = mapped_column(UTCDateTime)

    # Somebody went to the provider to sign in and is to come back with this state: its hash, the
    # secret half of PKCE, who it was, and until when they may.
    asked_state: Mapped[str] = mapped_column(String(64), default="", index=True)
    asked_verifier: Mapped[str] = mapped_column(Text, default="")
    asked_by: Mapped[int | None] = mapped_column(BigId)
    asked_until: Mapped[datetime | None] = mapped_column(UTCDateTime)

    # Which warning administrators were sent last.
    told: Mapped[str] = mapped_column(String(60), default="")

    mailbox: Mapped[Mailbox] = relationship()


class MailIntake(Model):
    """Who may post messages to a mailbox over HTTP: who knows its secret."""

    __tablename__ = "mail_intake"

    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailbox.id"), primary_key=True)
    secret: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    # After a change the one before still counts for a day, so that no sender fails meanwhile.
    former: Mapped[str] = mapped_column(Text, default="")
    former_until: Mapped[datetime | None] = mapped_column(UTCDateTime)

    mailbox: Mapped[Mailbox] = relationship()
