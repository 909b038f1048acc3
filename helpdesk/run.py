"""Running the desk: the web server, the worker, and both together for ``make run``."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

import click
from flask import current_app
from sqlalchemy import select

import config
from helpdesk.app import JOBS, SERVICES, create_app
from helpdesk.command import with_desk
from helpdesk.db import db
from helpdesk.demo.load import SIGN_INS, load_demo
from helpdesk.jobs import run_forever
from helpdesk.people.models import Desk
from helpdesk.upkeep.migrations import migrate
from helpdesk.web import assets

STOP_SECONDS = 15
"""How long a process may take to end before it is killed."""


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
        # A socket in the home folder would be shared by every desk of this user.
        "--no-control-socket",
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


@click.command("worker")
@with_desk
def worker_command() -> None:
    """Run the background work alone (one of possibly many on PostgreSQL)."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    db.session.remove()
    run_forever(app, JOBS, SERVICES)


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


@click.command("run")
def run_command() -> None:
    """Run the whole desk: web server and background work. The first time it is a demo desk."""
    settings = config.load()
    assets.check()
    migrate(settings)
    app = create_app(settings)
    with app.app_context():
        desk = db.session.scalar(select(Desk))
        if desk is None:
            click.echo("Loading a demo desk. For a real one: `helpdesk init` in an empty folder.")
            load_demo()
            desk = db.session.scalars(select(Desk)).one()
        check_exposure(settings, desk)
        name, is_demo = desk.name, desk.is_demo
        db.session.remove()
        db.engine.dispose()
    click.echo(f"\n  {name}: {settings.base_url}\n")
    if is_demo:
        for role, login, password in SIGN_INS:
            click.echo(f"  {role:<14} {login:<28} {password}")
        click.echo("\n  This is a demo desk: everything in it is made up and no mail leaves it.\n")
    helpdesk = str(Path(sys.executable).with_name("helpdesk"))
    sys.exit(supervise({"web": web_arguments(settings), "worker": [helpdesk, "worker"]}))


@click.group()
def demo() -> None:
    """The made-up desk for looking around."""


@demo.command("reset")
def reset() -> None:
    """Load the demo desk afresh. Refuses to touch a real desk."""
    settings = config.load()
    if not settings.is_sqlite:
        raise click.ClickException("Only a demo desk on SQLite is reset; use an empty database.")
    migrate(settings)
    app = create_app(settings)
    with app.app_context():
        desk = db.session.scalar(select(Desk))
        if desk is not None and not desk.is_demo:
            raise click.ClickException("This is a real desk. It is left alone.")
        db.session.remove()
        db.engine.dispose()
    file = settings.data_dir / "hearth.db"
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    shutil.rmtree(settings.blobs_dir, ignore_errors=True)
    migrate(settings)
    with app.app_context():
        load_demo()
    click.echo("The demo desk is as new.")
