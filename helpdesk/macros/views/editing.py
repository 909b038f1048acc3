"""Set up › Macros: the list, and the editor of one."""

from dataclasses import dataclass, field
from typing import Any

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from helpdesk.answers.filling import PLACEHOLDERS
from helpdesk.answers.models import TEXTS, AnswerTemplate
from helpdesk.macros import finding, words, writing
from helpdesk.macros.models import Macro, Says
from helpdesk.macros.views import offered
from helpdesk.macros.views.blueprint import bp
from helpdesk.people import errors as people_errors
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Clash
from helpdesk.people.guard import current_actor, require
from helpdesk.rules import choices, draft
from helpdesk.rules.content import Step
from helpdesk.rules.draft import Draft, Group, Row
from helpdesk.rules.drafted import Faulty, steps_of
from helpdesk.tickets import services
from helpdesk.web.i18n import LANGUAGES

MINE, SOME, ALL = "mine", "teams", "all"
SCOPES = {MINE: _l("Me alone"), SOME: _l("Some teams"), ALL: _l("Everybody")}
SAYS = {
    Says.NOTHING.value: _l("Nothing"),
    Says.REPLY.value: _l("An answer to the customer"),
    Says.NOTE.value: _l("An internal note"),
}
ACTS = {"retire": writing.retire, "restore": writing.restore, "delete": writing.delete}


@dataclass(slots=True)
class Editor:
    """A macro as it stands in the form: perhaps unfinished or wrong, and never lost."""

    macro: Macro | None
    draft: Draft
    name: str = ""
    scope: str = MINE
    team_ids: list[int] = field(default_factory=list)
    says: str = Says.NOTHING.value
    at_once: bool = True
    template_id: int | None = None
    texts: dict[str, str] = field(default_factory=dict)
    seen: int = 0
    wrong: dict[str, str] = field(default_factory=dict)
    """What could not be kept, by place or field."""
    clash: Clash | None = None

    def error(self, place: str) -> str:
        """Return what is wrong at a place of the form; empty when nothing is to be said."""
        return self.wrong.get(place, "")


# ---- The list ----


@bp.get("/setup/macros")
@require(Permission.TICKET_WORK)
def index() -> str:
    """List the macros that the reader writes."""
    return _list(current_actor())


def _list(actor: Actor, refusal: tuple[str, str] | None = None) -> str:
    rows = finding.written_by(actor)
    live = [row for row in rows if row.retired_at is None]
    groups = [
        (_("Yours"), [row for row in live if row.owner_id is not None]),
        (_("Of teams"), [row for row in live if row.owner_id is None and row.teams]),
        (_("Everybody’s"), [row for row in live if row.owner_id is None and not row.teams]),
    ]
    return render_template(
        "macros/index.html",
        place="macros",
        groups=[group for group in groups if group[1]],
        retired=[row for row in rows if row.retired_at is not None],
        sentence_of=words.sentence_of,
        team_names=words.teams(),
        refusal=refusal,
    )


@bp.post("/setup/macros/<int:macro_id>/<any(retire, restore, delete):act>")
@require(Permission.TICKET_WORK)
def do(macro_id: int, act: str) -> Any:
    """Retire, restore or delete a macro."""
    actor = current_actor()
    row = finding.to_write(actor, macro_id, lock=True)
    said = {
        "retire": _("%(name)s is retired", name=row.name),
        "restore": _("%(name)s is in use again", name=row.name),
        "delete": _("%(name)s is deleted", name=row.name),
    }[act]
    try:
        ACTS[act](actor, row)
    except people_errors.Refused as refusal:
        return _list(actor, (row.name, str(refusal))), 422
    flash(said)
    return redirect(url_for("macros.index"), 303)


# ---- The form ----


@bp.get("/setup/macros/new")
@require(Permission.TICKET_WORK)
def new() -> Any:
    """Begin a macro."""
    scope = ALL if finding.may_share(current_actor()) else MINE
    begun = Draft([], Group(), [Row({"do": [""]})]).place()
    return _page(Editor(None, begun, scope=scope))


@bp.get("/setup/macros/<int:macro_id>")
@require(Permission.TICKET_WORK)
def edit(macro_id: int) -> Any:
    """Show a macro as it is kept."""
    row = finding.to_write(current_actor(), macro_id)
    return _page(_of_row(row))


def _of_row(row: Macro) -> Editor:
    scope = MINE if row.owner_id is not None else SOME if row.teams else ALL
    return Editor(
        row,
        draft.from_stored({"then": row.actions}),
        row.name,
        scope,
        row.team_ids,
        row.says,
        row.at_once,
        row.template_id,
        {column: getattr(row, column) for column in TEXTS.values()},
        row.version,
    )


