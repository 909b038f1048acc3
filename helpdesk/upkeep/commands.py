"""Commands for looking after a desk."""

import shutil
import sys
from pathlib import Path

import click
from flask import current_app
from sqlalchemy import func, select, text

import config
from helpdesk.command import emit, json_option, with_desk
from helpdesk.db import db, transaction
from helpdesk.people import search as people_search
from helpdesk.people.access import SYSTEM
from helpdesk.people.models import ContactKind, Desk, Role, Team
from helpdesk.people.services import accounts, links, persons, teams
from helpdesk.tickets import search as ticket_search
from helpdesk.tickets.beginning import DeskExists, begin_desk
from helpdesk.tickets.lifecycle import UNFINISHED
from helpdesk.tickets.models import Ticket, Worklist
from helpdesk.tickets.services.act import rebuild_worklist
from helpdesk.upkeep import backup as backups
from helpdesk.web import assets
from helpdesk.web.i18n import LANGUAGES, language_of


@click.command("init")
@click.option("--name", prompt="Name of the desk", help="What the desk is called.")
@click.option(
    "--language", prompt="Language (en, zh-Hans, zh-Hant)", default="en", help="Its language."
)
@click.option(
    "--time-zone", prompt="Time zone, like Europe/London", default="UTC", help="IANA name."
)
@click.option("--phone-region", default="GB", help="Country of numbers without +, like HK.")
@click.option("--admin-name", prompt="Your name", help="The first administrator.")
@click.option("--admin-email", prompt="Your e-mail address", help="They sign in with it.")
@json_option
@with_desk
def init(
    name: str,
    language: str,
    time_zone: str,
    phone_region: str,
    admin_name: str,
    admin_email: str,
    as_json: bool,
) -> None:
    """Begin an empty desk and print the first administrator's sign-in link."""
    code = language_of(language)
    if code is None:
        raise click.BadParameter(f"one of {', '.join(LANGUAGES)}", param_hint="--language")
    try:
        with transaction():
            persons.check_time_zone(time_zone)
            begin_desk(name, language=code, time_zone=time_zone, phone_region=phone_region.upper())
            person = persons.create(
                SYSTEM,
                persons.NewPerson(
                    admin_name,
                    (persons.NewContact(ContactKind.EMAIL, admin_email),),
                    {"language": code, "time_zone": time_zone},
                ),
            )
            role = db.session.scalars(select(Role).where(Role.key == "administrator")).one()
            account = accounts.give(SYSTEM, person, [role])
            team = db.session.scalars(select(Team)).one()
            teams.set_members(SYSTEM, team, {person.id: True})
            link = links.issue(account, links.Purpose.FIRST)
            url, until = link.url, link.expires_at
    except DeskExists:
        raise click.ClickException("There is a desk in this database already.") from None
    except persons.Refused as refusal:
        raise click.ClickException(str(refusal)) from None
    emit(
        as_json,
        {"desk": name, "administrator": admin_email, "link": url, "expires_at": until},
        f"The desk {name} is ready. Start it with `make run` or `helpdesk run`, then open this"
        f" link once, before {until:%Y-%m-%d %H:%M} UTC, to choose your password:\n\n  {url}\n",
    )


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
@with_desk
def backup(file: Path, as_json: bool) -> None:
    """Write database, attachments and signing key into one file."""
    try:
        done = backups.backup(file)
    except backups.BackupError as error:
        raise click.ClickException(str(error)) from None
    emit(as_json, done, f"{done['rows']} rows and {done['blobs']} files are in {done['file']}.")


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@with_desk
def restore(file: Path, as_json: bool) -> None:
    """Fill an empty database from a backup, SQLite or PostgreSQL alike."""
    try:
        done = backups.restore(file)
    except backups.BackupError as error:
        raise click.ClickException(str(error)) from None
    emit(as_json, done, f"{done['rows']} rows and {done['blobs']} files came back.")


@click.group("search")
def search() -> None:
    """The index of words."""


@search.command("rebuild")
@json_option
@with_desk
def search_rebuild(as_json: bool) -> None:
    """Make the index of tickets and people anew."""
    with transaction():
        entries = ticket_search.rebuild()
        people = people_search.rebuild()
    emit(
        as_json,
        {"entries": entries, "people": people},
        f"{entries} journal entries and {people} people are indexed.",
    )


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


@click.command("doctor")
@json_option
@with_desk
def doctor(as_json: bool) -> None:
    """Check that everything the desk needs is there; ends with 1 when something is not."""
    settings: config.Settings = current_app.config["SETTINGS"]
    checks: dict[str, str] = {}
    try:
        assets.check()
        checks["front-end files"] = ""
    except assets.AssetsMissing as error:
        checks["front-end files"] = str(error)
    try:
        revision = db.session.execute(text("SELECT version_num FROM alembic_version")).scalar()
        checks["database"] = "" if revision else "empty: run `helpdesk migrate`"
        has_desk = db.session.scalar(select(Desk.id)) is not None
        checks["desk"] = "" if has_desk else "none yet: run `helpdesk init`"
        waiting = db.session.scalar(
            select(func.count(Ticket.id)).where(
                Ticket.status_class.in_(UNFINISHED),
                Ticket.hidden_at.is_(None),
                Ticket.id.not_in(select(Worklist.ticket_id)),
            )
        )
        checks["worklist"] = (
            f"{waiting} tickets are missing: run `helpdesk tickets rebuild-worklist`"
            if waiting
            else ""
        )
    except Exception as error:  # noqa: BLE001 (whatever it is, the administrator must see it)
        checks["database"] = f"does not answer: {error}"
    checks["data folder"] = _writable(settings.data_dir)
    free = shutil.disk_usage(settings.data_dir).free
    checks["disk"] = "" if free > 1024**3 else f"only {free // 1024**2} MB are free"
    for name, trouble in checks.items():
        emit(
            as_json,
            {"check": name, "ok": not trouble, "detail": trouble},
            f"{'ok     ' if not trouble else 'TROUBLE'}  {name}{': ' if trouble else ''}{trouble}",
        )
    if any(checks.values()):
        sys.exit(1)


def _writable(folder: Path) -> str:
    probe = folder / ".doctor"
    try:
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        return f"{folder} is not writable: {error.strerror}"
    return ""
