"""Processes that really die: a fuse of n steps, children that are forked, and who runs them.

The product knows nothing of this. A program of tests (``python -m tests.….crashing``) forks one
child after the other; each carries a fuse, which ends it with SIGKILL, as a power cut would, when
it comes to a given step. Forking saves each child the start-up.
"""

import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine import Engine

from tests.support import databases
from tests.support.paths import PROJECT


class Fuse:
    """Counts steps and kills the process at one of them, or at the next of the wanted kind."""

    def __init__(
        self, at: int, wanted: str = "", report: Callable[[str], object] | None = None
    ) -> None:
        self.left = at
        self.wanted = wanted
        self.report = report

    def step(self, name: str) -> None:
        """Take one step; at the last one the process is gone."""
        self.left -= 1
        if self.left <= 0 and self.wanted in {"", name}:
            if self.report is not None:
                self.report(name)
            os.kill(os.getpid(), signal.SIGKILL)

    def lay_in_database(self) -> None:
        """Make a step of every SQL statement and every commit of this process."""
        event.listen(Engine, "before_cursor_execute", lambda *_: self.step("statement"))
        event.listen(Engine, "commit", lambda *_: self.step("commit"))

    def wrap(self, owner: Any, name: str) -> None:
        """Make a step before and after each call of a function."""
        real = getattr(owner, name)

        def called(*args: Any, **options: Any) -> Any:
            self.step(f"before {name}")
            result = real(*args, **options)
            self.step(f"after {name}")
            return result

        setattr(owner, name, called)


def apart(app: Flask, work: Callable[[Callable[[str], object]], object]) -> tuple[bool, str]:
    """Do something in a child, which is given a function to say things with.

    Returns whether the child was killed, and what it said. A child that fails ends the program.
    """
    reader, writer = os.pipe()
    # A child lives for a moment: looking for garbage would only copy the memory it shares.
    gc.freeze()
    pid = os.fork()
    if pid == 0:
        gc.disable()
        os.close(reader)
        with app.app_context():
            work(lambda words: os.write(writer, words.encode()))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    _pid, status = os.waitpid(pid, 0)
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status):
        sys.exit(f"a child failed with {os.WEXITSTATUS(status)}")
    return os.WIFSIGNALED(status), said


def run(
    app: Flask, folder: Path, module: str, *arguments: str, timeout: int = 400
) -> list[dict[str, Any]]:
    """Run a crashing program on the desk of ``app``; returns the JSON lines it printed.

    Data lie in ``folder``; ``timeout`` is in seconds.
    """
    database = databases.Database("", "", app.config["SETTINGS"].database_url)
    inherited = {key: value for key, value in os.environ.items() if key[:7] != "HEARTH_"}
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env={**inherited, **databases.environment(database, folder)},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return [json.loads(line) for line in done.stdout.splitlines()]
