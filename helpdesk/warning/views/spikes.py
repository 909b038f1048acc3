"""The cards "many people have this" above the queue, and their two buttons."""

from flask import flash, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup
from werkzeug.wrappers import Response

from helpdesk.people.access import Actor, Permission
from helpdesk.people.guard import actor_or_none, current_actor, require
from helpdesk.tickets.queries.filters import to_query
from helpdesk.tickets.services import Refused
from helpdesk.tickets.services.act import Manner, done_together
from helpdesk.tickets.views.answers import go_to, ticket_url
from helpdesk.tickets.views.listing import wanted_list
from helpdesk.warning import cards
from helpdesk.warning.board import notice_url
from helpdesk.warning.views.blueprint import bp


def above_list(_subject: object) -> Markup | None:
    """Return the cards above a list of tickets, or the place where they will stand."""
    actor = actor_or_none()
    if actor is None or not actor.can(Permission.TICKET_READ):
        return None
    return Markup(_strip(actor, cards.running(actor)))  # noqa: S704 (our own template)


@bp.get("/queue/spikes")
@require(Permission.TICKET_READ)
def strip_again() -> str:
    """Return the cards anew."""
    actor = current_actor()
    return _strip(actor, cards.running(actor, afresh=True))


def _strip(actor: Actor, found: list[cards.Card]) -> str:
    return render_template(
        "warning/_spikes.html",
        cards=found,
        notice_url=notice_url,
        path=ticket_url,
        query=to_query(wanted_list().filter),
        may_work=actor.can(Permission.TICKET_WORK),
        may_log=actor.can(Permission.TICKET_WORK) and actor.can(Permission.TICKET_LOG),
    )


def _home() -> str:
    return url_for("tickets.home") + (f"?{query}" if (query := request.form.get("in", "")) else "")


@bp.post("/queue/spikes/<int:number>/problem")
@require(Permission.TICKET_WORK)
def gather(number: int) -> Response:
    """Make a problem ticket of a burst, or put what has come since under it."""
    actor = current_actor()
    spike, card = cards.card_for(actor, number)
    try:
        # Each customer's own ticket stays what it is: nobody has to be told.
        with done_together(Manner(quiet=True)):
            problem, linked = cards.gather(actor, spike, card)
    except Refused as refusal:
        flash(str(refusal.message), "message")
        return go_to(_home())
    said = ngettext(
        "%(num)d ticket is under problem %(problem)d",
        "%(num)d tickets are under problem %(problem)d",
        linked,
        problem=problem.id,
    )
    flash(said, "message")
    return go_to(_home())


@bp.post("/queue/spikes/<int:number>/dismiss")
@require(Permission.TICKET_WORK)
def dismiss(number: int) -> Response:
    """Say that a burst is not the same matter."""
    actor = current_actor()
    spike, _card = cards.card_for(actor, number)
    cards.dismiss(actor, spike)
    flash(_("Not the same matter: it is not shown again"), "message")
    return go_to(_home())
