"""Commands for looking after a desk: backup and restore, and making anew what is derived."""

from pathlib import Path

import click
from flask import current_app
from sqlalchemy import select

from helpdesk.channels.email import subjects as mail_subjects
from helpdesk.command import emit, json_option, with_desk
from helpdesk.db import db, transaction
from helpdesk.people import search as people_search
from helpdesk.search import following
from helpdesk.tickets import indexing
from helpdesk.tickets.lifecycle import UNFINISHED
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services.act import rebuild_worklist
from helpdesk.upkeep.backup import STDOUT, BackupError, make
from helpdesk.upkeep.migrations import migrate
from helpdesk.upkeep.restore import restore as restore_from


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@json_option
@with_desk
def backup(file: Path, as_json: bool) -> None:
    """Write the whole desk into one FILE.

    It holds the database, all attachments and the signing key: keep it as safe as the desk. With
    - for FILE it goes to standard output.
    """
    try:
        made = make(file)
    except BackupError as error:
        raise click.ClickException(str(error)) from None
    rows = sum(made.rows.values())
    record = {"file": str(file), "rows": rows, "blobs": made.blobs, "missing": made.missing}
    words = f"{rows} rows and {made.blobs} files are in {file}."
    if made.missing:
        words += f"\n{len(made.missing)} files were missing already: {', '.join(made.missing)}"
    # Standard output may be the backup itself.
    emit(as_json, record, words, err=file == STDOUT)


@click.command("restore")
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
)
@click.option("--force", is_flag=True, help="Replace the desk that is there. It is gone for good.")
@json_option
@with_desk
def restore(file: Path, force: bool, as_json: bool) -> None:
    """Bring a desk back from a backup FILE.

    SQLite and PostgreSQL read each other's backups. With - for FILE it comes from standard input.
    """
    if not db.inspect(db.engine).has_table("desk"):
        migrate(current_app.config["SETTINGS"])
    try:
        done = restore_from(file, force=force)
    except BackupError as error:
        raise click.ClickException(str(error)) from None
    rows = sum(done.rows.values())
    record = {"file": str(file), "rows": rows, "blobs": done.blobs, "key_differs": done.key_differs}
    words = f"{rows} rows and {done.blobs} files came back. Everybody signs in again."
    if done.key_differs:
        words += "\nThe secret key is another one here: type the passwords of the mailboxes again."
    emit(as_json, record, words)


@click.group("search")
def search() -> None:
    """The index of words."""


@search.command("rebuild")
@json_option
@with_desk
def search_rebuild(as_json: bool) -> None:
    """Make the index of tickets, people and mail anew, and this host's of articles."""
    with transaction():
        entries = indexing.rebuild()
        people = people_search.rebuild()
        subjects = mail_subjects.rebuild()
    articles = following.rebuild()
    words = f"{entries} journal entries, {people} people and {subjects} subjects of mail"
    words += " are indexed, "
    words += (
        "the articles by another process just now."
        if articles is None
        else f"and {articles} articles on this host."
    )
    record = {"entries": entries, "people": people, "subjects": subjects, "articles": articles}
    emit(as_json, record, words)


@click.group("tickets")
def tickets() -> None:
    """What is derived from tickets."""


@tickets.command("rebuild-worklist")
@json_option
@with_desk
def tickets_rebuild(as_json: bool) -> None:
    """Make the list of waiting tickets anew."""
    with transaction():
        waiting = db.session.scalars(
            select(Ticket).where(Ticket.status_class.in_(UNFINISHED), Ticket.hidden_at.is_(None))
        )
        count = rebuild_worklist(list(waiting))
    emit(as_json, {"tickets": count}, f"{count} tickets wait.")
