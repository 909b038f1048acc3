"""The senders that nobody wants to hear of."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from helpdesk.db import BigId, Model, UTCDateTime
from helpdesk.lib.clock import now
from helpdesk.people.models import Person


class SpamSender(Model):
    """An address, or a whole domain with "@" before it, whose mail is put aside as spam."""

    __tablename__ = "spam_sender"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    # In lower case: "ad@shop.example", or "@shop.example" for everybody there and below it.
    value: Mapped[str] = mapped_column(String(320), unique=True)
    added_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    added_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    # The ticket it was said on, if it was: bringing that back takes this away.
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    hits: Mapped[int] = mapped_column(default=0)
    last_hit_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    added_by: Mapped[Person | None] = relationship()


class SpamMark(Model):
    """A message that a person took out of the quarantine as spam, and what it was there for."""

    __tablename__ = "spam_mark"

    message_id: Mapped[int] = mapped_column(ForeignKey("mail_message.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(String(30))
    error: Mapped[str] = mapped_column(Text, default="")
    # What was added to the list of senders because of it; empty when nothing was.
    value: Mapped[str] = mapped_column(String(320), default="")
