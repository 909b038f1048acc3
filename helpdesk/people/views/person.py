"""A person's page: everything known of them, edited in place."""

import json
from typing import Any

from flask import make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from helpdesk.people import guard, queries
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Clash, Refused
from helpdesk.people.forms import Contact, EditPerson, NewPerson, number, typed
from helpdesk.people.guard import require
from helpdesk.people.models import ContactKind, Person
from helpdesk.people.roles import name_of
from helpdesk.people.services import contact_points, persons, reachable
from helpdesk.people.services.contact_points import Taken
from helpdesk.people.services.persons import NewContact, last_editor
from helpdesk.people.services.persons import NewPerson as Given
from helpdesk.people.views.answers import done
from helpdesk.people.views.blueprint import bp
from helpdesk.people.views.shown import contact_link, contact_text, local_time
from helpdesk.web.i18n import LANGUAGES, language_of


def page(person: Person, status: int = 200, **state: Any) -> tuple[str, int]:
    """Show a person's page. ``state`` says what is being edited, with its form."""
    actor = guard.current_actor()
    account = queries.account_of(person.id)
    shown = render_template(
        "people/person.html",
        person=person,
        account=account,
        contact_text=contact_text,
        why=reachable.why,
        contact_link=contact_link,
        local_time=local_time(person),
        language_name=_language_name(person.language),
        role_name=name_of,
        teams=queries.teams_of(person.id) if person.is_technician else [],
        merges=queries.merges_into(person.id) if actor.can(Permission.PERSON_MERGE) else [],
        may=actor.can,
        P=Permission,
        editing=state.pop("editing", None),
        **{
            "form": None,
            "clash": None,
            "contact_clash": None,
            "taken": None,
            "refusal": None,
            **state,
        },
    )
    return shown, status


def _language_name(tag: str | None) -> str:
    return LANGUAGES.get(language_of(tag) or "", tag or "")


def _back(person: Person, message: str | None = None) -> Response:
    return done(url_for("people.person", person_id=person.id), message)


@bp.get("/people/<int:person_id>")
@require(Permission.PERSON_READ)
def person(person_id: int) -> Any:
    """Show a person; a record that was merged away leads to the one that stayed."""
    found = queries.person_for(guard.current_actor(), person_id)
    if found.merged_into_id is not None:
        return redirect(url_for("people.person", person_id=queries.survivor_of(found).id))
    return page(found)


# ---- New ----


@bp.get("/people/new")
@require(Permission.PERSON_EDIT)
def new_person() -> Any:
    """Show the form for a new person, filled with what the caller knows of them."""
    form = NewPerson(
        formdata=None,
        name=request.args.get("name", "")[:200],
        email=request.args.get("email", "")[:320],
        phone=request.args.get("phone", "")[:60],
    )
    return _new_page(form)


def _new_page(form: NewPerson, status: int = 200, taken: Person | None = None) -> Any:
    is_fragment = "HX-Request" in request.headers
    template = "people/_new_form.html" if is_fragment else "people/new.html"
    chosen = (
        queries.organisation_for(guard.current_actor(), form.organisation_id.data)
        if form.organisation_id.data
        else None
    )
    return render_template(
        template, form=form, taken=taken, organisation=chosen, in_dialog=is_fragment
    ), status


@bp.post("/people/new")
@require(Permission.PERSON_EDIT)
def create_person() -> Any:
    """Create a person.

    A script in another form (log a call) gets the event ``person-created`` with key and name, so
    that it can go on; a browser is led to the new page.
    """
    actor = guard.current_actor()
    form = NewPerson()
    if not form.validate():
        return _new_page(form, 422)
    contacts = [
        NewContact(kind, text)
        for kind, text in (
            (ContactKind.EMAIL, form.email.data),
            (ContactKind.PHONE, form.phone.data),
        )
        if text
    ]
    fields: dict[str, Any] = {"title": form.title.data}
    if form.organisation_id.data:
        fields["organisation_id"] = form.organisation_id.data
    try:
        made = persons.create(actor, Given(typed(form.name), tuple(contacts), fields))
    except Taken as refusal:
        form.refuse(_which(refusal, form), refusal.message)
        return _new_page(form, 422, refusal.other)
    except Refused as refusal:
        form.refuse(_which(refusal, form), refusal.message)
        return _new_page(form, 422)
    if "HX-Request" in request.headers:
        response = make_response("", 200)
        said = {"id": made.id, "name": made.name}
        response.headers["HX-Trigger"] = json.dumps({"person-created": said, "dialog-close": True})
        return response
    return _back(made, _("%(name)s is known now", name=made.name))


