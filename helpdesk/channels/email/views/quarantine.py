"""The quarantine: messages that wait for a person."""

from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from helpdesk.channels.email import ledger, spam_marks
from helpdesk.channels.email.fates import copies_of, fate_in_words
from helpdesk.channels.email.models import MailMessage, State
from helpdesk.channels.email.views.blueprint import bp
from helpdesk.people.access import Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets.queries.access import NotFound
from helpdesk.tickets.services import Refused

REASONS = {
    "no-sender": _l("There is nobody to answer to"),
    "not-parsed": _l("It could not be understood"),
    "unreadable": _l("It could not be read"),
    "too-large": _l("It is too large to fetch without being asked"),
    "unfetchable": _l("The mail server does not give it away"),
    "gone": _l("It is no longer on the mail server"),
    "loop": _l("Too much of one sender in a short time: a loop?"),
    "crashed": _l("Filing it never came to an end"),
    "error": _l("Something went wrong here while filing it"),
}
"""Why a message is in the quarantine, in words."""


@bp.get("/quarantine")
@require(Permission.SETUP_MAIL)
def quarantine() -> Any:
    """List what waits for a person, newest first."""
    actor = current_actor()
    rows = ledger.quarantined(actor, before=request.args.get("before", type=int))
    older = None
    if len(rows) == ledger.PAGE:
        older = url_for("mail.quarantine", before=rows[-1].id)
    return render_template(
        "mail/quarantine.html",
        messages=rows,
        readable={row.id for row in rows if ledger.may_read(actor, row)},
        markable={row.id for row in rows if spam_marks.may_be_marked(actor, row)},
        reasons=REASONS,
        older=older,
        newest=url_for("mail.quarantine") if "before" in request.args else None,
    )


@bp.get("/quarantine/<int:message_id>")
@require(Permission.SETUP_MAIL)
def quarantined_message(message_id: int) -> Any:
    """Show one message: what is known of it, and its raw source as text."""
    actor = current_actor()
    message = ledger.message_for(actor, message_id)
    raw: bytes | None
    try:
        raw = ledger.source(actor, message)
    except NotFound:
        raw = None
    return render_template(
        "mail/message.html",
        message=message,
        readable=ledger.may_read(actor, message),
        reasons=REASONS,
        is_markable=spam_marks.may_be_marked(actor, message),
        is_spam=spam_marks.may_be_unmarked(actor, message),
        fate=fate_in_words(message),
        copies=copies_of(message),
        source=_shown(raw) if raw is not None else None,
        is_cut=raw is not None and len(raw) > ledger.MAX_SHOWN,
    )


@bp.get("/quarantine/<int:message_id>/source")
@require(Permission.SETUP_MAIL)
def message_source(message_id: int) -> Response:
    """Download the raw message. It is never opened in our origin."""
    actor = current_actor()
    raw = ledger.source(actor, ledger.message_for(actor, message_id))
    response = Response(raw, content_type="application/octet-stream")
    response.headers["Content-Disposition"] = f'attachment; filename="message-{message_id}.eml"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


@bp.post("/quarantine/<int:message_id>/retry")
@require(Permission.SETUP_MAIL)
def retry_message(message_id: int) -> Any:
    """Try again to file a message."""
    actor = current_actor()
    message = ledger.message_for(actor, message_id, lock=True)
    try:
        fate = ledger.retry(actor, message)
    except Refused as refused:
        flash(str(refused))
        return redirect(url_for("mail.quarantine"), 303)
    if fate.state == State.QUARANTINED:
        flash(_("It did not work again: %(why)s", why=_why(message)))
    elif fate.state == State.WANTED:
        flash(_("It is fetched as soon as its mailbox is read."))
    elif fate.ticket is not None:
        flash(_("It is in ticket %(number)d now.", number=fate.ticket))
    else:
        flash(_("It needs no ticket."))
    return redirect(url_for("mail.quarantine"), 303)


@bp.post("/quarantine/<int:message_id>/dismiss")
@require(Permission.SETUP_MAIL)
def dismiss_message(message_id: int) -> Any:
    """Decide that a message needs no ticket."""
    actor = current_actor()
    message = ledger.message_for(actor, message_id, lock=True)
    try:
        ledger.dismiss(actor, message)
        flash(_("Dismissed. The message is kept."))
    except Refused as refused:
        flash(str(refused))
    return redirect(url_for("mail.quarantine"), 303)


def _why(message: MailMessage) -> str:
    return str(REASONS.get(message.reason, message.error))


def _shown(raw: bytes) -> str:
    """Return the source as text: what is not UTF-8 is shown as replacement characters."""
    text = raw[: ledger.MAX_SHOWN].decode("utf-8", "replace").replace("\r\n", "\n")
    return "".join(
        c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text
    )
