"""Files by content: attachments and raw messages, named by their SHA-256.

A blob is written once, to a temporary name that is renamed when it is whole, so a crash leaves
no half file under a valid name. The same bytes are stored once however often they arrive.
"""

import hashlib
import os
import tempfile
from pathlib import Path

from flask import current_app

from config import Settings


class BlobMissing(Exception):
    """A blob that the database names is not in the store."""


def _root() -> Path:
    settings: Settings = current_app.config["SETTINGS"]
    return settings.blobs_dir


def path(sha256: str) -> Path:
    """Return where the blob with this hash lies. Raises ValueError for what is no SHA-256."""
    if len(sha256) != 64 or not all(c in "0123456789abcdef" for c in sha256):
        raise ValueError("not a SHA-256")
    return _root() / sha256[:2] / sha256[2:4] / sha256


def put(data: bytes) -> str:
    """Store the bytes durably and return their SHA-256 (64 hexadecimal digits)."""
    sha256 = hashlib.sha256(data).hexdigest()
    target = path(sha256)
    if target.exists():
        return sha256
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return sha256


def get(sha256: str) -> bytes:
    """Return the bytes of a blob. Raises BlobMissing."""
    try:
        return path(sha256).read_bytes()
    except FileNotFoundError as error:
        raise BlobMissing(sha256) from error


def delete(sha256: str) -> None:
    """Remove a blob for good; the caller has made sure that nothing names it any more."""
    path(sha256).unlink(missing_ok=True)
