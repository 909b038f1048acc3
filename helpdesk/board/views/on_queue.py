"""The board beside the queue: in its side, and as a strip above the list."""

from flask import make_response, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from helpdesk.board import remembered
from helpdesk.board.views import words
from helpdesk.board.views.blueprint import bp
from helpdesk.people.access import Actor, Permission
from helpdesk.people.guard import actor_or_none, current_actor, require
from helpdesk.people.services import own
from helpdesk.tickets.views.answers import is_fragment

IN_SIDE = 5
IN_STRIP = 3


def in_side(_subject: object) -> Markup | None:
    """Return what runs, for the foot of the queue's side navigation."""
    actor = actor_or_none()
    if actor is None or not actor.can(Permission.TICKET_READ):
        return None
    return Markup(_side(actor, remembered.running(actor)))  # noqa: S704 (our own template)


def above_list(_subject: object) -> Markup | None:
    """Return what runs and the reader has not put away, for the place above the list."""
    actor = actor_or_none()
    if actor is None or not actor.can(Permission.TICKET_READ):
        return None
    return Markup(_strip(actor, remembered.running(actor)))  # noqa: S704 (our own template)


def _side(actor: Actor, found: list[remembered.Running]) -> str:
    return render_template(
        "board/_side.html",
        running=found[:IN_SIDE],
        more=len(found) - IN_SIDE,
        may_write=actor.can(Permission.BOARD_WRITE),
        **words.context(),
    )


def _strip(actor: Actor, found: list[remembered.Running]) -> str:
    shown = [row for row in found if row.severity != "information" and not row.is_put_away(actor)]
    return render_template(
        "board/_strip.html",
        running=shown[:IN_STRIP],
        more=len(shown) - IN_STRIP,
        **words.context(),
    )


@bp.get("/board/side")
@require(Permission.TICKET_READ)
def side_again() -> str:
    """Return what runs anew, for the side."""
    actor = current_actor()
    return _side(actor, remembered.running(actor, afresh=True))


@bp.get("/board/strip")
@require(Permission.TICKET_READ)
def strip_again() -> str:
    """Return what runs anew, for the place above the list."""
    actor = current_actor()
    return _strip(actor, remembered.running(actor, afresh=True))


@bp.post("/board/<int:number>/put-away")
@require(Permission.TICKET_READ)
def put_away(number: int) -> Response:
    """Take a notice out of the reader's sight until it changes."""
    actor = current_actor()
    found = remembered.running(actor, afresh=True)
    # What does not run any more is forgotten on the way.
    seen = {str(row.id): row.edition for row in found if row.is_put_away(actor)}
    edition = request.form.get("edition", type=int)
    if edition is not None and any(row.id == number for row in found):
        seen[str(number)] = edition
    own.set_put_away(actor, remembered.SEEN, seen)
    actor.preferences[remembered.SEEN] = seen
    if not is_fragment():
        return redirect(url_for("tickets.home"), 303)
    return make_response(_strip(actor, found))
