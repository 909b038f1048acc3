"""Restore: filling a desk from a backup, on SQLite or PostgreSQL, whichever it came from.

The archive is read once, as a stream, inside one transaction that is committed only when every
checksum and every count was right. Being killed on the way leaves the database as it was.
"""

import base64
import hashlib
import json
import os
import sys
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from flask import current_app
from sqlalchemy import Column, LargeBinary, Table, bindparam, func, insert, select, text, update

from config import Settings
from helpdesk import blobs
from helpdesk.channels.email import subjects as mail_subjects
from helpdesk.db import UTCDateTime, db, is_postgresql, transaction
from helpdesk.jobs import somebody_leads
from helpdesk.people import search as people_search
from helpdesk.people.models import Desk
from helpdesk.tickets import indexing
from helpdesk.upkeep.backup import BATCH, FORMAT, STDOUT, BackupError, revision, tables
from helpdesk.upkeep.emptying import empty_database


@dataclass(slots=True)
class Restored:
    """What came back. ``key_differs``: the passwords of mailboxes have to be typed again."""

    rows: dict[str, int] = field(default_factory=dict)
    blobs: int = 0
    key_differs: bool = False


@dataclass(slots=True)
class _Reading:
    """What was seen of the archive so far."""

    about: dict[str, Any] = field(default_factory=dict)
    manifest: dict[str, Any] = field(default_factory=dict)
    sums: dict[str, str] = field(default_factory=dict)
    key: str = ""
    # Blobs that were not in the store before; taken out again when the restore fails.
    new_blobs: list[str] = field(default_factory=list)
    done: Restored = field(default_factory=Restored)


def restore(source: Path, *, force: bool = False) -> Restored:
    """Fill this migrated database from a backup (``-``: standard input). Raises BackupError.

    A desk that is there already is kept, unless ``force`` says to replace it. The signing key
    comes back too, unless it is set from outside.
    """
    reading = _Reading()
    try:
        with _opened(source) as archive, transaction():
            _clear(force=force)
            for member in archive:
                _read(archive, member, reading)
            _check(reading)
            _restart_numbers()
            indexing.rebuild()
            people_search.rebuild()
            mail_subjects.rebuild()
    except BaseException as error:
        for sha256 in reading.new_blobs:
            blobs.delete(sha256)
        if isinstance(error, (tarfile.TarError, OSError, KeyError, ValueError, EOFError)):
            raise BackupError(f"{source} is no backup of Hearth, or is damaged: {error}") from error
        raise
    reading.done.key_differs = not _put_key(reading.key)
    return reading.done


@contextmanager
def _opened(source: Path) -> Iterator[tarfile.TarFile]:
    if source == STDOUT:
        with tarfile.open(fileobj=sys.stdin.buffer, mode="r|*") as archive:
            yield archive
        return
    with tarfile.open(source, "r|*") as archive:
        yield archive


# ---- Making room ----


def _clear(*, force: bool) -> None:
    """Empty the database. Raises BackupError when there is a desk and nobody said to replace it."""
    if db.session.scalar(select(Desk.id)) is not None:
        if not force:
            raise BackupError(
                "there is a desk in this database already; with --force it is replaced"
            )
        if somebody_leads():
            raise BackupError("the desk is running; stop it before it is replaced")
    empty_database()


# ---- Reading ----


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo, reading: _Reading) -> None:
    """Take in one member of the archive."""
    file = archive.extractfile(member)
    if file is None:
        raise ValueError(f"{member.name} is no file")
    if not reading.about and member.name != "hearth.json":
        raise ValueError("it does not begin with hearth.json")
    kind, _slash, name = member.name.partition("/")
    if kind == "blobs":
        _read_blob(file, name, reading)
    elif kind == "tables":
        table = next((one for one in tables() if f"{one.name}.jsonl" == name), None)
        if table is None:
            raise ValueError(f"nobody knows the table {name}")
        digest = hashlib.sha256()
        reading.done.rows[table.name] = _fill(table, _lines(file, digest))
        reading.sums[member.name] = digest.hexdigest()
    else:
        data = file.read()
        reading.sums[member.name] = hashlib.sha256(data).hexdigest()
        if kind == "hearth.json":
            reading.about = json.loads(data)
            _check_release(reading.about)
        elif kind == "manifest.json":
            reading.manifest = json.loads(data)
        elif kind == "secret-key":
            reading.key = data.decode("ascii")


