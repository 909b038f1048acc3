"""Sweeps of rules that die or meet: ``python -m tests.rules.crashing die`` or ``… meet``.

As ``tests/sla/crashing.py`` does with escalations.
"""

import json
import os
import random
import sys
from collections.abc import Callable

from helpdesk.app import create_app
from helpdesk.rules import timers
from tests.support.crashing import Fuse, apart

MOST_CHILDREN = 200
AT_ONCE = 4


def _all(limit: int) -> None:
    while timers.sweep_timetables():
        pass
    while timers.sweep(limit=limit):
        pass


def die() -> None:
    """Kill sweeps until one has nothing left to do."""
    app, dice = create_app(), random.Random(11)
    for number in range(MOST_CHILDREN):
        at, wanted = dice.randint(20, 80), "" if number % 3 else "commit"

        def work(_say: Callable[[str], object], at: int = at, wanted: str = wanted) -> None:
            Fuse(at, wanted).lay_in_database()
            _all(1)

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
                _all(3)
            os._exit(0)
        children.append(pid)
    for pid in children:
        _pid, status = os.waitpid(pid, 0)
        print(json.dumps({"code": os.waitstatus_to_exitcode(status)}), flush=True)


if __name__ == "__main__":
    {"die": die, "meet": meet}[sys.argv[1]]()