@bp.post("/setup/macros/<int:macro_id>/draw")
@require(Permission.TICKET_WORK)
def draw(macro_id: int) -> Any:
    """Show the form with what a button asked for. Nothing is kept."""
    actor = current_actor()
    editor = _of_form(finding.to_write(actor, macro_id) if macro_id else None)
    draft.change(editor.draft, request.form.get("act", ""))
    if "HX-Request" not in request.headers:
        return _page(editor)
    return render_template("rules/_canvas.html", **_around(editor))


@bp.post("/setup/macros/new")
@require(Permission.TICKET_WORK)
def add() -> Any:
    """Keep a new macro."""
    return _save(_of_form(None))


@bp.post("/setup/macros/<int:macro_id>")
@require(Permission.TICKET_WORK)
def save(macro_id: int) -> Any:
    """Keep what a macro is now."""
    return _save(_of_form(finding.to_write(current_actor(), macro_id, lock=True)))


def _save(editor: Editor) -> Any:
    actor = current_actor()
    try:
        wanted = _wanted(editor)
        if editor.macro is None:
            row = writing.add(actor, wanted)
        else:
            row = editor.macro
            writing.edit(actor, row, wanted, seen=editor.seen)
    except Faulty as faulty:
        editor.wrong = faulty.wrong
        return _page(editor, 422)
    except people_errors.Refused as refusal:
        editor.wrong[refusal.field or "macro"] = str(refusal)
        return _page(editor, 422)
    except Clash as clash:
        editor.clash, editor.seen = clash, clash.version
        return _page(editor, 409)
    flash(_("%(name)s is saved", name=row.name))
    return redirect(url_for("macros.index", _anchor=f"row-{row.id}"), 303)


def _wanted(editor: Editor) -> writing.Wanted:
    """Return what the form says. Raises Faulty, Refused."""
    if editor.scope == SOME and not editor.team_ids:
        raise services.Refused("teams-missing", _l("Choose a team."), "team_ids")
    return writing.Wanted(
        name=editor.name,
        mine=editor.scope == MINE,
        team_ids=tuple(editor.team_ids) if editor.scope == SOME else (),
        steps=_steps(editor),
        says=Says(editor.says),
        at_once=editor.at_once,
        template_id=editor.template_id,
        texts=editor.texts,
    )


def _steps(editor: Editor) -> tuple[Step, ...]:
    """Return the actions; a row in which nothing was chosen is none, when there is a text."""
    chosen = [row for row in editor.draft.then if row.one("do")]
    if editor.says != Says.NOTHING:
        editor.draft.then = chosen
        editor.draft.place()
    return steps_of(editor.draft)


def _of_form(row: Macro | None) -> Editor:
    sent = request.form
    scope, says = sent.get("scope", MINE), sent.get("says", "")
    teams = [int(key) for key in sent.getlist("team_ids") if key.isdecimal() and len(key) < 10]
    chosen, seen = sent.get("template_id", ""), sent.get("seen", "")
    return Editor(
        row,
        draft.read(sent),
        " ".join(sent.get("name", "").split())[:100],
        scope if scope in SCOPES else MINE,
        teams,
        says if says in SAYS else Says.NOTHING.value,
        sent.get("at_once", "1") == "1",
        int(chosen) if chosen.isdecimal() and len(chosen) < 10 else None,
        {column: sent.get(column, "") for column in TEXTS.values()},
        int(seen) if seen.isdecimal() and len(seen) < 10 else 0,
    )


def _page(editor: Editor, status: int = 200) -> Any:
    return render_template("macros/edit.html", **_around(editor)), status


def _around(editor: Editor) -> dict[str, Any]:
    """Return what the form needs; `canvas_url` is where its actions are built anew."""
    key = editor.macro.id if editor.macro is not None else 0
    templates = choices.of_rows(AnswerTemplate, AnswerTemplate.folder, AnswerTemplate.name)()
    if editor.template_id and editor.template_id not in {one for one, _name in templates}:
        gone = choices.names_of(AnswerTemplate, [editor.template_id])
        templates = [*templates, *gone.items()]
    return {
        "editor": editor,
        "place": "macros",
        "canvas_url": url_for("macros.draw", macro_id=key),
        "offered": offered,
        "scopes": SCOPES,
        "says": SAYS,
        "may_share": finding.may_share(current_actor()),
        "team_names": words.teams(),
        "templates": templates,
        "languages": {column: LANGUAGES.get(code, code) for code, column in TEXTS.items()},
        "placeholders": PLACEHOLDERS,
        "theirs": words.sentence_of(editor.macro) if editor.clash and editor.macro else None,
    }


@bp.get("/setup/macros/tags")
@require(Permission.TICKET_WORK)
def find_tags() -> Response:
    """Answer a box that looks for tags."""
    wanted = request.args.get("q", "").strip()[:100].casefold()
    found = [name for _key, name in choices.tags() if wanted in str(name).casefold()]
    return jsonify([{"value": name, "label": name} for name in found[:60]])
