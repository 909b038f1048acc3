"""Background work: jobs on a clock and services that run as long as the worker does.

A job is a function that is called every few seconds; a service is a function that runs until it
is told to stop. Both are declared where they belong and named in ``helpdesk.app``; the worker is
the only scheduler. Of several workers one leads: it alone runs the jobs that look for what has
become due. What is marked ``everywhere`` runs in every worker, because it claims its work row by
row from a table.
"""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask
from sqlalchemy import Connection, String, Text, or_, select, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk.db import Model, UTCDateTime, db, is_postgresql, transaction
from helpdesk.lib.clock import now

log = logging.getLogger(__name__)

LEADER_LOCK = 0x4865617274684C
"""Key of the PostgreSQL advisory lock that the leading worker holds ("HearthL" in ASCII)."""
LEASE_SECONDS = 6
"""How long an SQLite lease lasts that nobody renews, and so how long a fail-over takes there."""
UNSURE_SECONDS = 10
"""A leader that could not confirm its lock for so long stops leading by itself."""
RESTART_SECONDS = 5
"""How long a service that failed waits before it is started again."""


@dataclass(frozen=True, slots=True)
class Job:
    """A function called every ``every`` seconds, in an application context.

    It opens its own transactions and may fail: the failure is logged and the next turn comes. It
    never runs twice at once in one worker. ``everywhere`` lets every worker run it.
    """

    name: str
    run: Callable[[], object]
    every: float
    everywhere: bool = False

    def __call__(self) -> object:
        """Run once, now; tests and commands do."""
        return self.run()


@dataclass(frozen=True, slots=True)
class Service:
    """A function that runs in every worker until the event it is given is set."""

    name: str
    run: Callable[[threading.Event], None]


def job(*, every: float, everywhere: bool = False) -> Callable[[Callable[[], object]], Job]:
    """Make a function a job: ``@job(every=60)``. ``every`` is in seconds."""

    def declare(function: Callable[[], object]) -> Job:
        return Job(function.__name__, function, every, everywhere)

    return declare


def service(function: Callable[[threading.Event], None]) -> Service:
    """Make a function a service: ``@service``."""
    return Service(function.__name__, function)


