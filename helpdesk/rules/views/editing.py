"""The editor: the server builds it anew from what the form says, and keeps it."""

from typing import Any

from flask import flash, render_template, request
from flask_babel import gettext as _

from helpdesk.people import guard
from helpdesk.people.access import Permission
from helpdesk.people.errors import Clash
from helpdesk.people.guard import require
from helpdesk.rules import draft, saving
from helpdesk.rules.content import Folder
from helpdesk.rules.models import Rule
from helpdesk.rules.views import page
from helpdesk.rules.views.blueprint import bp
from helpdesk.rules.views.looking import to
from helpdesk.tickets.services import Refused

P = Permission


@bp.get("/new")
@require(P.RULE_EDIT)
def new() -> Any:
    """Begin a rule."""
    return page.show(page.of_new())


@bp.post("/<int:rule_id>/draw")
@require(P.RULE_EDIT)
def draw(rule_id: int) -> Any:
    """Show the form with what a button asked for. Nothing is kept."""
    editor = page.of_form(page.rule_of(rule_id, edit=True))
    draft.change(editor.draft, request.form.get("act", ""))
    page.checked(editor)
    if "HX-Request" not in request.headers:
        return page.show(editor)
    answer = render_template("rules/_canvas.html", editor=editor, **_head(editor))
    # What stands beside the form follows, as after typing.
    return answer, 200, {"HX-Trigger": "rule-drawn"}


def _head(editor: page.Editor) -> dict[str, Any]:
    return {"rule": editor.rule, "may_edit": True}


@bp.post("/new")
@require(P.RULE_EDIT)
def add() -> Any:
    """Keep a new rule."""
    return _save(page.of_form(None))


@bp.post("/<int:rule_id>")
@require(P.RULE_EDIT)
def save(rule_id: int) -> Any:
    """Keep what a rule says now, as a new version."""
    row = saving.rule_for(guard.current_actor(), rule_id, edit=True)
    return _save(page.of_form(row))


def _save(editor: page.Editor) -> Any:
    page.checked(editor, show=True)
    if not editor.name:
        editor.wrong["name"] = _("Give the rule a name.")
    if editor.content is None or editor.wrong:
        return page.show(editor, 422)
    try:
        row = _kept(editor)
    except Refused as refusal:
        editor.wrong[refusal.field or "rule"] = str(refusal.message)
        return page.show(editor, 422)
    except Clash as clash:
        editor.clash, editor.seen = clash, clash.version
        return page.show(editor, 409)
    actor, wanted = guard.current_actor(), request.form.get("then", "")
    if wanted in {"on", "off"}:
        saving.turn(actor, row, wanted == "on")
    said = {
        True: _("%(name)s is saved and on", name=row.name),
        False: _("%(name)s is saved and off", name=row.name),
    }
    flash(said[row.turned_on], "done")
    return to(row)


def _kept(editor: page.Editor) -> Rule:
    actor, folder = guard.current_actor(), Folder(editor.folder)
    assert editor.content is not None
    if editor.rule is None:
        return saving.add(actor, editor.name, folder, editor.content)
    saving.save(
        actor, editor.rule, editor.content, name=editor.name, folder=folder, seen=editor.seen
    )
    return editor.rule
