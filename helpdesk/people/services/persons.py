"""Persons: create, edit, retire and bring back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import available_timezones

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.events import publish
from helpdesk.lib.clock import now
from helpdesk.people import audit, search, typed_text
from helpdesk.people.access import Actor, Permission
from helpdesk.people.contact_values import ContactValue
from helpdesk.people.errors import Clash, Missing, Refused
from helpdesk.people.events import PersonChanged, PersonRenamed
from helpdesk.people.models import AuditEntry, ContactKind, Organisation, Person, Site
from helpdesk.people.queries import organisation_of_address
from helpdesk.people.services import contact_points

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")

EDITABLE = (
    "name",
    "call_name",
    "title",
    "organisation_id",
    "site_id",
    "language",
    "time_zone",
    "vip",
    "notes",
)
"""The fields of a person that a form or a file may set."""

_LENGTHS = {"name": 200, "call_name": 100, "title": 200, "notes": 20_000}


@dataclass(frozen=True, slots=True)
class NewContact:
    """An address or number given together with a new person."""

    kind: str
    text: str
    label: str = ""
    identifies: bool = True


@dataclass(frozen=True, slots=True)
class NewPerson:
    """What it takes to create a person. Only the name is required."""

    name: str
    contacts: tuple[NewContact, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)


def create(actor: Actor, new: NewPerson) -> Person:
    """Create a person. Raises Denied, Refused, Taken (with the person who has the address)."""
    actor.demand(Permission.PERSON_EDIT)
    wanted = _clean({**new.fields, "name": new.name})
    person = Person(**_settled(wanted, None))
    if person.organisation_id is None:
        _join_by_address(person, new.contacts)
    for contact in new.contacts:
        contact_points.add(
            actor,
            person,
            contact.kind,
            contact.text,
            label=contact.label,
            identifies=contact.identifies,
            checked=False,
        )
    claims = [
        (point.kind, ContactValue(point.value, point.extension))
        for point in person.contact_points
        if point.identifies
    ]
    # Added only now: looking for the addresses' holders must not write half a person first.
    with contact_points.claiming(actor, claims):
        db.session.add(person)
        db.session.flush()
    search.refresh(person)
    audit.record(actor, "person-created", person)
    publish(PersonChanged(actor, person))
    return person


def _join_by_address(person: Person, contacts: tuple[NewContact, ...]) -> None:
    """Let a new person belong to the organisation of their address, if nobody chose one."""
    for contact in contacts:
        if contact.kind == ContactKind.EMAIL:
            organisation = organisation_of_address(contact.text.strip())
            if organisation is not None:
                person.organisation_id = organisation.id
                return


def edit(actor: Actor, person: Person, version: int, fields: Mapping[str, Any]) -> bool:
    """Change fields of a person; False when nothing changes.

    ``version`` is the one the editor saw. Raises Denied, Refused (with the field), Clash.
    """
    actor.demand(Permission.PERSON_EDIT)
    wanted = _clean(fields)
    lock(person)
    if person.merged_into_id is not None:
        raise Missing
    wanted = _settled(wanted, person)
    old = {key: getattr(person, key) for key in EDITABLE}
    changes = audit.difference(old, wanted)
    if person.version != version:
        if not changes:
            return False
        theirs = {key: old[key] for key in changes}
        raise Clash(person.version, theirs, last_editor("person", person.id))
    if not changes:
        return False
    for key in changes:
        setattr(person, key, wanted[key])
    if not actor.is_system:
        person.provisional = False
    person.version += 1
    changed(actor, person, changes)
    return True


def changed(actor: Actor, person: Person, changes: dict[str, audit.Change]) -> None:
    """Write down what changed, find the person by it from now on, tell the other rooms."""
    db.session.flush()
    search.refresh(person)
    audit.record(actor, "person-edited", person, _named(changes))
    if {"name", "call_name"} & changes.keys():
        publish(PersonRenamed(person))
    publish(PersonChanged(actor, person))


def retire(actor: Actor, person: Person) -> None:
    """Stop offering a person (they left). Their history stays; a message brings them back."""
    actor.demand(Permission.PERSON_EDIT)
    if person.is_technician or (person.account and person.account.deactivated_at is None):
        raise Refused(
            "person-signs-in", _l("This person can sign in. Take away their access first.")
        )
    if person.retired_at is None:
        person.retired_at = now()
        person.version += 1
        audit.record(actor, "person-retired", person)
        publish(PersonChanged(actor, person))


def bring_back(actor: Actor, person: Person) -> None:
    """Offer a retired person again."""
    actor.demand(Permission.PERSON_EDIT)
    if person.retired_at is not None:
        person.retired_at = None
        person.version += 1
        audit.record(actor, "person-back", person)
        publish(PersonChanged(actor, person))


def lock(row: Person | Organisation) -> None:
    """Read a row again and keep others from changing it until the transaction ends.

    On SQLite the writing transaction is alone already.
    """
    model = type(row)
    db.session.execute(
        select(model)
        .where(model.id == row.id)
        .with_for_update(of=model)
        .execution_options(populate_existing=True)
    )


def last_editor(subject_type: str, subject_id: int) -> str | None:
    """Return the name of who last changed a record, for the person whose form clashed."""
    return db.session.scalar(
        select(Person.name)
        .join(AuditEntry, AuditEntry.actor_id == Person.id)
        .where(AuditEntry.subject_type == subject_type, AuditEntry.subject_id == subject_id)
        .order_by(AuditEntry.id.desc())
        .limit(1)
    )


# ---- What a field may hold ----


def _clean(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return known fields in the form they are stored. Raises Refused with the field."""
    unknown = set(fields) - set(EDITABLE)
    if unknown:
        raise TypeError(f"no such fields of a person: {sorted(unknown)}")
    found = dict(fields)
    for key, length in _LENGTHS.items():
        if key in found:
            kept = typed_text.paragraphs if key == "notes" else typed_text.line
            found[key] = kept(found[key], length, key)
    if "name" in found and not found["name"]:
        raise Refused("name-missing", _l("Type a name."), "name")
    for key in ("language", "time_zone", "organisation_id", "site_id"):
        if key in found:
            found[key] = found[key] or None
    check_language(found.get("language"))
    check_time_zone(found.get("time_zone"))
    return found


