"""Something that is tried by a second connection while the test holds a transaction open."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from helpdesk.db import db, is_postgresql


class Meanwhile:
    """Something that is tried by another thread, with a connection of its own."""

    def __init__(self, desk: Flask, what: Callable[[], Any]) -> None:
        """Begin at once."""
        self.found: list[Any] = []

        def run() -> None:
            with desk.app_context():
                self.found.append(what())

        self._thread = threading.Thread(target=run)
        self._thread.start()

    def answer(self) -> Any:
        """Wait for the end and return what came of it."""
        self._thread.join(30)
        assert self.found, "it failed, or it still waits"
        return self.found[0]


def let_wait() -> None:
    """Return when another connection waits for what this transaction wrote."""
    if not is_postgresql():
        # There it waits for the one writer, before it looks.
        time.sleep(0.3)
        return
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    for _try in range(200):
        with db.engine.connect() as connection:
            if connection.scalar(waiting):
                return
        time.sleep(0.05)
    pytest.fail("nobody waited")
