"""Reading people and organisations. Finding and authorising are one call."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, TextClause, bindparam, func, select, text, tuple_
from sqlalchemy.orm import defer, joinedload, selectinload

from helpdesk.db import db
from helpdesk.people import contact_values
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Missing
from helpdesk.people.models import (
    Account,
    ContactKind,
    ContactPoint,
    Desk,
    Organisation,
    OrganisationDomain,
    Person,
    PersonMerge,
    Role,
    Site,
    Team,
    TeamMember,
)

PAGE = 50
"""Rows of a page of people."""


def person_for(actor: Actor, person_id: int) -> Person:
    """Return a person that the actor may see. Raises Denied, Missing.

    A record that was merged away is returned as it is; see ``survivor_of``.
    """
    actor.demand(Permission.PERSON_READ)
    person = db.session.get(
        Person,
        person_id,
        options=[
            joinedload(Person.organisation),
            joinedload(Person.site),
            selectinload(Person.contact_points),
        ],
    )
    if person is None:
        raise Missing
    return person


def plain_person_for(actor: Actor, person_id: int) -> Person:
    """Return a person as ``person_for``, without what only their page shows. Raises the same."""
    actor.demand(Permission.PERSON_READ)
    person = db.session.get(Person, person_id)
    if person is None:
        raise Missing
    return person


def survivor_of(person: Person) -> Person:
    """Return the record that a person's was merged into, or the person itself."""
    seen = set()
    while person.merged_into_id is not None and person.id not in seen:
        seen.add(person.id)
        person = db.session.get_one(Person, person.merged_into_id)
    return person


def organisation_for(actor: Actor, organisation_id: int) -> Organisation:
    """Return an organisation that the actor may see. Raises Denied, Missing."""
    actor.demand(Permission.PERSON_READ)
    organisation = db.session.get(Organisation, organisation_id)
    if organisation is None:
        raise Missing
    return organisation


# ---- By address and number ----


# Put together once: every message that comes in asks.
_BY_EMAIL = (
    select(Person)
    .join(ContactPoint, ContactPoint.person_id == Person.id)
    .where(
        ContactPoint.kind == ContactKind.EMAIL,
        ContactPoint.value == bindparam("address"),
        ContactPoint.identifies,
        ContactPoint.retired_at.is_(None),
    )
)


def person_by_email(address: str) -> Person | None:
    """Return whose address this is. An address that can't be one belongs to nobody."""
    try:
        value = contact_values.email(address)
    except ValueError:
        return None
    return db.session.scalar(_BY_EMAIL, {"address": value})


def people_by_email(addresses: Iterable[str]) -> dict[str, Person]:
    """Return whose addresses these are, by the address as it is kept. One query."""
    values = set()
    for address in addresses:
        with suppress(ValueError):
            values.add(contact_values.email(address))
    rows = db.session.execute(
        select(ContactPoint.value, Person)
        .join(Person, ContactPoint.person_id == Person.id)
        .where(
            ContactPoint.kind == ContactKind.EMAIL,
            ContactPoint.value.in_(sorted(values)),
            ContactPoint.identifies,
            ContactPoint.retired_at.is_(None),
        )
    )
    return {row.value: row.Person for row in rows}


def people_by_phone(number: str, limit: int = 10) -> list[Person]:
    """Return who may be calling from a number, those that it identifies first.

    The number is read as one of the desk's country unless it has a country code. A person with
    an extension at the number comes before others who share it.
    """
    region = db.session.scalar(select(Desk.phone_region).limit(1)) or "GB"
    try:
        asked = contact_values.phone(number, region)
    except ValueError:
        return []
    rows = db.session.execute(
        select(ContactPoint, Person)
        .join(Person, Person.id == ContactPoint.person_id)
        .options(joinedload(Person.organisation))
        .where(
            ContactPoint.kind == ContactKind.PHONE,
            ContactPoint.value == asked.value,
            *([ContactPoint.extension == asked.extension] if not asked.value else []),
            ContactPoint.retired_at.is_(None),
            Person.retired_at.is_(None),
            Person.merged_into_id.is_(None),
        )
        .order_by(Person.name, Person.id)
        .limit(limit * 2)
    ).all()
    ranked = sorted(
        rows, key=lambda row: (row[0].extension != asked.extension, not row[0].identifies)
    )
    return list(dict.fromkeys(row[1] for row in ranked))[:limit]


_BY_DOMAIN = (
    select(OrganisationDomain)
    .join(Organisation, Organisation.id == OrganisationDomain.organisation_id)
    .where(
        OrganisationDomain.domain.in_(bindparam("domains", expanding=True)),
        Organisation.retired_at.is_(None),
    )
)


def organisation_of_address(address: str) -> Organisation | None:
    """Return the organisation that the address's domain, or a domain above it, belongs to."""
    domain = address.rpartition("@")[2].lower()
    parts = domain.split(".")
    above = [".".join(parts[at:]) for at in range(len(parts))][:6]
    rows = db.session.scalars(_BY_DOMAIN, {"domains": above}).all()
    if not rows:
        return None
    return max(rows, key=lambda row: len(row.domain)).organisation


# ---- Lists ----


