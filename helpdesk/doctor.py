"""`helpdesk doctor`: whether everything the desk needs is there, each trouble with what to do."""

import shutil
import socket
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import click
from flask import current_app
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

import config
from helpdesk import blobs
from helpdesk.channels.email.alarms import alarm_of
from helpdesk.channels.email.mailbox_commands import test_mailbox
from helpdesk.channels.email.mailboxes import in_use
from helpdesk.channels.email.secure.model import Kind
from helpdesk.channels.email.secure.models import MailKey, PersonKey
from helpdesk.command import emit, json_option, with_desk
from helpdesk.db import db, is_postgresql
from helpdesk.jobs import somebody_leads
from helpdesk.lib.clock import now
from helpdesk.notify.models import OutboxMessage, Sending
from helpdesk.people.models import Desk
from helpdesk.search.standing import is_followed, standing
from helpdesk.tickets.lifecycle import UNFINISHED
from helpdesk.tickets.models import Entry, Ticket, Worklist
from helpdesk.upkeep.migrations import newest
from helpdesk.web import assets

LEAST_FREE = 1024**3
"""Bytes that must be free where the desk keeps its files."""

CLOCK_TOLERANCE = timedelta(seconds=5)
"""How far this clock may be from the database's."""

BEHIND = timedelta(minutes=5)
"""A change that is not found after this time is worth a look; a second or two are usual."""

STUCK = timedelta(hours=1)
"""Mail that waits longer than this for its server is worth a look."""


class Finding(NamedTuple):
    """What was looked at, what is wrong with it (empty: nothing), and what else there is to say."""

    check: str
    trouble: str = ""
    note: str = ""


@click.command("doctor")
@click.option("--no-mail", is_flag=True, help="Do not connect to the mail servers.")
@json_option
@with_desk
def doctor(no_mail: bool, as_json: bool) -> None:
    """Check that everything the desk needs is there.

    Ends with 1 when something is not, and says what to do.
    """
    troubles = 0
    for finding in _findings(mail=not no_mail):
        troubles += bool(finding.trouble)
        said = finding.trouble or finding.note
        emit(
            as_json,
            {"check": finding.check, "ok": not finding.trouble, "detail": said},
            f"{'TROUBLE' if finding.trouble else 'ok'.ljust(7)}  {finding.check}"
            + (f": {said}" if said else ""),
        )
    if troubles:
        sys.exit(1)


def _findings(*, mail: bool) -> Iterator[Finding]:
    settings: config.Settings = current_app.config["SETTINGS"]
    yield _front_end()
    yield _data_folder(settings.data_dir)
    try:
        yield _migrations()
        yield from _desk(settings)
        yield from _gnupg()
        if mail:
            yield from _mailboxes()
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        yield Finding("database", f"it does not answer: {reason}")


def _front_end() -> Finding:
    try:
        assets.check()
    except assets.AssetsMissing as error:
        return Finding("front-end files", str(error))
    return Finding("front-end files")


def _data_folder(folder: Path) -> Finding:
    probe = folder / ".doctor"
    try:
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        return Finding("data folder", f"{folder} is not writable: {error.strerror}")
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE:
        return Finding("data folder", f"only {free // 1024**2} MB are free in {folder}")
    return Finding("data folder", note=f"{free // 1024**3} GB are free in {folder}")


def _migrations() -> Finding:
    """Compare the state of the database with what this release expects."""
    expected = newest()
    if not db.inspect(db.engine).has_table("alembic_version"):
        return Finding("database", "it is empty: run `helpdesk migrate`")
    found = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    if found != expected:
        return Finding(
            "database", f"it is at {found}, this release needs {expected}: run `helpdesk migrate`"
        )
    return Finding("database", note=db.engine.dialect.name)


def _gnupg() -> Iterator[Finding]:
    """Look for GnuPG where a key for OpenPGP is stored."""
    stored = select(MailKey.id).where(MailKey.kind == Kind.OPENPGP).limit(1)
    others = select(PersonKey.id).where(PersonKey.kind == Kind.OPENPGP).limit(1)
    if db.session.scalar(stored) is None and db.session.scalar(others) is None:
        return
    found = shutil.which("gpg")
    trouble = "" if found else "it is missing, and OpenPGP keys are stored: install `gnupg`"
    yield Finding("GnuPG", trouble, found or "")


