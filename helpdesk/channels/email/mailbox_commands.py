"""The commands of `helpdesk mailbox`."""

import sys
from datetime import UTC
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from helpdesk.channels.email import dry_run, granting, intake, set_up
from helpdesk.channels.email.boxes import server_of
from helpdesk.channels.email.checks import Check, check
from helpdesk.channels.email.dry_words import FATES, counted, fate_of, place_of
from helpdesk.channels.email.dry_words import in_words as words_of
from helpdesk.channels.email.mailboxes import in_use
from helpdesk.channels.email.models import Kind, Mailbox, SignIn, Speaks, Tls
from helpdesk.channels.email.oauth import PRESETS
from helpdesk.channels.email.secrets import Unreadable
from helpdesk.channels.email.send import smtp_server_of
from helpdesk.channels.email.set_up import MailboxSettings
from helpdesk.channels.email.source_models import Provider
from helpdesk.channels.email.trouble import Trouble, explain
from helpdesk.command import emit, json_option, with_desk
from helpdesk.db import db, transaction
from helpdesk.people.access import SYSTEM
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.services import Refused
from helpdesk.tickets.services.choose import default_queue

_TLS = click.Choice([str(one) for one in Tls])


def in_words(line: dict[str, Any]) -> str:
    """Return a line for people: names and values, without what is empty."""
    shown = {key: value for key, value in line.items() if value not in (None, "", [], False)}
    return "  ".join(
        f"{key}: {', '.join(value) if isinstance(value, list) else value}"
        for key, value in shown.items()
    )


def find_queue(name: str | None) -> Queue:
    """Return a queue by its name, or the desk's default. Ends the command when there is none."""
    try:
        if name is None:
            return default_queue()
    except LookupError:
        raise click.ClickException("The desk has no queue yet. Run helpdesk init first.") from None
    queue = db.session.scalar(select(Queue).where(Queue.name == name, Queue.retired_at.is_(None)))
    if queue is None:
        names = db.session.scalars(
            select(Queue.name).where(Queue.retired_at.is_(None)).order_by(Queue.name)
        )
        raise click.ClickException(f"There is no queue {name!r}. There are: {', '.join(names)}.")
    return queue


@click.group()
def mailbox() -> None:
    """Mailboxes that are read and answered from."""


