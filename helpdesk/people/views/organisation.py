"""An organisation's page: people, sites, domains, and its history from other rooms."""

from datetime import date
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from helpdesk.people import guard, queries
from helpdesk.people.access import Permission
from helpdesk.people.errors import Clash, Refused
from helpdesk.people.forms import (
    Domain,
    EditOrganisation,
    NewOrganisation,
    SiteFields,
    number,
    typed,
    zone_choices,
)
from helpdesk.people.guard import require
from helpdesk.people.models import Organisation
from helpdesk.people.queries import PeopleFilter
from helpdesk.people.services import organisations
from helpdesk.people.views.answers import done
from helpdesk.people.views.blueprint import bp
from helpdesk.people.views.shown import address_of, contract_words
from helpdesk.web.i18n import short_date

bp.add_app_template_global(contract_words)

SOME = 20
"""People shown on an organisation's own page; the rest is in the list."""


def _page(organisation: Organisation, status: int = 200, **state: Any) -> Any:
    actor = guard.current_actor()
    people, more = queries.people_page(
        actor, PeopleFilter(organisation_id=organisation.id), size=SOME
    )
    return render_template(
        "people/organisation.html",
        organisation=organisation,
        sites=[site for site in organisation.sites if site.retired_at is None],
        people=people,
        more=more,
        address_of=address_of,
        levels=organisations.support_levels() if "form" in state else [],
        may=actor.can,
        P=Permission,
        editing=state.pop("editing", None),
        **{"form": None, "clash": None, "site_clash": None, "refusal": None, **state},
    ), status


def _back(organisation: Organisation, message: str) -> Response:
    return done(url_for("people.organisation", organisation_id=organisation.id), message)


def _find(organisation_id: int) -> Organisation:
    return queries.organisation_for(guard.current_actor(), organisation_id)


@bp.get("/organisations/<int:organisation_id>")
@require(Permission.PERSON_READ)
def organisation(organisation_id: int) -> Any:
    """Show an organisation."""
    return _page(_find(organisation_id))


def _new_page(form: NewOrganisation) -> str:
    return render_template(
        "people/new_organisation.html", form=form, levels=organisations.support_levels()
    )


@bp.get("/organisations/new")
@require(Permission.PERSON_EDIT)
def new_organisation() -> Any:
    """Show the form for a new organisation."""
    form = NewOrganisation(formdata=None, name=request.args.get("name", "")[:200])
    form.time_zone.choices = zone_choices()
    return _new_page(form)


@bp.post("/organisations/new")
@require(Permission.PERSON_EDIT)
def create_organisation() -> Any:
    """Create an organisation."""
    form = NewOrganisation()
    form.time_zone.choices = zone_choices(form.time_zone.data)
    if not form.validate():
        return _new_page(form), 422
    values = form.values()
    name = values.pop("name")
    domains = [form.domain.data] if form.domain.data else []
    try:
        made = organisations.create(guard.current_actor(), name, domains=domains, **values)
    except Refused as refusal:
        form.refuse(refusal.field, refusal.message)
        return _new_page(form), 422
    return _back(made, _("%(name)s is known now", name=made.name))


@bp.get("/organisations/<int:organisation_id>/edit")
@require(Permission.PERSON_EDIT)
def edit_organisation(organisation_id: int) -> Any:
    """Show the page with the details open for editing."""
    found = _find(organisation_id)
    form = EditOrganisation(formdata=None, obj=found)
    form.time_zone.choices = zone_choices(found.time_zone)
    form.time_zone.data = found.time_zone or ""
    return _page(found, editing="details", form=form)


@bp.post("/organisations/<int:organisation_id>/edit")
@require(Permission.PERSON_EDIT)
def save_organisation(organisation_id: int) -> Any:
    """Save the details."""
    found = _find(organisation_id)
    form = EditOrganisation()
    form.time_zone.choices = zone_choices(found.time_zone)
    if not form.validate():
        return _page(found, 422, editing="details", form=form)
    try:
        organisations.edit(guard.current_actor(), found, number(form.version), form.values())
    except Clash as clash:
        form.version.process_data(clash.version)
        form.version.raw_data = None
        labels = {
            "name": _("Name"),
            "phone": _("Phone"),
            "time_zone": _("Time zone"),
            "support_level": _("Support level"),
            "support_until": _("Last day of support"),
            "notes": _("Notes"),
        }
        theirs = [
            (labels[field], (short_date(value) if isinstance(value, date) else value) or "–")
            for field, value in clash.theirs.items()
        ]
        return _page(
            found, 409, editing="details", form=form, clash={"by": clash.by, "theirs": theirs}
        )
    except Refused as refusal:
        form.refuse(refusal.field, refusal.message)
        return _page(found, 422, editing="details", form=form)
    return _back(found, _("Saved"))


