"""Files by content: attachments and raw messages, named by their SHA-256.

A blob is written once, to a temporary name that is renamed when it is whole, so a crash leaves
no half file under a valid name. The same bytes are stored once however often they arrive.

Rows name blobs, in columns whose names end with ``sha256``. A blob goes only after the commit that
took the last row away (``forget``); what a crash leaves between the two, and what no row ever
named, is an orphan and goes when it is old (``orphans``, ``remove_orphan``).
"""

import hashlib
import logging
import os
import tempfile
from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from flask import current_app
from sqlalchemy import Column, event, select
from sqlalchemy.orm import Session

from config import Settings
from helpdesk.db import db

log = logging.getLogger(__name__)

_NEW, _ASIDE = ".new-", ".gone-"
"""Beginnings of the names of files that are being written, and that are being removed."""

_TOGETHER = 400
"""Blobs that are looked up in the database by one question."""

_FORGOTTEN = "forgotten_blobs"


class BlobMissing(Exception):
    """A blob that the database names is not in the store."""


class Stored(NamedTuple):
    """A blob as it lies in the store: whoever needs it again changes its time."""

    sha256: str
    changed: int


def _root() -> Path:
    settings: Settings = current_app.config["SETTINGS"]
    return settings.blobs_dir


def path(sha256: str) -> Path:
    """Return where the blob with this hash lies. Raises ValueError for what is no SHA-256."""
    if not _is_hash(sha256):
        raise ValueError("not a SHA-256")
    return _root() / sha256[:2] / sha256[2:4] / sha256


def _is_hash(name: str) -> bool:
    return len(name) == 64 and all(c in "0123456789abcdef" for c in name)


def put(data: bytes) -> str:
    """Store the bytes durably and return their SHA-256 (64 hexadecimal digits)."""
    sha256 = hashlib.sha256(data).hexdigest()
    target = path(sha256)
    try:
        # It is needed anew: whoever is about to remove it as old sees that by its time.
        os.utime(target)
    except FileNotFoundError:
        _write(target, data)
    return sha256


def _write(target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=_NEW)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def get(sha256: str) -> bytes:
    """Return the bytes of a blob. Raises BlobMissing."""
    try:
        return path(sha256).read_bytes()
    except FileNotFoundError as error:
        raise BlobMissing(sha256) from error


def delete(sha256: str) -> None:
    """Remove a blob for good and at once; the caller has made sure that nothing names it."""
    path(sha256).unlink(missing_ok=True)


# ---- What rows name ----


def naming_columns() -> list[Column[str]]:
    """Return the columns that name blobs."""
    return [
        column
        for table in db.metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("sha256")
    ]


def named(hashes: Collection[str]) -> set[str]:
    """Return those of the hashes that a row names."""
    wanted = sorted(hashes)
    return {
        sha256
        for start in range(0, len(wanted), _TOGETHER)
        for column in naming_columns()
        for sha256 in db.session.scalars(
            select(column).where(column.in_(wanted[start : start + _TOGETHER])).distinct()
        )
    }


def forget(hashes: Collection[str]) -> None:
    """Delete blobs after the commit, those that no row names by now.

    A rollback leaves them where they are. After a crash between the commit and the deletion they
    are orphans.
    """
    db.session.flush()
    going = {sha256: _changed(path(sha256)) for sha256 in set(hashes) - named(hashes)}
    session = db.session()
    if _FORGOTTEN not in session.info:
        event.listen(session, "after_commit", _delete_forgotten)
        event.listen(session, "after_soft_rollback", _keep_forgotten)
    session.info.setdefault(_FORGOTTEN, {}).update(going)


def _delete_forgotten(session: Session) -> None:
    if session.in_nested_transaction():
        # Merely a savepoint.
        return
    going: dict[str, int | None] = session.info[_FORGOTTEN]
    for sha256, changed in going.items():
        try:
            if changed is not None:
                _remove(path(sha256), changed)
        except OSError:
            # The change is made, and the orphan goes another day.
            log.exception("The blob %s could not be removed", sha256)
    going.clear()


def _keep_forgotten(session: Session, _transaction: object) -> None:
    session.info[_FORGOTTEN].clear()


def _changed(file: Path) -> int | None:
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def _remove(file: Path, changed: int) -> bool:
    """Remove a file unless it was stored once more since ``changed``; whether it is gone.

    It is looked at when nobody can reach it any more under its name: who stores it after that
    writes it anew.
    """
    aside = file.with_name(_ASIDE + file.name)
    try:
        file.replace(aside)
    except FileNotFoundError:
        return False
    if aside.stat().st_mtime_ns != changed:
        aside.replace(file)
        return False
    aside.unlink()
    return True


# ---- Orphans ----


def orphans(before: datetime) -> Iterator[Stored]:
    """Yield the blobs that no row names and that nobody stored since ``before``.

    Between two of them the session's transaction may end.
    """
    limit = before.timestamp() * 1e9
    some: list[Stored] = []
    for file in _root().glob("??/??/*"):
        changed = _changed(file)
        if changed is not None and changed < limit and _is_hash(file.name):
            some.append(Stored(file.name, changed))
        if len(some) == _TOGETHER:
            yield from _unnamed(some)
            some.clear()
    yield from _unnamed(some)


def _unnamed(some: list[Stored]) -> list[Stored]:
    known = named([blob.sha256 for blob in some]) if some else set()
    return [blob for blob in some if blob.sha256 not in known]


def remove_orphan(blob: Stored) -> bool:
    """Remove an orphan unless somebody stored it since; whether it is gone."""
    return _remove(path(blob.sha256), blob.changed)


def clear_remains(before: datetime) -> int:
    """Finish what a crash interrupted before the moment; returns how many files it left.

    Half a blob goes. One that was being removed is put back, to be judged as all others are.
    """
    limit = before.timestamp() * 1e9
    count = 0
    for file in _root().glob("??/??/.*"):
        if (_changed(file) or limit) >= limit:
            continue
        whole = file.name.removeprefix(_ASIDE)
        if _is_hash(whole) and not file.with_name(whole).exists():
            file.replace(file.with_name(whole))
        else:
            file.unlink(missing_ok=True)
        count += 1
    return count
