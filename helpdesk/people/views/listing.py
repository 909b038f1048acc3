"""The list of people: search while typing, filters in the address, paging by key, export."""

from collections.abc import Iterator
from typing import Any

from flask import Response, jsonify, render_template, request, stream_with_context, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import ColumnElement

from helpdesk.lib import csvfile
from helpdesk.lib.clock import now
from helpdesk.people import audit, guard, queries, search
from helpdesk.people.access import Permission
from helpdesk.people.guard import require
from helpdesk.people.models import ContactKind, Organisation, Person
from helpdesk.people.queries import PeopleFilter
from helpdesk.people.views.blueprint import bp
from helpdesk.people.views.shown import address_of, contact_text

FOUND = 50
"""People shown for a question; who looks for more types another word."""


def number_in(name: str) -> int | None:
    """Return a number from the address, None for anything that is none."""
    said = request.args.get(name, "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 18 else None


def narrowed() -> PeopleFilter:
    """Read the filter out of the page's address."""
    return PeopleFilter(
        organisation_id=number_in("organisation"),
        site_id=number_in("site"),
        vip="vip" in request.args,
        technicians="technicians" in request.args,
        provisional="new" in request.args,
        retired="left" in request.args,
    )


def _after() -> tuple[str, int] | None:
    key = number_in("after")
    return (request.args.get("name", ""), key) if key is not None else None


@bp.get("/people")
@require(Permission.PERSON_READ)
def index() -> Any:
    """Show people: those found by words, or a page of the list."""
    actor = guard.current_actor()
    where, question = narrowed(), request.args.get("q", "").strip()[:200]
    organisation = None
    if where.organisation_id is not None:
        organisation = queries.organisation_for(actor, where.organisation_id)
    older = None
    if question:
        people = search.find(
            actor, question, limit=FOUND, where=where.narrowing(), retired=where.retired
        )
        more = len(people) == FOUND
    else:
        people, more = queries.people_page(actor, where, _after())
        if more:
            arguments: dict[str, Any] = {
                **request.args.to_dict(),
                "after": people[-1].id,
                "name": people[-1].name,
            }
            older = url_for("people.index", **arguments)
    return render_template(
        "people/index.html",
        people=people,
        more=more,
        older=older,
        question=question,
        where=where,
        organisation=organisation,
        kept={key: value for key, value in request.args.items() if key not in _PAGING},
        address_of=address_of,
        summary=summary,
        first=_after() is None,
    )


_PAGING = {"q", "after", "name"}


@bp.get("/people/find")
@require(Permission.PERSON_READ)
def find() -> Response:
    """Answer a field that looks for a person, while somebody types."""
    actor = guard.current_actor()
    where: list[ColumnElement[bool]] = []
    if "technicians" in request.args:
        where.append(Person.is_technician.is_(True))
    without = number_in("without")
    if without is not None:
        where.append(Person.id != without)
    people = search.find(actor, request.args.get("q", "")[:200], limit=12, where=where)
    return jsonify([_option(person) for person in people])


def _option(person: Person) -> dict[str, object]:
    hints = [
        person.organisation.name if person.organisation is not None else "",
        address_of(person, ContactKind.EMAIL) or address_of(person, ContactKind.PHONE),
    ]
    return {
        "value": person.id,
        "label": person.name,
        "hint": " · ".join(hint for hint in hints if hint),
        "icon": "headset" if person.is_technician else "circle-user-round",
        "vip": person.vip,
        "url": url_for("people.person", person_id=person.id),
    }


@bp.get("/people/mentionable")
@require(Permission.PERSON_READ)
def mentionable() -> Response:
    """Answer a text in which somebody types @: technicians, all of them at first."""
    actor = guard.current_actor()
    question = request.args.get("q", "")[:100]
    if question:
        people = search.find(actor, question, limit=12, where=[Person.is_technician.is_(True)])
    else:
        people = queries.technicians()[:12]
    return jsonify([{"value": person.id, "label": person.name} for person in people])


# ---- Export ----

HEADER = (
    "Name",
    "Known as",
    "Email",
    "Email 2",
    "Phone",
    "Mobile",
    "Fax",
    "Organisation",
    "Site",
    "Job title",
    "Language",
    "Time zone",
    "VIP",
    "Notes",
)
"""Columns of the export, named so that the import reads them back."""


@bp.get("/people/export.csv")
@require(Permission.PERSON_READ)
def export() -> Response:
    """Send the whole list as a file, as it is narrowed, to whoever may read it."""
    actor = guard.current_actor()
    _write_down("people")
    rows = (_cells(person) for person in queries.all_people(actor, narrowed()))
    return csv_response(csvfile.lines(HEADER, rows), "people")


def _write_down(what: str) -> None:
    narrowed = request.query_string.decode("utf-8", "replace")
    audit.record_export(guard.current_actor(), what, narrowed, request.remote_addr or "")


def csv_response(lines: Iterator[str], name: str) -> Response:
    """Return a file that is written while it is sent."""
    day = now().strftime("%Y-%m-%d")
    return Response(
        stream_with_context(lines),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}-{day}.csv"'},
    )


