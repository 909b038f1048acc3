"""Where a host keeps its index, and who may write it.

::

    <data dir>/search/
      current            the name of the folder that is searched
      index-<name>/      an index; another one while it is made anew
      follow.lock        held by the one process that follows the changes
      write.lock         held for each commit, and while the folders are swapped
      rebuild.lock       held while the index is made anew

Locks are the operating system's, so they go with the process that held them.
"""

import fcntl
import gc
import os
import secrets
import shutil
import threading
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import current_app

from config import Settings
from helpdesk.search import reading

CURRENT = "current"


class Missing(Exception):
    """There is no index to read, or it is damaged. It is made anew by who follows."""


def root() -> Path:
    """Return the folder of this host's index."""
    settings: Settings = current_app.config["SETTINGS"]
    return settings.data_dir / "search"


def current() -> Path | None:
    """Return the folder that is searched; None before there is one."""
    base = root()
    try:
        name = (base / CURRENT).read_text("ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    # The file is ours; a damaged one must still not lead out of the folder.
    return base / name if name.startswith("index-") and "/" not in name else None


def new_folder() -> Path:
    """Return the name of a folder for another index."""
    base = root()
    base.mkdir(parents=True, exist_ok=True)
    return base / f"index-{secrets.token_hex(6)}"


def swap(folder: Path) -> None:
    """Let this folder be the one that is searched."""
    base = root()
    beside = base / f".{CURRENT}.{secrets.token_hex(4)}"
    beside.write_text(folder.name, "ascii")
    beside.replace(base / CURRENT)


def clear(*kept: Path | None) -> None:
    """Remove what rebuilding left behind, or what is no longer searched."""
    for folder in root().glob("index-*"):
        if folder not in kept:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def lock(name: str, *, wait: bool) -> Iterator[bool]:
    """Hold a lock of this host; yields whether it is held, which without ``wait`` it may not be."""
    base = root()
    base.mkdir(parents=True, exist_ok=True)
    with (base / f"{name}.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True


# ---- What is open in this process ----


class _Opened:
    """The view that this process has open, and when it was looked whether there is a newer one."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.process = os.getpid()
        self.stamp: tuple[object, ...] = ()
        self.view: reading.View | None = None


_opened: dict[Path, _Opened] = {}


def view() -> reading.View:
    """Return the newest state of the index; the same object until something is committed.

    Raises Missing.
    """
    base = root()
    held = _opened.get(base)
    if held is None or held.process != os.getpid():
        # What a process had open before it was forked it shares with nobody.
        held = _opened[base] = _Opened()
    stamp = _stamp()
    if stamp == held.stamp and held.view is not None:
        return held.view
    with held.lock:
        # A commit between looking and opening makes the next question look again.
        stamp = _stamp()
        if stamp == held.stamp and held.view is not None:
            return held.view
        try:
            held.view = _newest(held.view)
        except Missing:
            held.view = None
            raise
        held.stamp = stamp
        return held.view


def _newest(before: reading.View | None) -> reading.View:
    for _attempt in range(3):
        folder = current()
        if folder is None:
            raise Missing("there is no index yet")
        try:
            return reading.open_view(folder, before)
        except FileNotFoundError as error:
            if folder == current():
                raise Missing(f"{folder} is not whole") from error
        except Exception as error:  # noqa: BLE001 (said by whoever asked)
            # Whatever Whoosh, pickle or the file system make of damaged files.
            _let_go(error)
            raise Missing(f"{folder} cannot be read: {error}") from None
    raise Missing("the index is replaced again and again")


def _let_go(error: Exception) -> None:
    """Close the files that Whoosh left open when it failed; it leaves that to the collector."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        failed: BaseException | None = error
        while failed is not None:
            traceback.clear_frames(failed.__traceback__)
            failed.__traceback__ = None
            failed = failed.__context__
        gc.collect()


def _stamp() -> tuple[object, ...]:
    """Return what changes with every commit and every swap.

    Not the time of the folder: two commits may fall into one tick of its clock.
    """
    folder = current()
    if folder is None:
        return ()
    try:
        names = [file.name for file in folder.iterdir()]
    except FileNotFoundError:
        return ()
    return (folder, max((name for name in names if name.endswith(".toc")), key=_number, default=""))


def _number(name: str) -> tuple[int, str]:
    # "_articles_9.toc" comes before "_articles_10.toc".
    return len(name), name
