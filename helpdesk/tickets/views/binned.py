"""The bin: what was spam or a mistake, and the way back."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from helpdesk.people.access import Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets import services
from helpdesk.tickets.forms import whole
from helpdesk.tickets.queries import bin as binned
from helpdesk.tickets.queries import lists
from helpdesk.tickets.queries.access import many_for
from helpdesk.tickets.views.answers import settings
from helpdesk.tickets.views.blueprint import bp
from helpdesk.tickets.views.listing import frame_of, side_of, topics_of
from helpdesk.tickets.views.page import WORDS


@bp.get("/queue/bin")
@require(Permission.TICKET_READ, Permission.TICKET_BIN)
def bin_page() -> str:
    """Show what is in the bin, what was put there last first."""
    actor = current_actor()
    side = side_of(actor, None)
    after = lists.read_cursor(request.args.get("after", ""))
    days = settings().bin_days
    page = binned.page(actor, days=days, after=after)
    return render_template(
        "tickets/bin.html",
        side=side,
        query="",
        topics=topics_of(side.queue_lines),
        **frame_of(actor),
        page=page,
        days=days,
        may_export=actor.can(Permission.TICKET_EXPORT),
        words=WORDS,
    )


@bp.post("/queue/bin/restore")
@require(Permission.TICKET_BIN, Permission.TICKET_BULK)
def restore_many() -> Response:
    """Bring tickets back as they were."""
    actor = current_actor()
    chosen = [number for text in request.form.getlist("ticket") if (number := whole(text))]
    results = services.change_many(
        actor, many_for(actor, chosen), lambda ticket: services.restore(actor, ticket)
    )
    done = sum(result.ok for result in results)
    text = ngettext("%(num)d ticket is back", "%(num)d tickets are back", done)
    if done < len(results):
        refused = next(result.message for result in results if not result.ok)
        text = _("%(text)s; %(refused)s", text=text, refused=refused)
    flash(text, "message")
    return redirect(url_for("tickets.bin_page"), 303)
