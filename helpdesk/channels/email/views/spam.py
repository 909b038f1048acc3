"""The list of senders whose mail is put aside."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from helpdesk.channels.email import spam
from helpdesk.channels.email.spam_models import SpamSender
from helpdesk.channels.email.views.blueprint import bp
from helpdesk.db import db
from helpdesk.people.access import Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets.queries.access import NotFound
from helpdesk.tickets.services import Refused


@bp.get("/spam")
@require(Permission.SETUP_MAIL)
def spam_senders() -> Any:
    """List the senders, newest first."""
    return _page()


@bp.post("/spam")
@require(Permission.SETUP_MAIL)
def add_spam_sender() -> Any:
    """Add an address or a domain."""
    typed = request.form.get("sender", "")
    try:
        row = spam.add(current_actor(), typed, sure="sure" in request.form)
    except Refused as refused:
        return _page(typed=typed, problem=str(refused), asks=refused.field == "sure"), 422
    flash(_("Mail from %(sender)s is put aside from now on.", sender=row.value))
    return redirect(url_for("mail.spam_senders"), 303)


@bp.post("/spam/<int:sender_id>/forget")
@require(Permission.SETUP_MAIL)
def forget_spam_sender(sender_id: int) -> Any:
    """Take a sender off the list."""
    row = db.session.get(SpamSender, sender_id, with_for_update=True)
    if row is None:
        raise NotFound
    spam.forget(current_actor(), row)
    flash(_("Mail from %(sender)s is filed again.", sender=row.value))
    return redirect(url_for("mail.spam_senders"), 303)


def _page(*, typed: str = "", problem: str = "", asks: bool = False) -> str:
    words = request.args.get("q", "").strip()[:320]
    rows = spam.page(current_actor(), words=words, before=request.args.get("before", type=int))
    older = None
    if len(rows) == spam.PAGE:
        older = url_for("mail.spam_senders", q=words or None, before=rows[-1].id)
    return render_template(
        "mail/spam.html",
        senders=rows,
        words=words,
        older=older,
        newest=url_for("mail.spam_senders", q=words or None) if "before" in request.args else None,
        typed=typed,
        problem=problem,
        asks=asks,
    )
