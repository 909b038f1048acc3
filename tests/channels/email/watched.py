"""A thread that keeps watch over the mailboxes, as a worker does, while a test goes on."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask

from helpdesk.channels.email.watch import watch_mailboxes
from helpdesk.db import db


@contextmanager
def watched(desk: Flask) -> Iterator[None]:
    """Keep watch meanwhile; it ends within seconds when it is told to."""
    stop = threading.Event()

    def watch() -> None:
        with desk.app_context():
            watch_mailboxes.run(stop)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        started = time.monotonic()
        thread.join()
    assert time.monotonic() - started < 5


def until(condition: Callable[[], object], seconds: float = 25) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while True:
        db.session.rollback()
        db.session.expire_all()
        if condition():
            db.session.rollback()
            return
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
