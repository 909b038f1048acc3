"""Addresses of a mailbox whose mail goes to queues of their own."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from helpdesk.channels.email import aliases as listed
from helpdesk.channels.email.models import Mailbox
from helpdesk.channels.email.thread_models import MailAlias
from helpdesk.channels.email.views.blueprint import bp, mailbox_for
from helpdesk.db import db
from helpdesk.people.access import SYSTEM, Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets.queries.access import NotFound, visible_queues
from helpdesk.tickets.queries.page import categories
from helpdesk.tickets.services import Refused


@bp.get("/mailboxes/<int:mailbox_id>/aliases")
@require(Permission.SETUP_MAIL)
def aliases(mailbox_id: int) -> Any:
    """List the addresses and where their mail goes."""
    return _page(mailbox_for(mailbox_id))


@bp.post("/mailboxes/<int:mailbox_id>/aliases")
@require(Permission.SETUP_MAIL)
def add_alias(mailbox_id: int) -> Any:
    """Let mail to an address go to a queue."""
    mailbox = mailbox_for(mailbox_id, lock=True)
    typed = request.form.get("pattern", "")
    queue_id = request.form.get("queue_id", 0, type=int)
    category_id = request.form.get("category_id", 0, type=int)
    try:
        row = listed.add(current_actor(), mailbox, typed, queue_id, category_id)
    except Refused as refused:
        page = _page(
            mailbox,
            typed=typed,
            queue_id=queue_id,
            category_id=category_id,
            problem=str(refused.message),
        )
        return page, 422
    flash(_("Mail to %(address)s goes to %(queue)s.", address=row.pattern, queue=row.queue.name))
    return redirect(url_for("mail.aliases", mailbox_id=mailbox.id), 303)


@bp.post("/aliases/<int:alias_id>/remove")
@require(Permission.SETUP_MAIL)
def remove_alias(alias_id: int) -> Any:
    """Take an address off the list."""
    row = db.session.get(MailAlias, alias_id, with_for_update=True)
    if row is None:
        raise NotFound
    mailbox_id, pattern = row.mailbox_id, row.pattern
    listed.remove(current_actor(), row)
    flash(_("Mail to %(address)s goes where all mail of the mailbox goes.", address=pattern))
    return redirect(url_for("mail.aliases", mailbox_id=mailbox_id), 303)


def _page(
    mailbox: Mailbox,
    *,
    typed: str = "",
    queue_id: int = 0,
    category_id: int = 0,
    problem: str = "",
) -> str:
    return render_template(
        "mail/aliases.html",
        mailbox=mailbox,
        rows=listed.aliases_of([mailbox.id]).get(mailbox.id, []),
        queues=visible_queues(SYSTEM),
        categories=categories(),
        typed=typed,
        queue_id=queue_id or mailbox.queue_id,
        category_id=category_id,
        problem=problem,
    )
