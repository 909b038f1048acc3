"""Organisations with their mail domains and sites."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select, update

from helpdesk.db import db
from helpdesk.events import publish
from helpdesk.lib.clock import now
from helpdesk.people import audit, contact_values, search, typed_text
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Clash, Missing, Refused
from helpdesk.people.events import OrganisationRenamed
from helpdesk.people.models import (
    ContactKind,
    ContactPoint,
    Organisation,
    OrganisationDomain,
    Person,
    Site,
)
from helpdesk.people.services.persons import check_time_zone, last_editor, lock

EDITABLE = ("name", "phone", "notes", "time_zone", "support_level", "support_until")

PUBLIC_DOMAINS = frozenset(
    "126.com 139.com 163.com aol.com foxmail.com gmail.com gmx.at gmx.de gmx.net googlemail.com"
    " hey.com hotmail.com icloud.com live.com mail.com mail.ru me.com msn.com netvigator.com"
    " orange.fr outlook.com pm.me proton.me protonmail.com qq.com sina.com sohu.com t-online.de"
    " web.de yahoo.co.uk yahoo.com yahoo.com.hk yandex.ru yeah.net ymail.com zoho.com".split()
)
"""Domains where anybody gets an address: they belong to no organisation."""


def _check_name(name: str, own: Organisation | None = None) -> str:
    name = typed_text.name(name, 200)
    same = db.session.scalar(
        select(Organisation).where(func.lower(Organisation.name) == name.lower())
    )
    if same is not None and (own is None or same.id != own.id):
        raise Refused("name-taken", _l("There is already an organisation of this name."), "name")
    return name


def create(
    actor: Actor, name: str, *, domains: list[str] | None = None, **fields: Any
) -> Organisation:
    """Create an organisation. Raises Denied, Refused with the field."""
    actor.demand(Permission.PERSON_EDIT)
    organisation = Organisation(name=_check_name(name), **_clean(fields))
    for domain in domains or []:
        organisation.domains.append(OrganisationDomain(domain=_check_domain(domain)))
    db.session.add(organisation)
    db.session.flush()
    audit.record(actor, "organisation-created", organisation)
    for row in organisation.domains:
        adopt(organisation, row.domain)
    return organisation


def edit(actor: Actor, organisation: Organisation, version: int, fields: Mapping[str, Any]) -> bool:
    """Change an organisation; False when nothing changes. Raises Denied, Refused, Clash."""
    actor.demand(Permission.PERSON_EDIT)
    lock(organisation)
    wanted = _clean(fields)
    if "name" in wanted:
        wanted["name"] = _check_name(wanted["name"], organisation)
    old = {key: getattr(organisation, key) for key in EDITABLE}
    changes = audit.difference(old, wanted)
    if not changes:
        return False
    if organisation.version != version:
        theirs = {key: old[key] for key in changes}
        raise Clash(organisation.version, theirs, last_editor("organisation", organisation.id))
    for key in changes:
        setattr(organisation, key, wanted[key])
    organisation.version += 1
    db.session.flush()
    if "name" in changes:
        search.refresh_members(organisation.id)
        publish(OrganisationRenamed(organisation))
    audit.record(actor, "organisation-edited", organisation, _written(changes))
    return True


def _written(changes: Mapping[str, audit.Change]) -> dict[str, audit.Change]:
    """Return changes as the audit log keeps them: dates by their ISO names."""
    return {
        key: [value.isoformat() if isinstance(value, date) else value for value in values]
        for key, values in changes.items()
    }


def support_levels() -> list[str]:
    """Return every level of support that some organisation has, by name."""
    levels = select(Organisation.support_level).where(Organisation.support_level != "").distinct()
    return sorted(db.session.scalars(levels), key=str.casefold)


def _clean(fields: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(fields) - set(EDITABLE)
    if unknown:
        raise TypeError(f"no such fields of an organisation: {sorted(unknown)}")
    found = dict(fields)
    for key, length in (("name", 200), ("phone", 40), ("support_level", 60)):
        if key in found:
            found[key] = typed_text.line(found[key], length, key)
    if "notes" in found:
        found["notes"] = typed_text.paragraphs(found["notes"], 20_000, "notes")
    if "time_zone" in found:
        found["time_zone"] = found["time_zone"] or None
        check_time_zone(found["time_zone"])
    if "support_until" in found:
        found["support_until"] = found["support_until"] or None
    return found


def retire(actor: Actor, organisation: Organisation) -> None:
    """Stop offering an organisation. Its people stay; refused while some are in use."""
    actor.demand(Permission.PERSON_EDIT)
    someone = db.session.scalar(
        select(Person.id)
        .where(Person.organisation_id == organisation.id, Person.retired_at.is_(None))
        .limit(1)
    )
    if someone is not None:
        raise Refused(
            "organisation-has-people", _l("People belong to it. Move them or retire them first.")
        )
    if organisation.retired_at is None:
        organisation.retired_at = now()
        organisation.version += 1
        # Its domains are free for the organisation that comes after it.
        organisation.domains.clear()
        audit.record(actor, "organisation-retired", organisation)


# ---- Domains ----


def clean_domain(text: str) -> str:
    """Return a mail domain the way it is stored. Raises Refused with the field ``domain``."""
    try:
        domain = contact_values.mail_domain(text.strip().removeprefix("@"))
    except ValueError:
        raise Refused(
            "domain", _l("This is not a mail domain. It looks like example.com."), "domain"
        ) from None
    if domain in PUBLIC_DOMAINS:
        raise Refused(
            "domain-public",
            _l("Anybody can have an address there, so it belongs to nobody."),
            "domain",
        )
    return domain


def holder_of(domain: str) -> Organisation | None:
    """Return the organisation that has a mail domain."""
    held = db.session.get(OrganisationDomain, domain)
    return held.organisation if held is not None else None


def _check_domain(text: str) -> str:
    domain = clean_domain(text)
    held = holder_of(domain)
    if held is not None:
        raise Refused(
            "domain-taken", _l("This domain belongs to %(name)s.", name=held.name), "domain"
        )
    return domain


def add_domain(actor: Actor, organisation: Organisation, text: str) -> int:
    """Give an organisation a mail domain; return how many people joined it by their address.

    Raises Denied, Refused.
    """
    actor.demand(Permission.PERSON_EDIT)
    domain = _check_domain(text)
    organisation.domains.append(OrganisationDomain(domain=domain))
    db.session.flush()
    audit.record(actor, "organisation-domain-added", organisation, {"domain": [None, domain]})
    return adopt(organisation, domain)


def remove_domain(actor: Actor, organisation: Organisation, domain: str) -> None:
    """Take a mail domain away from an organisation; its people stay. Raises Denied, Missing."""
    actor.demand(Permission.PERSON_EDIT)
    for row in organisation.domains:
        if row.domain == domain:
            organisation.domains.remove(row)
            db.session.flush()
            audit.record(
                actor, "organisation-domain-removed", organisation, {"domain": [domain, None]}
            )
            return
    raise Missing


def adopt(organisation: Organisation, domain: str, limit: int = 2000) -> int:
    """Let people who wrote from the domain, and belong nowhere yet, belong to the organisation."""
    ids = list(
        db.session.scalars(
            select(Person.id)
            .join(ContactPoint, ContactPoint.person_id == Person.id)
            .where(
                ContactPoint.kind == ContactKind.EMAIL,
                ContactPoint.value.endswith(f"@{domain}", autoescape=True),
                ContactPoint.retired_at.is_(None),
                Person.organisation_id.is_(None),
                Person.provisional,
            )
            .distinct()
            .limit(limit)
        )
    )
    if ids:
        db.session.execute(
            update(Person).where(Person.id.in_(ids)).values(organisation_id=organisation.id)
        )
        for person in db.session.scalars(select(Person).where(Person.id.in_(ids))):
            search.refresh(person)
        db.session.flush()
    return len(ids)


# ---- Sites ----


def add_site(
    actor: Actor, organisation: Organisation, name: str, *, address: str, time_zone: str | None
) -> Site:
    """Add a place where the organisation works. Raises Denied, Refused."""
    actor.demand(Permission.PERSON_EDIT)
    said = _checked_site(_check_site(organisation, name), address, time_zone)
    site = Site(organisation_id=organisation.id, **said)
    db.session.add(site)
    db.session.flush()
    db.session.expire(organisation, ["sites"])
    audit.record(actor, "site-created", site)
    return site


def edit_site(
    actor: Actor,
    site: Site,
    *,
    name: str,
    address: str,
    time_zone: str | None,
    seen: Mapping[str, object] | None = None,
) -> None:
    """Change a site. ``seen`` is what the form showed. Raises Denied, Refused, Clash."""
    actor.demand(Permission.PERSON_EDIT)
    if seen is not None:
        db.session.refresh(site, with_for_update=True)
    old = said_of_site(site)
    new = _checked_site(_check_site(site.organisation, name, site), address, time_zone)
    changes = audit.difference(old, new)
    if changes and seen is not None and dict(seen) != old:
        raise Clash(0, {key: old[key] for key in changes}, last_editor("site", site.id))
    for key in changes:
        setattr(site, key, new[key])
    if changes:
        db.session.flush()
        if "name" in changes:
            search.refresh_members(site.organisation_id)
        audit.record(actor, "site-edited", site, changes)


def said_of_site(site: Site) -> dict[str, str | None]:
    """Return what a form shows of a site."""
    return {"name": site.name, "address": site.address, "time_zone": site.time_zone}


def retire_site(actor: Actor, site: Site) -> None:
    """Stop offering a site; who is there stays there until somebody moves them."""
    actor.demand(Permission.PERSON_EDIT)
    if site.retired_at is None:
        site.retired_at = now()
        audit.record(actor, "site-retired", site)


def site_of(organisation: Organisation, site_id: int) -> Site:
    """Return one of the organisation's sites. Raises Missing."""
    for site in organisation.sites:
        if site.id == site_id:
            return site
    raise Missing


def _check_site(organisation: Organisation, name: str, own: Site | None = None) -> str:
    name = typed_text.name(name, 200)
    for site in organisation.sites:
        if site is not own and site.name.lower() == name.lower():
            raise Refused("name-taken", _l("There is already a site of this name."), "name")
    return name


def _checked_site(name: str, address: str, time_zone: str | None) -> dict[str, str | None]:
    check_time_zone(time_zone or None)
    address = typed_text.paragraphs(address, 2000, "address")
    return {"name": name, "address": address, "time_zone": time_zone or None}