@mailbox.command("add")
@click.option("--name", required=True, help="What recipients see as the sender.")
@click.option(
    "--address", "addresses", multiple=True, required=True, help="Its address; several are allowed."
)
@click.option("--queue", "queue_name", help="Queue for new tickets, by name. [default: the desk's]")
@click.option(
    "--kind",
    type=click.Choice([str(one) for one in Kind]),
    default=str(Kind.IMAP),
    show_default=True,
    help="How mail comes in: read over IMAP, piped by an MTA, posted over HTTP.",
)
@click.option(
    "--preset",
    type=click.Choice([str(one) for one in PRESETS]),
    help="Servers of a provider, with OAuth2; access is granted in Set up.",
)
@click.option("--host", default="", help="IMAP server.")
@click.option("--port", type=int, help="[default: 993, or 143 without TLS from the start]")
@click.option("--tls", type=_TLS, default=str(Tls.IMPLICIT), show_default=True)
@click.option("--user", default="")
@click.option("--password", help="Seen by others in the list of processes; rather use the file.")
@click.option("--password-file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--folder", default="INBOX", show_default=True)
@click.option("--move-to", default="", help="Folder for filed messages. [default: left in place]")
@click.option("--smtp-host", default="", help="Server for answers. [default: none, only receives]")
@click.option("--smtp-port", type=int, help="[default: 587, or 465 with TLS from the start]")
@click.option("--smtp-tls", type=_TLS, default=str(Tls.STARTTLS), show_default=True)
@click.option("--smtp-user", default="", help="[default: no signing in]")
@click.option("--smtp-password", help="[default: the password for reading]")
@click.option("--default", "is_default", is_flag=True, help="Sends what no other mailbox does.")
@click.option("--copy", "copies", is_flag=True, help="Copy to that folder instead of moving.")
@click.option(
    "--from-day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="File only mail from this day on (UTC); what came before is ignored.",
)
@click.option(
    "--speaks",
    type=click.Choice([str(one) for one in Speaks]),
    default=str(Speaks.ALL),
    show_default=True,
    help="What leaves: everything, only what people write, or nothing yet.",
)
@click.option("--off", is_flag=True, help="Don't read it yet; for a dry run first.")
@click.option("--only-new", is_flag=True, help="Leave alone what is in the folder already.")
@click.option("--no-test", is_flag=True, help="Don't connect to try it out.")
@json_option
@with_desk
def add(as_json: bool, no_test: bool, **given: Any) -> None:
    """Set up a mailbox, and connect to it once to see that it works."""
    preset = PRESETS[Provider(given["preset"])] if given["preset"] else None
    if given["kind"] == Kind.IMAP and not (given["user"] and (given["host"] or preset)):
        raise click.UsageError("A mailbox that is read needs --user and --host (or --preset).")
    password = _password(given, needed=given["kind"] == Kind.IMAP and preset is None)
    if preset is not None:
        given["host"] = given["host"] or preset.imap_host
        given["smtp_host"] = given["smtp_host"] or preset.smtp_host
        given["smtp_user"] = given["smtp_user"] or given["user"]
    settings = MailboxSettings(
        name=given["name"],
        addresses=list(given["addresses"]),
        queue_id=find_queue(given["queue_name"]).id,
        imap_host=given["host"],
        imap_port=given["port"] or (993 if given["tls"] == Tls.IMPLICIT else 143),
        imap_tls=given["tls"],
        imap_user=given["user"],
        imap_password=password,
        folder=given["folder"],
        move_to=given["move_to"],
        smtp_host=given["smtp_host"],
        smtp_port=given["smtp_port"] or (465 if given["smtp_tls"] == Tls.IMPLICIT else 587),
        smtp_tls=given["smtp_tls"],
        smtp_user=given["smtp_user"],
        smtp_password=given["smtp_password"] or (password if given["smtp_user"] else None),
        is_default=given["is_default"],
        only_new=given["only_new"],
        kind=given["kind"],
        sign_in=SignIn.OAUTH if preset is not None else SignIn.PASSWORD,
        copies=given["copies"],
        not_before=given["from_day"].replace(tzinfo=UTC) if given["from_day"] else None,
        speaks=given["speaks"],
        active=not given["off"],
    )
    try:
        with transaction():
            row = set_up.add(SYSTEM, settings)
            line = _shown(row)
            key = row.id
    except Refused as refused:
        raise click.ClickException(str(refused)) from None
    emit(as_json, line, in_words(line))
    if preset is not None:
        address = (
            f"{granting.redirect_uri().removesuffix(granting.PATH)}/setup/mail/mailboxes/{key}"
        )
        click.echo(f"Grant access to it at {address}/access", err=True)
    elif not no_test:
        _say_checks(test_mailbox(db.session.get_one(Mailbox, key)), as_json)


def _password(given: dict[str, Any], *, needed: bool) -> str | None:
    """Return the password that was given, or is typed when it is needed."""
    if given["password_file"] is not None:
        return str(given["password_file"].read_text("utf-8").strip())
    if given["password"] is None and needed:
        return str(click.prompt("Password", hide_input=True, err=True))
    return None if given["password"] is None else str(given["password"])


