"""A desk of a given size on PostgreSQL, served by two real web processes."""

import dataclasses
import http.client
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from flask import Flask

from helpdesk.app import create_app
from helpdesk.db import db, transaction
from helpdesk.people.models import Desk, Person
from helpdesk.people.seed import ensure_roles
from helpdesk.run import web_arguments
from helpdesk.tickets.seed import ensure_ticket_setup
from tests import factories
from tests.bench import loader
from tests.support import databases, dovecot, postgres
from tests.support.paths import run_dir


@dataclass
class BenchDesk:
    """A running desk and the processes that serve it."""

    app: Flask
    size: int
    port: int
    cookie: str
    loaded_in: float
    web: list[psutil.Process]

    def database_processes(self) -> list[psutil.Process]:
        """Return PostgreSQL's processes as they are now."""
        pid_file = run_dir() / "pg" / "data" / "postmaster.pid"
        master = psutil.Process(int(pid_file.read_text().split()[0]))
        return [master, *master.children(recursive=True)]

    def app_cpu(self) -> float:
        """Return the seconds of CPU that the web processes have used."""
        return _cpu(self.web)

    def database_cpu(self) -> float:
        """Return the seconds of CPU that PostgreSQL has used."""
        return _cpu(self.database_processes())

    def connect(self) -> http.client.HTTPConnection:
        """Open a connection that is kept alive."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)


def _cpu(processes: list[psutil.Process]) -> float:
    total = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(size: int) -> Iterator[BenchDesk]:
    """Load a desk of ``size`` tickets and serve it; everything is taken away afterwards."""
    database = databases.migrated("postgresql")
    folder = Path(run_dir()) / f"desk-{size}"
    folder.mkdir()
    port = _free_port()
    settings = databases.settings_for(database, folder)
    settings = dataclasses.replace(settings, port=port, base_url=f"http://127.0.0.1:{port}")
    app = create_app(settings)
    with app.app_context(), transaction():
        db.session.add(Desk(id=1, name="Bench"))
        ensure_roles()
        ensure_ticket_setup()
    with psycopg.connect(
        host=str(postgres.server()), user="hearth", dbname=database.name
    ) as connection:
        seconds = loader.load(connection, size)
    with app.app_context():
        account = factories.account(db.session.get_one(Person, 1), "technician")
        client = factories.sign_in(app.test_client(), account)
        cookie = "; ".join(f"{c.key}={c.value}" for c in (client._cookies or {}).values())
        db.session.remove()
    environment = {
        **os.environ,
        **databases.environment(database, folder),
        "HEARTH_PORT": str(port),
        "HEARTH_BASE_URL": settings.base_url,
    }
    with (folder / "web.log").open("wb") as log:
        server = subprocess.Popen(
            web_arguments(), env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait(port, server, folder / "web.log")
        master = psutil.Process(server.pid)
        web = [master, *master.children(recursive=True)]
        yield BenchDesk(app, size, port, cookie, seconds, web)
    finally:
        server.terminate()
        server.wait(20)
        with app.app_context():
            db.engine.dispose()
        database.drop()


@contextmanager
def mail_server() -> Iterator[dovecot.Account]:
    """Run an IMAP server with an empty mailbox."""
    folder = Path(tempfile.mkdtemp(prefix="imap", dir=run_dir()))
    # dovecot's own user must be able to pass through.
    folder.chmod(0o755)
    server = dovecot.Dovecot(folder)
    server.start()
    try:
        yield server.account()
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _wait(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    for _try in range(300):
        if server.poll() is not None:
            said = log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"the web server ended at once: {said}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                time.sleep(1)
                return
        time.sleep(0.1)
    raise RuntimeError("the web server did not come up")