def _check_release(about: dict[str, Any]) -> None:
    if about["format"] != FORMAT or about["revision"] != revision():
        raise BackupError(
            f"the backup was made by release {about['version']}; restore it with that release,"
            " then upgrade"
        )


def _read_blob(file: IO[bytes], name: str, reading: _Reading) -> None:
    known = blobs.path(name).exists()
    stored = blobs.put(file.read())
    if not known:
        reading.new_blobs.append(stored)
    if stored != name:
        raise ValueError(f"the content of blob {name} is not what its name says")
    reading.done.blobs += 1


def _lines(file: IO[bytes], digest: Any) -> Iterator[dict[str, Any]]:
    for line in file:
        digest.update(line)
        yield json.loads(line)


def _fill(table: Table, lines: Iterable[dict[str, Any]]) -> int:
    """Insert the rows of one table; references within it are set once all of them are there."""
    own = [
        column.name
        for column in table.columns
        if any(key.column.table is table for key in column.foreign_keys)
    ]
    later: list[dict[str, Any]] = []
    batch: list[dict[str, Any]] = []
    count = 0
    for line in lines:
        row = {column.name: _typed(column, line.get(column.name)) for column in table.columns}
        if any(row[name] is not None for name in own):
            later.append({"own_key": row["id"], **{f"own_{name}": row[name] for name in own}})
            row |= dict.fromkeys(own)
        batch.append(row)
        count += 1
        if len(batch) == BATCH:
            db.session.execute(insert(table), batch)
            batch = []
    if batch:
        db.session.execute(insert(table), batch)
    if later:
        values: dict[str, Any] = {name: bindparam(f"own_{name}") for name in own}
        statement = update(table).where(table.c.id == bindparam("own_key")).values(values)
        db.session.connection().execute(statement, later)
    return count


def _typed(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, UTCDateTime):
        return datetime.fromisoformat(value)
    if isinstance(column.type, LargeBinary):
        return base64.b64decode(value)
    return value


# ---- Finishing ----


def _check(reading: _Reading) -> None:
    """Raise ValueError unless everything is there and is what the manifest says."""
    manifest = reading.manifest
    if not manifest:
        raise ValueError("its end is missing")
    for name, expected in manifest["sha256"].items():
        if reading.sums.get(name) != expected:
            raise ValueError(f"{name} is not as it was written")
    for table in tables():
        if reading.done.rows.get(table.name) != manifest["rows"].get(table.name):
            raise ValueError(f"rows of {table.name} are missing")
    if reading.done.blobs != manifest["blobs"]:
        raise ValueError("blobs are missing")


def _restart_numbers() -> None:
    """Let new keys begin after the restored ones.

    Ticket numbers go on from the highest that was ever given in this database: a number that
    somebody has in a mail must not come to mean another ticket.
    """
    if not is_postgresql():
        newest = db.session.scalar(text("SELECT max(id) FROM ticket"))
        if newest is not None:
            db.session.execute(
                text("UPDATE sqlite_sequence SET seq = max(seq, :n) WHERE name = 'ticket'"),
                {"n": newest},
            )
        return
    for table in db.metadata.sorted_tables:
        if "id" not in table.c:
            continue
        sequence = db.session.scalar(select(func.pg_get_serial_sequence(table.name, "id")))
        newest = db.session.scalar(select(func.max(table.c.id)))
        if sequence is not None and newest is not None:
            highest = func.greatest(newest, func.pg_sequence_last_value(sequence))
            db.session.execute(select(func.setval(sequence, highest)))


def _put_key(key: str) -> bool:
    """Take over the signing key; False when another one is set from outside and stays."""
    settings: Settings = current_app.config["SETTINGS"]
    if key == settings.secret_key:
        return True
    file = settings.data_dir / "secret-key"
    if not file.exists() or file.read_text(encoding="ascii").strip() != settings.secret_key:
        return False
    partial = file.with_name(".secret-key.partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as handle:
        handle.write(key)
        handle.flush()
        os.fsync(handle.fileno())
    partial.replace(file)
    return True
