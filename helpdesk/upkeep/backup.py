"""Backup: one file with every row and every blob, the same from either database.

The file is a tar archive that can be written and read as a stream, in this order:

- ``hearth.json``: format, release and state of the database;
- ``secret-key``: the signing key, which also opens the stored passwords of mailboxes;
- ``tables/<name>.jsonl``: a row a line, tables in the order in which they can be filled;
- ``blobs/<sha256>``: attachments and raw messages, named by their content;
- ``manifest.json``: rows and SHA-256 of every member above, but for the blobs, whose names are
  their checksums; of these it says how many there are.

All rows are read in one snapshot. Blobs are written before the rows that name them and never
change, so they are read after. What is only true for the moment, and what lets somebody in, is
left out (``SKIPPED``).
"""

import base64
import hashlib
import io
import json
import os
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO

from flask import current_app
from sqlalchemy import Table, select, text, union

from config import Settings
from helpdesk import __version__, blobs
from helpdesk.db import db, is_postgresql
from helpdesk.lib.clock import now

FORMAT = 1
SKIPPED = frozenset(
    {
        # Nothing but the present moment.
        "live_event",
        "presence",
        "undo",
        "lease",
        # A session that was ended since would come back to life; people sign in again instead.
        "sign_in_session",
        "single_use_link",
        # Where the index of this very desk stands; a restored one is indexed anew.
        "search_change",
        "search_epoch",
    }
)
BATCH = 1000
STDOUT = Path("-")


class BackupError(Exception):
    """The file can't be written, read or trusted. The message is for the administrator."""


@dataclass(slots=True)
class Made:
    """What a backup holds. ``missing`` are blobs that rows name and the store does not have."""

    rows: dict[str, int] = field(default_factory=dict)
    blobs: int = 0
    missing: list[str] = field(default_factory=list)


def tables() -> list[Table]:
    """Return the tables that a backup holds, each after those it refers to."""
    return [table for table in db.metadata.sorted_tables if table.name not in SKIPPED]


def revision() -> str:
    """Return the state of the database's tables. Raises BackupError when it has none yet."""
    found = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    if found is None:
        raise BackupError("the database is empty; run `helpdesk migrate` first")
    return str(found)


def make(target: Path) -> Made:
    """Write a backup to ``target`` (``-``: standard output). Raises BackupError.

    The file appears under its name when it is whole and safely on the disk; it is readable by
    its owner alone, because it holds everything, secrets too.
    """
    made = Made()
    db.session.rollback()
    if is_postgresql():
        db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    try:
        with _opened(target) as (archive, folder):
            _write(archive, folder, made)
    except OSError as error:
        raise BackupError(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        db.session.rollback()
    return made


@contextmanager
def _opened(target: Path) -> Iterator[tuple[tarfile.TarFile, Path | None]]:
    """Open the archive; with it comes a folder that has room for the tables on their way."""
    if target == STDOUT:
        with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as archive:
            yield archive, None
        return
    target = target.resolve()
    if target.exists():
        raise BackupError(f"{target} exists already; choose another name")
    partial = target.with_name(f".{target.name}.partial")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            with tarfile.open(fileobj=file, mode="w|") as archive:
                yield archive, target.parent
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _write(archive: tarfile.TarFile, folder: Path | None, made: Made) -> None:
    settings: Settings = current_app.config["SETTINGS"]
    sums: dict[str, str] = {}
    about = {
        "format": FORMAT,
        "version": __version__,
        "revision": revision(),
        "made_at": now().isoformat(),
    }
    sums["hearth.json"] = _add_bytes(archive, "hearth.json", json.dumps(about).encode())
    sums["secret-key"] = _add_bytes(archive, "secret-key", settings.secret_key.encode())
    for table in tables():
        name = f"tables/{table.name}.jsonl"
        made.rows[table.name], sums[name] = _add_table(archive, folder, table)
    for sha256 in _named_blobs():
        if _add_blob(archive, sha256):
            made.blobs += 1
        else:
            made.missing.append(sha256)
    manifest = {"sha256": sums, "rows": made.rows, "blobs": made.blobs}
    _add_bytes(archive, "manifest.json", json.dumps(manifest).encode())


def _add(archive: tarfile.TarFile, name: str, file: IO[bytes], size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size = size
    member.mode = 0o600
    member.mtime = int(now().timestamp())
    archive.addfile(member, file)


def _add_bytes(archive: tarfile.TarFile, name: str, data: bytes) -> str:
    _add(archive, name, io.BytesIO(data), len(data))
    return hashlib.sha256(data).hexdigest()


def _add_table(archive: tarfile.TarFile, folder: Path | None, table: Table) -> tuple[int, str]:
    """Write the rows of a table; returns how many, and the checksum."""
    count = 0
    digest = hashlib.sha256()
    statement = select(table).order_by(*table.primary_key.columns)
    # A member's size stands before its content, so the rows are put aside first.
    with tempfile.TemporaryFile(dir=folder) as file:
        rows = db.session.execute(statement.execution_options(yield_per=BATCH))
        for row in rows:
            values = {key: _plain(value) for key, value in row._mapping.items()}
            line = json.dumps(values, ensure_ascii=False).encode() + b"\n"
            digest.update(line)
            file.write(line)
            count += 1
        size = file.tell()
        file.seek(0)
        _add(archive, f"tables/{table.name}.jsonl", file, size)
    return count, digest.hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value


def _named_blobs() -> Iterator[str]:
    """Yield the blobs that any table names, each once.

    Files that no row names are left over from something that was rolled back or redacted.
    """
    named = union(
        *(
            select(column.label("sha256")).where(column.is_not(None))
            for column in blobs.naming_columns()
        )
    )
    for (sha256,) in db.session.execute(
        named.order_by("sha256").execution_options(yield_per=BATCH)
    ):
        yield sha256


def _add_blob(archive: tarfile.TarFile, sha256: str) -> bool:
    try:
        with blobs.path(sha256).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            _add(archive, f"blobs/{sha256}", file, size)
    except FileNotFoundError:
        return False
    return True