def _which(refusal: Refused, form: NewPerson) -> str | None:
    """Return the field of the form that a refusal about a contact point means."""
    if refusal.field != "value":
        return refusal.field
    if refusal.code == "contact-email":
        return "email"
    if refusal.code == "contact-phone":
        return "phone"
    return "email" if form.email.data and not _is_phone(refusal, form) else "phone"


def _is_phone(refusal: Refused, form: NewPerson) -> bool:
    if not isinstance(refusal, Taken) or not form.phone.data:
        return False
    wanted = queries.person_by_email(form.email.data or "")
    return wanted is None or wanted.id != refusal.other.id


# ---- Details ----


def _edit_form(person: Person) -> EditPerson:
    form = EditPerson(formdata=None, obj=person)
    form.site_id.data = person.site_id or 0
    form.language.data = person.language or ""
    form.time_zone.data = person.time_zone or ""
    _offer(form, person)
    return form


def _offer(form: EditPerson, person: Person) -> None:
    organisation = person.organisation
    sites = [
        site
        for site in (organisation.sites if organisation is not None else [])
        if site.retired_at is None or site.id == person.site_id
    ]
    form.offer(sites, person.language, person.time_zone)


@bp.get("/people/<int:person_id>/edit")
@require(Permission.PERSON_EDIT)
def edit_person(person_id: int) -> Any:
    """Show the page with the details open for editing."""
    found = queries.person_for(guard.current_actor(), person_id)
    return page(found, editing="details", form=_edit_form(found))


@bp.post("/people/<int:person_id>/edit")
@require(Permission.PERSON_EDIT)
def save_person(person_id: int) -> Any:
    """Save the details."""
    actor = guard.current_actor()
    found = queries.person_for(actor, person_id)
    form = EditPerson()
    _offer(form, found)
    if not form.validate():
        return page(found, 422, editing="details", form=form)
    try:
        persons.edit(actor, found, number(form.version), form.values())
    except Clash as clash:
        form.version.process_data(clash.version)
        form.version.raw_data = None
        return page(found, 409, editing="details", form=form, clash=_clash_words(clash))
    except Refused as refusal:
        form.refuse(refusal.field, refusal.message)
        return page(found, 422, editing="details", form=form)
    return _back(found, _("Saved"))


def _clash_words(clash: Clash) -> dict[str, Any]:
    """Return what somebody else saved, with the labels of the form."""
    labels = {
        "name": _("Name"),
        "call_name": _("Known as"),
        "title": _("Job title"),
        "organisation_id": _("Organisation"),
        "site_id": _("Site"),
        "language": _("Language"),
        "time_zone": _("Time zone"),
        "vip": _("VIP"),
        "notes": _("Notes"),
    }
    theirs = []
    for field, value in clash.theirs.items():
        if field == "organisation_id" and value is not None:
            value = queries.organisation_name(int(str(value)))
        if field == "site_id" and value is not None:
            value = queries.site_name(int(str(value)))
        if field == "vip":
            value = _("yes") if value else _("no")
        theirs.append((labels[field], value if value not in (None, "") else "–"))
    return {"by": clash.by, "theirs": theirs}


@bp.post("/people/<int:person_id>/retire")
@require(Permission.PERSON_EDIT)
def retire_person(person_id: int) -> Any:
    """Stop offering somebody who left."""
    actor = guard.current_actor()
    found = queries.person_for(actor, person_id)
    try:
        persons.retire(actor, found)
    except Refused as refusal:
        return page(found, 422, refusal=refusal.message)
    return _back(found, _("%(name)s is no longer offered", name=found.name))


@bp.post("/people/<int:person_id>/back")
@require(Permission.PERSON_EDIT)
def bring_person_back(person_id: int) -> Any:
    """Offer somebody again who had left."""
    actor = guard.current_actor()
    found = queries.person_for(actor, person_id)
    persons.bring_back(actor, found)
    return _back(found, _("%(name)s is back", name=found.name))


# ---- Contact points ----


