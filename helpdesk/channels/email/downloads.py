"""What a mailbox holds, downloaded in chunks and kept in the store, the next while one is filed.

The database is asked for nothing here, so that a chunk may come in a thread of its own.
"""

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, ParamSpec, TypeVar

from flask import Flask, current_app

from helpdesk.channels.email.boxes import Box
from helpdesk.channels.email.imap import Connection, Size
from helpdesk.channels.email.models import State
from helpdesk.channels.email.store import keep, keep_all
from helpdesk.channels.email.trouble import MAIL_ERRORS
from helpdesk.lib.clock import now

P = ParamSpec("P")
R = TypeVar("R")

MAX_MESSAGE = 64 * 1024 * 1024
"""A larger message (bytes) is not downloaded but put into the quarantine with its headers."""
CHUNK_BYTES = 16 * 1024 * 1024
CHUNK_MESSAGES = 50
"""What is downloaded and stored at a time; one message may be larger than a chunk."""
TRIES = 3
"""A message during whose download the connection broke so often is put aside."""
TOO_OLD = "before-cut-off"
"""Why a message is ignored that came before the day from which mail is filed."""
PATIENCE = 0.3
"""How long a chunk that was read may wait for the next to come (seconds)."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk of messages that is safe in the store and not yet in the ledger."""

    last_uid: int
    lines: list[dict[str, Any]]
    raws: dict[int, bytes]
    """By UID, those that the server gave away."""


class Downloads:
    """Downloads from one mailbox, connection after connection.

    It remembers between connections which messages broke one, so that a single bad message can't
    keep all others from being read.
    """

    def __init__(self) -> None:
        """Begin with trust in every message."""
        self._careful: set[int] = set()
        self._broke: Counter[int] = Counter()
        # The last connection broke over messages, which the next one takes more carefully.
        self.got_stuck = False

    def forget(self) -> None:
        """Forget what was learned of messages whose UIDs mean nothing any more."""
        self._careful.clear()
        self._broke.clear()

    def chunks(
        self, box: Box, connection: Connection, uids: Sequence[int], sizes: dict[int, Size]
    ) -> Generator[Chunk | None]:
        """Yield the chunks of these messages as they come, and None when one takes long.

        While one is filed the next is on its way. Where messages are moved the connection is
        needed in between, so there it is one after the other.
        """
        chunks = self._divided(uids, sizes)
        download = partial(self._download, box, connection, sizes=sizes)
        if box.move_to:
            for chunk in chunks:
                yield download(chunk)
                yield None
            return
        with ThreadPoolExecutor(1) as background:
            waiting: Future[Chunk] | None = None
            for chunk in chunks:
                next_one = background.submit(beside(download), chunk)
                yield from _as_it_comes(waiting)
                waiting = next_one
            yield from _as_it_comes(waiting)

    def _divided(self, uids: Sequence[int], sizes: dict[int, Size]) -> Iterator[list[int]]:
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

    def _without(
        self,
        old: list[int],
        box: Box,
        connection: Connection,
        uids: list[int],
        sizes: dict[int, Size],
    ) -> Chunk:
        """Download all but what is too old: of that, the ledger knows that it was there."""
        fresh = [uid for uid in uids if uid not in set(old)]
        rest = self._download(box, connection, fresh, sizes) if fresh else Chunk(0, [], {})
        lines = [
            _line(box, connection.uidvalidity, uid, sizes.get(uid), reason=TOO_OLD) for uid in old
        ]
        for one in lines:
            one["state"] = State.IGNORED
        return Chunk(uids[-1], [*lines, *rest.lines], rest.raws)

    def _download(
        self, box: Box, connection: Connection, uids: list[int], sizes: dict[int, Size]
    ) -> Chunk:
        """Download these messages and store them. The database is not asked."""
        old = [uid for uid in uids if is_before(box.not_before, sizes.get(uid))]
        if old:
            return self._without(old, box, connection, uids, sizes)
        line = partial(_line, box, connection.uidvalidity)
        if len(uids) == 1:
            uid = uids[0]
            size = sizes.get(uid)
            if self._broke[uid] >= TRIES and _another_comes(connection, uid):
                error = "The connection broke every time it was fetched."
                return Chunk(uid, [line(uid, size, reason="unfetchable", error=error)], {})
            if size is not None and size.bytes > MAX_MESSAGE:
                sha256 = keep(connection.headers(uid))
                error = f"{size.bytes} bytes; {MAX_MESSAGE} are allowed. Only its headers are here."
                only = line(uid, size, sha256, reason="too-large", error=error)
                return Chunk(uid, [only], {})
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
        return Chunk(uids[-1], lines, raws)


def is_before(cut_off: datetime | None, size: Size | None) -> bool:
    """Whether the server got a message before the day from which mail is filed."""
    if cut_off is None or size is None:
        return False
    received = _aware(size.received_at)
    return received is not None and received < cut_off


def _as_it_comes(waiting: "Future[Chunk] | None") -> Iterator[Chunk | None]:
    if waiting is None:
        return
    if not wait([waiting], PATIENCE).done:
        yield None
    yield waiting.result()


def beside(work: Callable[P, R]) -> Callable[P, R]:
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
