"""A program that dies while it backs up or restores: ``python -m tests.upkeep.crashing WHAT FILE``.

``WHAT`` is ``backup`` or ``restore``. One child after the other is forked and kills itself a few
statements later than the one before, until one comes to its end. After each a line says how the
desk and the file stand.
"""

import hashlib
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Engine, event

from helpdesk.app import create_app
from helpdesk.db import db
from helpdesk.upkeep.backup import make
from helpdesk.upkeep.restore import restore
from tests.upkeep import desks


def fingerprint() -> str:
    """Return a digest of everything on the desk."""
    db.session.rollback()
    return hashlib.sha256(repr(desks.contents()).encode()).hexdigest()


def lay_fuse(statements: int) -> None:
    """Let this process die, as by a power cut, at its n-th statement or commit."""
    left = statements

    def step(*_arguments: Any) -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", step)
    event.listen(Engine, "commit", step)


def apart(app: Flask, work: Callable[[], object]) -> tuple[bool, str]:
    """Do something in a child; returns whether it was killed, and what it said."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        with app.app_context():
            os.write(writer, str(work()).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    _pid, status = os.waitpid(pid, 0)
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status):
        sys.exit(f"a child failed with {os.WEXITSTATUS(status)}")
    return os.WIFSIGNALED(status), said


def main() -> None:
    """Kill children until one comes to its end."""
    what, file = sys.argv[1], Path(sys.argv[2])
    # Made before the forks, which saves its time; it opens no connection before it is used.
    app = create_app()
    at, killed = 1, True
    while killed:

        def work(at: int = at) -> object:
            lay_fuse(at)
            return make(file) if what == "backup" else restore(file, force=True)

        killed, _said = apart(app, work)
        _killed, desk = apart(app, fingerprint)
        print(
            json.dumps({"at": at, "killed": killed, "file": file.exists(), "desk": desk}),
            flush=True,
        )
        at += 1 + at // 3


if __name__ == "__main__":
    main()
