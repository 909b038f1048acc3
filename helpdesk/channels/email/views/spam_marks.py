"""Saying on the pages of mail that a message is spam, and that it is none."""

from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from config import Settings
from helpdesk.channels.email import ledger, spam_marks
from helpdesk.channels.email.models import MailMessage, State
from helpdesk.channels.email.views.blueprint import bp
from helpdesk.db import db
from helpdesk.people.access import Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets import services, wording
from helpdesk.tickets.forms import bin_choice
from helpdesk.tickets.lifecycle import BinReason
from helpdesk.tickets.queries.access import NotFound, get_for
from helpdesk.tickets.services import Refused
from helpdesk.tickets.services.act import Manner, done_together

CHOICES = {key: one for key, one in wording.BIN_CHOICES.items() if key != "mistake"}
"""What is to become of the sender, as the bin of tickets asks it."""


@bp.get("/ledger/<int:message_id>/spam")
@require(Permission.SETUP_MAIL)
def ask_spam(message_id: int) -> Any:
    """Ask whose mail is put aside."""
    message = ledger.message_for(current_actor(), message_id)
    return _page(message)


@bp.post("/ledger/<int:message_id>/spam")
@require(Permission.SETUP_MAIL)
def is_spam(message_id: int) -> Any:
    """Put a message aside, with the ticket that it opened, and further mail of its sender."""
    actor = current_actor()
    message = ledger.message_for(actor, message_id, lock=True)
    if not spam_marks.may_be_marked(actor, message):
        raise NotFound
    _reason, whose = bin_choice(request.form.get("reason"), sure="sure" in request.form)
    number = spam_marks.ticket_of(message)
    try:
        undo = _bin(number, whose) if number is not None else _put_aside(message, whose)
    except Refused as refused:
        db.session.rollback()
        message = ledger.message_for(actor, message_id)
        return _page(message, problem=str(refused), asks=refused.field == "sure"), 422
    said = _("Spam: put aside.")
    flash(_("Spam: %(number)d is in the bin.", number=number) if number is not None else said, undo)
    return _back()


@bp.post("/ledger/<int:message_id>/no-spam")
@require(Permission.SETUP_MAIL)
def is_no_spam(message_id: int) -> Any:
    """Take back that a message is spam, whoever or whatever said so."""
    actor = current_actor()
    message = ledger.message_for(actor, message_id, lock=True)
    if not spam_marks.may_be_unmarked(actor, message):
        raise NotFound
    here = redirect(url_for("mail.quarantined_message", message_id=message_id), 303)
    number = spam_marks.binned_with(message)
    try:
        if number is not None:
            services.restore(
                actor, get_for(actor, number, permission=Permission.TICKET_BIN, lock=True)
            )
            flash(_("%(number)d is back", number=number))
            return here
        fate = spam_marks.take_back(actor, message)
    except Refused as refused:
        flash(str(refused))
        return here
    if fate is None:
        flash(_("It waits in the quarantine again."))
    elif fate.state == State.FILED and fate.ticket is not None:
        flash(_("It is in ticket %(number)d now.", number=fate.ticket))
    else:
        flash(_("It counts as spam no more."))
    return here


def _bin(number: int, whose: str) -> str:
    """Put the ticket into the bin as its own page does; returns where that is undone."""
    actor = current_actor()
    settings: Settings = current_app.config["SETTINGS"]
    ticket = get_for(actor, number, permission=Permission.TICKET_BIN, lock=True)
    group = services.new_group()
    with done_together(Manner(undo_group=group)):
        services.bin_ticket(
            actor, ticket, BinReason.SPAM, block=whose, undo_for=settings.undo_seconds
        )
    return url_for("tickets.undo", group=group)


def _put_aside(message: MailMessage, whose: str) -> str:
    spam_marks.put_aside(current_actor(), message, whose)
    return url_for("mail.is_no_spam", message_id=message.id)


def _page(message: MailMessage, *, problem: str = "", asks: bool = False) -> str:
    if not spam_marks.may_be_marked(current_actor(), message):
        raise NotFound
    chosen = request.form.get("reason", "spam-sender")
    return render_template(
        "mail/spam_mark.html",
        message=message,
        choices=CHOICES,
        chosen=chosen if chosen in CHOICES else "spam-sender",
        problem=problem,
        asks=asks,
        number=spam_marks.ticket_of(message),
        back=_wanted_back(),
    )


def _wanted_back() -> str:
    """Return the list that somebody came from; only pages of mail are gone back to."""
    back = request.values.get("back", "")
    return back if back.startswith("/setup/mail/") and "\\" not in back else ""


def _back() -> Response:
    return redirect(_wanted_back() or url_for("mail.quarantine"), 303)
