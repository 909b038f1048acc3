"""`helpdesk init`: an empty desk of one's own, and the way in for its first administrator."""

from collections.abc import Callable
from importlib import resources
from pathlib import Path
from zoneinfo import available_timezones

import click
import phonenumbers
from flask import current_app
from sqlalchemy import select

from helpdesk.command import emit, json_option, with_desk
from helpdesk.db import db, transaction
from helpdesk.people import contact_values
from helpdesk.people.access import SYSTEM
from helpdesk.people.errors import Refused
from helpdesk.people.models import Account, ContactKind, Desk, Role, Team
from helpdesk.people.services import accounts, links, persons, teams
from helpdesk.sla import saving
from helpdesk.sla.calendar import WEEKDAYS, Calendar
from helpdesk.tickets.beginning import begin_desk
from helpdesk.upkeep.migrations import migrate
from helpdesk.web.i18n import HTML_LANGUAGES, language_of


@click.command("init")
@click.option("--name", help="What the desk is called.")
@click.option("--language", help=f"Its language: {', '.join(HTML_LANGUAGES.values())}.")
@click.option("--time-zone", help="Its time zone, like Europe/London.")
@click.option("--phone-region", help="Country of numbers without +, like HK. [default: the zone's]")
@click.option("--admin-name", help="The first administrator.")
@click.option("--admin-email", help="Their address; they sign in with it.")
@json_option
@with_desk
def init(
    name: str | None,
    language: str | None,
    time_zone: str | None,
    phone_region: str | None,
    admin_name: str | None,
    admin_email: str | None,
    as_json: bool,
) -> None:
    """Begin an empty desk; prints the administrator's sign-in link.

    Asks for what no option says.
    """
    migrate(current_app.config["SETTINGS"])
    if db.session.scalar(select(Desk.id)) is not None:
        raise click.ClickException(
            "There is a desk in this database already. Another desk needs another"
            " HEARTH_DATA_DIR (or HEARTH_DATABASE_URL)."
        )
    db.session.rollback()
    desk_name = _ask("Name of the desk", name, _name)
    code = _ask(f"Language ({', '.join(HTML_LANGUAGES.values())})", language, _language, "en")
    zone = _ask("Time zone", time_zone, _zone, _own_zone())
    region = _region(phone_region) if phone_region else region_of(zone)
    administrator = _ask("Your name", admin_name, _name)
    address = _ask("Your e-mail address", admin_email, _address)
    try:
        with transaction():
            begin_desk(desk_name, language=code, time_zone=zone, phone_region=region)
            _office_hours(zone)
            account = _administrator(administrator, address, code, zone)
            link = links.issue(account, links.Purpose.FIRST)
            url, until = link.url, link.expires_at
    except Refused as refusal:
        raise click.ClickException(str(refusal)) from None
    emit(
        as_json,
        {"desk": desk_name, "administrator": address, "link": url, "expires_at": until},
        f"\nThe desk {desk_name} is ready. Start it with `helpdesk run`, then open this link to"
        f" choose your password.\nIt works once, until {until:%Y-%m-%d %H:%M} UTC:\n\n  {url}\n",
    )


def _office_hours(zone: str) -> None:
    """Give the desk the calendar that most begin with. Nothing is promised by it yet."""
    hours = [("09:00", "17:00")]
    calendar = Calendar.weekly(zone, dict.fromkeys(WEEKDAYS[:5], hours))
    saving.add_calendar(SYSTEM, "Office hours", calendar).is_default = True


def _administrator(name: str, address: str, language: str, time_zone: str) -> Account:
    """Make the first administrator, who also works and leads the first team."""
    person = persons.create(
        SYSTEM,
        persons.NewPerson(
            name,
            (persons.NewContact(ContactKind.EMAIL, address),),
            {"language": language, "time_zone": time_zone},
        ),
    )
    role = db.session.scalars(select(Role).where(Role.key == "administrator")).one()
    account = accounts.give(SYSTEM, person, [role])
    team = db.session.scalars(select(Team)).one()
    teams.set_members(SYSTEM, team, {person.id: True})
    return account


def _ask(
    question: str, given: str | None, check: Callable[[str], str], default: str | None = None
) -> str:
    """Return an option's value, or ask until the answer is one; both are checked."""
    if given is None:
        return str(click.prompt(question, default=default, value_proc=check, err=True))
    return check(given)


def _name(said: str) -> str:
    words = " ".join(said.split())
    if not 1 <= len(words) <= 100:
        raise click.UsageError("A name has 1 to 100 letters.")
    return words


def _language(said: str) -> str:
    code = language_of(said)
    if code is None:
        raise click.UsageError(f"Choose one of {', '.join(HTML_LANGUAGES.values())}.")
    return code


def _zone(said: str) -> str:
    if said not in available_timezones():
        near = [zone for zone in sorted(available_timezones()) if said.lower() in zone.lower()]
        hint = f" Did you mean {', '.join(near[:5])}?" if said and near else ""
        raise click.UsageError(f"There is no time zone {said!r}.{hint}")
    return said


def _region(said: str) -> str:
    if said.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise click.UsageError(f"There is no country {said!r}; use its two letters, like HK.")
    return said.upper()


def _address(said: str) -> str:
    try:
        return contact_values.normalise(ContactKind.EMAIL, said, "").value
    except Refused as refusal:
        raise click.UsageError(str(refusal)) from None


def _own_zone() -> str:
    """Return the time zone this machine is set to, or UTC."""
    file = Path("/etc/timezone")
    said = file.read_text(encoding="utf-8").strip() if file.is_file() else ""
    return said if said in available_timezones() and not said.startswith("Etc/") else "UTC"


def region_of(zone: str) -> str:
    """Return the country that a time zone is named for, GB when it is named for none."""
    table = resources.files("tzdata").joinpath("zoneinfo/zone.tab").read_text(encoding="utf-8")
    for line in table.splitlines():
        fields = line.split("\t")
        if not line.startswith("#") and fields[2] == zone:
            return fields[0]
    return "GB"