@bp.post("/organisations/<int:organisation_id>/retire")
@require(Permission.PERSON_EDIT)
def retire_organisation(organisation_id: int) -> Any:
    """Stop offering an organisation."""
    found = _find(organisation_id)
    try:
        organisations.retire(guard.current_actor(), found)
    except Refused as refusal:
        return _page(found, 422, refusal=refusal.message)
    return _back(found, _("%(name)s is no longer offered", name=found.name))


# ---- Domains ----


@bp.get("/organisations/<int:organisation_id>/domains/new")
@require(Permission.PERSON_EDIT)
def new_domain(organisation_id: int) -> Any:
    """Show the page with a field for another mail domain."""
    return _page(_find(organisation_id), editing="domain", form=Domain(formdata=None))


@bp.post("/organisations/<int:organisation_id>/domains/new")
@require(Permission.PERSON_EDIT)
def add_domain(organisation_id: int) -> Any:
    """Add a mail domain; people who wrote from it join."""
    found = _find(organisation_id)
    form = Domain()
    if not form.validate():
        return _page(found, 422, editing="domain", form=form)
    try:
        joined = organisations.add_domain(guard.current_actor(), found, typed(form.domain))
    except Refused as refusal:
        form.refuse(refusal.field, refusal.message)
        return _page(found, 422, editing="domain", form=form)
    if joined:
        return _back(found, ngettext("Added; one person joined", "Added; %(num)d joined", joined))
    return _back(found, _("Added"))


@bp.post("/organisations/<int:organisation_id>/domains/remove")
@require(Permission.PERSON_EDIT)
def remove_domain(organisation_id: int) -> Any:
    """Take a mail domain away."""
    found = _find(organisation_id)
    organisations.remove_domain(guard.current_actor(), found, request.form.get("domain", ""))
    return _back(found, _("Removed"))


# ---- Sites ----


@bp.get("/organisations/<int:organisation_id>/sites/new")
@require(Permission.PERSON_EDIT)
def new_site(organisation_id: int) -> Any:
    """Show the page with a form for another site."""
    form = SiteFields(formdata=None)
    form.time_zone.choices = zone_choices()
    return _page(_find(organisation_id), editing="site-new", form=form)


@bp.post("/organisations/<int:organisation_id>/sites/new")
@require(Permission.PERSON_EDIT)
def add_site(organisation_id: int) -> Any:
    """Add a site."""
    found = _find(organisation_id)
    form = SiteFields()
    form.time_zone.choices = zone_choices()
    if not form.validate():
        return _page(found, 422, editing="site-new", form=form)
    try:
        organisations.add_site(
            guard.current_actor(),
            found,
            typed(form.name),
            address=typed(form.address),
            time_zone=form.time_zone.data or None,
        )
    except Refused as refusal:
        form.refuse(refusal.field, refusal.message)
        return _page(found, 422, editing="site-new", form=form)
    return _back(found, _("Added"))


@bp.get("/organisations/<int:organisation_id>/sites/<int:site_id>")
@require(Permission.PERSON_EDIT)
def edit_site(organisation_id: int, site_id: int) -> Any:
    """Show the page with one site open for editing."""
    found = _find(organisation_id)
    site = organisations.site_of(found, site_id)
    form = SiteFields(formdata=None, obj=site)
    form.time_zone.choices = zone_choices(site.time_zone)
    form.time_zone.data = site.time_zone or ""
    form.remember(organisations.said_of_site(site))
    return _page(found, editing=f"site-{site_id}", form=form)


@bp.post("/organisations/<int:organisation_id>/sites/<int:site_id>")
@require(Permission.PERSON_EDIT)
def save_site(organisation_id: int, site_id: int) -> Any:
    """Save a site."""
    found = _find(organisation_id)
    site = organisations.site_of(found, site_id)
    form = SiteFields()
    form.time_zone.choices = zone_choices(site.time_zone)
    if not form.validate():
        return _page(found, 422, editing=f"site-{site_id}", form=form)
    try:
        organisations.edit_site(
            guard.current_actor(),
            site,
            name=typed(form.name),
            address=typed(form.address),
            time_zone=form.time_zone.data or None,
            seen=form.was_seen(),
        )
    except Clash as clash:
        form.remember(organisations.said_of_site(site))
        labels = {name: form[name].label.text for name in clash.theirs}
        theirs = [(labels[name], value or "–") for name, value in clash.theirs.items()]
        return _page(
            found, 409, editing=f"site-{site_id}", form=form, site_clash=(clash.by, theirs)
        )
    except Refused as refusal:
        form.refuse(refusal.field, refusal.message)
        return _page(found, 422, editing=f"site-{site_id}", form=form)
    return _back(found, _("Saved"))


@bp.post("/organisations/<int:organisation_id>/sites/<int:site_id>/retire")
@require(Permission.PERSON_EDIT)
def retire_site(organisation_id: int, site_id: int) -> Any:
    """Stop offering a site."""
    found = _find(organisation_id)
    organisations.retire_site(guard.current_actor(), organisations.site_of(found, site_id))
    return _back(found, _("Removed"))
