"""Tables of early warning: how much usually comes in, and when it was far more than that."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk.db import BigId, Model, UTCDateTime


class Matter(StrEnum):
    """What tickets can have in common."""

    CATEGORY = "category"
    SITE = "site"
    ORGANISATION = "organisation"


class Arrivals(Model):
    """How many tickets about one matter were opened within an hour (UTC). Only settled tickets."""

    __tablename__ = "arrivals"
    __table_args__ = (Index("ix_arrivals_hour", "hour"),)

    matter: Mapped[str] = mapped_column(String(12), primary_key=True)
    subject_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    hour: Mapped[datetime] = mapped_column(UTCDateTime, primary_key=True)
    tickets: Mapped[int] = mapped_column()


class ArrivalsMark(Model):
    """How far tickets were counted: one row. Every ticket up to its number is in ``arrivals``."""

    __tablename__ = "arrivals_mark"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(BigId)
    # The opening of the first ticket, or when counting began: nothing is known of before.
    since: Mapped[datetime] = mapped_column(UTCDateTime)


class Spike(Model):
    """Many people had the same within hours: a burst, from its first ticket to its end."""

    __tablename__ = "spike"
    __table_args__ = (
        Index(
            "ix_spike_running",
            "id",
            postgresql_where=text("ended_at IS NULL"),
            sqlite_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    matter: Mapped[str] = mapped_column(String(12))
    subject_id: Mapped[int] = mapped_column(BigId)
    # What was unusual when it was raised: so many people within so many hours, and the tickets
    # that come within them usually.
    hours: Mapped[int] = mapped_column()
    people: Mapped[int] = mapped_column()
    usual: Mapped[float] = mapped_column()
    raised_at: Mapped[datetime] = mapped_column(UTCDateTime)
    # When its newest ticket was opened; hours without another end it.
    newest_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Somebody said that it is not the same matter.
    dismissed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    dismissed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    problem_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))


class SpikeTicket(Model):
    """A ticket of a burst."""

    __tablename__ = "spike_ticket"

    spike_id: Mapped[int] = mapped_column(ForeignKey("spike.id"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True, index=True)
    # Put under the problem ticket of the burst, or found to be under another one already.
    gathered: Mapped[bool] = mapped_column(default=False)
