"""The one reader of live events in a process; all streams of the process wait for it."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from flask import Flask

log = logging.getLogger(__name__)

LOOK_EVERY = 0.25
"""Seconds between two looks at the table; one look is one read by its key."""
REST_AFTER_FAILURE = 5.0
REMEMBER = 2000
"""Events kept for streams that are a little behind."""

GAP_SECONDS = 60.0
"""How long a number that was skipped may still turn up.

Numbers are given when rows are written and rows are seen when their transaction commits, so one
may appear below a later one. A number that belonged to a transaction that was rolled back never
does.
"""
MAX_GAPS = 1000


class News(NamedTuple):
    """One event, as streams tell it."""

    id: int
    topic: str
    kind: str
    ref: str


Read = Callable[[int, set[int]], list[News]]
"""Reads the events after a number, and those of the given numbers that exist by now."""


class Watcher:
    """Looks for events while anybody listens. All its methods may be called from any thread."""

    def __init__(self, app: Flask, read: Read) -> None:
        self._app = app
        self._read = read
        self._news = threading.Condition()
        self._record: deque[News] = deque(maxlen=REMEMBER)
        self._told = 0
        self._streams = 0
        self._newest = 0
        self._gaps: dict[int, float] = {}
        self._thread: threading.Thread | None = None

    def enter(self, most: int, newest: Callable[[], int]) -> bool:
        """Let one more stream in, unless there are ``most``. The first one wakes the watcher.

        ``newest`` tells the number of the newest event; what is older is no news to anybody.
        """
        with self._news:
            if self._streams >= most:
                return False
            if self._thread is None:
                # Before the thread, so that a failing database leaves nothing half begun.
                self._newest = newest()
                self._gaps.clear()
                self._thread = threading.Thread(target=self._run, name="live", daemon=True)
                self._thread.start()
            self._streams += 1
            return True

    def leave(self) -> None:
        """Let a stream go; without streams the watcher rests."""
        with self._news:
            self._streams -= 1

    @property
    def streams(self) -> int:
        """How many streams there are."""
        return self._streams

    def place(self) -> int:
        """Return the present place in the record, for ``wait``."""
        return self._told

    def wait(self, place: int, seconds: float) -> tuple[int, list[News]]:
        """Wait until something was told after ``place``; return the new place and the news."""
        with self._news:
            if self._told <= place:
                self._news.wait(seconds)
            behind = self._told - place
            fresh = list(self._record)[-behind:] if behind else []
            return self._told, fresh

    def _run(self) -> None:
        while True:
            time.sleep(LOOK_EVERY)
            with self._news:
                if not self._streams:
                    self._thread = None
                    return
            try:
                with self._app.app_context():
                    rows = self._read(self._newest, set(self._gaps))
            except Exception:
                # The database may be restarting; streams stay and hear of it afterwards.
                log.exception("live updates could not be read")
                time.sleep(REST_AFTER_FAILURE)
                continue
            self._tell(rows)

    def _tell(self, rows: list[News]) -> None:
        moment = time.monotonic()
        self._gaps = {
            number: since for number, since in self._gaps.items() if moment - since < GAP_SECONDS
        }
        for row in rows:
            self._gaps.pop(row.id, None)
            if row.id > self._newest:
                skipped = range(max(self._newest + 1, row.id - MAX_GAPS), row.id)
                self._gaps.update(dict.fromkeys(skipped, moment))
                self._newest = row.id
        while len(self._gaps) > MAX_GAPS:
            del self._gaps[min(self._gaps)]
        if rows:
            with self._news:
                self._record.extend(rows)
                self._told += len(rows)
                self._news.notify_all()
