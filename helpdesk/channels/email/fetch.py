"""Reading a mailbox: every message exactly once, whatever happens in between.

The order is what makes it safe. A message is downloaded, stored and committed together with the
mark of how far we are; then it is read and filed in a transaction of its own; then it is moved on
the server, if it is to be moved. A process that dies anywhere leaves one of these steps to be
done again, and each of them is done once: UID and UIDVALIDITY are unique in the ledger, a message
is filed only while its line says "stored", and moving twice finds nothing to move.
"""

import logging
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, ParamSpec, TypeVar

from flask import Flask, current_app
from sqlalchemy import func, insert, select, update

from helpdesk.channels.email import lease
from helpdesk.channels.email.imap import Connection, Server, Size
from helpdesk.channels.email.ingest import Fate, file_left_over, file_stored, read_all
from helpdesk.channels.email.letter import Letter
from helpdesk.channels.email.models import OPEN, TO_MOVE, Mailbox, MailMessage, State
from helpdesk.channels.email.secrets import Unreadable, open_sealed
from helpdesk.channels.email.store import keep, keep_all
from helpdesk.channels.email.trouble import MAIL_ERRORS, explain
from helpdesk.db import db, transaction
from helpdesk.lib.clock import now

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

MAX_MESSAGE = 64 * 1024 * 1024
"""A larger message (bytes) is not downloaded but put into the quarantine with its headers."""
CHUNK_BYTES = 16 * 1024 * 1024
CHUNK_MESSAGES = 50
"""What is downloaded and stored at a time; one message may be larger than a chunk."""
SIZES_AT_ONCE = 500
MOVED_AT_ONCE = 200
TRIES = 3
"""A message during whose download the connection broke so often is put aside."""
PATIENCE = 0.3
"""How long a chunk that was read may wait for the next to come (seconds)."""


@dataclass(frozen=True, slots=True)
class Box:
    """What it takes to read a mailbox, as plain values that outlive the transaction."""

    id: int
    name: str
    server: Server
    folder: str
    move_to: str
    queue_id: int
    place: int
    uidvalidity: int | None
    last_uid: int
    only_new: bool
    version: int


def box_of(mailbox_id: int) -> Box:
    """Read a mailbox's settings. Raises Lost when it is not in use, Trouble for its password."""
    db.session.rollback()
    row = db.session.get(Mailbox, mailbox_id, populate_existing=True)
    if row is None or not row.active or row.retired_at is not None:
        raise lease.Lost
    try:
        server = server_of(row)
    except Unreadable as error:
        raise explain(error, row.imap_host, row.imap_port) from error
    box = Box(
        id=row.id,
        name=row.name,
        server=server,
        folder=row.folder,
        move_to=row.move_to,
        queue_id=row.queue_id,
        place=row.place,
        uidvalidity=row.uidvalidity,
        last_uid=row.last_uid,
        only_new=row.only_new,
        version=row.version,
    )
    db.session.rollback()
    return box


def server_of(mailbox: Mailbox) -> Server:
    """Return where a mailbox is read. Raises Unreadable."""
    return Server(
        mailbox.imap_host,
        mailbox.imap_port,
        mailbox.imap_tls,
        mailbox.imap_user,
        open_sealed(mailbox.imap_secret),
    )


@dataclass(frozen=True, slots=True)
class _Downloaded:
    """A chunk of messages that is safe in the store and not yet in the ledger."""

    last_uid: int
    lines: list[dict[str, Any]]
    raws: dict[int, bytes]
    """By UID, those that the server gave away."""


@dataclass(frozen=True, slots=True)
class _WrittenDown:
    """A chunk of messages that is in the ledger and not yet filed."""

    ids: list[int]
    letters: "Future[dict[int, Letter]]"
    """By their keys, as they are being read."""


