"""Answer templates in the composer: finding one, and its text filled in."""

from typing import Any

from flask import Blueprint, current_app, jsonify, render_template, request
from markupsafe import Markup
from werkzeug.exceptions import NotFound as NothingHere

from helpdesk.answers import filling, writing
from helpdesk.people.access import Permission
from helpdesk.people.errors import Missing
from helpdesk.people.guard import actor_or_none, current_actor, require
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import get_for

bp = Blueprint("answers", __name__, template_folder="templates")


@bp.errorhandler(Missing)
def _not_found(_error: Missing) -> Any:
    """Answer the same for what is not there and for what may not be seen."""
    return current_app.handle_http_exception(NothingHere())


def in_composer(ticket: Ticket) -> Markup | None:
    """Return the field that finds a template for an answer."""
    actor = actor_or_none()
    if actor is None or not actor.can(Permission.TICKET_WORK):
        return None
    return Markup(  # noqa: S704 (our own template)
        render_template("answers/_finder.html", ticket=ticket)
    )


@bp.get("/answers")
@require(Permission.TICKET_WORK)
def find() -> Any:
    """Answer what is typed: templates of the reader's teams, those used most at first."""
    rows = writing.offered(current_actor(), request.args.get("q", "")[:100])
    return jsonify([{"value": row.id, "label": row.name, "hint": row.folder} for row in rows])


@bp.post("/tickets/<int:number>/answers/<int:key>")
@require(Permission.TICKET_WORK)
def use(number: int, key: int) -> Any:
    """Answer the text of a template, filled in for this ticket, and count its use."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK)
    return jsonify({"text": filling.answer(actor, writing.use(actor, key), ticket)})
