"""Beside the editor: what the rule would do, which other rules it meets, one ticket tried."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import render_template, request
from sqlalchemy import func, select

from helpdesk.db import db
from helpdesk.people import guard
from helpdesk.people.access import Permission
from helpdesk.people.guard import require
from helpdesk.rules import sentence, trying
from helpdesk.rules.compiler import Reason
from helpdesk.rules.conditions import All, Comparison, Not, Some
from helpdesk.rules.content import Content, Folder
from helpdesk.rules.models import Rule
from helpdesk.rules.shipped_fields import CHANGES
from helpdesk.rules.trying import DryRun
from helpdesk.rules.views import page
from helpdesk.rules.views.blueprint import bp
from helpdesk.rules.views.offered import MODES
from helpdesk.tickets.queries.access import NotFound

P = Permission

BARS = 21
WIDTH, HEIGHT = 290, 44
"""Of the drawing, in its own units."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of days in the drawing: where it stands, how high, what it says."""

    x: float
    y: float
    width: float
    height: float
    caught: int
    begin: date
    end: date


def bars(run: DryRun) -> list[Bar]:
    """Return the drawing of a dry run: what was caught, over the days, oldest first."""
    days = list(run.days.items())
    if not days:
        return []
    size = -(-len(days) // BARS)
    parts = [days[at : at + size] for at in range(0, len(days), size)]
    counts = [sum(caught for _day, (_opened, caught) in part) for part in parts]
    most, step = max(*counts, 1), WIDTH / len(parts)
    found = []
    for at, (part, caught) in enumerate(zip(parts, counts, strict=True)):
        height = max(2.0, round((HEIGHT - 2) * caught / most, 1))
        found.append(
            Bar(
                round(at * step + 1, 1),
                HEIGHT - height,
                round(max(step - 3, 1), 1),
                height,
                caught,
                part[0][0],
                part[-1][0],
            )
        )
    return found


@bp.post("/<int:rule_id>/try")
@require(P.RULE_VIEW)
def dry_run(rule_id: int) -> Any:
    """Show what the rule would have done, as it stands in the editor. Nothing is changed."""
    editor = _editor(rule_id)
    context: dict[str, Any] = {
        "editor": editor,
        "rule": editor.rule,
        "broken": "",
        "run": None,
        "clashes": [],
        "all_caught": False,
        "may_edit": guard.current_actor().can(P.RULE_EDIT),
    }
    if editor.content is not None:
        context |= _tried(editor, editor.content)
    return render_template("rules/_beside.html", **context)


def _editor(rule_id: int) -> page.Editor:
    """Return what stands in the editor; what is kept for those who have none."""
    row = page.rule_of(rule_id)
    if row is not None and "if-mode" not in request.form:
        return page.of_rule(row)
    return page.of_form(row)


def _tried(editor: page.Editor, content: Content) -> dict[str, Any]:
    actor, row = guard.current_actor(), editor.rule
    run = trying.dry_run(actor, content)
    among = trying.others(row.id if row is not None else None)
    position = row.position if row is not None else _end_of(Folder(editor.folder))
    return {
        "run": run,
        "bars": bars(run),
        "clashes": trying.clashes(actor, content, run.caught, among, position=position),
        "changes": CHANGES,
        "all_caught": "all" in request.form,
    }


def _end_of(folder: Folder) -> int:
    """Return the place that a new rule of a folder would get."""
    before = [*Folder][: [*Folder].index(folder) + 1]
    last = select(func.max(Rule.position)).where(
        Rule.folder.in_([one.value for one in before]), Rule.retired_at.is_(None)
    )
    return (db.session.scalar(last) or 0) + 1


# ---- One ticket ----


@dataclass(frozen=True, slots=True)
class Line:
    """One condition with what came of it, and how deep it stands."""

    depth: int
    holds: bool
    said: Any


def lines(reason: Reason, depth: int = 0) -> list[Line]:
    """Return the reasons, a line each; groups name themselves before their parts."""
    condition = reason.condition
    if isinstance(condition, Comparison):
        return [Line(depth, reason.holds, sentence.test_of(condition))]
    if isinstance(condition, Not) and isinstance(condition.part, Comparison):
        return [Line(depth, reason.holds, sentence.condition_of(condition))]
    found = [] if depth == 0 and isinstance(condition, All) else [_head(reason, depth)]
    below = depth + bool(found)
    for part in reason.parts:
        found.extend(lines(part, below))
    return found


def _head(reason: Reason, depth: int) -> Line:
    from_mode = {All: "all", Some: "any", Not: "none"}
    mode = from_mode[type(reason.condition)]
    return Line(depth, reason.holds, MODES[mode])


@bp.post("/<int:rule_id>/test")
@require(P.RULE_VIEW, P.TICKET_READ)
def test(rule_id: int) -> Any:
    """Hold the rule in the editor against one ticket and say why it matches or does not."""
    editor = _editor(rule_id)
    written = request.form.get("ticket", "").strip().lstrip("#")
    number = int(written) if written.isdecimal() and len(written) < 12 else None
    tried, missing = None, False
    if number is not None and editor.content is not None:
        try:
            tried = trying.try_on(guard.current_actor(), editor.content, number)
        except NotFound:
            missing = True
    return render_template(
        "rules/_tested.html",
        tried=tried,
        lines=lines(tried.reason) if tried is not None else [],
        missing=missing or (bool(written) and number is None),
        incomplete=editor.content is None,
        changes=CHANGES,
    )
