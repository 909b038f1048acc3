"""Where things are, and the folder that one run of the tests shares between its processes."""

import fcntl
import os
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
RUN_DIR_VARIABLE = "HEARTH_TEST_RUN_DIR"


def make_run_dir() -> Path:
    """Make the folder of this run and name it to the worker processes through the environment.

    It lies directly in the system's folder for temporary files, because the path of a unix
    socket may have 107 characters at most.
    """
    path = Path(tempfile.mkdtemp(prefix="hearth-test-"))
    # PostgreSQL and dovecot may run as another user and must be able to pass through.
    path.chmod(0o755)
    os.environ[RUN_DIR_VARIABLE] = str(path)
    return path


def run_dir() -> Path:
    """Return the folder of this run."""
    return Path(os.environ[RUN_DIR_VARIABLE])


@contextmanager
def run_lock(name: str) -> Iterator[None]:
    """Let one process of this run at a time do what ``name`` says."""
    with (run_dir() / f"{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def note_process(pid: int) -> None:
    """Remember a server that the end of the run must not leave behind; it leads its own group."""
    (run_dir() / f"process-{pid}").touch()


def forget_process(pid: int) -> None:
    """Say that a server was ended and waited for."""
    (run_dir() / f"process-{pid}").unlink(missing_ok=True)


def end_processes() -> None:
    """End what tests that were cut short have left running."""
    for file in run_dir().glob("process-*"):
        with suppress(ProcessLookupError):
            os.killpg(int(file.name.partition("-")[2]), signal.SIGKILL)
        file.unlink(missing_ok=True)


def free_port() -> int:
    """Return a TCP port on loopback that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
