"""Reading a mailbox: every message exactly once, whatever happens in between.

The order is what makes it safe. A message is downloaded, stored and committed together with the
mark of how far we are; then it is read and filed in a transaction of its own; then it is moved on
the server, if it is to be moved. A process that dies anywhere leaves one of these steps to be
done again, and each of them is done once: UID and UIDVALIDITY are unique in the ledger, a message
is filed only while its line says "stored", and moving twice finds nothing to move.
"""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import func, insert, select, update

from helpdesk.channels.email import counting, lease
from helpdesk.channels.email.boxes import Box, box_of
from helpdesk.channels.email.downloads import Chunk, Downloads, beside
from helpdesk.channels.email.imap import Connection
from helpdesk.channels.email.ingest import Fate, file_left_over, file_stored, read_all
from helpdesk.channels.email.letter import Letter
from helpdesk.channels.email.models import OPEN, TO_MOVE, Mailbox, MailMessage, State
from helpdesk.channels.email.store import keep
from helpdesk.channels.email.trouble import MAIL_ERRORS
from helpdesk.db import db, transaction

log = logging.getLogger(__name__)

SIZES_AT_ONCE = 500
MOVED_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class _WrittenDown:
    """A chunk of messages that is in the ledger and not yet filed."""

    ids: list[int]
    letters: "Future[dict[int, Letter]]"
    """By their keys, as they are being read."""