@dataclass(frozen=True, slots=True)
class PeopleFilter:
    """What the list of people is narrowed to. It lives in the page's address."""

    organisation_id: int | None = None
    site_id: int | None = None
    vip: bool = False
    technicians: bool = False
    provisional: bool = False
    retired: bool = False

    def narrowing(self) -> list[ColumnElement[bool] | TextClause]:
        """Return the conditions beyond who is offered at all."""
        found: list[ColumnElement[bool] | TextClause] = []
        if self.organisation_id is not None:
            found.append(Person.organisation_id == self.organisation_id)
        if self.site_id is not None:
            found.append(Person.site_id == self.site_id)
        # As text, because SQLite only takes a partial index whose condition reads the same.
        if self.vip:
            found.append(text("person.vip"))
        if self.technicians:
            found.append(text("person.is_technician"))
        if self.provisional:
            found.append(Person.provisional.is_(True))
        return found

    def conditions(self) -> list[ColumnElement[bool] | TextClause]:
        """Return the whole filter for a query over people."""
        is_left = Person.retired_at.is_not(None) if self.retired else Person.retired_at.is_(None)
        return [Person.merged_into_id.is_(None), is_left, *self.narrowing()]


def _people(narrowed: PeopleFilter, after: tuple[str, int] | None) -> Select[Person]:
    query = (
        select(Person)
        .options(joinedload(Person.organisation), selectinload(Person.contact_points))
        .where(*narrowed.conditions())
        .order_by(Person.name, Person.id)
    )
    if after is not None:
        query = query.where(tuple_(Person.name, Person.id) > tuple_(*after))
    return query


def people_page(
    actor: Actor, narrowed: PeopleFilter, after: tuple[str, int] | None = None, size: int = PAGE
) -> tuple[list[Person], bool]:
    """Return a page of people by name, and whether there are more. Raises Denied.

    ``after`` is name and key of the last person of the page before.
    """
    actor.demand(Permission.PERSON_READ)
    rows = list(db.session.scalars(_people(narrowed, after).limit(size + 1)))
    return rows[:size], len(rows) > size


def all_people(actor: Actor, narrowed: PeopleFilter, batch: int = 500) -> Iterator[Person]:
    """Yield every person of a list, a batch at a time. Raises Denied before the first."""
    actor.demand(Permission.PERSON_READ)
    after: tuple[str, int] | None = None
    more = True
    while more:
        rows, more = people_page(actor, narrowed, after, batch)
        yield from rows
        if rows:
            after = (rows[-1].name, rows[-1].id)
        db.session.expunge_all()


def organisations_page(
    actor: Actor, words: str = "", after: str | None = None, size: int = PAGE
) -> tuple[list[Organisation], bool]:
    """Return a page of organisations by name, and whether there are more. Raises Denied."""
    actor.demand(Permission.PERSON_READ)
    query = (
        select(Organisation)
        .options(selectinload(Organisation.domains))
        .where(Organisation.retired_at.is_(None))
        .order_by(Organisation.name)
    )
    for word in words.split()[:6]:
        query = query.where(func.lower(Organisation.name).contains(word.lower(), autoescape=True))
    if after is not None:
        query = query.where(Organisation.name > after)
    rows = list(db.session.scalars(query.limit(size + 1)))
    return rows[:size], len(rows) > size


def account_of(person_id: int) -> Account | None:
    """Return a person's account with its roles."""
    return db.session.scalar(
        select(Account).options(selectinload(Account.roles)).where(Account.person_id == person_id)
    )


def roles() -> list[Role]:
    """Return the roles that can be given, in their order."""
    return list(
        db.session.scalars(
            select(Role)
            .options(selectinload(Role.permissions))
            .where(Role.retired_at.is_(None))
            .order_by(Role.position, Role.id)
        )
    )


def teams() -> list[Team]:
    """Return the teams that are in use, by name."""
    return list(
        db.session.scalars(select(Team).where(Team.retired_at.is_(None)).order_by(Team.name))
    )


def teams_of(person_id: int) -> list[TeamMember]:
    """Return a technician's memberships with their teams."""
    return list(
        db.session.scalars(
            select(TeamMember)
            .join(Team, Team.id == TeamMember.team_id)
            .options(joinedload(TeamMember.team))
            .where(TeamMember.person_id == person_id, Team.retired_at.is_(None))
            .order_by(Team.name)
        )
    )


def technicians() -> list[Person]:
    """Return everybody who works tickets, by name."""
    return list(
        db.session.scalars(
            select(Person)
            .where(
                Person.is_technician, Person.retired_at.is_(None), Person.merged_into_id.is_(None)
            )
            .order_by(Person.name, Person.id)
        )
    )


def merges_into(person_id: int) -> list[tuple[PersonMerge, Person]]:
    """Return the merges that made this record what it is, with the record that went in.

    The latest is first.
    """
    rows = db.session.execute(
        select(PersonMerge, Person)
        # What undoing takes may name thousands of tickets, and a page shows none of it.
        .options(defer(PersonMerge.moved))
        .join(Person, Person.id == PersonMerge.merged_id)
        .where(PersonMerge.survivor_id == person_id, PersonMerge.undone_at.is_(None))
        .order_by(PersonMerge.id.desc())
    )
    return [(merge, merged) for merge, merged in rows]


def organisation_name(organisation_id: int) -> str:
    """Return an organisation's name, empty when there is none."""
    name = db.session.scalar(select(Organisation.name).where(Organisation.id == organisation_id))
    return name or ""


def site_name(site_id: int) -> str:
    """Return a site's name, empty when there is none."""
    return db.session.scalar(select(Site.name).where(Site.id == site_id)) or ""
