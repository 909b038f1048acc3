"""Tellers that die or meet: ``python -m tests.notify.crashing die`` or ``… meet``."""

import json
import os
import random
import sys
from collections.abc import Callable

from helpdesk.app import create_app
from helpdesk.notify import by_mail, customers
from tests.support.crashing import Fuse, apart

MOST_CHILDREN = 200
AT_ONCE = 3


def tell() -> None:
    """Tell customers and mail staff until nothing is left."""
    customers.tell_customers.run()
    by_mail.mail_notices.run()


def die() -> None:
    """Kill tellers until one has nothing left to do."""
    app, dice = create_app(), random.Random(7)
    for number in range(MOST_CHILDREN):
        at, wanted = dice.randint(15, 60), "" if number % 3 else "commit"

        def work(_say: Callable[[str], object], at: int = at, wanted: str = wanted) -> None:
            Fuse(at, wanted).lay_in_database()
            tell()

        killed, _said = apart(app, work)
        print(json.dumps({"killed": killed}), flush=True)
        if not killed:
            return
    sys.exit("it never came to an end")


def meet() -> None:
    """Let several processes tell at the same time."""
    app = create_app()
    children = []
    for _ in range(AT_ONCE):
        pid = os.fork()
        if pid == 0:
            with app.app_context():
                tell()
                # What another one held in its hands a moment ago may still be there.
                tell()
            os._exit(0)
        children.append(pid)
    for pid in children:
        _pid, status = os.waitpid(pid, 0)
        print(json.dumps({"code": os.waitstatus_to_exitcode(status)}), flush=True)


if __name__ == "__main__":
    {"die": die, "meet": meet}[sys.argv[1]]()
