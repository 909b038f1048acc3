"""`helpdesk run` as a real process."""

import http.cookiejar
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from types import TracebackType

import psutil

from tests.support.paths import PROJECT, forget_process, free_port, note_process

PROGRAM = str(Path(sys.executable).with_name("helpdesk"))


class Running:
    """A desk that was started with `helpdesk run`; left behind, it is ended."""

    def __init__(self, folder: Path, **variables: str) -> None:
        """Start it on a free port."""
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "run.log"
        self._started = time.monotonic()
        # What Python has compiled may be kept, as on any user's machine.
        left_out = ("HEARTH_", "PYTHONDONTWRITEBYTECODE")
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(left_out)}
        with self._log.open("wb") as output:
            self.process = subprocess.Popen(
                [PROGRAM, "run"],
                env={
                    **inherited,
                    "HEARTH_DATA_DIR": str(folder),
                    "HEARTH_PORT": str(self.port),
                    **variables,
                },
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        note_process(self.process.pid)

    def __enter__(self) -> "Running":
        """Give the desk itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it, however far it came."""
        self.stop()

    def wait(self, patience: float = 60) -> float:
        """Wait until pages are served; returns the seconds since the start."""
        while self.process.poll() is None and time.monotonic() - self._started < patience:
            try:
                urllib.request.urlopen(f"{self.url}/sign-in", timeout=20).close()
            except OSError:
                time.sleep(0.02)
            else:
                return time.monotonic() - self._started
        raise AssertionError(f"the desk did not start:\n{self.said()}")

    def said(self) -> str:
        """Return what it has printed so far."""
        return self._log.read_text(encoding="utf-8")

    def family(self) -> list[psutil.Process]:
        """Return its process and all that it started."""
        first = psutil.Process(self.process.pid)
        return [first, *first.children(recursive=True)]

    def whole_family(self, members: int, patience: float = 30) -> list[psutil.Process]:
        """Wait until it has all its processes; the first page may be served before the last is."""
        until = time.monotonic() + patience
        while len(family := self.family()) < members and time.monotonic() < until:
            time.sleep(0.05)
        return family

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop and wait; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            code = self.process.wait(40)
        except subprocess.TimeoutExpired:
            for process in self.family():
                process.kill()
            code = self.process.wait()
        forget_process(self.process.pid)
        return code


def sign_in(url: str, login: str, password: str) -> str:
    """Sign in as a browser does; returns the page that one comes to."""
    browser = urllib.request.build_opener(
        urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    )
    with browser.open(f"{url}/sign-in") as answer:
        page = answer.read().decode()
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found is not None
    fields = {"csrf_token": found[1], "login": login, "password": password}
    request = urllib.request.Request(
        f"{url}/sign-in",
        data=urllib.parse.urlencode(fields).encode(),
        headers={"Referer": f"{url}/sign-in", "Origin": url},
    )
    try:
        with browser.open(request) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            raise AssertionError(f"{login}: {error.code} {error.read()[:500]!r}") from None
