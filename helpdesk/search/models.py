"""Tables of the search: what changed, which index is the present one, and synonyms."""

from datetime import datetime

from sqlalchemy import BigInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk.db import BigId, Model, UTCDateTime


class Change(Model):
    """A document that is no longer what the index says. Written in the change's transaction."""

    __tablename__ = "search_change"
    # A number that was given is never given again, not even when the newest rows are gone.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 (SQLAlchemy reads it once)

    seq: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    document_id: Mapped[int] = mapped_column(BigInteger)
    # Who follows goes by this: on PostgreSQL the number of the transaction, whose rows may be seen
    # later than those of higher ``seq``; on SQLite, where one writes at a time, 0.
    xid: Mapped[int] = mapped_column(BigInteger, default=0, index=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class Epoch(Model):
    """Which index is the present one. Another value tells every host to make its index anew.

    There is one row, or none: then the next who follows writes it. It does not travel in backups,
    so a desk that was restored is indexed anew on every host.
    """

    __tablename__ = "search_epoch"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(40))
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    # Changes up to this place in the log are forgotten; who has not followed them starts anew.
    forgotten: Mapped[int] = mapped_column(BigInteger, default=0)


class Synonym(Model):
    """Words that mean the same to who searches, in one language or ("") in all."""

    __tablename__ = "search_synonym"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    # The words or phrases, separated by commas, as they were typed.
    words: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(20), default="")
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    @property
    def name(self) -> str:
        """What lists and the audit log call it."""
        return self.words
