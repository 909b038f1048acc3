"""The senders who were accepted by hand, and what their mail has to show again."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from helpdesk.db import BigId, Model, UTCDateTime
from helpdesk.lib.clock import now
from helpdesk.people.models import Person
from helpdesk.tickets.models import Entry


class AcceptedSender(Model):
    """An address that counts when its mail is signed, or sent, by one domain."""

    __tablename__ = "accepted_sender"
    __table_args__ = (UniqueConstraint("address", "method", "domain"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    # Both in lower case.
    address: Mapped[str] = mapped_column(String(320))
    domain: Mapped[str] = mapped_column(String(255))
    # By what the mail server found the domain: "dkim" or "spf".
    method: Mapped[str] = mapped_column(String(10))
    added_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    added_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    # The message about which it was said.
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("entry.id"), index=True)
    hits: Mapped[int] = mapped_column(default=0)
    last_hit_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    added_by: Mapped[Person | None] = relationship()
    entry: Mapped[Entry | None] = relationship()
