"""The list, a rule, its versions and what it did; turning it on and off and moving it."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from helpdesk.people import guard
from helpdesk.people.access import Permission
from helpdesk.people.guard import require
from helpdesk.rules import history, saving, stored, trying
from helpdesk.rules.conditions import WrongRule
from helpdesk.rules.content import Content
from helpdesk.rules.models import Rule
from helpdesk.rules.views import page, words
from helpdesk.rules.views.blueprint import bp

P = Permission


@bp.get("")
@require(P.RULE_VIEW)
def index() -> Any:
    """Show all rules in the order in which they run, each as a sentence."""
    context = page.around(None)
    contents = {one.rule.id: _content(one.rule) for one in context["listed"]}
    return render_template("rules/index.html", contents=contents, **context)


def _content(rule: Rule, number: int | None = None) -> Content | None:
    try:
        return stored.content_of(rule, number)
    except WrongRule:
        return None


@bp.get("/<int:rule_id>")
@require(P.RULE_VIEW)
def rule(rule_id: int) -> Any:
    """Show a rule: to be edited, or to be read by those who may only do that."""
    return page.show(page.of_rule(saving.rule_for(guard.current_actor(), rule_id)))


def to(row: Rule) -> Any:
    """Return to a rule."""
    return redirect(url_for("rules.rule", rule_id=row.id), 303)


@bp.post("/<int:rule_id>/turn")
@require(P.RULE_EDIT)
def turn(rule_id: int) -> Any:
    """Turn a rule on or off. It looks at what happens from now on."""
    actor = guard.current_actor()
    row = saving.rule_for(actor, rule_id, edit=True)
    wants = request.form.get("on") == "yes"
    refusal = ""
    try:
        saving.turn(actor, row, wants)
    except WrongRule:
        refusal = _("A broken rule can't be turned on: put right what is marked.")
    if "HX-Request" in request.headers:
        context = {**page.around(row), "refusal": refusal}
        return render_template("rules/_turned.html", **context), 422 if refusal else 200
    if refusal:
        flash(refusal, "error")
    return to(row)


@bp.post("/<int:rule_id>/move")
@require(P.RULE_EDIT)
def move(rule_id: int) -> Any:
    """Let a rule run earlier or later: a step up or down, or just before another."""
    actor = guard.current_actor()
    row = saving.rule_for(actor, rule_id, edit=True)
    before = request.form.get("before", type=int)
    if before is not None:
        saving.move(actor, row, saving.rule_for(actor, before, edit=True) if before else None)
    else:
        saving.step(actor, row, -1 if request.form.get("way") == "up" else 1)
    if "HX-Request" in request.headers:
        return render_template("rules/_list.html", **page.around(_shown(row)))
    return to(row)


def _shown(moved: Rule) -> Rule | None:
    """Return the rule that the reader has open while another is moved."""
    shown = request.form.get("shown", type=int)
    return (
        saving.rule_for(guard.current_actor(), shown) if shown else (None if shown == 0 else moved)
    )


@bp.post("/<int:rule_id>/retire")
@require(P.RULE_EDIT)
def retire(rule_id: int) -> Any:
    """Take a rule out of use."""
    actor = guard.current_actor()
    row = saving.rule_for(actor, rule_id, edit=True)
    name = row.name
    saving.retire(actor, row)
    flash(_("%(name)s is retired", name=name), "done")
    return redirect(url_for("rules.index"), 303)


# ---- Versions ----


@bp.get("/<int:rule_id>/versions")
@require(P.RULE_VIEW)
def versions(rule_id: int) -> Any:
    """Show what a rule ever said, newest first."""
    actor = guard.current_actor()
    row = saving.rule_for(actor, rule_id)
    found = [(one, _content(row, one.number)) for one in saving.versions(actor, row)]
    return render_template("rules/versions.html", found=found, **page.around(row))


@bp.post("/<int:rule_id>/versions/<int:number>/restore")
@require(P.RULE_EDIT)
def restore(rule_id: int, number: int) -> Any:
    """Let a rule say again what it said once."""
    actor = guard.current_actor()
    row = saving.rule_for(actor, rule_id, edit=True)
    if not 0 < number < row.version:
        return to(row)
    try:
        saving.restore(actor, row, number)
    except WrongRule:
        flash(
            _("Version %(number)d can't run any more and is not restored.", number=number), "error"
        )
    else:
        flash(_("Version %(number)d is restored", number=number), "done")
    return to(row)


# ---- What it did ----


@bp.get("/<int:rule_id>/runs")
@require(P.RULE_VIEW)
def runs(rule_id: int) -> Any:
    """Show what a rule did, newest first, on tickets that the reader may see."""
    actor = guard.current_actor()
    row = saving.rule_for(actor, rule_id)
    found = history.runs_of(actor, row, before=request.args.get("before", type=int))
    shown, more = found[: history.PAGE], len(found) > history.PAGE
    older = url_for("rules.runs", rule_id=row.id, before=shown[-1].id) if more else None
    return render_template(
        "rules/runs.html",
        runs=shown,
        older=older,
        words=words,
        **page.around(row),
    )


# ---- What is there now ----


@bp.get("/<int:rule_id>/apply")
@require(P.RULE_EDIT, P.TICKET_BULK)
def ask_apply(rule_id: int) -> Any:
    """Say how many tickets applying a rule would touch, and ask."""
    actor = guard.current_actor()
    row = saving.rule_for(actor, rule_id, edit=True)
    content = _content(row)
    count = trying.reach(actor, content) if content is not None else 0
    return render_template("rules/apply.html", content=content, count=count, **page.around(row))


@bp.post("/<int:rule_id>/apply")
@require(P.RULE_EDIT, P.TICKET_BULK)
def apply(rule_id: int) -> Any:
    """Let a rule act on the next hundred tickets; the answer asks for the others by itself."""
    actor = guard.current_actor()
    row = saving.rule_for(actor, rule_id, edit=True)
    after = request.form.get("after", 0, type=int)
    done = request.form.get("done", 0, type=int)
    try:
        applied = trying.apply_to_what_is_there(actor, row, after=max(after, 0))
    except WrongRule:
        return to(row)
    done += sum(applied.outcomes.values())
    braked = "braked" in applied.outcomes
    template = "rules/_applied.html" if "HX-Request" in request.headers else "rules/applied.html"
    return render_template(template, applied=applied, done=done, braked=braked, **page.around(row))
