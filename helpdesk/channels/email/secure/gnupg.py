"""Running GnuPG: one call at a time, in a home of its own that is gone afterwards.

GnuPG rather than a library: PGPy has not kept up with the ``cryptography`` it needs and checks no
expiry by itself, Sequoia's wheels don't exist for every machine we run on, and what GnuPG says of
old, odd and hostile messages has been looked at for decades. Each call begins with an empty home,
so nobody's key is ever taken for trusted because it came along with a mail, nothing is asked over
the network, and nothing stays.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

SECONDS = 20
"""Longest time of one call."""
MOST_BYTES = 64 * 1024 * 1024
"""What may come out of one message: compressed data can be a thousand times its size."""
_LONGEST_SOCKET = 90
_STATUS = re.compile(r"\[GNUPG:\] ([A-Z_0-9]+)(?: (.*))?")
_COMMON = (
    *("--batch", "--no-tty", "--no-options", "--quiet", "--yes", "--no-auto-check-trustdb"),
    *("--no-auto-key-retrieve", "--no-auto-key-locate", "--disable-dirmngr"),
    *("--trust-model", "always", "--pinentry-mode", "loopback", "--no-random-seed-file"),
    *("--display-charset", "utf-8", "--utf8-strings", "--no-emit-version"),
)
# The secret keys are as safe as the folder they are in for a moment; without a fixed count the
# agent would first measure for a while how fast this machine is.
_AGENT = "disable-scdaemon\ns2k-count 65536\nno-allow-external-cache\n"


class Unavailable(Exception):
    """GnuPG is not installed here, did not start, or took too long."""


class Failed(Exception):
    """GnuPG did not do what it was asked; in its own words."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What one call said."""

    code: int
    status: tuple[tuple[str, str], ...]
    """Lines for programs in order: keyword and the rest."""
    output: bytes = field(repr=False, default=b"")
    said: str = ""
    """What it said to people, in its own words."""

    @property
    def is_cut(self) -> bool:
        """Whether more came out than is taken; GnuPG stops within a block of its limit."""
        return len(self.output) > MOST_BYTES - 1024 * 1024

    def has(self, keyword: str) -> bool:
        """Whether a status line of this kind is there."""
        return any(key == keyword for key, _rest in self.status)

    def all(self, keyword: str) -> list[str]:
        """Return the rest of every status line of this kind."""
        return [rest for key, rest in self.status if key == keyword]


@contextmanager
def home() -> Iterator["Home"]:
    """Give an empty home of GnuPG; the keys in it never outlive the block. Raises Unavailable."""
    command = shutil.which("gpg")
    if command is None:
        raise Unavailable("GnuPG is not installed on this machine.")
    try:
        # Where there is such a place, secret keys are kept off the disk altogether.
        base = next((one for one in ("/dev/shm",) if os.access(one, os.W_OK)), None)  # noqa: S108
        path = Path(tempfile.mkdtemp(prefix="hearth-gpg-", dir=base))
        if len(str(path)) > _LONGEST_SOCKET:
            path.rmdir()
            path = Path(tempfile.mkdtemp(prefix="hearth-gpg-", dir="/tmp"))
    except OSError as error:
        raise Unavailable(f"GnuPG has no room for its files: {error.strerror}") from error
    try:
        (path / "gpg-agent.conf").write_text(_AGENT, encoding="ascii")
        yield Home(command, path)
    finally:
        _end_agent(path)
        shutil.rmtree(path, ignore_errors=True)


class Home:
    """An empty home of GnuPG and what can be done in it."""

    def __init__(self, command: str, path: Path) -> None:
        """Use this program in this folder."""
        self._command = command
        self._path = path
        self._count = 0

    def file(self, data: bytes) -> str:
        """Put bytes into a file of the home and return its path."""
        self._count += 1
        path = self._path / f"in{self._count}"
        try:
            path.write_bytes(data)
        except OSError as error:
            raise Unavailable(f"GnuPG has no room for its files: {error.strerror}") from error
        return str(path)

    def take_keys(self, *armoured: bytes) -> list[str]:
        """Take keys into this home and return their fingerprints."""
        taken = [self.run("--import", self.file(one)) for one in armoured]
        return [rest.split()[-1] for ran in taken for rest in ran.all("IMPORT_OK") if rest]

    def run(self, *arguments: str, password: str | None = None) -> Ran:
        """Run it once. Raises Unavailable.

        What comes out goes to a file, cut off at ``MOST_BYTES``; a call that is cut off has failed.
        """
        status, output, words = (self._path / name for name in ("status", "out", "words"))
        for path in (status, output, words):
            path.unlink(missing_ok=True)
        secret = ("--passphrase-file", self.file(password.encode())) if password is not None else ()
        command = [
            *(self._command, "--homedir", str(self._path), *_COMMON, *secret),
            *("--status-file", str(status), "--output", str(output)),
            *("--max-output", str(MOST_BYTES), *arguments),
        ]
        with words.open("wb") as saying:
            code = _run(command, saying.fileno(), str(self._path))
        return Ran(code, _lines(status), _read(output), _read(words).decode("utf-8", "replace"))

    def list_keys(self, armoured: bytes) -> list[list[str]]:
        """Return what a file of keys says of itself, field by field; nothing is taken in."""
        ran = self.run(
            *("--with-colons", "--with-fingerprint", "--fixed-list-mode"),
            *("--show-keys", self.file(armoured)),
        )
        # Lists are said on standard output, whatever --output names.
        text = ran.output.decode("utf-8", "replace") or ran.said
        return [line.split(":") for line in text.splitlines() if ":" in line]


def _run(command: Sequence[str], saying: int, folder: str) -> int:
    environment = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "GNUPGHOME": folder,
        "HOME": folder,
        "LC_ALL": "C.UTF-8",
    }
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=saying,
            stderr=saying,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        raise Unavailable(f"GnuPG does not start: {error.strerror}") from error
    try:
        return process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"GnuPG took more than {SECONDS} seconds.") from None
    finally:
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _lines(path: Path) -> tuple[tuple[str, str], ...]:
    found = []
    for line in _read(path).decode("utf-8", "replace").splitlines():
        match = _STATUS.fullmatch(line)
        if match is not None:
            found.append((match[1], match[2] or ""))
    return tuple(found)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError:
        return b""


def _end_agent(path: Path) -> None:
    """End the agent that keeps secret keys for GnuPG, if one was started for this home."""
    if not (path / "S.gpg-agent").exists():
        return
    command = shutil.which("gpgconf")
    if command is None:
        return
    with suppress(OSError, subprocess.SubprocessError):
        subprocess.run(
            [command, "--homedir", str(path), "--kill", "all"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=5,
            check=False,
        )
