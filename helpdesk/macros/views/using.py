"""Macros on tickets: finding one, seeing what it would do, and running it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from uuid import uuid4

from flask import jsonify, make_response, render_template, request
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response

from helpdesk.macros import finding, running, words
from helpdesk.macros.models import Macro, Says
from helpdesk.macros.views.blueprint import bp
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Missing
from helpdesk.people.guard import actor_or_none, current_actor, require
from helpdesk.rules.conditions import WrongRule
from helpdesk.tickets import services
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import get_for, many_for
from helpdesk.tickets.services import Refused
from helpdesk.tickets.services.act import done_together
from helpdesk.tickets.services.bulk import MAX_BULK
from helpdesk.tickets.services.drafts import find_draft, save_draft
from helpdesk.tickets.views.answers import (
    changed,
    is_fragment,
    number_of,
    undo_seconds,
)
from helpdesk.tickets.views.bulk import answer_many

LOOKED_AT = 25
"""Tickets of a selection for which the preview works out what would happen."""
LONGEST = 20_000


# ---- Where it is offered ----


def among_keys(ticket: Ticket) -> Markup | None:
    """Return what the key presses on a ticket."""
    return _offer("macros/_key.html", ticket)


def in_menu(ticket: Ticket) -> Markup | None:
    """Return the line of the ticket's menu."""
    return _offer("macros/_menu.html", ticket)


def in_bulk_bar(_nothing: object) -> Markup | None:
    """Return the button above a selection."""
    return _offer("macros/_bulk_button.html", None)


def _offer(template: str, ticket: Ticket | None) -> Markup | None:
    actor = actor_or_none()
    if actor is None or not actor.can(Permission.TICKET_WORK):
        return None
    return Markup(render_template(template, ticket=ticket))  # noqa: S704 (our own template)


@bp.get("/macros")
@require(Permission.TICKET_WORK)
def choose() -> str:
    """Show the finder: for the ticket that is named, else for what is selected."""
    actor = current_actor()
    number = number_of(request.args.get("ticket"))
    ticket = get_for(actor, number) if number is not None else None
    return _dialog(ticket, any_at_all=bool(finding.in_use(actor)))


@bp.get("/macros/find")
@require(Permission.TICKET_WORK)
def find() -> Response:
    """Answer what is typed: macros of the reader, most used first."""
    rows, teams = finding.offered(current_actor(), request.args.get("q", "")[:100]), words.teams()
    return jsonify(
        [{"value": row.id, "label": row.name, "hint": words.whose(row, teams)} for row in rows]
    )


# ---- Before ----


@dataclass(slots=True)
class Preview:
    """What is shown before a macro runs."""

    macro: Macro
    tickets: Sequence[Ticket]
    text: str
    seen: list[words.Seen]
    press: str = field(default_factory=lambda: uuid4().hex)
    stale: bool = False
    """Whether somebody changed a ticket or the macro since it was shown before."""

    @property
    def possible(self) -> bool:
        """Whether anything would be done."""
        return any(not one.why_not for one in self.seen)

    @property
    def shows_text(self) -> bool:
        """Whether the text stands there to be changed: on one ticket, where there is one."""
        return len(self.tickets) == 1 and self.macro.says != Says.NOTHING

    @property
    def sends_besides(self) -> bool:
        """Whether something is sent that no undo takes back."""
        return words.sends_besides(self.macro)

    @property
    def sentence(self) -> Markup:
        """What the macro does, in general."""
        return words.sentence_of(self.macro)


@bp.post("/macros/preview")
@require(Permission.TICKET_WORK)
def preview() -> str:
    """Show what a macro would do. Nothing of it is kept."""
    actor = current_actor()
    key = number_of(request.form.get("macro"))
    if key is None:
        return render_template("macros/_preview.html", preview=None)
    macro, tickets = finding.find(actor, key), _chosen(actor)
    return render_template("macros/_preview.html", preview=_preview(actor, macro, tickets))


def _preview(
    actor: Actor, macro: Macro, tickets: Sequence[Ticket], text: str | None = None
) -> Preview:
    looked = [_look(actor, macro, ticket, text) for ticket in tickets[:LOOKED_AT]]
    if text is None:
        text = running.text_for(actor, macro, tickets[0]) if tickets else ""
    return Preview(macro, tickets, text, looked)


def _look(actor: Actor, macro: Macro, ticket: Ticket, text: str | None) -> words.Seen:
    said = text if text is not None else running.text_for(actor, macro, ticket)
    look = partial(words.seen, ticket, macro, actor)
    found = running.foresee(actor, macro, ticket, said, look)
    if isinstance(found, words.Seen):
        return found
    return words.Seen(ticket.id, ticket.subject, why_not=found)


def _chosen(actor: Actor) -> list[Ticket]:
    """Return the tickets that are meant, locked: they are tried, or about to be changed."""
    numbers = [number_of(text) for text in request.values.getlist("ticket")]
    return many_for(
        actor,
        [number for number in numbers if number is not None][: MAX_BULK + 1],
        permission=Permission.TICKET_WORK,
    )


# ---- Doing ----


@bp.post("/macros/run")
@require(Permission.TICKET_WORK)
def use() -> Response:
    """Run a macro on one ticket or on those that are selected, once for each preview."""
    actor = current_actor()
    form, key = request.form, number_of(request.form.get("macro"))
    press, is_many = form.get("press", "")[:64], "many" in form
    tickets = _chosen(actor)
    if not tickets and not is_many:
        raise Missing
    if key is None or not press:
        return _again(None if is_many else tickets[0], error=_("Choose a macro."))
    if running.was_pressed(actor, press):
        return _nothing_more(actor, tickets, is_many)
    macro = finding.find(actor, key)
    text = form.get("text", "")[:LONGEST].strip() if "text" in form and len(tickets) == 1 else None
    if _is_stale(macro, tickets, is_many):
        found = _preview(actor, macro, tickets, text)
        found.stale = True
        return _again(None if is_many else tickets[0], found, status=409)
    if is_many:
        return _run_many(actor, macro, tickets, press, text)
    return _run_one(actor, macro, tickets[0], press, text)


