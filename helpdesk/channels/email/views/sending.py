"""The outbox: what is on its way out, and what did not arrive."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from helpdesk.channels.email.views.blueprint import bp
from helpdesk.notify import outbox
from helpdesk.notify.models import OutboxMessage, Sending
from helpdesk.people.access import Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets import told_sentences
from helpdesk.tickets.services import Refused
from helpdesk.web.i18n import moment

SHOWN: dict[str, tuple[Any, tuple[Sending, ...]]] = {
    "unsent": (_l("Not sent yet"), (Sending.FAILED, Sending.QUEUED, Sending.CLAIMED)),
    "failed": (_l("Failed"), (Sending.FAILED,)),
    "sent": (_l("Sent"), (Sending.SENT,)),
    "held": (_l("Held back"), (Sending.HELD,)),
    "dropped": (_l("Not told"), (Sending.CANCELLED,)),
}
"""What the page can show: its key in the address, its name, the states."""

REASONS = {
    "quiet-hours": _l("It is night where they are: until %(time)s"),
    "pace": _l("They were told a lot already: until %(time)s"),
    "overtaken": _l("It was no longer true"),
    "answered": _l("Somebody had written to them meanwhile"),
    "told-already": _l("They had been told already"),
    "too-late": _l("It waited so long that it was news no more"),
    "switched-off": _l("This kind of message was switched off"),
    "queue": _l("The queue sends no receipts"),
    "loop": _l("They had a receipt a moment ago"),
    "automatic": _l("A program opened the ticket"),
    "merged": _l("The ticket was merged into another"),
    "binned": _l("The ticket is in the bin"),
    "other-customer": _l("The ticket is for somebody else now"),
    "not-theirs": _l("The customer does not know of this ticket"),
    "no-address": _l("There is no address at which they can be told"),
    "no-key": _l("It had to be encrypted, and there is no key of theirs"),
    "redacted": _l("A text of the ticket was redacted"),
    "muted": _l("The mailbox is muted"),
    "demo": _l("The demo desk sends nothing"),
}
"""Why a message waits, or was not sent at all."""


def _why(message: OutboxMessage) -> str:
    """Return why a message waits or was dropped, in words; empty when nobody wrote it down."""
    said = REASONS.get(message.reason)
    if said is None:
        return ""
    return str(said) % {"time": moment(message.next_try_at)}


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
        why=_why,
        kinds=told_sentences.NAMES,
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
