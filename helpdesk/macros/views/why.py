"""Why did this happen? From an entry of the journal to the macro with which it was written."""

from typing import Any

from flask import render_template
from markupsafe import Markup
from werkzeug.exceptions import NotFound as NothingHere

from helpdesk.db import db
from helpdesk.macros import finding
from helpdesk.macros.models import Macro, MacroRun
from helpdesk.macros.views.blueprint import bp
from helpdesk.people import guard
from helpdesk.people.access import Permission
from helpdesk.people.guard import actor_or_none, require
from helpdesk.rules.conditions import WrongRule
from helpdesk.rules.content import steps_of
from helpdesk.rules.sentence import step_of
from helpdesk.tickets.models import Entry
from helpdesk.tickets.queries.access import get_for
from helpdesk.tickets.services.act import BY
from helpdesk.tickets.written_by import macro_of


def of_entry(entry: Entry) -> Markup | None:
    """Return the button beside an entry that was written with a macro."""
    actor = actor_or_none()
    if actor is None or not actor.can(Permission.TICKET_READ):
        return None
    return Markup(render_template("macros/_why_button.html", entry=entry))  # noqa: S704 (our own)


@bp.get("/macros/why/<int:number>/<int:entry_id>")
@require(Permission.TICKET_READ)
def why(number: int, entry_id: int) -> Any:
    """Show with which macro an entry was written, by whom, and what it did then."""
    actor = guard.current_actor()
    ticket = get_for(actor, number)
    entry = db.session.get(Entry, entry_id)
    name = macro_of(entry) if entry is not None and entry.ticket_id == ticket.id else ""
    if entry is None or not name:
        raise NothingHere
    run = _run_of(entry)
    does = []
    if run is not None:
        try:
            does = [step_of(step) for step in steps_of(run.actions)] if run.actions else []
        except WrongRule:
            does = []
    row = db.session.get(Macro, run.macro_id) if run is not None else None
    may_write = row is not None and row.retired_at is None and finding.may_write(actor, row)
    return render_template(
        "macros/why.html",
        name=name,
        entry=entry,
        run=run,
        does=does,
        row=row if may_write else None,
    )


def _run_of(entry: Entry) -> MacroRun | None:
    changes: dict[str, Any] = dict(entry.changes or {})
    key = changes[BY][1].get("run")
    return db.session.get(MacroRun, key) if isinstance(key, int) else None
