"""A process that kills its own children at every kind of moment: ``python -m … fetch 7 40``.

The product knows nothing of this. Each child runs one command with a counter on everything that
leaves the process (every SQL statement, every commit, every call of a mail server, every file
stored) and ends itself with SIGKILL when the counter reaches a number; every third child waits for
the next commit, the moment that matters most and comes too seldom for chance. Forking saves the
start-up.
Prints a JSON line a child: how far it came, and whether it was killed there.
"""

import json
import random
import smtplib
import sys
from collections.abc import Callable

from flask import Flask
from sqlalchemy import select

from helpdesk import blobs
from helpdesk.app import create_app
from helpdesk.channels.email import downloads, send
from helpdesk.channels.email.imap import Connection
from helpdesk.channels.email.models import Mailbox
from helpdesk.channels.email.watch import fetch_once
from helpdesk.db import db
from helpdesk.notify import outbox
from tests.support.crashing import Fuse, apart

MOST_CHILDREN = 4_000
"""A thousand answers need more than 400 of them; whoever needs so many makes no way."""


def lay(fuse: Fuse) -> None:
    """Put the fuse everywhere."""
    fuse.lay_in_database()
    for name in ("uids_after", "sizes", "raws", "move"):
        fuse.wrap(Connection, name)
    fuse.wrap(blobs, "put")
    fuse.wrap(send, "_hand_over")
    fuse.wrap(smtplib.SMTP, "sendmail")


def work(what: str) -> None:
    """Do what the worker does, once."""
    if what == "send":
        send.send_mail.run()
        return
    for mailbox_id in db.session.scalars(select(Mailbox.id)).all():
        db.session.rollback()
        fetch_once(mailbox_id)


def child(app: Flask, what: str, at: int, wanted: str) -> tuple[bool, str]:
    """Run one child; returns whether it was killed, and where."""

    def live(say: Callable[[str], object]) -> None:
        # A claim of a child that died must not keep the next one waiting for minutes.
        outbox.CLAIM_SECONDS = 0
        # Small chunks bring every kind of moment within reach of every child.
        downloads.CHUNK_MESSAGES = 6
        lay(Fuse(at, wanted, say))
        work(what)

    return apart(app, live)


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
