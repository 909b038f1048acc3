"""The page on which the tree of categories is kept."""

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from helpdesk.db import db
from helpdesk.kb.forms import RemoveShelfForm, ShelfForm
from helpdesk.kb.models import KbCategory
from helpdesk.kb.queries import lists
from helpdesk.kb.queries.access import NotFound
from helpdesk.kb.services import shelves
from helpdesk.kb.views.blueprint import bp
from helpdesk.kb.views.choosing import shelf_choices
from helpdesk.people.access import Permission
from helpdesk.people.errors import Refused
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets.forms import whole
from helpdesk.web.forms import choices


def _shelf(key: int | None) -> KbCategory | None:
    return db.session.get(KbCategory, key) if key is not None else None


def _one(key: int) -> KbCategory:
    row = _shelf(key)
    if row is None:
        raise NotFound
    return row


def _page(
    form: ShelfForm | None = None,
    *,
    editing: KbCategory | None = None,
    removing: RemoveShelfForm | None = None,
) -> str:
    rows = lists.categories()
    form = form or ShelfForm(formdata=None)
    others = [row for row in rows if editing is None or not _is_within(row, editing)]
    form.parent.choices = choices([("", _("At the top")), *shelf_choices(others)])
    if removing is not None:
        removing.to.choices = choices([("", _("None")), *shelf_choices(others)])
    return render_template(
        "kb/categories.html",
        rows=rows,
        form=form,
        editing=editing,
        removing=removing,
        between=shelves.BETWEEN,
    )


def _is_within(row: KbCategory, other: KbCategory) -> bool:
    return row.id == other.id or row.path.startswith(other.path + shelves.BETWEEN)


@bp.get("/knowledge/categories")
@require(Permission.KB_MANAGE)
def categories() -> str:
    """Show the tree, and the form that adds to it."""
    form = ShelfForm(formdata=None)
    form.parent.data = str(request.args.get("below", type=int) or "")
    return _page(form)


@bp.post("/knowledge/categories")
@require(Permission.KB_MANAGE)
def add_category() -> Response:
    """Add a category."""
    form = ShelfForm()
    try:
        if not form.validate():
            return make_response(_page(form), 422)
        shelves.add(current_actor(), form.name.data or "", _shelf(whole(form.parent.data)))
    except Refused as refusal:
        form.refuse(refusal.field, refusal)
        return make_response(_page(form), 422)
    flash(_("Added"), "message")
    return redirect(url_for("kb.categories", below=whole(form.parent.data)), 303)


@bp.get("/knowledge/categories/<int:key>")
@require(Permission.KB_MANAGE)
def category(key: int) -> str:
    """Show the form that renames, moves or removes a category."""
    row = _one(key)
    form = ShelfForm(formdata=None)
    form.name.data, form.parent.data = row.name, str(row.parent_id or "")
    return _page(form, editing=row, removing=RemoveShelfForm(formdata=None))


@bp.post("/knowledge/categories/<int:key>")
@require(Permission.KB_MANAGE)
def change_category(key: int) -> Response:
    """Rename or move a category."""
    row = _one(key)
    form = ShelfForm()
    removing = RemoveShelfForm(formdata=None)
    try:
        if not form.validate():
            return make_response(_page(form, editing=row, removing=removing), 422)
        with db.session.begin_nested():
            parent = _shelf(whole(form.parent.data))
            shelves.change(current_actor(), row, form.name.data or "", parent)
    except Refused as refusal:
        form.refuse(refusal.field, refusal)
        return make_response(_page(form, editing=row, removing=removing), 422)
    flash(_("Saved"), "message")
    return redirect(url_for("kb.categories"), 303)


@bp.post("/knowledge/categories/<int:key>/remove")
@require(Permission.KB_MANAGE)
def remove_category(key: int) -> Response:
    """Remove a category; its articles go to another one."""
    row = _one(key)
    form = RemoveShelfForm()
    count = shelves.remove(current_actor(), row, _shelf(whole(form.to.data)))
    flash(
        ngettext("Removed; %(num)d article moved", "Removed; %(num)d articles moved", count)
        if count
        else _("Removed"),
        "message",
    )
    return redirect(url_for("kb.categories"), 303)
