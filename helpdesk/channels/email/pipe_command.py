"""`helpdesk mail pipe`: how an MTA hands one message over.

Its exit code is the answer, in the words of sysexits.h: 0 only when the message is stored and
committed. Whatever an administrator can put right, or what passes by itself, is 75, so that the
MTA keeps the message and tries again; a code that makes it bounce is left to what never can work.
"""

import re
import sys
from typing import Any

import click
from sqlalchemy import select

from helpdesk.channels.email.delivered import Taken, take
from helpdesk.channels.email.downloads import MAX_MESSAGE
from helpdesk.channels.email.mailboxes import in_use, is_own
from helpdesk.channels.email.models import Kind, Mailbox
from helpdesk.command import emit, json_option
from helpdesk.db import db, transaction
from helpdesk.tickets.desk import Queue

EX_USAGE, EX_DATAERR, EX_NOUSER, EX_UNAVAILABLE, EX_TEMPFAIL = 64, 65, 67, 69, 75
_FROM_LINE = re.compile(rb"\AFrom [^\r\n]*\r?\n")
"""What some MTAs put before a message, as in an mbox."""


class Unwanted(Exception):
    """The message is not taken; ``code`` tells the MTA what to do with it."""

    def __init__(self, code: int, words: str) -> None:
        """Say why, for the MTA's log and the bounce."""
        super().__init__(words)
        self.code = code


class _Command(click.Command):
    """A command that calls what it does not understand 64, as MTAs expect."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the arguments."""
        try:
            return super().make_context(*args, **kwargs)
        except click.UsageError as error:
            error.show()
            raise click.exceptions.Exit(EX_USAGE) from error


@click.command("pipe", cls=_Command)
@click.option("--mailbox", "which", help="Mailbox it is for: number, name or address.")
@click.option("--queue", "queue_name", help="Queue for a new ticket, where there is no mailbox.")
@click.option("--sender", help="Envelope sender; empty for a bounce.")
@click.option("--recipient", help="Envelope recipient; finds the mailbox when none is named.")
@json_option
@click.pass_context
def pipe(
    context: click.Context,
    which: str | None,
    queue_name: str | None,
    sender: str | None,
    recipient: str | None,
    as_json: bool,
) -> None:
    """Take in one message from standard input, for an MTA.

    Exits with 0 once it is stored, 75 when it should be tried again, 65 when there is nothing,
    67 when no mailbox has the recipient's address, 69 when it is too large.
    """
    try:
        raw = _read()
        app = context.find_root().obj()
        with app.app_context():
            taken = _take(_with_envelope(raw, sender, recipient), which, queue_name, recipient)
        line = {"id": taken.id, "state": taken.state, "again": taken.again}
        emit(as_json, line, f"id: {taken.id}")
    except Unwanted as unwanted:
        click.echo(str(unwanted), err=True)
        sys.exit(unwanted.code)
    except Exception as error:  # noqa: BLE001 (whatever it is, the MTA still has the message)
        said = str(error).strip().partition("\n")[0]
        click.echo(f"not now: {type(error).__name__}: {said}", err=True)
        sys.exit(EX_TEMPFAIL)


def _read() -> bytes:
    raw = sys.stdin.buffer.read(MAX_MESSAGE + 1)
    if len(raw) > MAX_MESSAGE:
        raise Unwanted(EX_UNAVAILABLE, f"more than {MAX_MESSAGE} bytes")
    raw = _FROM_LINE.sub(b"", raw, count=1)
    if not raw.strip():
        raise Unwanted(EX_DATAERR, "no message on standard input")
    return raw


def _with_envelope(raw: bytes, sender: str | None, recipient: str | None) -> bytes:
    """Put the envelope before the message, as an MTA does when it delivers into a mailbox."""
    head = b""
    if sender is not None:
        head += f"Return-Path: <{_address(sender)}>\n".encode()
    if recipient is not None:
        head += f"Delivered-To: {_address(recipient)}\n".encode()
    return head + raw


def _address(text: str) -> str:
    plain = text.strip().strip("<>")
    if not plain.isprintable() or len(plain) > 320:
        raise Unwanted(EX_USAGE, "an address that can't be one")
    return plain


def _take(raw: bytes, which: str | None, queue_name: str | None, recipient: str | None) -> Taken:
    with transaction():
        mailbox = _mailbox(which, recipient) if which or queue_name is None else None
        if mailbox is not None:
            return take(raw, queue_id=mailbox.queue_id, mailbox_id=mailbox.id, source="pipe")
        queue = db.session.scalar(
            select(Queue).where(Queue.name == queue_name, Queue.retired_at.is_(None))
        )
        if queue is None:
            raise Unwanted(EX_TEMPFAIL, f"there is no queue {queue_name!r}")
        return take(raw, queue_id=queue.id, mailbox_id=None, source="pipe")


def _mailbox(which: str | None, recipient: str | None) -> Mailbox:
    """Return the mailbox that is named, or the one that the recipient is an address of."""
    if which is None and recipient is None:
        raise Unwanted(EX_USAGE, "say for which --mailbox, --queue or --recipient it is")
    for row in in_use():
        if which is not None:
            found = which in {str(row.id), row.name} or which.lower() in row.addresses
        else:
            found = is_own(_address(recipient or "").lower(), frozenset(row.addresses))
        if found:
            return _open(row)
    if which is None:
        raise Unwanted(EX_NOUSER, f"no mailbox has the address {recipient}")
    # Most likely mistyped by whoever set the MTA up: nobody's mail should bounce for that.
    raise Unwanted(EX_TEMPFAIL, f"there is no mailbox {which!r}")


def _open(row: Mailbox) -> Mailbox:
    if row.kind != Kind.PIPE:
        raise Unwanted(EX_TEMPFAIL, f"the mailbox {row.name!r} takes no mail from a pipe")
    if not row.active:
        raise Unwanted(EX_TEMPFAIL, f"the mailbox {row.name!r} is switched off")
    return row
