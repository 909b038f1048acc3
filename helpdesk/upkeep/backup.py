"""Backup and restore: one file with every row and every blob, readable on either database.

The file is a tar archive: ``tables/<name>.jsonl`` with a row a line, ``blobs/<sha256>``, the
signing key (it also opens the stored passwords of mailboxes) and, last, ``manifest.json`` with a
checksum of every member. A backup reads one consistent snapshot and is renamed into place when
it is whole; a restore checks every checksum first and then fills an empty database in one
transaction, so that being killed half-way leaves either the old state or an empty desk.
"""

import base64
import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from flask import current_app
from sqlalchemy import Column, LargeBinary, Table, func, insert, select, text, update

from config import Settings
from helpdesk import __version__, blobs
from helpdesk.db import UTCDateTime, db, is_postgresql, transaction
from helpdesk.lib.clock import now
from helpdesk.people.models import Desk
from helpdesk.tickets import search

FORMAT = 1
SKIPPED = frozenset({"live_event", "presence", "undo", "lease"})
"""Tables that hold nothing but the present moment."""
BATCH = 1000


class BackupError(Exception):
    """The file can't be written, read or trusted. The message is for the administrator."""


def _tables() -> list[Table]:
    return [table for table in db.metadata.sorted_tables if table.name not in SKIPPED]


def _revision() -> str:
    return str(db.session.execute(text("SELECT version_num FROM alembic_version")).scalar_one())


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value


def _typed(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, UTCDateTime):
        return datetime.fromisoformat(value)
    if isinstance(column.type, LargeBinary):
        return base64.b64decode(value)
    return value


