"""Lines of a file of people: understanding them and carrying them out."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from helpdesk.db import db
from helpdesk.people import contact_values
from helpdesk.people.access import Actor
from helpdesk.people.contact_values import ContactValue
from helpdesk.people.errors import Refused
from helpdesk.people.models import ContactKind, ContactPoint, Organisation, Person, Site
from helpdesk.people.services import contact_points, organisations, persons
from helpdesk.people.services.importing import columns
from helpdesk.people.services.importing.plan import Line, Outcome
from helpdesk.people.services.persons import NewContact, NewPerson

_BATCH = 400
_PLAIN = ("call_name", "title", "notes")
_CONTACTS = (
    ("email", ContactKind.EMAIL),
    ("email_2", ContactKind.EMAIL),
    ("phone", ContactKind.PHONE),
    ("mobile", ContactKind.PHONE),
    ("fax", ContactKind.FAX),
)

Contact = tuple[str, ContactValue, str]
"""Kind, normalised value and label."""


def understand(line: Line, said: dict[str, str], region: str) -> None:
    """Turn the cells of a line into values; what can't be understood fails the line."""
    name = said.get("name") or " ".join(
        part for part in (said.get("first_name", ""), said.get("last_name", "")) if part
    )
    line.values["name"] = " ".join(name.split())[:200]
    contacts: list[Contact] = []
    for column, kind in _CONTACTS:
        text = said.get(column, "")
        if column == "phone" and said.get("extension"):
            text = f"{text} ext {said['extension']}" if text else said["extension"]
        if not text:
            continue
        try:
            value = contact_values.normalise(kind, text, region)
        except Refused as refusal:
            line.fail(f"{text}: {refusal}")
            continue
        label = "mobile" if column == "mobile" else ""
        if not any((kind, value) == (one[0], one[1]) for one in contacts):
            contacts.append((kind, value, label))
    line.values["contacts"] = contacts
    for column in _PLAIN:
        if said.get(column):
            line.values[column] = said[column]
    if said.get("organisation"):
        line.values["organisation"] = " ".join(said["organisation"].split())[:200]
    if said.get("site"):
        line.values["site"] = " ".join(said["site"].split())[:200]
    _understand_settings(line, said)
    if not line.values["name"] and not contacts:
        line.fail(_("There is neither a name nor an address."))
    line.label = line.values["name"] or (contacts[0][1].value if contacts else "")


def _understand_settings(line: Line, said: dict[str, str]) -> None:
    language = columns.language(said.get("language", ""))
    time_zone = said.get("time_zone", "") or None
    try:
        persons.check_language(language)
        persons.check_time_zone(time_zone)
    except Refused as refusal:
        line.fail(f"{time_zone if refusal.field == 'time_zone' else language}: {refusal}")
        return
    if language:
        line.values["language"] = language
    if time_zone:
        line.values["time_zone"] = time_zone
    try:
        vip = columns.yes(said.get("vip", ""))
    except ValueError:
        line.fail(_("%(text)s: say yes or no.", text=said["vip"]))
        return
    if vip is not None:
        line.values["vip"] = vip


# ---- Finding who a line is about ----


def _batches(values: Iterable[Any]) -> Iterator[list[Any]]:
    rest = list(values)
    for start in range(0, len(rest), _BATCH):
        yield rest[start : start + _BATCH]


def _holders(lines: Sequence[Line]) -> dict[tuple[str, str, str], ContactPoint]:
    """Return the contact points that identify somebody, of all values in the file."""
    wanted = {contact[1].value for line in lines for contact in line.values.get("contacts", ())}
    found: dict[tuple[str, str, str], ContactPoint] = {}
    for some in _batches(sorted(wanted)):
        for point in db.session.scalars(
            select(ContactPoint)
            .options(
                selectinload(ContactPoint.person).selectinload(Person.contact_points),
                selectinload(ContactPoint.person).selectinload(Person.organisation),
            )
            .where(
                ContactPoint.value.in_(some),
                ContactPoint.identifies,
                ContactPoint.retired_at.is_(None),
            )
        ):
            found[point.kind, point.value, point.extension] = point
    return found