class Reader:
    """Reads one mailbox for the holder of its lease, connection after connection."""

    def __init__(
        self, mailbox_id: int, holder: str, tell: Callable[[Fate], object] = lambda _fate: None
    ) -> None:
        """Read this mailbox as this holder, who has claimed it; ``tell`` hears every fate."""
        self._id = mailbox_id
        self._holder = holder
        self._tell = tell
        self._downloads = Downloads()

    @property
    def got_stuck(self) -> bool:
        """Whether the last connection broke over messages, which the next takes more carefully."""
        return self._downloads.got_stuck

    def read(self, connection: Connection) -> None:
        """Read everything that is new. Raises Lost, Trouble and mail errors."""
        self._downloads.got_stuck = False
        box = self._begin(connection)
        self._finish_left_over()
        self._fetch_wanted(box, connection)
        # What we are told of from here on may be more than this search finds.
        connection.take_news()
        for uids in _slices(connection.uids_after(box.last_uid), SIZES_AT_ONCE):
            sizes = connection.sizes(uids)
            with closing(self._downloads.chunks(box, connection, uids, sizes)) as chunks:
                self._take(chunks, partial(self._move, box, connection))
        self._move(box, connection)
        if counting.is_due(self._id):
            counting.count_folder(box_of(self._id), connection, self._holder)

    def _begin(self, connection: Connection) -> Box:
        """Read how far we are. Another UIDVALIDITY means that all UIDs mean nothing any more."""
        box = box_of(self._id)
        if box.uidvalidity == connection.uidvalidity:
            return box
        if box.uidvalidity is not None:
            log.warning("The folder of mailbox %s was made anew; reading all of it", box.name)
        with transaction():
            # A server that was restored may come back to an UIDVALIDITY it had before.
            last = db.session.scalar(
                select(func.max(MailMessage.uid)).where(
                    MailMessage.mailbox_id == self._id,
                    MailMessage.place == box.place,
                    MailMessage.uidvalidity == connection.uidvalidity,
                )
            )
            if last is None:
                last = max(connection.uidnext - 1, 0) if box.only_new else 0
            lease.hold(
                self._id,
                self._holder,
                uidvalidity=connection.uidvalidity,
                last_uid=last,
                only_new=False,
                **({"begun_uid": last} if box.only_new else {}),
            )
            # What was to be moved by its old UID is met again under its new one.
            db.session.execute(
                update(MailMessage)
                .where(MailMessage.mailbox_id == self._id, TO_MOVE)
                .values(to_move=False)
            )
        self._downloads.forget()
        return box_of(self._id)

    def _finish_left_over(self) -> None:
        """File what somebody stored and did not come to file."""
        ids = db.session.scalars(
            select(MailMessage.id)
            .where(OPEN, MailMessage.mailbox_id == self._id, MailMessage.state == State.STORED)
            .order_by(MailMessage.id)
        ).all()
        db.session.rollback()
        self._told(file_left_over(ids, guard=self._hold))

    def _hold(self) -> None:
        lease.hold(self._id, self._holder)

    def _told(self, fates: list[Fate]) -> None:
        for fate in fates:
            self._tell(fate)

    def _take(self, chunks: Iterator[Chunk | None], move: Callable[[], None]) -> None:
        """Write down what comes, and file it.

        While one chunk is filed, which is waiting for the database for a good part, the next is
        read. It was written down before, so that a message that kills its reader is known. Where
        the next one takes long, nobody waits for it.
        """
        with ThreadPoolExecutor(1) as background:
            before: _WrittenDown | None = None
            while True:
                try:
                    chunk = next(chunks)
                except StopIteration:
                    return self._file(before)
                except MAIL_ERRORS:
                    # The connection broke; what came before that is here.
                    self._file(before)
                    raise
                following = self._write_down(chunk, background) if chunk else None
                self._file(before)
                move()
                before = following

    def _write_down(self, chunk: Chunk, background: ThreadPoolExecutor) -> _WrittenDown:
        """Keep the lines of a chunk and how far we are, and begin to read its messages."""
        lines, raws = chunk.lines, chunk.raws
        with transaction():
            lease.hold(
                self._id,
                self._holder,
                last_uid=chunk.last_uid,
                received_count=Mailbox.received_count + len(lines),
            )
            ids = _write_down(lines)
        written = list(zip(ids, lines, strict=True))
        by_key = {key: raws[line["uid"]] for key, line in written if line["uid"] in raws}
        return _WrittenDown(
            [key for key, line in written if line["state"] == State.STORED],
            background.submit(beside(read_all), by_key),
        )

    def _file(self, chunk: _WrittenDown | None) -> None:
        if chunk is not None:
            self._told(file_stored(chunk.ids, chunk.letters.result(), guard=self._hold))

    def _fetch_wanted(self, box: Box, connection: Connection) -> None:
        """Fetch what a person asked for, whatever its size."""
        rows = db.session.execute(
            select(MailMessage.id, MailMessage.uid).where(
                MailMessage.mailbox_id == box.id,
                OPEN,
                MailMessage.state == State.WANTED,
                MailMessage.place == box.place,
                MailMessage.uidvalidity == connection.uidvalidity,
                MailMessage.uid.is_not(None),
            )
        ).all()
        db.session.rollback()
        for key, uid in rows:
            assert uid is not None
            raw = connection.raws([uid]).get(uid)
            with transaction():
                lease.hold(self._id, self._holder)
                message = db.session.get_one(MailMessage, key)
                if raw is None:
                    message.state, message.reason = State.QUARANTINED, "gone"
                    message.error = "It is no longer on the server."
                else:
                    message.raw_sha256, message.size = keep(raw), len(raw)
                    message.state, message.attempts = State.STORED, 1
            if raw is not None:
                self._told(file_stored([key], read_all({key: raw}), guard=self._hold))

    def _move(self, box: Box, connection: Connection) -> None:
        """Move or copy what has its fate, if this mailbox is set so."""
        if not box.move_to:
            return
        while True:
            rows = db.session.execute(
                select(MailMessage.id, MailMessage.uid)
                .where(
                    MailMessage.mailbox_id == box.id,
                    TO_MOVE,
                    MailMessage.place == box.place,
                    MailMessage.uidvalidity == connection.uidvalidity,
                )
                .order_by(MailMessage.id)
                .limit(MOVED_AT_ONCE)
            ).all()
            db.session.rollback()
            if not rows:
                return
            put = connection.copy if box.copies else connection.move
            put([row.uid for row in rows], box.move_to)
            with transaction():
                lease.hold(self._id, self._holder)
                db.session.execute(
                    update(MailMessage)
                    .where(MailMessage.id.in_([row.id for row in rows]))
                    .values(to_move=False)
                )


def _write_down(lines: list[dict[str, Any]]) -> list[int]:
    """Insert lines of the ledger and return their keys in the same order."""
    if not lines:
        return []
    statement = insert(MailMessage).returning(MailMessage.id, sort_by_parameter_order=True)
    return list(db.session.scalars(statement, lines))


def _slices(uids: list[int], length: int) -> Iterator[list[int]]:
    for start in range(0, len(uids), length):
        yield uids[start : start + length]
