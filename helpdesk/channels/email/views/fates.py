"""The pages of the ledger: every message that came in, and filing one somewhere else."""

from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from helpdesk.channels.email import counting, fates, ledger, refiling, spam_marks
from helpdesk.channels.email.models import Mailbox
from helpdesk.channels.email.views.blueprint import bp, mailbox_for
from helpdesk.channels.email.watching import wrong_with
from helpdesk.db import db
from helpdesk.people.access import Denied, Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets.queries.access import NotFound, visible_queues
from helpdesk.tickets.services import Refused
from helpdesk.web.i18n import zone

ASKED = ("mailbox", "fate", "sender", "words", "ticket", "day")
"""What can be asked for, by the names in the address."""


@bp.get("/ledger")
@require(Permission.SETUP_MAIL)
def all_messages() -> Any:
    """List the messages of one mailbox or of all, newest first."""
    actor = current_actor()
    wanted = _wanted()
    page = fates.page(
        actor,
        wanted,
        zone=zone(actor.time_zone),
        before=request.args.get("before", type=int),
    )
    rows = page.messages
    asked: dict[str, Any] = {key: request.args[key] for key in ASKED if request.args.get(key)}
    older = None
    if page.older is not None:
        older = url_for("mail.all_messages", **{**asked, "before": page.older})
    box = mailbox_for(wanted.mailbox) if wanted.mailbox is not None else None
    return render_template(
        "mail/ledger.html",
        messages=rows,
        is_cut=page.is_cut,
        readable={row.id for row in rows if ledger.may_read(actor, row)},
        markable={row.id for row in rows if spam_marks.may_be_marked(actor, row)},
        in_words=fates.fate_in_words,
        wanted=wanted,
        asked=asked,
        fates=fates.FATES,
        mailboxes=db.session.scalars(
            select(Mailbox).where(Mailbox.retired_at.is_(None)).order_by(Mailbox.name)
        ).all(),
        box=box,
        wrong=wrong_with(box) if box is not None else None,
        older=older,
        newest=url_for("mail.all_messages", **asked) if "before" in request.args else None,
    )


@bp.post("/mailboxes/<int:mailbox_id>/fetch-missing")
@require(Permission.SETUP_MAIL)
def fetch_missing(mailbox_id: int) -> Any:
    """Fetch what the server holds and the ledger does not know."""
    mailbox = mailbox_for(mailbox_id, lock=True)
    number = counting.fetch_missing(current_actor(), mailbox)
    flash(_("%(number)d messages are fetched as soon as the mailbox is read.", number=number))
    return redirect(url_for("mail.all_messages", mailbox=mailbox_id), 303)


@bp.get("/ledger/<int:message_id>/refile")
@require(Permission.SETUP_MAIL)
def refile_dialog(message_id: int) -> Any:
    """Ask where a message is to go."""
    return _refile_page(message_id)


@bp.post("/ledger/<int:message_id>/refile")
@require(Permission.SETUP_MAIL)
def refile(message_id: int) -> Any:
    """File a message somewhere else."""
    actor = current_actor()
    message = ledger.message_for(actor, message_id, lock=True)
    try:
        ticket = refiling.refile(actor, message, _target())
    except (Refused, Denied) as refused:
        return _refile_page(message_id, problem=str(refused)), 422
    except NotFound:
        return _refile_page(message_id, problem=_("There is no such ticket.")), 422
    flash(_("It is in ticket %(number)d now.", number=ticket.id))
    return redirect(url_for("mail.quarantined_message", message_id=message.id), 303)


def _refile_page(message_id: int, problem: str = "") -> str:
    actor = current_actor()
    message = ledger.message_for(actor, message_id)
    if not ledger.may_read(actor, message):
        raise NotFound
    return render_template(
        "mail/refile.html",
        message=message,
        queues=visible_queues(actor),
        problem=problem,
        typed=request.form,
    )


def _target() -> refiling.Target:
    actor = current_actor()
    author = request.form.get("author", "").strip()
    if request.form.get("to") == "ticket":
        number = request.form.get("ticket", "").strip().lstrip("#")
        if not number.isdecimal() or len(number) > 12:
            raise Refused("no-number", _("Type the number of the ticket."), "ticket")
        return refiling.Target(ticket=int(number), author=author)
    key = request.form.get("queue", type=int)
    queue = next((row for row in visible_queues(actor) if row.id == key), None)
    if queue is None:
        raise Refused("no-queue", _("Choose a queue."), "queue")
    return refiling.Target(queue=queue, author=author)


def _wanted() -> fates.Wanted:
    day = request.args.get("day", "")
    try:
        chosen = date.fromisoformat(day) if day else None
    except ValueError:
        chosen = None
    if chosen is not None and not 1970 <= chosen.year <= 2200:
        chosen = None
    number = request.args.get("ticket", "").strip().lstrip("#")
    return fates.Wanted(
        mailbox=request.args.get("mailbox", type=int),
        imported=request.args.get("mailbox") == "imported",
        fate=request.args.get("fate", ""),
        sender=request.args.get("sender", "")[:320].replace("\0", ""),
        words=request.args.get("words", "")[:300].replace("\0", ""),
        ticket=int(number) if number.isdecimal() and len(number) <= 12 else None,
        day=chosen,
    )