@mailbox.command("dry-run")
@click.argument("which", metavar="MAILBOX")
@click.option(
    "--newest", type=click.IntRange(1, dry_run.MOST), default=dry_run.NEWEST, show_default=True
)
@click.option("--by-fate", is_flag=True, help="What becomes new tickets first, then replies …")
@json_option
@with_desk
def try_out(which: str, newest: int, by_fate: bool, as_json: bool) -> None:
    """Say what would become of the newest mail of a mailbox, without touching anything.

    A line a message, oldest first, and how many have each fate.
    """
    row = _find(which)
    if row.kind != Kind.IMAP:
        raise click.ClickException("Nothing lies in this mailbox: its mail is brought to us.")
    try:
        lines = dry_run.look(row, newest)
    except (Trouble, Unreadable) as error:
        trouble = error if isinstance(error, Trouble) else explain(error, row.imap_host, 0)
        raise click.ClickException(str(trouble)) from None
    placed = list(enumerate(lines, 1))
    if by_fate:
        placed.sort(key=lambda pair: place_of(pair[1]))
    wide = max([len(str(FATES.get(fate_of(one), one.state))) for one in lines], default=0)
    for place, one in placed:
        fate = str(FATES.get(fate_of(one), one.state))
        line = {
            "place": place,
            "uid": one.uid,
            "received": one.received_at.isoformat(),
            "from": one.sender,
            "subject": one.subject,
            "state": one.state,
            "reason": one.reason,
            "fate": fate_of(one),
            "ticket": one.ticket,
            "words": words_of(one),
            "error": one.error,
        }
        shown = f"{place:4}  {one.received_at:%Y-%m-%d %H:%M}  {fate:{wide}}  {one.sender}"
        emit(as_json, line, f"{shown}  {one.subject}\n      {words_of(one)}")
    if not as_json:
        numbers = (f"{number} {FATES.get(fate, fate)}" for fate, number in counted(lines).items())
        click.echo(", ".join(numbers) or "Nothing lies there.")


@mailbox.command("secret")
@click.argument("which", metavar="MAILBOX")
@json_option
@with_desk
def make_secret(which: str, as_json: bool) -> None:
    """Make the secret with which programs post to a mailbox. The one before counts for a day."""
    with transaction():
        row = _find(which)
        if row.kind != Kind.HTTP:
            raise click.ClickException("Nobody posts to this mailbox over HTTP.")
        secret = intake.new_secret(SYSTEM, row)
    emit(as_json, {"secret": secret}, secret)


@mailbox.command("list")
@json_option
@with_desk
def list_mailboxes(as_json: bool) -> None:
    """List the mailboxes and how they are doing."""
    for row in in_use():
        line = _shown(row)
        emit(as_json, line, in_words(line))


@mailbox.command("test")
@click.argument("which", metavar="MAILBOX")
@json_option
@with_desk
def test(which: str, as_json: bool) -> None:
    """Connect to a mailbox (number, name or address) and say what works. Exit code 1 if not all."""
    if not _say_checks(test_mailbox(_find(which)), as_json):
        sys.exit(1)


@mailbox.command("remove")
@click.argument("which", metavar="MAILBOX")
@json_option
@with_desk
def remove(which: str, as_json: bool) -> None:
    """Stop using a mailbox. Its messages and tickets stay."""
    with transaction():
        row = _find(which)
        line = {"id": row.id, "name": row.name}
        line["state"] = "deleted" if set_up.remove(SYSTEM, row) else "retired"
    emit(as_json, line, in_words(line))


def test_mailbox(row: Mailbox) -> list[Check]:
    """Try out a mailbox as it is set up."""
    try:
        receiving = server_of(row) if row.kind == Kind.IMAP else None
        sending = smtp_server_of(row) if row.smtp_host else None
    except Unreadable as error:
        return [Check("password", False, str(explain(error, row.imap_host, row.imap_port)))]
    folder, move_to = row.folder, row.move_to
    db.session.rollback()
    return check(receiving, folder, move_to, sending)


def _find(which: str) -> Mailbox:
    for row in in_use():
        if which in {str(row.id), row.name} or which.lower() in row.addresses:
            return row
    raise click.ClickException(f"There is no mailbox {which!r}.")


def _say_checks(checks: list[Check], as_json: bool) -> bool:
    for one in checks:
        line = {"step": one.step, "ok": one.ok, "words": one.words}
        emit(as_json, line, f"{'ok  ' if one.ok else 'FAIL'}  {one.step}: {one.words}")
    return all(one.ok for one in checks)


def _shown(row: Mailbox) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "addresses": row.addresses,
        "kind": row.kind,
        "queue": db.session.get_one(Queue, row.queue_id).name,
        "host": row.imap_host,
        "user": row.imap_user,
        "folder": row.folder,
        "move_to": row.move_to,
        "smtp_host": row.smtp_host,
        "active": row.active,
        "speaks": row.speaks,
        "default": row.is_default,
        "received": row.received_count,
        "last_success": row.last_success_at.isoformat() if row.last_success_at else None,
        "error": row.last_error,
        "send_error": row.send_error,
    }
