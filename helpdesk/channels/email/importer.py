"""Taking in mail from files: single messages, mbox files and Maildir folders.

Through the very same steps as mail that is fetched: stored and committed first, then filed. Taking
the same file in again changes nothing.
"""

import mmap
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from helpdesk.channels.email.ingest import Fate, fate_of, file_left_over, file_stored, read_all
from helpdesk.channels.email.models import MailMessage, State
from helpdesk.channels.email.store import keep_all
from helpdesk.db import db, transaction
from helpdesk.lib.clock import now
from helpdesk.lib.mime.headers import parse_date
from helpdesk.tickets.desk import Queue

AT_ONCE = 50
BYTES_AT_ONCE = 32 * 1024 * 1024
"""What is stored and filed at a time, unless one message alone is larger."""
MAX_MESSAGE = 64 * 1024 * 1024
"""A larger file is not read; bytes."""
# A line that begins a message in an mbox: a sender, and a date that ends with a year.
_FROM_LINE = re.compile(rb"(?:\A|\r?\n\r?\n)(From \S[^\r\n]{0,200}?\d{2}:\d{2}[^\r\n]{0,60}\r?\n)")
_DATE = re.compile(rb"^date:[ \t]*([^\r\n]{1,200})", re.IGNORECASE | re.MULTILINE)
_HEADERS = 64 * 1024


@dataclass(frozen=True, slots=True)
class Found:
    """A message in a file. ``part`` counts the messages of an mbox from 1."""

    file: str
    part: int
    raw: bytes | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of it; no fate when it could not be read at all."""

    file: str
    part: int
    fate: Fate | None
    again: bool = False
    problem: str = ""


def find(paths: Iterable[Path]) -> Iterator[Found]:
    """Yield every message in these files and folders, in order."""
    for path in paths:
        if path.is_dir():
            yield from find(_within(path))
            continue
        try:
            yield from _in_file(path)
        except OSError as error:
            yield Found(str(path), 1, None, error.strerror or str(error))


def _within(folder: Path) -> list[Path]:
    """Return the messages of a Maildir, or the files of any other folder."""
    if (folder / "cur").is_dir() and (folder / "new").is_dir():
        return sorted(
            (file for part in ("cur", "new") for file in (folder / part).iterdir()),
            key=lambda file: file.name,
        )
    return sorted(file for file in folder.iterdir() if not file.name.startswith("."))


def _in_file(path: Path) -> Iterator[Found]:
    with path.open("rb") as file:
        start = file.read(5)
        size = path.stat().st_size
        if start == b"From " and size:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
                yield from _in_mbox(str(path), text)
        elif size > MAX_MESSAGE:
            yield Found(str(path), 1, None, f"{size} bytes; {MAX_MESSAGE} are allowed")
        else:
            yield Found(str(path), 1, start + file.read())


def _in_mbox(name: str, text: mmap.mmap) -> Iterator[Found]:
    starts = [(match.start(1), match.end(1)) for match in _FROM_LINE.finditer(text)]
    if not starts:
        # "From " and no date: one message with an odd first line.
        starts = [(0, 0)]
    ends = [line for line, _begin in starts[1:]] + [len(text)]
    for part, ((_line, begin), end) in enumerate(zip(starts, ends, strict=True), 1):
        if end - begin > MAX_MESSAGE:
            problem = f"{end - begin} bytes; {MAX_MESSAGE} are allowed"
            yield Found(name, part, None, problem)
            continue
        # Lines of the body that begin with "From " were given a ">" when the file was written.
        yield Found(name, part, re.sub(rb"(?m)^>(>*From )", rb"\1", text[begin:end]))


def take_in(found: Iterable[Found], queue: Queue) -> Iterator[Imported]:
    """Store and file messages, several at a time. Needs no transaction, opens its own."""
    queue_id = queue.id
    some: list[Found] = []
    weight = 0
    for one in found:
        size = len(one.raw or b"")
        if some and (len(some) >= AT_ONCE or weight + size > BYTES_AT_ONCE):
            yield from _take_in(some, queue_id)
            some, weight = [], 0
        some.append(one)
        weight += size
    yield from _take_in(some, queue_id)


def _take_in(some: list[Found], queue_id: int) -> Iterator[Imported]:
    stored = iter(keep_all([one.raw for one in some if one.raw is not None]))
    hashes = [next(stored) if one.raw is not None else "" for one in some]
    with transaction():
        known = _known(hashes)
        lines: dict[str, dict[str, Any]] = {}
        for one, sha256 in zip(some, hashes, strict=True):
            if one.raw is not None and sha256 not in known and sha256 not in lines:
                lines[sha256] = _line(one, sha256, one.raw, queue_id)
        statement = insert(MailMessage).returning(MailMessage.id, sort_by_parameter_order=True)
        fresh = list(db.session.scalars(statement, list(lines.values()))) if lines else []
    ids = dict(zip(lines, fresh, strict=True))
    raws = {
        ids[sha]: one.raw for one, sha in zip(some, hashes, strict=True) if sha in ids and one.raw
    }
    fates = {fate.id: fate for fate in file_stored(fresh, read_all(raws))}
    # Somebody stopped the import before it came to file these.
    fates |= {fate.id: fate for fate in file_left_over(sorted(set(known.values())))}
    seen: set[str] = set()
    for one, sha256 in zip(some, hashes, strict=True):
        if one.raw is None:
            yield Imported(one.file, one.part, None, problem=one.problem)
            continue
        key = ids.get(sha256) or known[sha256]
        fate = fates.get(key) or fate_of(db.session.get_one(MailMessage, key))
        yield Imported(one.file, one.part, fate, again=sha256 in known or sha256 in seen)
        seen.add(sha256)
    db.session.rollback()


def _known(hashes: list[str]) -> dict[str, int]:
    """Return the lines of messages that came in before, byte for byte the same."""
    rows = db.session.execute(
        select(MailMessage.raw_sha256, MailMessage.id)
        .where(MailMessage.raw_sha256.in_([one for one in hashes if one]))
        .order_by(MailMessage.id.desc())
    )
    return {sha256: key for sha256, key in rows if sha256 is not None}


def _line(one: Found, sha256: str, raw: bytes, queue_id: int) -> dict[str, Any]:
    moment = now()
    sent = _date_of(raw)
    return {
        "source": f"{one.file}#{one.part}"[-300:],
        "queue_id": queue_id,
        "raw_sha256": sha256,
        "size": len(raw),
        "received_at": sent if sent is not None and sent < moment else moment,
        "stored_at": moment,
        "state": State.STORED,
        "attempts": 1,
    }


def _date_of(raw: bytes) -> datetime | None:
    """Return when a message says it was sent, if that can be: mail is younger than 1982."""
    match = _DATE.search(raw[:_HEADERS])
    moment = parse_date(match[1].decode("ascii", "replace").strip()) if match else None
    if moment is None or moment < datetime(1982, 8, 13, tzinfo=UTC):
        return None
    return moment
