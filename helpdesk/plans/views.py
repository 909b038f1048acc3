"""Work plans on the ticket's page: choosing one, seeing what it makes, and using it."""

from typing import Any
from uuid import uuid4

from flask import Blueprint, current_app, make_response, render_template, request
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.exceptions import NotFound as NothingHere
from werkzeug.wrappers import Response

from helpdesk.db import db
from helpdesk.people.access import Actor, Denied, Permission
from helpdesk.people.errors import Missing
from helpdesk.people.guard import actor_or_none, current_actor, require
from helpdesk.plans import applying, words
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import get_for
from helpdesk.tickets.queries.page import ticket_for_page
from helpdesk.tickets.services import Refused
from helpdesk.tickets.views.answers import changed, number_of, undo_seconds, undoable

bp = Blueprint("plans", __name__, template_folder="templates")


@bp.errorhandler(Missing)
def _not_found(_error: Missing) -> Any:
    """Answer the same for what is not there and for what is retired."""
    return current_app.handle_http_exception(NothingHere())


def in_menu(ticket: Ticket) -> Markup | None:
    """Return the line of the ticket's menu that offers work plans."""
    return _offer("plans/_menu.html", ticket)


def among_keys(ticket: Ticket) -> Markup | None:
    """Return what its key presses, also while the menu is closed."""
    return _offer("plans/_key.html", ticket)


def _offer(template: str, ticket: Ticket) -> Markup | None:
    actor = actor_or_none()
    if actor is None or not actor.can(Permission.TICKET_WORK):
        return None
    return Markup(render_template(template, ticket=ticket))  # noqa: S704 (our own template)


@bp.get("/tickets/<int:number>/plans")
@require(Permission.TICKET_WORK)
def choose(number: int) -> str:
    """Offer the plans, each with what it makes of this ticket."""
    return _show(current_actor(), number, uuid4().hex)


def _show(actor: Actor, number: int, press: str, chosen: int = 0, refusal: object = "") -> str:
    ticket = ticket_for_page(actor, number)
    plans = [
        (
            plan,
            words.counted(plan.content),
            [(line, applying.said(line, ticket)[0], words.details(line)) for line in plan.content],
        )
        for plan in applying.in_use()
    ]
    return render_template(
        "plans/dialog.html",
        ticket=ticket,
        plans=plans,
        press=press,
        chosen=chosen or (plans[0][0].id if plans else 0),
        refusal=refusal,
    )


@bp.post("/tickets/<int:number>/plans")
@require(Permission.TICKET_WORK)
def use(number: int) -> Response:
    """Use a plan on the ticket, once for each time that it was offered."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    press, key = request.form.get("press", "")[:64], number_of(request.form.get("plan"))
    try:
        if key is None or not press:
            raise Refused("plan-missing", _("Choose a work plan."))
        plan = applying.find(actor, key)
        with undoable() as group:
            made = applying.apply(actor, ticket, plan, press, undo_for=undo_seconds())
    except (Refused, Denied) as refusal:
        db.session.rollback()
        why = refusal if isinstance(refusal, Refused) else _("You may not open tickets.")
        return make_response(_show(actor, number, uuid4().hex, key or 0, why), 422)
    if made is None:
        return changed(actor, ticket, "")
    return changed(actor, ticket, words.done(made), group=group)