class Reader:
    """Reads one mailbox for the holder of its lease, connection after connection.

    It remembers between connections which messages broke one, so that a single bad message can't
    keep all others from being read.
    """

    def __init__(
        self, mailbox_id: int, holder: str, tell: Callable[[Fate], object] = lambda _fate: None
    ) -> None:
        """Read this mailbox as this holder, who has claimed it; ``tell`` hears every fate."""
        self._id = mailbox_id
        self._holder = holder
        self._tell = tell
        self._careful: set[int] = set()
        self._broke: Counter[int] = Counter()
        # The last connection broke over messages, which the next one takes more carefully.
        self.got_stuck = False

    def read(self, connection: Connection) -> None:
        """Read everything that is new. Raises Lost, Trouble and mail errors."""
        self.got_stuck = False
        box = self._begin(connection)
        self._finish_left_over()
        self._fetch_wanted(box, connection)
        for uids in _slices(connection.uids_after(box.last_uid), SIZES_AT_ONCE):
            sizes = connection.sizes(uids)
            with closing(self._downloads(box, connection, uids, sizes)) as downloads:
                self._take(downloads, partial(self._move, box, connection))
        self._move(box, connection)

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
            )
            # What was to be moved by its old UID is met again under its new one.
            db.session.execute(
                update(MailMessage)
                .where(MailMessage.mailbox_id == self._id, TO_MOVE)
                .values(to_move=False)
            )
        self._careful.clear()
        self._broke.clear()
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

    def _chunks(self, uids: Sequence[int], sizes: dict[int, Size]) -> Iterator[list[int]]:
        """Divide UIDs by what is downloaded at once; those that broke a connection go alone."""
        chunk: list[int] = []
        weight = 0
        for uid in uids:
            size = sizes[uid].bytes if uid in sizes else 0
            alone = uid in self._careful or size > MAX_MESSAGE
            full = len(chunk) >= CHUNK_MESSAGES or weight + size > CHUNK_BYTES
            if chunk and (alone or full):
                yield chunk
                chunk, weight = [], 0
            chunk.append(uid)
            weight += size
            if alone:
                yield chunk
                chunk, weight = [], 0
        if chunk:
            yield chunk

    def _downloads(
        self, box: Box, connection: Connection, uids: Sequence[int], sizes: dict[int, Size]
    ) -> Generator[_Downloaded | None]:
        """Yield the chunks of these messages as they come, and None when one takes long.

        While one is filed the next is on its way. Where messages are moved the connection is
        needed in between, so there it is one after the other.
        """
        chunks = self._chunks(uids, sizes)
        download = partial(self._download, box, connection, sizes=sizes)
        if box.move_to:
            for chunk in chunks:
                yield download(chunk)
                yield None
            return
        with ThreadPoolExecutor(1) as background:
            waiting: Future[_Downloaded] | None = None
            for chunk in chunks:
                next_one = background.submit(_beside(download), chunk)
                yield from _as_it_comes(waiting)
                waiting = next_one
            yield from _as_it_comes(waiting)

    def _take(self, downloads: Iterator[_Downloaded | None], move: Callable[[], None]) -> None:
        """Write down what comes, and file it.

        While one chunk is filed, which is waiting for the database for a good part, the next is
        read. It was written down before, so that a message that kills its reader is known. Where
        the next one takes long, nobody waits for it.
        """
        with ThreadPoolExecutor(1) as background:
            before: _WrittenDown | None = None
            while True:
                try:
                    downloaded = next(downloads)
                except StopIteration:
                    return self._file(before)
                except MAIL_ERRORS:
                    # The connection broke; what came before that is here.
                    self._file(before)
                    raise
                following = self._write_down(downloaded, background) if downloaded else None
                self._file(before)
                move()
                before = following

    def _write_down(self, downloaded: _Downloaded, background: ThreadPoolExecutor) -> _WrittenDown:
        """Keep the lines of a chunk and how far we are, and begin to read its messages."""
        lines, raws = downloaded.lines, downloaded.raws
        with transaction():
            lease.hold(
                self._id,
                self._holder,
                last_uid=downloaded.last_uid,
                received_count=Mailbox.received_count + len(lines),
            )
            ids = _write_down(lines)
        written = list(zip(ids, lines, strict=True))
        by_key = {key: raws[line["uid"]] for key, line in written if line["uid"] in raws}
        return _WrittenDown(
            [key for key, line in written if line["state"] == State.STORED],
            background.submit(_beside(read_all), by_key),
        )

    def _file(self, chunk: _WrittenDown | None) -> None:
        if chunk is not None:
            self._told(file_stored(chunk.ids, chunk.letters.result(), guard=self._hold))

    def _download(
        self, box: Box, connection: Connection, uids: list[int], sizes: dict[int, Size]
    ) -> _Downloaded:
        """Download these messages and store them. The database is not asked."""
        line = partial(_line, box, connection.uidvalidity)
        if len(uids) == 1:
            uid = uids[0]
            size = sizes.get(uid)
            if self._broke[uid] >= TRIES and _another_comes(connection, uid):
                error = "The connection broke every time it was fetched."
                return _Downloaded(uid, [line(uid, size, reason="unfetchable", error=error)], {})
            if size is not None and size.bytes > MAX_MESSAGE:
                sha256 = keep(connection.headers(uid))
                error = f"{size.bytes} bytes; {MAX_MESSAGE} are allowed. Only its headers are here."
                only = line(uid, size, sha256, reason="too-large", error=error)
                return _Downloaded(uid, [only], {})
        try:
            raws = connection.raws(uids)
        except MAIL_ERRORS:
            if len(uids) == 1:
                self._broke[uids[0]] += 1
            self._careful.update(uids)
            self.got_stuck = True
            raise
        stored = dict(zip(raws, keep_all(list(raws.values())), strict=True))
        lines = []
        for uid in uids:
            if uid in raws:
                lines.append(line(uid, sizes.get(uid), stored[uid], len(raws[uid])))
            elif connection.exists(uid):
                error = "The server has it but does not give it away."
                lines.append(line(uid, sizes.get(uid), reason="unfetchable", error=error))
        return _Downloaded(uids[-1], lines, raws)

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
        """Move what has its fate, if this mailbox is to be emptied."""
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
            connection.move([row.uid for row in rows], box.move_to)
            with transaction():
                lease.hold(self._id, self._holder)
                db.session.execute(
                    update(MailMessage)
                    .where(MailMessage.id.in_([row.id for row in rows]))
                    .values(to_move=False)
                )


