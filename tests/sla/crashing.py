"""Sweeps that die or meet: ``python -m tests.sla.crashing die`` or ``… meet``.

``die`` forks one sweep after the other, each killed a few statements later than the one before,
until one comes to its end. ``meet`` lets several sweep at once. A line a child says what became
of it.
"""

import json
import os
import random
import sys
from collections.abc import Callable

from helpdesk.app import create_app
from helpdesk.sla import escalation
from tests.support.crashing import Fuse, apart

MOST_CHILDREN = 200
AT_ONCE = 4


def die() -> None:
    """Kill sweeps until one has nothing left to do."""
    app, dice = create_app(), random.Random(5)
    for number in range(MOST_CHILDREN):
        # Every third waits for a commit, the moment that matters most.
        at, wanted = dice.randint(15, 80), "" if number % 3 else "commit"

        def work(_say: Callable[[str], object], at: int = at, wanted: str = wanted) -> None:
            Fuse(at, wanted).lay_in_database()
            # Small batches bring many commits within reach.
            while escalation.sweep(limit=2):
                pass

        killed, _said = apart(app, work)
        print(json.dumps({"killed": killed}), flush=True)
        if not killed:
            return
    sys.exit("it never came to an end")


def meet() -> None:
    """Let several processes sweep at the same time."""
    app = create_app()
    children = []
    for _ in range(AT_ONCE):
        pid = os.fork()
        if pid == 0:
            with app.app_context():
                while escalation.sweep(limit=3):
                    pass
            os._exit(0)
        children.append(pid)
    for pid in children:
        _pid, status = os.waitpid(pid, 0)
        print(json.dumps({"code": os.waitstatus_to_exitcode(status)}), flush=True)


if __name__ == "__main__":
    {"die": die, "meet": meet}[sys.argv[1]]()
