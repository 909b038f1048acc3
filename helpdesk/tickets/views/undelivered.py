"""Mail that came back, on the ticket's page: a warning over the reply, and "dealt with"."""

from flask import render_template
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response

from helpdesk.people.access import Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.people.services.reachable import why
from helpdesk.tickets import services
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import get_for
from helpdesk.tickets.queries.undelivered import undeliverable_on
from helpdesk.tickets.views.answers import changed
from helpdesk.tickets.views.blueprint import bp


def in_composer(ticket: Ticket) -> Markup | None:
    """Return the warning that an answer would not reach somebody; None when all can be reached."""
    points = undeliverable_on(ticket)
    if not points:
        return None
    return Markup(  # noqa: S704 (our own template)
        render_template("tickets/panels/undeliverable.html", points=points, why=why)
    )


@bp.post("/tickets/<int:number>/undelivered")
@require(Permission.TICKET_WORK)
def settle_undelivered(number: int) -> Response:
    """Take away the mark that mail came back: it was seen to in another way."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    services.settle_undelivered(actor, ticket)
    return changed(actor, ticket, _("Noted"))
