"""Fixtures for all tests.

``app`` is migrated once per database and process; ``session`` gives each test a savepoint that
is rolled back. Tests that need real commits (threads, processes, a browser) take ``own_desk`` or
``live_desk``, which have a database to themselves. Every database test runs on SQLite and on
PostgreSQL; ``--database`` picks one.
"""

import os
import shutil
import signal
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from flask import Flask, current_app
from flask.testing import FlaskClient
from flask_sqlalchemy.session import Session
from sqlalchemy.orm import scoped_session

from helpdesk import frame
from helpdesk.app import create_app
from helpdesk.command import calm_collector
from helpdesk.db import db
from tests.support import browser, databases, dovecot, forking, network, paths, postgres, smtp
from tests.support.client import SeparateClient
from tests.support.routing import remember_builders
from tests.support.server import LiveDesk
from tests.support.shared import shared

# Where everything is run at once on a busy machine, examples are the same each time and none is
# timed; at home they vary.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None)
hypothesis.settings.register_profile("home", deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") == "true" else "home")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a person at work run on one database only."""
    parser.addoption(
        "--database", choices=databases.KINDS, help="run database tests on this one only"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder of this run in the process that started it; close the network in all."""
    if not hasattr(config, "workerinput"):
        paths.make_run_dir()
        # Told to stop (by `timeout`, say), clean up as after Ctrl-C.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    network.install()
    remember_builders()
    # What is imported stays: looking through it for garbage takes a quarter of a second each time.
    calm_collector()


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what the run shared."""
    forking.end()
    if not hasattr(config, "workerinput") and paths.RUN_DIR_VARIABLE in os.environ:
        paths.end_processes()
        postgres.stop()
        shutil.rmtree(paths.run_dir(), ignore_errors=True)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what touches a database on each kind of it."""
    if "database_kind" in metafunc.fixturenames:
        only = metafunc.config.getoption("--database")
        kinds = [only] if only else list(databases.KINDS)
        if metafunc.definition.get_closest_marker("one_database"):
            # What it proves does not depend on the database, and it takes long.
            kinds = kinds[:1]
        metafunc.parametrize("database_kind", kinds, indirect=True, scope="session")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where everything must be there (``CI=true``), a test that skips has failed."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI") == "true":
        report.outcome = "failed"
        reason = call.excinfo.value if call.excinfo else "skipped"
        report.longrepr = f"{item.nodeid}: nothing may be missing under CI: {reason}"
    return report


@pytest.fixture(scope="session")
def database_kind(request: pytest.FixtureRequest) -> str:
    """``sqlite`` or ``postgresql``."""
    return str(request.param)


@pytest.fixture(scope="session")
def app(database_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application on a migrated database that the tests of this process share."""
    database = databases.migrated(database_kind)
    app = create_app(databases.settings_for(database, tmp_path_factory.mktemp("desk")))
    app.test_client_class = SeparateClient
    yield app
    _close(app)
    database.drop()


@pytest.fixture
def session(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[scoped_session[Session]]:
    """The database session in an application context; all that is committed is undone afterwards.

    Every session opened meanwhile joins one outer transaction, and its commits and rollbacks
    become savepoints of it. The name of the desk is read again in each test and then remembered to
    its end, so that counts of what a page asks do not depend on how fast the machine is.
    """
    monkeypatch.setattr(frame, "DESK_SECONDS", 3600)
    app.extensions.pop("hearth-desk", None)
    original = Session.get_bind
    with app.app_context():
        connection = db.engine.connect()

    def get_bind(self: Any, *args: Any, **kwargs: Any) -> Any:
        if current_app._get_current_object() is app:  # type: ignore[attr-defined]
            return connection
        return original(self, *args, **kwargs)

    monkeypatch.setattr(Session, "get_bind", get_bind)
    db.session.session_factory.configure(join_transaction_mode="create_savepoint")
    outer = connection.begin()
    with app.app_context():
        yield db.session
        db.session.remove()
    outer.rollback()
    connection.close()


@pytest.fixture
def client(app: Flask, session: scoped_session[Session]) -> FlaskClient:
    """A browser without scripts; each request has its own context and session."""
    return app.test_client()


@pytest.fixture
def own_desk(database_kind: str, tmp_path: Path) -> Iterator[Flask]:
    """An application on a database of its own, where a commit is a commit."""
    database = databases.migrated(database_kind)
    app = create_app(databases.settings_for(database, tmp_path))
    app.test_client_class = SeparateClient
    yield app
    _close(app)
    database.drop()


@pytest.fixture
def live_desk(own_desk: Flask, tmp_path: Path) -> Iterator[LiveDesk]:
    """A desk served by a real process at ``live_desk.url``, on a database of its own."""
    settings = own_desk.config["SETTINGS"]
    database = databases.Database("", "", settings.database_url)
    desk = LiveDesk(own_desk, databases.environment(database, tmp_path), tmp_path)
    desk.start_web()
    yield desk
    desk.stop()


@pytest.fixture(scope="session")
def imap_server() -> Iterator[dovecot.Dovecot]:
    """A dovecot that the tests of this process share: take a fresh ``account()`` each."""
    dovecot.require()
    server = dovecot.Dovecot(_short_folder("imap"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def own_imap_server() -> Iterator[dovecot.Dovecot]:
    """A dovecot that the test may kill and start again."""
    dovecot.require()
    server = dovecot.Dovecot(_short_folder("imap"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def imap_account(imap_server: dovecot.Dovecot) -> dovecot.Account:
    """An empty mailbox on a real IMAP server."""
    return imap_server.account()


@pytest.fixture
def smtp_receiver() -> Iterator[smtp.Receiver]:
    """A mail server that keeps what it is sent, and can be told to misbehave."""
    with smtp.smtp_server() as receiver:
        yield receiver


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of sample data beside the checkout."""
    return shared("")


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """How pytest-playwright starts the browser."""
    return browser.launch_options()


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    """A desktop window, in English and UTC unless a test says otherwise."""
    return {
        "viewport": {"width": 1440, "height": 900},
        "locale": "en-GB",
        "timezone_id": "UTC",
        "reduced_motion": "reduce",
    }


def _short_folder(name: str) -> Path:
    """Make a folder whose path leaves room for the names of unix sockets."""
    folder = Path(tempfile.mkdtemp(prefix=name, dir=paths.run_dir()))
    # dovecot's own user must be able to pass through.
    folder.chmod(0o755)
    return folder


def _close(app: Flask) -> None:
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()
