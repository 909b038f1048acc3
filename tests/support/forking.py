"""Web servers that start in a moment: a process that has imported the product, and forks them.

Importing the product takes two seconds of a processor, and each browser test has a server of its
own. One process a test run has it imported and does nothing else: asked over a socket, it forks,
and the child becomes gunicorn as if it had just been started.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.paths import PROJECT, forget_process, note_process

_MOST = 65_536


@dataclass
class Forked:
    """A process that is not our child: the little of ``subprocess.Popen`` that tests need."""

    pid: int
    _end: int

    def poll(self) -> int | None:
        """Return 0 once it is gone, else None."""
        return 0 if select.select([self._end], [], [], 0)[0] else None

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it is gone. Raises TimeoutExpired after so many seconds."""
        if not select.select([self._end], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired(["gunicorn"], timeout or 0)
        return 0

    def kill(self) -> None:
        """End it at once. Raises ProcessLookupError when it is gone."""
        signal.pidfd_send_signal(self._end, signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end. Raises ProcessLookupError when it is gone."""
        self.send_signal(signal.SIGTERM)

    def send_signal(self, number: int) -> None:
        """Send it a signal. Raises ProcessLookupError when it is gone."""
        # Nobody waits on purpose for the streams that browsers hold open.
        signal.pidfd_send_signal(self._end, signal.SIGQUIT if number == signal.SIGTERM else number)


_forkers: list[tuple[socket.socket, "subprocess.Popen[bytes]"]] = []


def _forker() -> socket.socket:
    if _forkers:
        return _forkers[0][0]
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    inherited = {name: value for name, value in os.environ.items() if name[:7] != "HEARTH_"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.forking", str(theirs.fileno())],
        env=inherited,
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        pass_fds=(theirs.fileno(),),
        start_new_session=True,
    )
    note_process(process.pid)
    theirs.close()
    _forkers.append((ours, process))
    return ours


def end() -> None:
    """End the process that forks, if this process has one."""
    for ours, process in _forkers:
        ours.close()
        process.wait(timeout=10)
        forget_process(process.pid)
    _forkers.clear()


def gunicorn(
    arguments: Sequence[str], environment: dict[str, str], listener: int, output: int
) -> Forked:
    """Start gunicorn on an open socket; what it says goes to ``output``. Both are descriptors.

    Where the arguments have ``fd://`` the number of the socket is put.
    """
    asked = json.dumps({"arguments": list(arguments), "environment": environment}).encode()
    forker = _forker()
    socket.send_fds(forker, [asked], [listener, output])
    said, descriptors, _flags, _address = socket.recv_fds(forker, 100, 1)
    return Forked(int(said), descriptors[0])


def _serve(asked: dict[str, object], listener: int, output: int) -> None:
    """Become gunicorn. The child of the fork runs this and never returns."""
    # Only here, so that tests can import this module without it.
    from gunicorn.app.wsgiapp import WSGIApplication

    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.set_inheritable(listener, True)
    os.environ.clear()
    os.environ.update(asked["environment"])  # type: ignore[call-overload]
    sys.argv = [one.replace("fd://", f"fd://{listener}") for one in asked["arguments"]]  # type: ignore[attr-defined]
    WSGIApplication("%(prog)s [OPTIONS] [APP_MODULE]", prog="gunicorn").run()


def main() -> None:
    """Fork whenever asked, until the tests are over."""
    # For this the process exists; those who only ask it need none of it.
    from helpdesk.app import create_app
    from helpdesk.command import calm_collector
    from tests.support.databases import Database, settings_for
    from tests.support.routing import remember_builders

    remember_builders()
    # An application is made and thrown away, so that its addresses are there for all.
    nowhere = Path(os.devnull) / "desk"
    create_app(settings_for(Database("", "", f"sqlite:///{nowhere}.db"), nowhere))
    assert threading.active_count() == 1, "a process with threads can't be forked"
    calm_collector()
    server = socket.socket(fileno=int(sys.argv[1]))
    # Who ends is not waited for.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        asked, descriptors, _flags, _address = socket.recv_fds(server, _MOST, 2)
        if not asked:
            return
        pid = os.fork()
        if pid == 0:
            server.close()
            try:
                _serve(json.loads(asked), *descriptors)
            finally:
                os._exit(1)
        end = os.pidfd_open(pid)
        socket.send_fds(server, [str(pid).encode()], [end])
        for one in (end, *descriptors):
            os.close(one)


if __name__ == "__main__":
    main()
