"""The list of senders whose mail is accepted although nothing vouches for it."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from helpdesk.channels.email import accepted
from helpdesk.channels.email.accepted_models import AcceptedSender
from helpdesk.channels.email.views.blueprint import bp
from helpdesk.channels.email.views.doubts import bond_in_words
from helpdesk.db import db
from helpdesk.people.access import Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets.queries.access import NotFound, hidden_among


@bp.get("/accepted")
@require(Permission.SETUP_MAIL)
def accepted_senders() -> Any:
    """List them, newest first."""
    actor = current_actor()
    words = request.args.get("q", "").strip()[:320]
    rows = accepted.page(actor, words=words, before=request.args.get("before", type=int))
    older = None
    if len(rows) == accepted.PAGE:
        older = url_for("mail.accepted_senders", q=words or None, before=rows[-1].id)
    newest = url_for("mail.accepted_senders", q=words or None)
    return render_template(
        "mail/accepted.html",
        senders=rows,
        hidden=hidden_among(actor, {row.entry.ticket_id for row in rows if row.entry}),
        said=bond_in_words,
        words=words,
        older=older,
        newest=newest if "before" in request.args else None,
    )


@bp.post("/accepted/<int:sender_id>/forget")
@require(Permission.TICKET_WORK)
def accept_no_more(sender_id: int) -> Any:
    """Accept a sender no more: from the list, from the message, or as an undo."""
    actor = current_actor()
    row = db.session.get(AcceptedSender, sender_id, with_for_update=True)
    if row is None or not (actor.can(Permission.SETUP_MAIL) or row.added_by_id == actor.person_id):
        raise NotFound
    accepted.forget(actor, row)
    flash(_("Mail of %(sender)s is doubted again.", sender=row.address))
    if back := request.args.get("back", type=int):
        return redirect(url_for("tickets.ticket", number=back), 303)
    if actor.can(Permission.SETUP_MAIL):
        return redirect(url_for("mail.accepted_senders"), 303)
    return redirect("/", 303)