def _is_stale(macro: Macro, tickets: Sequence[Ticket], is_many: bool) -> bool:
    """Whether the preview is out of date; of a selection each ticket is looked at by itself."""
    if request.form.get("version", "") != str(macro.version):
        return True
    return not is_many and f"{tickets[0].id}:{tickets[0].version}" not in _seen()


def _seen() -> set[str]:
    return set(request.form.getlist("seen"))


def _run_one(actor: Actor, macro: Macro, ticket: Ticket, press: str, text: str | None) -> Response:
    said = text if text is not None else running.text_for(actor, macro, ticket)
    group = services.new_group()
    run = running.begin(actor, macro, press, 1)
    try:
        done = _do(actor, macro, ticket, said, run.id, group, undo_seconds())
    except (Refused, WrongRule) as refusal:
        running.take_back(run)
        found = _preview(actor, macro, [ticket], text)
        return _again(ticket, found, error=running.why_not(refusal))
    into = _into_composer(actor, macro, ticket, said)
    response = changed(
        actor, ticket, _what_was_done(macro, done), group=group if done.entries else None
    )
    if into and is_fragment() and "HX-Trigger" in response.headers:
        events = json.loads(response.headers["HX-Trigger"])
        response.headers["HX-Trigger"] = json.dumps(events | {"macro-text": into})
    return response


def _do(
    actor: Actor,
    macro: Macro,
    ticket: Ticket,
    text: str,
    run_id: int,
    group: str,
    undo_for: int,
) -> running.Done:
    """Run a macro on a ticket, all of it or nothing. Raises Denied, Refused, Clash, WrongRule."""
    how = running.manner(macro, run_id, ticket, group, undo_for)
    with running.all_or_nothing(), done_together(how):
        return running.run(actor, macro, ticket, text, undo_for=undo_for)


def _into_composer(actor: Actor, macro: Macro, ticket: Ticket, text: str) -> dict[str, str] | None:
    """Put the text where it is typed: by the page's script, or into the draft that waits there."""
    if macro.at_once or macro.says == Says.NOTHING or not text:
        return None
    if is_fragment() and "many" not in request.form:
        return {"kind": macro.says, "text": text}
    kept = find_draft(actor, ticket, macro.says)
    # What was begun there stays; the text stands below it.
    body = f"{kept.body.rstrip()}\n\n{text}" if kept is not None and kept.body.strip() else text
    save_draft(actor, ticket, macro.says, body=body)
    return None


def _what_was_done(macro: Macro, done: running.Done) -> str:
    if not done.changed and macro.at_once:
        return str(_("%(macro)s: all was so already", macro=macro.name))
    if words.sends_besides(macro):
        return str(_("%(macro)s: done. What it told others stays told.", macro=macro.name))
    return str(_("%(macro)s: done", macro=macro.name))


def _run_many(
    actor: Actor, macro: Macro, tickets: list[Ticket], press: str, text: str | None
) -> Response:
    actor.demand(Permission.TICKET_BULK)
    if not tickets:
        return _again(None, error=_("Select some tickets first."))
    group = services.new_group()
    # Many tickets take a while; the first must still be there to be taken back.
    undo_for = undo_seconds() + len(tickets) // 10
    run = running.begin(actor, macro, press, len(tickets))
    versions = dict(one.split(":", 1) for one in _seen() if ":" in one)

    def change(ticket: Ticket) -> object:
        if versions.get(str(ticket.id), str(ticket.version)) != str(ticket.version):
            raise Refused("clash", _("Changed meanwhile"))
        said = text if text is not None else running.text_for(actor, macro, ticket)
        try:
            done = _do(actor, macro, ticket, said, run.id, group, undo_for)
        except WrongRule as wrong:
            raise Refused("macro-broken", running.why_not(wrong)) from None
        into = not macro.at_once and bool(said)
        _into_composer(actor, macro, ticket, said)
        return done if done.changed or into else None

    try:
        results = services.change_many(actor, tickets, change, undo_group=group)
    except Refused as refusal:
        running.take_back(run)
        return _again(None, error=str(refusal))
    if not any(result.ok and not result.message for result in results):
        running.take_back(run)
    more = _("What it told others stays told.") if words.sends_besides(macro) else ""
    return answer_many(macro.name, tickets, results, group, more)


def _nothing_more(actor: Actor, tickets: Sequence[Ticket], is_many: bool) -> Response:
    """Answer a press that was dealt with: nothing happens twice."""
    if is_many:
        response = make_response("")
        response.headers["HX-Trigger"] = json.dumps({"dialog-close": True, "list-refresh": True})
        return response
    return changed(actor, tickets[0], "")


# ---- The dialog ----


def _dialog(
    ticket: Ticket | None,
    found: Preview | None = None,
    *,
    error: str = "",
    any_at_all: bool = True,
) -> str:
    return render_template(
        "macros/dialog.html", ticket=ticket, preview=found, error=error, any_at_all=any_at_all
    )


def _again(
    ticket: Ticket | None, found: Preview | None = None, *, error: str = "", status: int = 422
) -> Response:
    return make_response(_dialog(ticket, found, error=error), status)
