"""The first page of Set up, the desk's own settings, and the priority matrix."""

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _

from helpdesk.people import guard
from helpdesk.people.access import Denied, Permission
from helpdesk.people.errors import Refused
from helpdesk.people.guard import require
from helpdesk.setup import queries
from helpdesk.setup.forms import DeskFields, MatrixFields
from helpdesk.setup.places import PERMISSIONS
from helpdesk.setup.services import Changed, desk_settings, priorities
from helpdesk.setup.views.blueprint import bp
from helpdesk.tickets.lifecycle import LEVELS
from helpdesk.tickets.wording import IMPACTS, PRIORITIES, URGENCIES


@bp.get("/")
@require(Permission.SELF_USE)
def home() -> Any:
    """Show what can be set up. Any of the room's permissions opens it."""
    actor = guard.current_actor()
    if not any(actor.can(permission) for permission in PERMISSIONS):
        raise Denied(PERMISSIONS[0])
    return render_template("setup/home.html", place="home", counts=queries.counts())


# ---- The desk ----


def _desk_page(form: DeskFields, status: int = 200, clash: Any = None) -> Any:
    return render_template("setup/desk.html", place="desk", form=form, clash=clash), status


@bp.get("/desk")
@require(Permission.SETUP_DESK)
def desk() -> Any:
    """Show the desk's settings."""
    row = desk_settings.the_desk()
    form = DeskFields(formdata=None)
    form.offer(row)
    form.show(row)
    return _desk_page(form)


@bp.post("/desk")
@require(Permission.SETUP_DESK)
def save_desk() -> Any:
    """Save the desk's settings."""
    row = desk_settings.the_desk()
    form = DeskFields()
    form.offer(row)
    if not form.validate():
        return _desk_page(form, 422)
    try:
        if desk_settings.edit(guard.current_actor(), form.values(), form.was_seen()):
            flash(_("Saved"))
    except Refused as refusal:
        form.refuse(refusal.field, refusal.message)
        return _desk_page(form, 422)
    except Changed as clash:
        theirs = form.in_words(clash.theirs)
        form.remember(row)
        return _desk_page(form, 409, (clash.by, theirs))
    return redirect(url_for("setup.desk"), 303)


# ---- Priorities ----


def _matrix_page(form: MatrixFields, status: int = 200, clash: Any = None) -> Any:
    return render_template(
        "setup/priorities.html",
        place="priorities",
        form=form,
        clash=clash,
        key=priorities.key,
        levels=LEVELS,
        impacts=IMPACTS,
        urgencies=URGENCIES,
    ), status


@bp.get("/priorities", endpoint="priorities")
@require(Permission.SETUP_TICKETS)
def show_matrix() -> Any:
    """Show the matrix of impact and urgency."""
    form = MatrixFields(formdata=None)
    form.show(priorities.matrix())
    return _matrix_page(form)


@bp.post("/priorities")
@require(Permission.SETUP_TICKETS)
def save_matrix() -> Any:
    """Save the matrix."""
    form = MatrixFields()
    if not form.validate():
        return _matrix_page(form, 422)
    try:
        if priorities.set_matrix(guard.current_actor(), form.matrix(), form.was_seen()):
            flash(_("Saved"))
    except Refused as refusal:
        form.refuse(refusal.field, refusal.message)
        return _matrix_page(form, 422)
    except Changed as clash:
        theirs = [
            (_where(cell), str(PRIORITIES[clash.theirs[priorities.key(cell)]]))
            for cell in priorities.CELLS
            if priorities.key(cell) in clash.theirs
        ]
        form.remember(priorities.matrix())
        return _matrix_page(form, 409, (clash.by, theirs))
    return redirect(url_for("setup.priorities"), 303)


def _where(cell: tuple[int, int]) -> str:
    """Return the words for a cell: ``Everybody, work stops``."""
    return f"{IMPACTS[cell[0]]}, {URGENCIES[cell[1]]}"