class _Writer:
    """Adds members to the archive and remembers their checksums."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self.archive = archive
        self.sums: dict[str, str] = {}

    def add(self, name: str, file: IO[bytes], size: int) -> None:
        """Add a file that is open and at its beginning."""
        digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
        file.seek(0)
        member = tarfile.TarInfo(name)
        member.size = size
        member.mode = 0o600
        member.mtime = int(now().timestamp())
        self.archive.addfile(member, file)
        self.sums[name] = digest

    def add_bytes(self, name: str, data: bytes) -> None:
        """Add a small member."""
        self.add(name, io.BytesIO(data), len(data))


def backup(target: Path) -> dict[str, object]:
    """Write a backup to ``target``; returns what it holds. Raises BackupError.

    Blobs that the database names and that are missing are listed, not passed over in silence.
    """
    target = target.resolve()
    if target.exists():
        raise BackupError(f"{target} exists already; choose another name")
    partial = target.with_name(f".{target.name}.partial")
    counts: dict[str, int] = {}
    settings: Settings = current_app.config["SETTINGS"]
    db.session.rollback()
    if is_postgresql():
        db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    try:
        with tarfile.open(partial, "w") as archive:
            partial.chmod(0o600)
            writer = _Writer(archive)
            revision = _revision()
            for table in _tables():
                counts[table.name] = _add_table(writer, table)
            stored = _add_blobs(writer)
            writer.add_bytes("secret-key", settings.secret_key.encode())
            manifest: dict[str, object] = {
                "format": FORMAT,
                "version": __version__,
                "revision": revision,
                "made_at": now().isoformat(),
                "rows": counts,
                "blobs": stored,
                "sha256": writer.sums,
            }
            writer.add_bytes("manifest.json", json.dumps(manifest).encode())
        partial.replace(target)
    except OSError as error:
        raise BackupError(f"cannot write {target}: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)
        db.session.rollback()
    return {"file": str(target), "rows": sum(counts.values()), "blobs": stored}


def _add_table(writer: _Writer, table: Table) -> int:
    count = 0
    statement = select(table).order_by(*table.primary_key.columns)
    with tempfile.TemporaryFile() as file:
        rows = db.session.connection().execution_options(yield_per=BATCH).execute(statement)
        for row in rows:
            values = {key: _plain(value) for key, value in row._mapping.items()}
            file.write(json.dumps(values, ensure_ascii=False).encode() + b"\n")
            count += 1
        size = file.tell()
        file.seek(0)
        writer.add(f"tables/{table.name}.jsonl", file, size)
    return count


def _add_blobs(writer: _Writer) -> int:
    settings: Settings = current_app.config["SETTINGS"]
    count = 0
    for path in sorted(settings.blobs_dir.glob("??/??/*")):
        if len(path.name) != 64:
            continue
        with path.open("rb") as file:
            writer.add(f"blobs/{path.name}", file, path.stat().st_size)
        count += 1
    return count


def restore(source: Path) -> dict[str, object]:
    """Fill this empty, migrated desk from a backup; returns what came in. Raises BackupError.

    The signing key comes back too unless it is set from outside. The search index is made anew.
    """
    if db.session.scalar(select(Desk)) is not None:
        raise BackupError("there is a desk in this database already; restore into an empty one")
    try:
        with tarfile.open(source, "r:") as archive:
            manifest = _checked(archive)
            _check_revision(manifest)
            for name in manifest["sha256"]:
                if name.startswith("blobs/"):
                    _restore_blob(archive, name)
            with transaction():
                counts = {table.name: _fill(archive, table) for table in _tables()}
                if counts != {name: manifest["rows"].get(name, 0) for name in counts}:
                    raise BackupError("the file does not hold as many rows as it says")
                _restart_sequences()
                search.rebuild()
            _restore_key(archive)
    except (tarfile.TarError, OSError, KeyError, ValueError) as error:
        raise BackupError(f"{source} is no backup of Hearth, or it is damaged: {error}") from error
    return {"file": str(source), "rows": sum(counts.values()), "blobs": manifest["blobs"]}


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    file = archive.extractfile(name)
    if file is None:
        raise BackupError(f"{name} is missing from the file")
    return file


def _checked(archive: tarfile.TarFile) -> dict[str, Any]:
    """Read the manifest and check every member against it before anything is believed."""
    manifest: dict[str, Any] = json.load(_member(archive, "manifest.json"))
    if manifest.get("format") != FORMAT:
        raise BackupError(f"this release reads backups of format {FORMAT} only")
    for name, expected in manifest["sha256"].items():
        if hashlib.file_digest(_member(archive, name), "sha256").hexdigest() != expected:  # type: ignore[arg-type]
            raise BackupError(f"{name} is damaged: its checksum is wrong")
    return manifest


def _check_revision(manifest: dict[str, Any]) -> None:
    if manifest["revision"] != _revision():
        raise BackupError(
            f"the backup was made by release {manifest['version']}; restore it with that release,"
            " then upgrade"
        )


def _restore_blob(archive: tarfile.TarFile, name: str) -> None:
    if blobs.put(_member(archive, name).read()) != name.removeprefix("blobs/"):
        raise BackupError(f"{name} is damaged: its content does not match its name")


def _rows(archive: tarfile.TarFile, table: Table) -> Iterator[dict[str, Any]]:
    for line in _member(archive, f"tables/{table.name}.jsonl"):
        values = json.loads(line)
        yield {column.name: _typed(column, values.get(column.name)) for column in table.columns}


def _fill(archive: tarfile.TarFile, table: Table) -> int:
    """Insert the rows of one table; references within it are set once all of them are there."""
    own = [
        column.name
        for column in table.columns
        if any(key.column.table is table for key in column.foreign_keys)
    ]
    later: list[dict[str, Any]] = []
    batch: list[dict[str, Any]] = []
    count = 0
    for row in _rows(archive, table):
        if any(row[name] is not None for name in own):
            later.append({"key": row["id"], **{name: row[name] for name in own}})
            row = {**row, **dict.fromkeys(own)}
        batch.append(row)
        count += 1
        if len(batch) == BATCH:
            db.session.execute(insert(table), batch)
            batch = []
    if batch:
        db.session.execute(insert(table), batch)
    for values in later:
        key = values.pop("key")
        db.session.execute(update(table).where(table.c.id == key).values(**values))
    return count


def _restart_sequences() -> None:
    """Let new keys begin after the restored ones."""
    if not is_postgresql():
        newest = db.session.execute(text("SELECT max(id) FROM ticket")).scalar() or 10_000
        db.session.execute(
            text("UPDATE sqlite_sequence SET seq = :newest WHERE name = 'ticket'"),
            {"newest": newest},
        )
        return
    for table in _tables():
        if "id" not in table.c:
            continue
        sequence = db.session.execute(
            select(func.pg_get_serial_sequence(table.name, "id"))
        ).scalar()
        newest = db.session.execute(select(func.max(table.c.id))).scalar()
        if sequence is not None and newest is not None:
            db.session.execute(select(func.setval(sequence, newest)))


def _restore_key(archive: tarfile.TarFile) -> None:
    settings: Settings = current_app.config["SETTINGS"]
    file = settings.data_dir / "secret-key"
    if file.exists():
        file.write_bytes(_member(archive, "secret-key").read())
        file.chmod(0o600)
