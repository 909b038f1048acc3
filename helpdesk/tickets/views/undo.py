"""Taking back what was done a moment ago."""

from urllib.parse import urlsplit

from flask import jsonify, make_response, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from helpdesk.people.access import Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets import services
from helpdesk.tickets.services import drafts
from helpdesk.tickets.views.answers import ticket_url, toast, with_triggers
from helpdesk.tickets.views.blueprint import bp

NAMED = 10
"""Tickets that are named when an undo leaves them as they are."""


@bp.post("/undo/<group>")
@require(Permission.TICKET_READ)
def undo(group: str) -> Response:
    """Take an act back. A message that had not left becomes a draft again, where it was typed.

    A message to everybody comes back into the dialog where it was typed, never as an answer.
    Of many tickets some may have moved on; the answer then says as JSON which, for a strip.
    """
    actor = current_actor()
    done = services.undo(actor, group)
    restored = drafts.restore_undone(actor, group)
    if done.left:
        return _partly(done)
    response = make_response("", 200)
    recalled = services.recalled_broadcast(actor, group)
    if recalled is not None:
        text = _("Taken back. Your text is here to be changed.")
        with_triggers(response, toast=toast(text))
        response.headers["HX-Redirect"] = url_for(
            "tickets.ticket", number=recalled.ticket_id, recalled=recalled.id
        )
        return response
    message = _("Taken back. Your text is in the draft.") if restored else _("Taken back")
    with_triggers(response, toast=toast(message))
    here = urlsplit(request.referrer or "").path
    wanted = {ticket_url(draft.ticket_id) for draft in restored if draft.ticket_id is not None}
    # With "Send & next" the page shows the next ticket by now; the text is on the one before.
    if len(done.tickets) == 1 and wanted and here not in wanted:
        response.headers["HX-Redirect"] = wanted.pop()
    return response


def _partly(done: services.Undone) -> Response:
    """Answer that some tickets were left as they are: how many in the toast, which in a strip."""
    count, of_all = len(done.tickets), len(done.tickets) + len(done.left)
    text = _("Taken back for %(count)d of %(all)d tickets", count=count, all=of_all)
    named = [f"#{left.number}: {left.why}" for left in done.left[:NAMED]]
    if len(done.left) > NAMED:
        more = len(done.left) - NAMED
        named.append(ngettext("And %(num)d more.", "And %(num)d more.", more))
    title = ngettext(
        "%(num)d ticket stays as it is.", "%(num)d tickets stay as they are.", len(done.left)
    )
    return with_triggers(jsonify(title=title, text=" ".join(named)), toast=toast(text))
