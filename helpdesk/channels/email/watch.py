"""Keeping watch over the mailboxes: a thread each, with IDLE where the server can, else by asking.

Every worker watches; the lease decides who reads a mailbox.
"""

import logging
import threading
import time
from datetime import datetime
from math import inf
from typing import Any

from flask import Flask, current_app
from flask_babel import force_locale
from sqlalchemy import select

from helpdesk.channels.email import lease
from helpdesk.channels.email.boxes import Box, box_of
from helpdesk.channels.email.fetch import Reader
from helpdesk.channels.email.imap import Connection, connected
from helpdesk.channels.email.ingest import Fate
from helpdesk.channels.email.mailboxes import desk_language
from helpdesk.channels.email.models import Kind, Mailbox
from helpdesk.channels.email.tokens import LEAST, good_until
from helpdesk.channels.email.trouble import Trouble
from helpdesk.db import db, transaction
from helpdesk.jobs import service
from helpdesk.lib.clock import now

log = logging.getLogger(__name__)

LOOK_SECONDS = 5
"""How soon a new mailbox, or one whose reader died, is taken up."""
POLL_SECONDS = 60
"""How often a server without IDLE is asked."""
FIRST_PAUSE = 5
LONGEST_PAUSE = 300
"""Seconds to wait after a failure: the first time, and at most after doubling."""


def fetch_once(mailbox_id: int) -> list[Fate] | None:
    """Read everything that is new in a mailbox, now; None when somebody else is reading it.

    A connection that breaks over a message is made anew. Raises Trouble.
    """
    holder = lease.new_holder()
    with transaction():
        if not lease.claim(mailbox_id, holder):
            return None
    fates: list[Fate] = []
    reader = Reader(mailbox_id, holder, fates.append)
    try:
        while True:
            try:
                with _connection(box_of(mailbox_id)) as connection:
                    reader.read(connection)
                    _works(mailbox_id, holder)
                return fates
            except Trouble as trouble:
                if not reader.got_stuck:
                    _fails(mailbox_id, trouble)
                    raise
    finally:
        with transaction():
            lease.release(mailbox_id, holder)


def _connection(box: Box) -> Any:
    return connected(box.server, box.folder, read_only=not box.move_to or box.copies)


@service
def watch_mailboxes(stop: threading.Event) -> None:
    """Keep a thread for every mailbox in use, until ``stop``."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    threads: dict[int, threading.Thread] = {}
    try:
        while not stop.is_set():
            for mailbox_id in _free_mailboxes():
                thread = threads.get(mailbox_id)
                if thread is None or not thread.is_alive():
                    threads[mailbox_id] = _start(app, mailbox_id, stop)
            stop.wait(LOOK_SECONDS)
    finally:
        stop.set()
        for thread in threads.values():
            thread.join()


def _free_mailboxes() -> list[int]:
    rows = db.session.scalars(
        select(Mailbox)
        .where(Mailbox.active, Mailbox.retired_at.is_(None), Mailbox.kind == Kind.IMAP)
        .order_by(Mailbox.id)
    )
    found = [row.id for row in rows if lease.looks_free(row)]
    db.session.rollback()
    return found


def _start(app: Flask, mailbox_id: int, stop: threading.Event) -> threading.Thread:
    def run() -> None:
        with app.app_context():
            try:
                _Watch(mailbox_id, stop).run()
            except lease.Lost:
                log.info("Mailbox %d is no longer read here", mailbox_id)
            except Exception:
                log.exception("Watching mailbox %d failed; it begins again", mailbox_id)

    thread = threading.Thread(target=run, name=f"mailbox-{mailbox_id}")
    thread.start()
    return thread


class _Watch:
    """One mailbox, read for as long as its lease can be kept."""

    def __init__(self, mailbox_id: int, stop: threading.Event) -> None:
        self._id = mailbox_id
        self._stop = stop
        self._holder = lease.new_holder()
        self._renewed = -inf
        # Servers hang up when the token ends with which a connection was made; we do so before.
        self._good_until: datetime | None = None

    def run(self) -> None:
        """Read and wait, in turns, until told to stop. Raises Lost."""
        with transaction():
            if not lease.claim(self._id, self._holder):
                return
        reader = Reader(self._id, self._holder)
        pause = FIRST_PAUSE
        try:
            while not self._stop.is_set():
                try:
                    box = box_of(self._id)
                    with _connection(box) as connection:
                        self._good_until = self._end_of_token()
                        while not self._stop.is_set() and self._is_as_it_was(box):
                            reader.read(connection)
                            self._renew()
                            pause = FIRST_PAUSE
                            self._wait_for_news(connection, box)
                except Trouble as trouble:
                    log.warning("Mailbox %d: %s", self._id, trouble)
                    _fails(self._id, trouble)
                    # That it works again is said as soon as it does.
                    self._renewed = -inf
                    if not reader.got_stuck:
                        self._pause(pause)
                        pause = min(2 * pause, LONGEST_PAUSE)
        finally:
            with transaction():
                lease.release(self._id, self._holder)

    def _end_of_token(self) -> datetime | None:
        """Return when this connection ends; one with a very short token is kept for a while."""
        until = good_until(self._id)
        return max(until, now() + 2 * LEAST) if until is not None else None

    def _wait_for_news(self, connection: Connection, box: Box) -> None:
        """Wait until the folder changed, somebody wants a message, or it is time to look anyway."""
        if connection.take_news():
            return
        until = time.monotonic() + POLL_SECONDS
        while not self._stop.is_set() and time.monotonic() < until:
            if connection.can_idle:
                if connection.wait(self._stop, lease.RENEW_SECONDS):
                    return
            else:
                self._stop.wait(min(lease.RENEW_SECONDS, max(0.0, until - time.monotonic())))
            self._renew()
            if not self._is_as_it_was(box):
                return

    def _is_as_it_was(self, box: Box) -> bool:
        if self._good_until is not None and self._good_until - now() < LEAST:
            return False
        version = db.session.scalar(select(Mailbox.version).where(Mailbox.id == self._id))
        db.session.rollback()
        return version == box.version

    def _renew(self) -> None:
        if time.monotonic() - self._renewed >= lease.RENEW_SECONDS:
            _works(self._id, self._holder)
            self._renewed = time.monotonic()

    def _pause(self, seconds: float) -> None:
        """Wait after a failure, keeping the lease."""
        until = time.monotonic() + seconds
        while not self._stop.is_set() and (left := until - time.monotonic()) > 0:
            with transaction():
                lease.hold(self._id, self._holder)
            self._stop.wait(min(lease.RENEW_SECONDS, left))


def _works(mailbox_id: int, holder: str) -> None:
    with transaction():
        lease.hold(mailbox_id, holder, last_success_at=now(), failing_since=None, last_error="")


def _fails(mailbox_id: int, trouble: Trouble) -> None:
    """Keep what went wrong where an administrator sees it, in the desk's language."""
    with transaction():
        mailbox = db.session.get(Mailbox, mailbox_id)
        if mailbox is not None:
            with force_locale(desk_language()):
                mailbox.last_error = str(trouble)
            mailbox.failing_since = mailbox.failing_since or now()
