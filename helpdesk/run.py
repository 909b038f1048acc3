"""Running the desk: the web server, the worker, and both together for ``make run``."""

import gc
import multiprocessing
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import Any

import click
from flask import Flask, current_app
from gunicorn.app.base import BaseApplication
from sqlalchemy import select

import config
from helpdesk.app import JOBS, SERVICES, create_app
from helpdesk.command import emit, json_option, with_desk
from helpdesk.db import db, transaction
from helpdesk.demo.cast import SIGN_INS
from helpdesk.demo.load import load_demo
from helpdesk.jobs import run_forever, somebody_leads
from helpdesk.people.models import Desk
from helpdesk.search import following
from helpdesk.upkeep.emptying import empty_database
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


def check_port(settings: config.Settings) -> None:
    """Raise ConfigError when something else listens where the web server is to."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise config.ConfigError(
                f"cannot listen on {settings.host}:{settings.port}: {error.strerror}."
                " HEARTH_PORT names another port"
            ) from error


# ---- The web server and the worker ----


class WebServer(BaseApplication):
    """Gunicorn with our options. Its processes are forks of this one, with the application made.

    So all of them start at once and share the memory of what was imported. Nobody else reaches an
    application before the fork: connections to the database are given up, threads begin later.
    """

    def __init__(self, app: Flask) -> None:
        """Remember the application; gunicorn calls the rest."""
        self.app = app
        self.settings: config.Settings = app.config["SETTINGS"]
        super().__init__()

    def load_config(self) -> None:
        """Set what differs from gunicorn's own choice."""
        settings = self.settings
        options = {
            "bind": f"{settings.host}:{settings.port}",
            "worker_class": "gthread",
            "workers": settings.web_processes,
            "threads": settings.web_threads,
            "graceful_timeout": 3,
            "timeout": 60,
            "keepalive": 75,
            # That it starts and stops is no news; what goes wrong is.
            "loglevel": "debug" if settings.log_level == "DEBUG" else "warning",
            # A socket in the home folder would be shared by every desk of this user.
            "control_socket_disable": True,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Give each process the application that it was forked with.

        One process of a host keeps the index of articles in step, whether a worker runs there or
        not.
        """
        following.start(self.app)
        return self.app


def serve(app: Flask) -> None:
    """Serve pages until SIGTERM or SIGINT."""
    WebServer(app).run()


def work(app: Flask) -> None:
    """Do the background work until SIGTERM or SIGINT."""
    run_forever(app, JOBS, SERVICES)


def _ready_to_fork() -> None:
    """Let go of what processes must not share, and keep what they may.

    A connection in two processes mixes up two conversations. What the collector never looks at is
    never written to, so its memory stays shared.
    """
    db.session.remove()
    db.engine.dispose()
    gc.freeze()


def web_arguments() -> list[str]:
    """Return the command line of the web server."""
    return [str(Path(sys.executable).with_name("helpdesk")), "web"]


@click.command("web")
@with_desk
def web_command() -> None:
    """Run the web server alone (one of possibly many)."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    settings: config.Settings = app.config["SETTINGS"]
    assets.check()
    desk = db.session.scalar(select(Desk))
    if desk is None:
        raise click.ClickException("There is no desk yet: run `helpdesk init` first.")
    check_exposure(settings, desk)
    check_port(settings)
    _ready_to_fork()
    serve(app)


@click.command("worker")
@with_desk
def worker_command() -> None:
    """Run the background work alone (one of possibly many on PostgreSQL)."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    db.session.remove()
    work(app)


# ---- Both together ----


class Ended(Exception):
    """A signal asked the desk to stop."""


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise Ended


def _apart(function: Callable[[Flask], None], app: Flask) -> None:
    """Run in a process whose signals are its own: Ctrl-C reaches us alone, and we pass it on."""
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    function(app)


def supervise(functions: dict[str, Callable[[Flask], None]], app: Flask) -> int:
    """Run functions side by side, each in a process, until one ends or we are asked to stop.

    Forked, because everything is imported and made here already: the desk is up in half the time.
    Returns the exit code. When one dies the others are stopped too: half a desk that looks alive
    is worse than none.
    """
    signal.signal(signal.SIGTERM, _stop)
    fork = multiprocessing.get_context("fork")
    processes: list[BaseProcess] = []
    try:
        for name, function in functions.items():
            child = fork.Process(target=_apart, args=(function, app), name=name)
            child.start()
            processes.append(child)
        while True:
            for process in processes:
                if process.exitcode is not None:
                    words = f"The {process.name} process ended with code {process.exitcode}."
                    click.echo(words, err=True)
                    return 1
            time.sleep(0.3)
    except (KeyboardInterrupt, Ended):
        return 0
    finally:
        # A second Ctrl-C must not leave anything running.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for process in processes:
            process.terminate()
        for process in processes:
            process.join(STOP_SECONDS)
            if process.exitcode is None:
                process.kill()
                process.join()


@click.command("run")
@json_option
def run_command(as_json: bool) -> None:
    """Run the whole desk: web server and background work. The first time it is a demo desk."""
    settings = config.load()
    assets.check()
    check_port(settings)
    migrate(settings)
    app = create_app(settings)
    with app.app_context():
        desk = db.session.scalar(select(Desk))
        if desk is None:
            emit(
                as_json,
                {"loading": "demo"},
                "Loading a demo desk, which takes about half a minute."
                " (For a desk of your own: `helpdesk init` first.)",
            )
            load_demo()
            desk = db.session.scalars(select(Desk)).one()
        check_exposure(settings, desk)
        name, is_demo = desk.name, desk.is_demo
        _ready_to_fork()
    _say_where(name, settings.base_url, is_demo=is_demo, as_json=as_json)
    sys.exit(supervise({"web": serve, "worker": work}, app))


def _say_where(name: str, url: str, *, is_demo: bool, as_json: bool) -> None:
    emit(as_json, {"name": name, "url": url, "demo": is_demo}, f"\n  {name}: {url}\n")
    if is_demo:
        for role, login, password in SIGN_INS:
            record = {"role": role, "login": login, "password": password}
            emit(as_json, record, f"  {role:<14} {login:<28} {password}")
    if is_demo and not as_json:
        click.echo("\n  This is a demo desk: everything in it is made up and no mail leaves it.\n")


@click.group()
def demo() -> None:
    """The made-up desk for looking around."""


@demo.command("reset")
@json_option
def reset(as_json: bool) -> None:
    """Load the demo desk afresh. Refuses to touch a real desk."""
    settings = config.load()
    migrate(settings)
    with create_app(settings).app_context():
        desk = db.session.scalar(select(Desk))
        if desk is not None and not desk.is_demo:
            raise click.ClickException("This is a real desk. It is left alone.")
        if somebody_leads():
            raise click.ClickException("The desk is running. Stop it first.")
        with transaction():
            empty_database()
        # What lies in the store belonged to the demo alone.
        shutil.rmtree(settings.blobs_dir, ignore_errors=True)
        load_demo()
    emit(as_json, {"demo": "reset"}, "The demo desk is as new.")