def check_language(language: str | None) -> None:
    """Raise Refused unless the text can be a language tag."""
    if language is not None and (len(language) > 20 or not _LANGUAGE.fullmatch(language)):
        raise Refused("language", _l("Choose a language from the list."), "language")


def check_time_zone(time_zone: str | None) -> None:
    """Raise Refused unless there is such a time zone."""
    if time_zone is not None and time_zone not in available_timezones():
        raise Refused("time-zone", _l("Choose a time zone from the list."), "time_zone")


def _settled(wanted: dict[str, Any], person: Person | None) -> dict[str, Any]:
    """Make organisation and site fit each other; a site of another organisation is dropped."""
    organisation_id = wanted.get(
        "organisation_id", person.organisation_id if person is not None else None
    )
    site_id = wanted.get("site_id", person.site_id if person is not None else None)
    if "organisation_id" in wanted and organisation_id is not None:
        organisation = db.session.get(Organisation, organisation_id)
        if organisation is None or organisation.retired_at is not None:
            raise Refused(
                "organisation", _l("This organisation is no longer in use."), "organisation_id"
            )
    if site_id is not None:
        site = db.session.get(Site, site_id)
        if site is not None and organisation_id is None and "organisation_id" not in wanted:
            # Where somebody works says whom they work for.
            organisation_id = wanted["organisation_id"] = site.organisation_id
        if site is None or site.organisation_id != organisation_id:
            if "site_id" in wanted and "organisation_id" not in wanted:
                raise Refused("site", _l("This site is another organisation's."), "site_id")
            wanted["site_id"] = None
    return wanted


def _named(changes: dict[str, audit.Change]) -> dict[str, audit.Change]:
    """Replace keys by names, so that the log can be read when the rows are gone."""
    models: dict[str, type[Organisation | Site]] = {
        "organisation_id": Organisation,
        "site_id": Site,
    }
    found: dict[str, audit.Change] = {}
    for key, values in changes.items():
        if key in models:
            found[key.removesuffix("_id")] = [
                getattr(db.session.get(models[key], value), "name", None)
                if value is not None
                else None
                for value in values
            ]
        elif key == "notes":
            # Notes may be long and personal; that they changed is enough.
            found[key] = [bool(values[0]), bool(values[1])]
        else:
            found[key] = values
    return found