@bp.get("/people/<int:person_id>/contacts/new")
@require(Permission.PERSON_EDIT)
def new_contact(person_id: int) -> Any:
    """Show the page with a field for another address or number."""
    found = queries.person_for(guard.current_actor(), person_id)
    form = Contact(
        formdata=None,
        kind=request.args.get("kind", "email"),
        value=request.args.get("value", "")[:320],
    )
    return page(found, editing="contact-new", form=form)


@bp.post("/people/<int:person_id>/contacts/new")
@require(Permission.PERSON_EDIT)
def add_contact(person_id: int) -> Any:
    """Add an address or number."""
    actor = guard.current_actor()
    found = queries.person_for(actor, person_id)
    form = Contact()
    if not form.validate():
        return page(found, 422, editing="contact-new", form=form)
    try:
        contact_points.add(
            actor,
            found,
            form.kind.data,
            typed(form.value),
            label=typed(form.label),
            identifies=not form.shared.data,
        )
    except Refused as refusal:
        return _refused_contact(found, form, refusal, "contact-new")
    return _back(found, _("Added"))


def _refused_contact(person: Person, form: Contact, refusal: Refused, editing: str) -> Any:
    form.refuse(refusal.field, refusal.message)
    other = refusal.other if isinstance(refusal, Taken) else None
    return page(person, 422, editing=editing, form=form, taken=other)


@bp.get("/people/<int:person_id>/contacts/<int:point_id>")
@require(Permission.PERSON_EDIT)
def edit_contact(person_id: int, point_id: int) -> Any:
    """Show the page with one address or number open for editing."""
    found = queries.person_for(guard.current_actor(), person_id)
    point = contact_points.point_of(found, point_id)
    form = Contact(
        formdata=None,
        kind=point.kind,
        value=contact_text(point),
        label=point.label,
        shared=not point.identifies,
    )
    form.remember(contact_points.said_of(point))
    return page(found, editing=f"contact-{point_id}", form=form)


@bp.post("/people/<int:person_id>/contacts/<int:point_id>")
@require(Permission.PERSON_EDIT)
def save_contact(person_id: int, point_id: int) -> Any:
    """Correct an address or number."""
    actor = guard.current_actor()
    found = queries.person_for(actor, person_id)
    point = contact_points.point_of(found, point_id)
    form = Contact()
    form.kind.data = point.kind
    if not form.validate():
        return page(found, 422, editing=f"contact-{point_id}", form=form)
    try:
        contact_points.change(
            actor,
            point,
            typed(form.value),
            label=typed(form.label),
            identifies=not form.shared.data,
            seen=form.was_seen(),
        )
    except Clash:
        form.remember(contact_points.said_of(point))
        theirs = [
            (form.value.label.text, contact_text(point)),
            (form.label.label.text, point.label or "–"),
            (form.shared.label.text, _("no") if point.identifies else _("yes")),
        ]
        clash = (last_editor("person", found.id), theirs)
        return page(found, 409, editing=f"contact-{point_id}", form=form, contact_clash=clash)
    except Refused as refusal:
        return _refused_contact(found, form, refusal, f"contact-{point_id}")
    return _back(found, _("Saved"))


@bp.post("/people/<int:person_id>/contacts/<int:point_id>/remove")
@require(Permission.PERSON_EDIT)
def remove_contact(person_id: int, point_id: int) -> Any:
    """Stop using an address or number."""
    return _with_point(person_id, point_id, contact_points.retire, _("Removed"))


@bp.post("/people/<int:person_id>/contacts/<int:point_id>/first")
@require(Permission.PERSON_EDIT)
def first_contact(person_id: int, point_id: int) -> Any:
    """Put an address or number before the others of its kind."""
    return _with_point(person_id, point_id, contact_points.make_first, _("Saved"))


@bp.post("/people/<int:person_id>/contacts/<int:point_id>/deliverable")
@require(Permission.PERSON_EDIT)
def deliverable_contact(person_id: int, point_id: int) -> Any:
    """Say that an address takes mail again."""
    return _with_point(person_id, point_id, reachable.deliverable_again, _("Saved"))


def _with_point(person_id: int, point_id: int, verb: Any, message: str) -> Response:
    actor: Actor = guard.current_actor()
    found = queries.person_for(actor, person_id)
    verb(actor, contact_points.point_of(found, point_id))
    return _back(found, message)
