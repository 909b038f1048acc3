"""A program that dies while it backs up or restores: ``python -m tests.upkeep.crashing WHAT FILE``.

``WHAT`` is ``backup`` or ``restore``. One child after the other is forked and kills itself a few
statements later than the one before, until one comes to its end. After each a line says how the
desk and the file stand.
"""

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path

from helpdesk.app import create_app
from helpdesk.db import db
from helpdesk.upkeep.backup import make
from helpdesk.upkeep.restore import restore
from tests.support.crashing import Fuse, apart
from tests.upkeep import desks


def fingerprint() -> str:
    """Return a digest of everything on the desk."""
    db.session.rollback()
    return hashlib.sha256(repr(desks.contents()).encode()).hexdigest()


def main() -> None:
    """Kill children until one comes to its end."""
    what, file = sys.argv[1], Path(sys.argv[2])
    # Made before the forks, which saves its time; it opens no connection before it is used.
    app = create_app()
    at, killed = 1, True
    while killed:

        def work(_say: Callable[[str], object], at: int = at) -> None:
            Fuse(at).lay_in_database()
            if what == "backup":
                make(file)
            else:
                restore(file, force=True)

        killed, _said = apart(app, work)
        _killed, desk = apart(app, lambda say: say(fingerprint()))
        print(
            json.dumps({"at": at, "killed": killed, "file": file.exists(), "desk": desk}),
            flush=True,
        )
        at += 1 + at // 3


if __name__ == "__main__":
    main()
