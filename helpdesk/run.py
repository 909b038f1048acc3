"""Running the desk: the web server, the worker, and both together for ``make run``."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

import click
from alembic import command as alembic
from alembic.config import Config
from sqlalchemy import select

import config
from helpdesk.command import with_desk
from helpdesk.db import db
from helpdesk.people.models import Desk

STOP_SECONDS = 15
"""How long a process may take to end before it is killed."""


def migrate(settings: config.Settings) -> None:
    """Bring the database to the newest state; several hosts may call this at once."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    alembic_config = Config(str(config.PROJECT / "alembic.ini"))
    alembic_config.attributes["url"] = settings.database_url
    alembic.upgrade(alembic_config, "head")


def check_exposure(settings: config.Settings, desk: Desk) -> None:
    """Raise ConfigError when a demo desk, whose passwords are public, would be reachable."""
    if desk.is_demo and not settings.listens_on_loopback:
        raise config.ConfigError(
            f"The demo desk has public passwords and listens on loopback only, not on"
            f" {settings.host} (HEARTH_HOST)"
        )


@click.command("migrate")
def migrate_command() -> None:
    """Bring the database to this release's state."""
    migrate(config.load())
    click.echo("The database is up to date.")


def web_arguments(settings: config.Settings) -> list[str]:
    """Return the command line of the web server."""
    return [
        str(Path(sys.executable).with_name("gunicorn")),
        "--worker-class=gthread",
        f"--workers={settings.web_processes}",
        f"--threads={settings.web_threads}",
        "--graceful-timeout=3",
        "--timeout=60",
        "--keep-alive=75",
        f"--bind={settings.host}:{settings.port}",
        "--access-logfile=/dev/null",
        f"--log-level={settings.log_level.lower()}",
        "helpdesk.app:create_app()",
    ]


@click.command("web")
@with_desk
def web_command() -> None:
    """Run the web server alone (one of possibly many)."""
    settings = config.load()
    desk = db.session.scalar(select(Desk))
    if desk is None:
        raise click.ClickException("There is no desk yet: run `helpdesk init` first.")
    check_exposure(settings, desk)
    db.session.remove()
    arguments = web_arguments(settings)
    os.execv(arguments[0], arguments)  # noqa: S606 (becoming the server is the point)


class Ended(Exception):
    """A signal asked the desk to stop."""


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise Ended


def supervise(commands: dict[str, list[str]]) -> int:
    """Run processes side by side until one ends or we are asked to stop; returns the exit code.

    When one dies the others are stopped too: half a desk that looks alive is worse than none.
    """
    signal.signal(signal.SIGTERM, _stop)
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, arguments in commands.items():
            processes[name] = subprocess.Popen(arguments, start_new_session=True)
        while True:
            for name, process in processes.items():
                code = process.poll()
                if code is not None:
                    click.echo(f"The {name} process ended with code {code}.", err=True)
                    return code or 1
            time.sleep(0.3)
    except (KeyboardInterrupt, Ended):
        return 0
    finally:
        for process in processes.values():
            if process.poll() is None:
                process.terminate()
        for process in processes.values():
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
