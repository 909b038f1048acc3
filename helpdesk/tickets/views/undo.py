"""Taking back what was done a moment ago."""

from urllib.parse import urlsplit

from flask import make_response, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from helpdesk.people.access import Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets import services
from helpdesk.tickets.services import drafts
from helpdesk.tickets.views.answers import ticket_url, toast, with_triggers
from helpdesk.tickets.views.blueprint import bp


@bp.post("/undo/<group>")
@require(Permission.TICKET_READ)
def undo(group: str) -> Response:
    """Take an act back. A message that had not left becomes a draft again, where it was typed."""
    actor = current_actor()
    tickets = services.undo(actor, group)
    restored = drafts.restore_undone(actor, group)
    response = make_response("", 200)
    message = _("Taken back. Your text is in the draft.") if restored else _("Taken back")
    with_triggers(response, toast=toast(message))
    here = urlsplit(request.referrer or "").path
    wanted = {ticket_url(draft.ticket_id) for draft in restored if draft.ticket_id is not None}
    # With "Send & next" the page shows the next ticket by now; the text is on the one before.
    if len(tickets) == 1 and wanted and here not in wanted:
        response.headers["HX-Redirect"] = wanted.pop()
    return response
