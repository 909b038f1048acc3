"""``helpdesk people``: files of people, finding, sign-in links."""

import sys
from itertools import islice
from pathlib import Path

import click
from sqlalchemy import select

from helpdesk.command import emit, json_option, with_desk
from helpdesk.db import db, transaction
from helpdesk.people import contact_values, search
from helpdesk.people.access import SYSTEM
from helpdesk.people.errors import Refused
from helpdesk.people.models import Account
from helpdesk.people.services import accounts, importing
from helpdesk.people.services.importing import Outcome
from helpdesk.people.services.sign_in import clean_login

SLICE = 200
"""Lines imported in one transaction: others wait no longer than that takes."""


@click.group()
def people() -> None:
    """People: import them from files, find them, let them in."""


@people.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--kind",
    type=click.Choice(list(importing.KINDS)),
    default="people",
    show_default=True,
    help="What the file lists.",
)
@click.option("--dry-run", is_flag=True, help="Say what each line would do and write nothing.")
@click.option("--encoding", help="Characters of the file (found out by default).")
@json_option
@with_desk
def import_file(file: Path, kind: str, dry_run: bool, encoding: str | None, as_json: bool) -> None:
    """Import people, organisations or technicians from a CSV FILE.

    Its first line names the columns. A line is about the person who has its address, so the same
    file can be imported again. Ends with status 1 when a line was left out.
    """
    try:
        plan = importing.plan(SYSTEM, kind, file.read_bytes(), encoding=encoding)
    except Refused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    db.session.rollback()
    if not dry_run:
        rest = iter(plan.lines)
        while some := list(islice(rest, SLICE)):
            with transaction():
                importing.apply(SYSTEM, plan, some)
            db.session.expunge_all()
    for line in plan.lines:
        record = {
            "line": line.number,
            "result": line.result.value,
            "label": line.label,
            "messages": line.messages,
            "changes": line.changes,
        }
        # People at a terminal want to see what is unusual, programs want everything.
        if as_json or line.messages:
            said = "; ".join(line.messages)
            emit(as_json, record, f"line {line.number}: {line.label}: {said}")
    counts = plan.counts
    text = ", ".join(f"{number} {_WORDS[outcome]}" for outcome, number in counts.items())
    if plan.unknown and not as_json:
        click.echo(f"Columns that were not understood: {', '.join(plan.unknown)}")
    emit(
        as_json,
        {**counts, "dry_run": dry_run, "encoding": plan.encoding, "unknown": plan.unknown},
        f"{'Would be' if dry_run else 'Done'}: {text} (read as {plan.encoding})",
    )
    if counts[Outcome.ERROR]:
        sys.exit(1)


_WORDS = {"create": "new", "update": "changed", "same": "as they are", "error": "left out"}


@people.command("find")
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 200))
@json_option
@with_desk
def find(words: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Find people by name, number, address, organisation or other WORDS."""
    for person in search.find(SYSTEM, " ".join(words), limit=limit):
        contacts = [
            contact_values.show(point.kind, point.value, point.extension, "")
            for point in person.contact_points
            if point.retired_at is None
        ]
        organisation = person.organisation.name if person.organisation is not None else ""
        record = {
            "id": person.id,
            "name": person.name,
            "organisation": organisation,
            "contacts": contacts,
        }
        emit(as_json, record, f"{person.id}  {person.name}  {organisation}  {'  '.join(contacts)}")


@people.command("sign-in-link")
@click.argument("login")
@json_option
@with_desk
def sign_in_link(login: str, as_json: bool) -> None:
    """Print a link with which LOGIN signs in once and chooses a password.

    For the first administrator, and for one who is locked out.
    """
    with transaction():
        account = db.session.scalar(select(Account).where(Account.login == clean_login(login)))
        if account is None:
            raise click.ClickException(f"nobody signs in as {login}")
        try:
            link = accounts.send_sign_in_link(SYSTEM, account, mail=False)
        except Refused as refusal:
            raise click.ClickException(str(refusal)) from refusal
    emit(as_json, {"url": link.url, "expires_at": link.expires_at}, link.url)


@people.command("rebuild-search")
@json_option
@with_desk
def rebuild_search(as_json: bool) -> None:
    """Make the words that people are found by anew."""
    with transaction():
        count = search.rebuild()
    emit(as_json, {"people": count}, f"{count} people can be found")