def _as_it_comes(waiting: "Future[_Downloaded] | None") -> Iterator[_Downloaded | None]:
    if waiting is None:
        return
    if not wait([waiting], PATIENCE).done:
        yield None
    yield waiting.result()


def _beside(work: Callable[P, R]) -> Callable[P, R]:
    """Return the same work for another thread, which needs the application's context too."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]

    def done(*args: P.args, **kwargs: P.kwargs) -> R:
        with app.app_context():
            return work(*args, **kwargs)

    return done


def _line(
    box: Box,
    uidvalidity: int,
    uid: int,
    size: Size | None,
    sha256: str | None = None,
    length: int | None = None,
    *,
    reason: str = "",
    error: str = "",
) -> dict[str, Any]:
    """Return a line of the ledger for a message; with a reason it is put aside at once."""
    moment = now()
    received = size.received_at if size is not None else None
    return {
        "mailbox_id": box.id,
        "place": box.place,
        "uidvalidity": uidvalidity,
        "uid": uid,
        "queue_id": box.queue_id,
        "raw_sha256": sha256,
        "size": length if length is not None else (size.bytes if size else 0),
        "received_at": min(_aware(received) or moment, moment),
        "stored_at": moment,
        "state": State.QUARANTINED if reason else State.STORED,
        "reason": reason,
        "error": error,
        "attempts": 1,
        "settled_at": moment if reason else None,
    }


def _another_comes(connection: Connection, uid: int) -> bool:
    """Whether the trouble is with this message: its neighbour comes, or it has none.

    Raises like any other fetch when the server gives nothing away; then nothing is put aside.
    """
    others = [one for one in connection.uids_after(0) if one != uid]
    if others:
        connection.raws([min(others, key=lambda one: abs(one - uid))])
    return True


def _aware(moment: datetime | None) -> datetime | None:
    if moment is None or moment.year < 1980:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _write_down(lines: list[dict[str, Any]]) -> list[int]:
    """Insert lines of the ledger and return their keys in the same order."""
    if not lines:
        return []
    statement = insert(MailMessage).returning(MailMessage.id, sort_by_parameter_order=True)
    return list(db.session.scalars(statement, lines))


def _slices(uids: list[int], length: int) -> Iterator[list[int]]:
    for start in range(0, len(uids), length):
        yield uids[start : start + length]
