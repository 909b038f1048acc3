"""A process that kills its own children at every kind of moment: ``python -m … fetch 7 40``.

The product knows nothing of this. Each child runs one command with a counter on everything that
leaves the process (every SQL statement, every commit, every call of a mail server, every file
stored) and ends itself with SIGKILL when the counter reaches a number; every third child waits for
the next commit, the moment that matters most and comes too seldom for chance. Forking saves the
start-up.
Prints a JSON line a child: how far it came, and whether it was killed there.
"""

import json
import os
import random
import signal
import smtplib
import sys
from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.engine import Engine

from helpdesk import blobs
from helpdesk.app import create_app
from helpdesk.channels.email import fetch, send
from helpdesk.channels.email.imap import Connection
from helpdesk.channels.email.models import Mailbox
from helpdesk.channels.email.watch import fetch_once
from helpdesk.db import db
from helpdesk.notify import outbox

MOST_CHILDREN = 400


class Fuse:
    """Counts steps and kills the process at one of them, or at the next of the wanted kind."""

    def __init__(self, at: int, wanted: str, report: Callable[[str], object]) -> None:
        self.left = at
        self.wanted = wanted
        self.report = report

    def step(self, name: str) -> None:
        self.left -= 1
        if self.left <= 0 and self.wanted in {"", name}:
            self.report(name)
            os.kill(os.getpid(), signal.SIGKILL)


def wrap(owner: Any, name: str, fuse: Fuse) -> None:
    """Make a step before and after each call of a function."""
    real = getattr(owner, name)

    def called(*args: Any, **options: Any) -> Any:
        fuse.step(f"before {name}")
        result = real(*args, **options)
        fuse.step(f"after {name}")
        return result

    setattr(owner, name, called)


def lay(fuse: Fuse) -> None:
    """Put the fuse everywhere."""
    event.listen(Engine, "before_cursor_execute", lambda *_: fuse.step("statement"))
    event.listen(Engine, "commit", lambda *_: fuse.step("commit"))
    for name in ("uids_after", "sizes", "raws", "move"):
        wrap(Connection, name, fuse)
    wrap(blobs, "put", fuse)
    wrap(send, "_hand_over", fuse)
    wrap(smtplib.SMTP, "sendmail", fuse)


def work(app: Flask, what: str) -> None:
    """Do what the worker does, once."""
    with app.app_context():
        if what == "send":
            send.send_mail.run()
            return
        for mailbox_id in db.session.scalars(select(Mailbox.id)).all():
            db.session.rollback()
            fetch_once(mailbox_id)


def child(app: Flask, what: str, at: int, wanted: str) -> tuple[bool, str]:
    """Run one child; returns whether it was killed, and where."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        # A claim of a child that died must not keep the next one waiting for minutes.
        outbox.CLAIM_SECONDS = 0
        # Small chunks bring every kind of moment within reach of every child.
        fetch.CHUNK_MESSAGES = 6
        lay(Fuse(at, wanted, lambda name: os.write(writer, name.encode())))
        work(app, what)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        where = pipe.read()
    _pid, status = os.waitpid(pid, 0)
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status):
        sys.exit(f"a child failed with {os.WEXITSTATUS(status)}")
    return os.WIFSIGNALED(status), where


def main() -> None:
    """Kill children until one comes to its end with nothing left to do."""
    what, seed, low, high = sys.argv[1], *map(int, sys.argv[2:5])
    dice = random.Random(seed)
    # Made before the forks, which saves its time; it opens no connection before it is used.
    app = create_app()
    for number in range(MOST_CHILDREN):
        at = dice.randint(low, high)
        killed, where = child(app, what, at, "" if number % 3 else "commit")
        print(json.dumps({"at": at, "killed": killed, "where": where}), flush=True)
        if not killed:
            return
    sys.exit("it never came to an end")


if __name__ == "__main__":
    main()
