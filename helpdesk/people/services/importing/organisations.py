"""Lines of a file of organisations."""

from collections.abc import Sequence
from datetime import date

from flask_babel import gettext as _
from sqlalchemy import func, select

from helpdesk.db import db
from helpdesk.people.access import Actor
from helpdesk.people.errors import Refused
from helpdesk.people.models import Organisation
from helpdesk.people.services import organisations, persons
from helpdesk.people.services.importing import columns
from helpdesk.people.services.importing.plan import Line, Outcome

_PLAIN = ("phone", "time_zone", "support_level", "support_until", "notes")


def understand(line: Line, said: dict[str, str], _region: str) -> None:
    """Turn the cells of a line into values; what can't be understood fails the line."""
    line.values["name"] = line.label = " ".join(said.get("name", "").split())[:200]
    if not line.label:
        line.fail(_("There is no name."))
    for column in _PLAIN:
        if said.get(column):
            line.values[column] = said[column]
    try:
        persons.check_time_zone(line.values.get("time_zone"))
    except Refused as refusal:
        line.fail(f"{line.values['time_zone']}: {refusal}")
    if "support_until" in line.values:
        try:
            line.values["support_until"] = columns.day(line.values["support_until"])
        except ValueError:
            line.fail(
                _("%(cell)s is no date. Write it like 2027-03-31.", cell=said["support_until"])
            )
    line.values["domains"] = []
    for text in columns.several(said.get("domains", "")):
        try:
            line.values["domains"].append(organisations.clean_domain(text))
        except Refused as refusal:
            line.fail(f"{text}: {refusal}")
    line.values["sites"] = columns.several(said.get("sites", ""))


def _text(value: str | date | None) -> str:
    return value.isoformat() if isinstance(value, date) else value or ""


def resolve(lines: Sequence[Line]) -> None:
    """Find which organisation each line is about and what it would change."""
    seen: dict[str, int] = {}
    for line in lines:
        if line.has_failed():
            continue
        key = line.label.lower()
        if key in seen:
            line.fail(_("The same name is in line %(line)s.", line=seen[key]))
            continue
        seen[key] = line.number
        row = db.session.scalar(select(Organisation).where(func.lower(Organisation.name) == key))
        for domain in line.values["domains"]:
            held = organisations.holder_of(domain)
            if held is not None and (row is None or held.id != row.id):
                line.fail(_("%(domain)s belongs to %(name)s.", domain=domain, name=held.name))
        if line.has_failed() or row is None:
            continue
        line.found_id = row.id
        for field in _PLAIN:
            if field in line.values and getattr(row, field) != line.values[field]:
                line.changes[field] = [_text(getattr(row, field)), _text(line.values[field])]
        for field, has in (
            ("domains", {domain.domain for domain in row.domains}),
            ("sites", {site.name.lower() for site in row.sites}),
        ):
            fresh = [one for one in line.values[field] if one.lower() not in has]
            if fresh:
                line.changes[field] = ["", ", ".join(fresh)]
        line.result = Outcome.UPDATE if line.changes else Outcome.SAME


def carry_out(actor: Actor, line: Line) -> Organisation:
    """Create or change the organisation of a line. Raises Denied, Refused."""
    fields = {key: line.values[key] for key in _PLAIN if key in line.values}
    row = db.session.get(Organisation, line.found_id) if line.found_id is not None else None
    if row is None:
        row = organisations.create(actor, line.label, **fields)
    else:
        organisations.edit(actor, row, row.version, fields)
    has = {domain.domain for domain in row.domains}
    for domain in line.values["domains"]:
        if domain not in has:
            organisations.add_domain(actor, row, domain)
    sites = {site.name.lower() for site in row.sites}
    for name in line.values["sites"]:
        if name.lower() not in sites:
            organisations.add_site(actor, row, name, address="", time_zone=None)
    return row
