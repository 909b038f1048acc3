"""What `helpdesk mail` does with the desk: taking in, the quarantine and the outbox."""

import sys
import threading
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from helpdesk.channels.email import importer, ledger
from helpdesk.channels.email.ingest import Fate
from helpdesk.channels.email.mailbox_commands import find_queue, in_words
from helpdesk.channels.email.mailboxes import in_use
from helpdesk.channels.email.models import OPEN, Kind, MailMessage, State
from helpdesk.channels.email.trouble import Trouble
from helpdesk.channels.email.watch import fetch_once, watch_mailboxes
from helpdesk.command import emit, json_option, with_desk
from helpdesk.db import db, transaction
from helpdesk.jobs import stopping_on_signals
from helpdesk.notify import outbox
from helpdesk.notify.models import OutboxMessage, Sending
from helpdesk.people.access import SYSTEM
from helpdesk.tickets.queries.access import NotFound
from helpdesk.tickets.services import Refused


def _say(line: dict[str, Any], as_json: bool) -> None:
    emit(as_json, line, in_words(line))


# ---- Taking in ----


@click.command("import")
@click.argument(
    "paths", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option("--queue", "queue_name", help="Queue for new tickets, by name. [default: the desk's]")
@json_option
@with_desk
def import_files(paths: tuple[Path, ...], queue_name: str | None, as_json: bool) -> None:
    """Take in messages from files, mbox files and Maildir folders.

    They go the way of mail that is fetched. Taking the same message in again changes nothing. The
    exit code is 1 when a file could not be read.
    """
    counts: dict[str, int] = {}
    unread = 0
    for one in importer.take_in(importer.find(paths), find_queue(queue_name)):
        if one.fate is None:
            unread += 1
            _say(
                {"file": one.file, "part": one.part, "state": "unread", "error": one.problem},
                as_json,
            )
            continue
        counts[one.fate.state] = counts.get(one.fate.state, 0) + 1
        line = {"file": one.file, "part": one.part, **_fate(one.fate), "again": one.again}
        if as_json or one.fate.state == State.QUARANTINED:
            _say(line, as_json)
    if not as_json:
        click.echo(", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "0")
    if unread:
        sys.exit(1)


@click.command("fetch")
@click.option("--once", is_flag=True, help="Read what is there and stop, instead of watching.")
@click.option("--mailbox", "mailbox_id", type=int, help="Only this mailbox.")
@json_option
@with_desk
def fetch(once: bool, mailbox_id: int | None, as_json: bool) -> None:
    """Read the mailboxes: once, or watching them until interrupted.

    The worker does this by itself. The exit code is 1 when a mailbox could not be read.
    """
    if not once:
        stop = threading.Event()
        with stopping_on_signals(stop):
            watch_mailboxes.run(stop)
        return
    boxes = [
        (row.id, row.name)
        for row in in_use()
        if row.active and row.kind == Kind.IMAP and mailbox_id in {None, row.id}
    ]
    failed = False
    for key, name in boxes:
        try:
            fates = fetch_once(key)
        except Trouble as trouble:
            failed = True
            _say({"mailbox": name, "state": "failed", "error": str(trouble)}, as_json)
            continue
        if fates is None:
            _say({"mailbox": name, "state": "busy", "error": "another process reads it"}, as_json)
            continue
        for fate in fates:
            _say({"mailbox": name, **_fate(fate)}, as_json)
    if failed:
        sys.exit(1)


def _fate(fate: Fate) -> dict[str, Any]:
    return {
        "id": fate.id,
        "state": str(fate.state),
        "reason": str(fate.reason),
        "ticket": fate.ticket,
        "error": fate.error,
    }


# ---- Quarantine ----


@click.group()
def quarantine() -> None:
    """Messages that could not become tickets by themselves."""


@quarantine.command("list")
@json_option
@with_desk
def quarantine_list(as_json: bool) -> None:
    """List what waits for a person, newest first."""
    before: int | None = None
    while rows := ledger.quarantined(SYSTEM, before=before):
        for row in rows:
            line = {
                "id": row.id,
                "received": row.received_at.isoformat(),
                "from": row.sender,
                "subject": row.subject,
                "reason": row.reason,
                "error": row.error,
                "source": row.mailbox.name if row.mailbox else row.source,
            }
            _say(line, as_json)
        before = rows[-1].id


@quarantine.command("retry")
@click.argument("ids", metavar="ID...", nargs=-1, type=int)
@click.option("--all", "everything", is_flag=True, help="Try all of them.")
@json_option
@with_desk
def quarantine_retry(ids: tuple[int, ...], everything: bool, as_json: bool) -> None:
    """Try to file messages again."""
    _each(ids if not everything else _quarantined_ids(), ledger.retry, as_json)


@quarantine.command("dismiss")
@click.argument("ids", metavar="ID...", nargs=-1, type=int, required=True)
@json_option
@with_desk
def quarantine_dismiss(ids: tuple[int, ...], as_json: bool) -> None:
    """Decide that messages need no ticket. They stay in the ledger."""
    _each(ids, ledger.dismiss, as_json)


def _quarantined_ids() -> tuple[int, ...]:
    return tuple(
        db.session.scalars(
            select(MailMessage.id)
            .where(OPEN, MailMessage.state == State.QUARANTINED)
            .order_by(MailMessage.id)
        )
    )


def _each(ids: tuple[int, ...], verb: ledger.Verb, as_json: bool) -> None:
    failed = False
    for key in ids:
        try:
            with transaction():
                fate = verb(SYSTEM, ledger.message_for(SYSTEM, key, lock=True))
        except NotFound:
            failed = True
            _say({"id": key, "state": "unknown", "error": "there is no such message"}, as_json)
        except Refused as refused:
            failed = True
            _say({"id": key, "state": "refused", "error": str(refused)}, as_json)
        else:
            _say(_fate(fate), as_json)
    if failed:
        sys.exit(1)


# ---- Outbox ----


@click.group("outbox")
def outbox_group() -> None:
    """Messages on their way out."""


@outbox_group.command("list")
@click.option(
    "--state",
    type=click.Choice([str(state) for state in Sending]),
    help="Only those in this state. [default: what has not left]",
)
@json_option
@with_desk
def outbox_list(state: str | None, as_json: bool) -> None:
    """List outgoing messages, newest first."""
    states = [Sending(state)] if state else [Sending.QUEUED, Sending.CLAIMED, Sending.FAILED]
    before: int | None = None
    while rows := outbox.page(SYSTEM, states, before=before):
        for row in rows:
            _say(_outgoing(row), as_json)
        before = rows[-1].id


@outbox_group.command("retry")
@click.argument("ids", metavar="ID...", nargs=-1, type=int, required=True)
@json_option
@with_desk
def outbox_retry(ids: tuple[int, ...], as_json: bool) -> None:
    """Send failed messages again."""
    failed = False
    for key in ids:
        try:
            with transaction():
                line = _outgoing(outbox.retry(SYSTEM, key))
        except (NotFound, Refused) as error:
            failed = True
            line = {"id": key, "state": "refused", "error": str(error) or "no such message"}
        _say(line, as_json)
    if failed:
        sys.exit(1)


def _outgoing(row: OutboxMessage) -> dict[str, Any]:
    return {
        "id": row.id,
        "state": str(row.state),
        "to": row.recipients,
        "ticket": row.ticket_id,
        "message_id": row.message_id,
        "attempts": row.attempts,
        "next_try": row.next_try_at.isoformat(),
        "sent": row.sent_at.isoformat() if row.sent_at else None,
        "reason": row.reason,
        "error": row.last_error,
    }
