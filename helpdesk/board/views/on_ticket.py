"""The board on a ticket's page and in the form that logs a call."""

from contextlib import suppress

from flask import render_template, request
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response

from helpdesk.board import linking, queries, remembered
from helpdesk.board.linking import asker
from helpdesk.board.models import Alert
from helpdesk.board.views import words
from helpdesk.board.views.blueprint import bp
from helpdesk.people.access import Actor, Permission
from helpdesk.people.guard import actor_or_none, current_actor, require
from helpdesk.tickets.lifecycle import UNFINISHED
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import NotFound, get_for
from helpdesk.tickets.views.answers import changed

OFFERED = 3
"""Running notices that a ticket is offered to be linked to."""


def of_ticket(ticket: Ticket) -> Markup | None:
    """Return the trouble a ticket is about, and what runs that it could be about."""
    actor = actor_or_none()
    if actor is None or not actor.can(Permission.TICKET_READ):
        return None
    linked = queries.of_ticket(actor, ticket)
    may_work = actor.can(Permission.TICKET_WORK) and ticket.hidden_at is None
    offered: list[remembered.Running] = []
    if may_work and ticket.status_class in UNFINISHED:
        known = {row.id for row in linked}
        offered = [row for row in remembered.running(actor) if row.id not in known][:OFFERED]
    person = asker(ticket)
    unfixed = [row.id for row in linked if row.fixed_at is None]
    return Markup(  # noqa: S704 (our own template)
        render_template(
            "board/_on_ticket.html",
            ticket=ticket,
            linked=linked,
            offered=offered,
            person=person,
            told={alert_id for alert_id, _person in queries.listening(unfixed, [person.id])},
            may_work=may_work,
            **words.context(),
        )
    )


@bp.get("/tickets/<int:number>/trouble")
@require(Permission.TICKET_READ)
def ticket_again(number: int) -> str:
    """Return the part of a ticket's page that is about known trouble anew."""
    ticket = get_for(current_actor(), number)
    return str(of_ticket(ticket) or "")


def _both(number: int, alert_id: int) -> tuple[Actor, Ticket, Alert]:
    """Return the ticket and the notice, both locked. Raises Denied, NotFound."""
    actor = current_actor()
    # In the order in which fixing takes them, so that nobody waits for each other.
    alert = queries.alert_for(actor, alert_id, permission=Permission.TICKET_WORK, lock=True)
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    return actor, ticket, alert


@bp.post("/tickets/<int:number>/trouble/<int:alert_id>")
@require(Permission.TICKET_WORK)
def link(number: int, alert_id: int) -> Response:
    """Say that a ticket is about a trouble that is known."""
    actor, ticket, alert = _both(number, alert_id)
    linking.same_trouble(actor, alert, ticket)
    return changed(actor, ticket, _("Linked to “%(headline)s”", headline=alert.headline))


@bp.post("/tickets/<int:number>/trouble/<int:alert_id>/remove")
@require(Permission.TICKET_WORK)
def unlink(number: int, alert_id: int) -> Response:
    """Say that a ticket is about something else."""
    actor, ticket, alert = _both(number, alert_id)
    linking.unlink(actor, alert, ticket)
    return changed(actor, ticket, _("No longer linked to “%(headline)s”", headline=alert.headline))


@bp.post("/tickets/<int:number>/trouble/<int:alert_id>/tell")
@require(Permission.TICKET_WORK)
def tell_customer(number: int, alert_id: int) -> Response:
    """Let the customer be told when it is fixed, or not."""
    actor, ticket, alert = _both(number, alert_id)
    wanted = request.form.get("wanted") == "1"
    linking.tell_customer(actor, alert, ticket, wanted)
    name = asker(ticket).name
    said = (
        _("%(name)s is told when it is fixed", name=name)
        if wanted
        else _("%(name)s is not told any more", name=name)
    )
    return changed(actor, ticket, said)


class SameTrouble:
    """Asks in the form that logs a call whether it is about a trouble that is known."""

    def ask(self) -> Markup | None:
        """Return what runs, each to be ticked."""
        actor = actor_or_none()
        if actor is None or not actor.can(Permission.TICKET_WORK):
            return None
        found = remembered.running(actor)
        if not found:
            return None
        chosen = set(request.values.getlist("trouble"))
        return Markup(  # noqa: S704 (our own template)
            render_template(
                "board/_same_trouble.html", running=found, chosen=chosen, **words.context()
            )
        )

    def hold(self, actor: Actor) -> None:
        """Lock what was ticked before the ticket: the order that ``fixing`` gives reasons for."""
        _ticked(actor)

    def answer(self, actor: Actor, ticket: Ticket) -> None:
        """Link the ticket to what was ticked; what is over or fixed by now is let go."""
        for alert in _ticked(actor):
            if alert.fixed_at is None:
                linking.same_trouble(actor, alert, ticket)


def _ticked(actor: Actor) -> list[Alert]:
    """Return the notices that were ticked and are still there, locked in order of their keys."""
    found: list[Alert] = []
    for key in sorted(set(request.form.getlist("trouble", type=int))):
        # What names no notice is nothing that anybody could have ticked.
        with suppress(NotFound):
            found.append(
                queries.alert_for(actor, key, permission=Permission.TICKET_WORK, lock=True)
            )
    return found