def _organisations(lines: Sequence[Line]) -> dict[str, Organisation]:
    """Return the organisations named in the file, by folded name."""
    wanted = {
        line.values["organisation"].lower() for line in lines if "organisation" in line.values
    }
    found: dict[str, Organisation] = {}
    for some in _batches(sorted(wanted)):
        for row in db.session.scalars(
            select(Organisation)
            .options(selectinload(Organisation.sites))
            .where(func.lower(Organisation.name).in_(some), Organisation.retired_at.is_(None))
        ):
            found[row.name.lower()] = row
    return found


def _namesakes(lines: Sequence[Line]) -> dict[tuple[str, int | None], list[Person]]:
    """Return people by (name, organisation), for lines that bring no address."""
    names = {line.values["name"] for line in lines if not line.values.get("contacts")}
    found: dict[tuple[str, int | None], list[Person]] = {}
    for some in _batches(sorted(names)):
        for person in db.session.scalars(
            select(Person)
            .options(selectinload(Person.contact_points), selectinload(Person.organisation))
            .where(Person.name.in_(some), Person.merged_into_id.is_(None))
        ):
            found.setdefault((person.name, person.organisation_id), []).append(person)
    return found


def resolve(lines: Sequence[Line]) -> None:
    """Find whom each line is about and what it would change."""
    alive = [line for line in lines if not line.has_failed()]
    holders, known, namesakes = _holders(alive), _organisations(alive), _namesakes(alive)
    first_line: dict[tuple[str, str, str], int] = {}
    new_organisations: set[str] = set()
    for line in alive:
        for kind, value, _label in line.values["contacts"]:
            key = (str(kind), value.value, value.extension)
            if kind == ContactKind.EMAIL and key in first_line:
                line.fail(_("The same address is in line %(line)s.", line=first_line[key]))
                break
            first_line.setdefault(key, line.number)
        if line.has_failed():
            continue
        organisation = known.get(line.values.get("organisation", "").lower())
        person = _person_of(line, holders, namesakes, organisation)
        if line.has_failed():
            continue
        name = line.values.get("organisation", "")
        if name and organisation is None and name.lower() not in new_organisations:
            new_organisations.add(name.lower())
            line.messages.append(_("New organisation: %(name)s", name=name))
        if person is None:
            if not line.values["name"]:
                line.values["name"] = contact_values.show_email(line.values["contacts"][0][1].value)
        else:
            line.found_id = person.id
            _compare(line, person, organisation)


def _person_of(
    line: Line,
    holders: dict[tuple[str, str, str], ContactPoint],
    namesakes: dict[tuple[str, int | None], list[Person]],
    organisation: Organisation | None,
) -> Person | None:
    """Return the person a line is about: by e-mail address, else by number, else by name."""
    by_kind: dict[str, dict[int, Person]] = {"email": {}, "other": {}}
    for kind, value, _label in line.values["contacts"]:
        point = holders.get((str(kind), value.value, value.extension))
        if point is not None:
            group = "email" if kind == ContactKind.EMAIL else "other"
            by_kind[group][point.person_id] = point.person
    if len(by_kind["email"]) > 1:
        names = ", ".join(sorted(person.name for person in by_kind["email"].values()))
        line.fail(_("Its addresses belong to different people: %(names)s", names=names))
        return None
    if by_kind["email"]:
        return next(iter(by_kind["email"].values()))
    has_email = any(kind == ContactKind.EMAIL for kind, _value, _label in line.values["contacts"])
    if len(by_kind["other"]) == 1 and not has_email:
        return next(iter(by_kind["other"].values()))
    if not line.values["contacts"]:
        same = namesakes.get((line.values["name"], organisation.id if organisation else None), [])
        if len(same) > 1:
            line.fail(_("There are several people of this name. Add an address."))
        return same[0] if len(same) == 1 else None
    return None


