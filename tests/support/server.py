"""The product as real processes: the web server under gunicorn, and the worker."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask

from tests.support import forking
from tests.support.paths import PROJECT, forget_process, note_process


@dataclass
class LiveDesk:
    """A running desk at ``url``; ``app`` works on the same database from within the test."""

    app: Flask
    environment: dict[str, str]
    folder: Path
    url: str = ""
    _processes: list[subprocess.Popen[bytes] | forking.Forked] = field(default_factory=list)

    def start_web(self, threads: int = 24) -> None:
        """Start one web process on a free port and wait until it answers."""
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.environment["HEARTH_BASE_URL"] = self.url
        self.environment["HEARTH_PORT"] = str(port)
        # The open socket is handed over, so nobody can take the port in between.
        arguments = ("gunicorn", "helpdesk.app:create_app()", "--bind", "fd://")
        workers = ("--worker-class", "gthread", "--workers", "1", "--threads", str(threads))
        with (self.folder / "web.log").open("ab") as output:
            process = forking.gunicorn(
                (*arguments, *workers, "--graceful-timeout", "1"),
                self._environment(),
                listener.fileno(),
                output.fileno(),
            )
        note_process(process.pid)
        self._processes.append(process)
        listener.close()
        self._wait_for_web()

    def start_worker(self) -> None:
        """Start the background worker."""
        self._start("worker", str(Path(sys.executable).with_name("helpdesk")), "worker")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one command of the command-line tool to its end."""
        return subprocess.run(
            [str(Path(sys.executable).with_name("helpdesk")), *arguments],
            env=self._environment(),
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def log(self, name: str) -> str:
        """Return what a process (``web`` or ``worker``) has said so far."""
        return (self.folder / f"{name}.log").read_text()

    def stop(self) -> None:
        """End every process this desk started."""
        for process in reversed(self._processes):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        for process in reversed(self._processes):
            try:
                process.wait(timeout=8)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            forget_process(process.pid)
        self._processes.clear()

    def _environment(self) -> dict[str, str]:
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("HEARTH_")
        }
        return {**inherited, **self.environment}

    def _start(self, name: str, *command: str) -> None:
        # A session of its own: the web server's own children can be ended with it.
        with (self.folder / f"{name}.log").open("ab") as output:
            process = subprocess.Popen(
                command,
                env=self._environment(),
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        note_process(process.pid)
        self._processes.append(process)

    def _wait_for_web(self) -> None:
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline:
            if self._processes[-1].poll() is not None:
                break
            try:
                urllib.request.urlopen(self.url, timeout=20).close()
                return
            except urllib.error.HTTPError as answer:
                # Any answer will do: the server is up.
                answer.close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"the web server did not start:\n{self.log('web')}")
