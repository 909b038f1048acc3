"""Making two records one, and taking that back."""

import json
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from helpdesk.people import guard, queries
from helpdesk.people.access import Permission
from helpdesk.people.errors import Missing, Refused
from helpdesk.people.forms import Merge, number
from helpdesk.people.guard import require
from helpdesk.people.models import Person
from helpdesk.people.services import merge
from helpdesk.people.views.blueprint import bp
from helpdesk.people.views.listing import number_in
from helpdesk.people.views.shown import contact_text
from helpdesk.web.panels import panels_for


def _page(person: Person, other: Person | None, form: Merge, status: int = 200) -> Any:
    is_fragment = "HX-Request" in request.headers
    return render_template(
        "people/_merge.html" if is_fragment else "people/merge.html",
        person=person,
        other=other,
        form=form,
        contact_text=contact_text,
    ), status


@bp.get("/people/<int:person_id>/merge")
@require(Permission.PERSON_MERGE)
def merge_form(person_id: int) -> Any:
    """Ask with whom somebody's record is to be merged and which of the two stays."""
    actor = guard.current_actor()
    person = queries.person_for(actor, person_id)
    other_id = number_in("other_id")
    other = queries.person_for(actor, other_id) if other_id is not None else None
    form = Merge(formdata=None, other_id=other_id, keep=request.args.get("keep", "this"))
    status = 200
    if other is not None:
        try:
            merge.check(person, other)
        except Refused as refusal:
            form.refuse("other_id", refusal.message)
            other, status = None, 422
    return _page(person, other, form, status)


@bp.get("/people/<int:person_id>/merge/sure")
@require(Permission.PERSON_MERGE)
def confirm_merge(person_id: int) -> Any:
    """Ask whether the reader is sure, and say what moves from which record to which."""
    actor = guard.current_actor()
    person = queries.person_for(actor, person_id)
    other = queries.person_for(actor, number_in("other_id") or 0)
    keep = "other" if request.args.get("keep") == "other" else "this"
    stays, goes = (person, other) if keep == "this" else (other, person)
    is_fragment = "HX-Request" in request.headers
    opens = {"HX-Trigger-After-Swap": json.dumps({"dialog": "merge-sure"})} if is_fragment else {}
    page = render_template(
        "people/_merge_sure.html" if is_fragment else "people/merge_sure.html",
        person=person,
        other=other,
        keep=keep,
        stays=stays,
        goes=goes,
        points=[point for point in goes.contact_points if point.retired_at is None],
        moving=panels_for("merge", goes),
        contact_text=contact_text,
    )
    return page, 200, opens


@bp.post("/people/<int:person_id>/merge")
@require(Permission.PERSON_MERGE)
def merge_people(person_id: int) -> Any:
    """Make the two records one."""
    actor = guard.current_actor()
    person = queries.person_for(actor, person_id)
    form = Merge()
    if not form.validate():
        return _page(person, None, form, 422)
    try:
        other = queries.person_for(actor, number(form.other_id))
    except Missing:
        form.refuse("other_id", _("Choose a person from the list."))
        return _page(person, None, form, 422)
    stays, goes = (person, other) if form.keep.data == "this" else (other, person)
    try:
        merge.merge(actor, stays, goes)
    except Refused as refusal:
        form.refuse("other_id", refusal.message)
        return _page(person, None, form, 422)
    flash(_("%(other)s is part of %(name)s now", other=goes.name, name=stays.name))
    target = url_for("people.person", person_id=stays.id)
    if "HX-Request" in request.headers:
        return "", 204, {"HX-Redirect": target}
    return redirect(target, 303)


@bp.post("/people/<int:person_id>/merges/<int:merge_id>/undo")
@require(Permission.PERSON_MERGE)
def undo_merge(person_id: int, merge_id: int) -> Any:
    """Make two records of one again."""
    actor = guard.current_actor()
    person = queries.person_for(actor, person_id)
    row = next((row for row, _merged in queries.merges_into(person.id) if row.id == merge_id), None)
    if row is None:
        raise Missing
    try:
        other = merge.undo(actor, row)
    except Refused as refusal:
        flash(str(refusal))
        return redirect(url_for("people.person", person_id=person.id), 303)
    flash(_("%(name)s is a record of its own again", name=other.name))
    return redirect(url_for("people.person", person_id=other.id), 303)
