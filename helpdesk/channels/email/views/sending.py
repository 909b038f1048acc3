"""The outbox: what is on its way out, and what did not arrive."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from helpdesk.channels.email.views.blueprint import bp
from helpdesk.notify import outbox
from helpdesk.notify.models import Sending
from helpdesk.people.access import Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets.services import Refused

SHOWN: dict[str, tuple[Any, tuple[Sending, ...]]] = {
    "unsent": (_l("Not sent yet"), (Sending.FAILED, Sending.QUEUED, Sending.CLAIMED)),
    "failed": (_l("Failed"), (Sending.FAILED,)),
    "sent": (_l("Sent"), (Sending.SENT,)),
}
"""What the page can show: its key in the address, its name, the states."""


@bp.get("/outbox", endpoint="outbox")
@require(Permission.SETUP_MAIL)
def show_outbox() -> Any:
    """List outgoing messages, newest first."""
    actor = current_actor()
    chosen = request.args.get("show", "unsent")
    if chosen not in SHOWN:
        chosen = "unsent"
    rows = outbox.page(actor, SHOWN[chosen][1], before=request.args.get("before", type=int))
    older = None
    if len(rows) == outbox.PAGE:
        older = url_for("mail.outbox", show=chosen, before=rows[-1].id)
    return render_template(
        "mail/outbox.html",
        messages=rows,
        readable=outbox.readable(actor, rows),
        chosen=chosen,
        shown=SHOWN,
        older=older,
        newest=url_for("mail.outbox", show=chosen) if "before" in request.args else None,
    )


@bp.post("/outbox/<int:message_id>/retry")
@require(Permission.SETUP_MAIL)
def retry_sending(message_id: int) -> Any:
    """Send a failed message again."""
    try:
        outbox.retry(current_actor(), message_id)
        flash(_("It is sent again in a moment."))
    except Refused as refused:
        flash(str(refused))
    return redirect(url_for("mail.outbox"), 303)