def _compare(line: Line, person: Person, organisation: Organisation | None) -> None:
    """Write down what the line would change; empty cells change nothing."""
    for field in ("name", *_PLAIN, "language", "time_zone", "vip"):
        new = line.values.get(field)
        if new not in (None, "") and getattr(person, field) != new:
            line.changes[field] = [getattr(person, field), new]
    name = line.values.get("organisation")
    old = person.organisation.name if person.organisation is not None else None
    if name and (organisation is None or person.organisation_id != organisation.id):
        line.changes["organisation"] = [old, name]
    if line.values.get("site"):
        site = db.session.get(Site, person.site_id) if person.site_id else None
        if site is None or site.name.lower() != line.values["site"].lower():
            line.changes["site"] = [site.name if site else None, line.values["site"]]
    has = {
        (point.kind, point.value, point.extension)
        for point in person.contact_points
        if point.retired_at is None
    }
    fresh = [
        contact_values.show(kind, value.value, value.extension, "")
        for kind, value, _label in line.values["contacts"]
        if (str(kind), value.value, value.extension) not in has
    ]
    if fresh:
        line.changes["contacts"] = ["", ", ".join(fresh)]
    line.result = Outcome.UPDATE if line.changes else Outcome.SAME


# ---- Carrying a line out ----


def carry_out(actor: Actor, line: Line) -> Person:
    """Create or change the person of a line. Raises Denied, Refused."""
    fields = {key: line.values[key] for key in (*_PLAIN, "language", "time_zone", "vip")
              if key in line.values}  # fmt: skip
    organisation = _organisation(actor, line.values.get("organisation"))
    if organisation is not None:
        fields["organisation_id"] = organisation.id
    person = db.session.get(Person, line.found_id) if line.found_id is not None else None
    if line.values.get("site"):
        owner = organisation or (person.organisation if person is not None else None)
        if owner is not None:
            fields["organisation_id"] = owner.id
            fields["site_id"] = _site(actor, owner, line.values["site"]).id
        else:
            line.messages.append(_("A site without an organisation was left out."))
    if person is None:
        contacts = tuple(
            NewContact(kind, _text(value), label, _is_free(kind, value))
            for kind, value, label in line.values["contacts"]
        )
        return persons.create(actor, NewPerson(line.values["name"], contacts, fields))
    if line.values["name"]:
        fields["name"] = line.values["name"]
    persons.edit(actor, person, person.version, fields)
    has = {
        (point.kind, point.value, point.extension)
        for point in person.contact_points
        if point.retired_at is None
    }
    for kind, value, label in line.values["contacts"]:
        if (str(kind), value.value, value.extension) not in has:
            contact_points.add(
                actor, person, kind, _text(value), label=label, identifies=_is_free(kind, value)
            )
    return person


def _text(value: ContactValue) -> str:
    """Return a normalised value in a form that normalises to itself."""
    if value.extension:
        return f"{value.value} ext {value.extension}" if value.value else value.extension
    return value.value


def _is_free(kind: str, value: ContactValue) -> bool:
    """Whether a value can identify a person: a number that somebody else has is a shared one.

    An e-mail address always must, so that the verb refuses one that is taken.
    """
    return kind == ContactKind.EMAIL or contact_points.holder_of(kind, value) is None


def _organisation(actor: Actor, name: str | None) -> Organisation | None:
    if not name:
        return None
    row = db.session.scalar(
        select(Organisation).where(func.lower(Organisation.name) == name.lower())
    )
    return row if row is not None else organisations.create(actor, name)


def _site(actor: Actor, organisation: Organisation, name: str) -> Site:
    for site in organisation.sites:
        if site.name.lower() == name.lower():
            return site
    return organisations.add_site(actor, organisation, name, address="", time_zone=None)