class Lease(Model):
    """Who may do what only one may do at a time. Used on SQLite; PostgreSQL has advisory locks."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(100))
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)


class JobRun(Model):
    """How a job went the last time, for people to look at; nothing is decided by it."""

    __tablename__ = "job_run"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    # Which worker ran it: host and process.
    worker: Mapped[str] = mapped_column(String(100))
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    seconds: Mapped[float] = mapped_column()
    # Since it last went well: how often it failed, and why it did the last time.
    failures: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(Text, default="")
    succeeded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


RECORD_EVERY = 10.0
"""Seconds within which a job that goes on going well is not written down again."""
_recorded: dict[str, float] = {}


def record(each: Job, started_at: datetime, seconds: float, error: str = "") -> None:
    """Write down how a job went. What comes every few seconds is written now and then."""
    moment = time.monotonic()
    if not error and moment - _recorded.get(each.name, -RECORD_EVERY) < RECORD_EVERY:
        return
    try:
        with transaction():
            row = db.session.get(JobRun, each.name, with_for_update=True)
            if row is None:
                row = JobRun(name=each.name, failures=0, error="")
                db.session.add(row)
            row.worker = f"{socket.gethostname()[:80]}:{os.getpid()}"
            row.started_at, row.seconds = started_at, seconds
            if error:
                row.failures, row.error = row.failures + 1, error[:2000]
            else:
                row.failures, row.error, row.succeeded_at = 0, "", now()
    except SQLAlchemyError:
        log.exception("How the job %s went could not be written down", each.name)
    else:
        # After a failure the next success is news at once.
        _recorded[each.name] = moment if not error else -RECORD_EVERY


class Leader(Protocol):
    """The claim of one worker to lead."""

    @property
    def leading(self) -> bool:
        """Whether this worker leads right now."""

    def keep(self) -> None:
        """Try to become or to stay the leader. Called about once a second."""

    def release(self) -> None:
        """Let another worker lead."""


class LockLeader:
    """Leads while its own connection holds a PostgreSQL advisory lock.

    The server frees the lock with the connection, so a worker that dies is followed at once.
    """

    def __init__(self) -> None:
        self._connection: Connection | None = None
        self._confirmed = 0.0

    @property
    def leading(self) -> bool:
        """Whether the lock was confirmed a moment ago."""
        return self._confirmed > 0 and time.monotonic() - self._confirmed < UNSURE_SECONDS

    def keep(self) -> None:
        """Take the lock, or ask the server whether we still have it."""
        try:
            if self._connection is None:
                self._connection = db.engine.connect().execution_options(
                    isolation_level="AUTOCOMMIT"
                )
            if self._confirmed:
                self._connection.execute(text("SELECT 1"))
                self._confirmed = time.monotonic()
                return
            taken = self._connection.scalar(
                text("SELECT pg_try_advisory_lock(:key)"), {"key": LEADER_LOCK}
            )
            self._confirmed = time.monotonic() if taken else 0.0
        except SQLAlchemyError:
            log.exception("The database does not answer; not leading")
            self._drop()

    def release(self) -> None:
        """Close the connection, and the lock with it."""
        self._drop()

    def _drop(self) -> None:
        self._confirmed = 0.0
        if self._connection is not None:
            # Back in the pool the connection would keep the lock.
            self._connection.invalidate()
            self._connection.close()
            self._connection = None


class LeaseLeader:
    """Leads while it renews a row with an end. For SQLite, whose users share one host."""

    def __init__(self, name: str = "worker") -> None:
        self._name = name
        self._holder = f"{socket.gethostname()[:60]}:{os.getpid()}:{id(self)}"
        self._until = 0.0

    @property
    def leading(self) -> bool:
        """Whether the lease has not run out."""
        return time.monotonic() < self._until

    def keep(self) -> None:
        """Renew the lease when a third of it is over, or take it when nobody has it."""
        if self._until - time.monotonic() > LEASE_SECONDS * 2 / 3:
            return
        asked = time.monotonic()
        try:
            with transaction():
                taken = self._take(now())
        except SQLAlchemyError:
            log.exception("The database does not answer; leading until the lease runs out")
            return
        self._until = asked + LEASE_SECONDS if taken else 0.0

    def _take(self, moment: datetime) -> bool:
        until = moment + timedelta(seconds=LEASE_SECONDS)
        renewed = db.session.execute(
            update(Lease)
            .where(
                Lease.name == self._name,
                or_(Lease.holder == self._holder, Lease.expires_at < moment),
            )
            .values(holder=self._holder, expires_at=until)
        )
        if renewed.rowcount:  # type: ignore[attr-defined]
            return True
        if db.session.get(Lease, self._name) is None:
            db.session.add(Lease(name=self._name, holder=self._holder, expires_at=until))
            return True
        return False

    def release(self) -> None:
        """End the lease, unless somebody else has it by now."""
        self._until = 0.0
        with transaction():
            db.session.execute(
                update(Lease)
                .where(Lease.name == self._name, Lease.holder == self._holder)
                .values(expires_at=now())
            )


def new_leader() -> Leader:
    """Return the claim that fits the database."""
    return LockLeader() if is_postgresql() else LeaseLeader()


def somebody_leads() -> bool:
    """Whether a worker leads on this database right now, on whichever host."""
    if not is_postgresql():
        held = select(Lease.name).where(Lease.expires_at > now()).limit(1)
        return db.session.scalar(held) is not None
    held_lock = text(
        "SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database"
        " WHERE datname = current_database() AND locktype = 'advisory' AND granted"
        " AND objsubid = 1 AND (classid::bigint << 32) + objid::bigint = :key)"
    )
    return bool(db.session.scalar(held_lock, {"key": LEADER_LOCK}))


def run_forever(
    app: Flask,
    jobs: Sequence[Job],
    services: Sequence[Service] = (),
    *,
    stop: threading.Event | None = None,
) -> None:
    """Run jobs and services until SIGTERM, SIGINT or ``stop``; then let what runs come to its end.

    Signals are only looked at when this is called in the main thread.
    """
    stop = stop or threading.Event()
    # Its own messages ("skipped, still running") are no news here.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    scheduler = BackgroundScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(max(4, len(jobs)))},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    with app.app_context(), stopping_on_signals(stop):
        leader = new_leader()
        leader.keep()
        for each in jobs:
            scheduler.add_job(
                _run_job,
                "interval",
                seconds=each.every,
                args=(app, each, leader),
                id=each.name,
                next_run_time=now(),
            )
        threads = [
            threading.Thread(target=_run_service, args=(app, each, stop), name=each.name)
            for each in services
        ]
        scheduler.start()
        for thread in threads:
            thread.start()
        log.info("The worker runs %d jobs and %d services", len(jobs), len(services))
        try:
            while not stop.wait(1.0):
                leader.keep()
        finally:
            stop.set()
            scheduler.shutdown(wait=True)
            for thread in threads:
                thread.join()
            leader.release()
            log.info("The worker has stopped")


def _run_job(app: Flask, each: Job, leader: Leader) -> None:
    if not each.everywhere and not leader.leading:
        return
    with app.app_context():
        started_at, begun, error = now(), time.monotonic(), ""
        try:
            each.run()
        except Exception as problem:
            log.exception("The job %s failed; it runs again in %g s", each.name, each.every)
            db.session.rollback()
            error = f"{type(problem).__name__}: {problem}"
        record(each, started_at, time.monotonic() - begun, error)


def _run_service(app: Flask, each: Service, stop: threading.Event) -> None:
    while not stop.is_set():
        with app.app_context():
            try:
                each.run(stop)
            except Exception:
                log.exception("%s failed; it starts again in %d s", each.name, RESTART_SECONDS)
        if stop.wait(RESTART_SECONDS):
            return


@contextmanager
def stopping_on_signals(stop: threading.Event) -> Iterator[None]:
    """Set ``stop`` on SIGTERM and SIGINT meanwhile."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