def _cells(person: Person) -> list[object]:
    by_kind: dict[str, list[str]] = {}
    mobile = ""
    for point in person.contact_points:
        if point.retired_at is None:
            if point.kind == ContactKind.PHONE and point.label == "mobile" and not mobile:
                mobile = contact_text(point)
            else:
                by_kind.setdefault(point.kind, []).append(contact_text(point))
    emails = [*by_kind.get("email", []), "", ""]
    return [
        person.name,
        person.call_name,
        *emails[:2],
        next(iter(by_kind.get("phone", [])), ""),
        mobile,
        next(iter(by_kind.get("fax", [])), ""),
        person.organisation.name if person.organisation is not None else "",
        person.site.name if person.site is not None else "",
        person.title,
        person.language,
        person.time_zone,
        "yes" if person.vip else "no",
        person.notes,
    ]


# ---- Organisations ----


@bp.get("/organisations")
@require(Permission.PERSON_READ)
def organisations() -> Any:
    """Show organisations by name."""
    question = request.args.get("q", "").strip()[:100]
    after = request.args.get("after") or None
    rows, more = queries.organisations_page(guard.current_actor(), question, after)
    older = None
    if more:
        older = url_for("people.organisations", q=question or None, after=rows[-1].name)
    return render_template(
        "people/organisations.html", organisations=rows, older=older, question=question
    )


@bp.get("/organisations/find")
@require(Permission.PERSON_READ)
def find_organisation() -> Response:
    """Answer a field that looks for an organisation, while somebody types."""
    question = request.args.get("q", "")[:100]
    rows, _more = queries.organisations_page(guard.current_actor(), question, size=12)
    return jsonify([_organisation_option(row) for row in rows])


def _organisation_option(row: Organisation) -> dict[str, object]:
    return {
        "value": row.id,
        "label": row.name,
        "hint": ", ".join(domain.domain for domain in row.domains[:3]),
        "icon": "layers",
        "url": url_for("people.organisation", organisation_id=row.id),
    }


@bp.get("/organisations/export.csv")
@require(Permission.PERSON_READ)
def export_organisations() -> Response:
    """Send all organisations as a file."""
    actor = guard.current_actor()
    _write_down("organisations")

    def rows() -> Iterator[list[object]]:
        after: str | None = None
        more = True
        while more:
            some, more = queries.organisations_page(actor, after=after, size=200)
            for row in some:
                yield [
                    row.name,
                    "; ".join(domain.domain for domain in row.domains),
                    row.phone,
                    row.time_zone,
                    "; ".join(site.name for site in row.sites if site.retired_at is None),
                    row.support_level,
                    row.support_until.isoformat() if row.support_until else "",
                    row.notes,
                ]
            after = some[-1].name if some else None

    header = (
        *("Name", "Domains", "Phone", "Time zone", "Sites"),
        *("Support level", "Last day of support", "Notes"),
    )
    return csv_response(csvfile.lines(header, rows()), "organisations")


def summary(count: int, more: bool) -> str:
    """Say how many people were found."""
    if more:
        return str(_("The first %(number)s. Type another word to narrow it.", number=count))
    return str(ngettext("One person", "%(num)d people", count))