def _desk(settings: config.Settings) -> Iterator[Finding]:
    desk = db.session.scalar(select(Desk))
    if desk is None:
        yield Finding("desk", "there is none yet: run `helpdesk init`")
        return
    exposed = desk.is_demo and not settings.listens_on_loopback
    yield Finding(
        "desk",
        f"a demo desk must not listen on {settings.host}" if exposed else "",
        f"{desk.name} (demo)" if desk.is_demo else desk.name,
    )
    yield _clock()
    yield _worklist()
    yield _processes(settings)
    yield _outbox()
    yield _blobs()
    yield _search()


def _search() -> Finding:
    """Look whether this host's index of articles is there and keeps up with the changes."""
    stands = standing()
    if not is_followed():
        return Finding("search index", note="kept in step once the desk runs on this host")
    if not stands.ready:
        return Finding("search index", note="being made; articles are found in a moment")
    if stands.waiting_since is not None and stands.waiting_since < now() - BEHIND:
        return Finding(
            "search index",
            f"it lacks {stands.waiting} changes, the oldest of "
            f"{stands.waiting_since:%Y-%m-%d %H:%M} UTC: see the log, "
            "or make it anew with `helpdesk search rebuild`",
        )
    return Finding("search index", note=f"{stands.documents} texts")


def _clock() -> Finding:
    """Compare our clock with the database server's, or with the newest entry of the journal."""
    if is_postgresql():
        theirs = db.session.scalar(select(func.clock_timestamp()))
        off = abs(now() - theirs) if theirs is not None else timedelta()
        if off > CLOCK_TOLERANCE:
            return Finding(
                "clock", f"it differs from the database's by {off.total_seconds():.0f} s"
            )
        return Finding("clock")
    last = db.session.scalar(select(Entry.recorded_at).order_by(Entry.id.desc()).limit(1))
    if last is not None and last > now() + CLOCK_TOLERANCE:
        return Finding("clock", f"the journal has an entry of {last:%Y-%m-%d %H:%M} UTC")
    return Finding("clock")


def _worklist() -> Finding:
    missing = db.session.scalar(
        select(func.count(Ticket.id)).where(
            Ticket.status_class.in_(UNFINISHED),
            Ticket.hidden_at.is_(None),
            Ticket.id.not_in(select(Worklist.ticket_id)),
        )
    )
    if missing:
        return Finding(
            "worklist", f"{missing} tickets are missing: run `helpdesk tickets rebuild-worklist`"
        )
    return Finding("worklist")


def _processes(settings: config.Settings) -> Finding:
    """A web server without a worker looks alive and neither fetches nor sends mail."""
    # Who listens everywhere listens on loopback too.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    try:
        socket.create_connection((host, settings.port), timeout=2).close()
        answers = True
    except OSError:
        answers = False
    leads = somebody_leads()
    if answers and not leads:
        return Finding("processes", "the web server runs, but no worker: run `helpdesk worker`")
    words = {
        (True, True): "web server and worker run",
        (False, True): "a worker runs, and no web server here",
        (False, False): "not started here",
    }
    return Finding("processes", note=words[answers, leads])


def _outbox() -> Finding:
    waiting = (OutboxMessage.state == Sending.QUEUED) & (OutboxMessage.created_at < now() - STUCK)
    stuck = db.session.scalar(select(func.count(OutboxMessage.id)).where(waiting))
    if stuck:
        return Finding("outgoing mail", f"{stuck} messages wait since more than an hour")
    return Finding("outgoing mail")


def _blobs() -> Finding:
    """Count the files that nothing refers to; a day after that the worker removes them."""
    count = sum(1 for _blob in blobs.orphans(now()))
    return Finding("files", note=f"{count} that nothing refers to" if count else "")


def _mailboxes() -> Iterator[Finding]:
    for mailbox in in_use():
        name = f"mailbox {mailbox.address}"
        if not mailbox.active:
            yield Finding(name, note="switched off")
            continue
        alarm = alarm_of(mailbox)
        if alarm is not None:
            yield Finding(name, alarm.words)
        failed = [check for check in test_mailbox(mailbox) if not check.ok]
        yield Finding(name, "; ".join(f"{check.step}: {check.words}" for check in failed))
