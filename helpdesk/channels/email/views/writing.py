"""What mail adds to the composer of a ticket: who gets the answer, and what is put below it."""

import secrets
from typing import Any

from flask import Blueprint, render_template, request
from markupsafe import Markup
from sqlalchemy import select

from helpdesk.channels.email import shared, signatures
from helpdesk.channels.email.mailboxes import sender_for
from helpdesk.channels.email.recipients import recipients
from helpdesk.db import db
from helpdesk.lib.html import markdown_to_html
from helpdesk.people.access import Permission
from helpdesk.people.guard import actor_or_none, current_actor, require
from helpdesk.people.models import Person
from helpdesk.tickets.companions import Draft
from helpdesk.tickets.models import Attachment, Ticket
from helpdesk.tickets.queries.access import get_for

bp = Blueprint("mail_writing", __name__, template_folder="../templates")


def in_composer(ticket: Any, panel: str = "reply") -> Markup | None:
    """Return the place in the composer; what stands there is fetched, and again as it changes."""
    actor = actor_or_none()
    if actor is None or not actor.can(Permission.TICKET_WORK):
        return None
    key = secrets.token_hex(4)
    return Markup(  # noqa: S704 (our own template)
        render_template("mail/_in_composer.html", ticket=ticket, key=key, panel=panel)
    )


def in_side_composer(ticket: Any) -> Markup | None:
    """Return the same for what is written to others."""
    return in_composer(ticket, "side")


@bp.get("/tickets/<int:number>/recipients")
@require(Permission.TICKET_WORK)
def before_sending(number: int) -> str:
    """Show who gets the answer in the composer, which files go as links, and the signature."""
    actor = current_actor()
    ticket = get_for(actor, number)
    to = request.args.getlist("to")
    reader: Person | None = None
    if request.args.get("panel") != "side":
        to = to or [str(ticket.requester_id or ticket.customer_id)]
        reader = ticket.requester or ticket.customer
    found = recipients(ticket, to[:100], request.args.getlist("cc")[:100])
    if to and to[0].isdigit() and len(to[0]) < 16:
        reader = db.session.get(Person, int(to[0])) or reader
    author = db.session.get(Person, actor.person_id) if actor.person_id is not None else None
    said = signatures.for_answer(ticket, author, reader) if author is not None else ""
    mailbox = sender_for(ticket)
    files = _files(actor.person_id, ticket)
    above = mailbox.link_above if mailbox is not None else 0
    keys = shared.heavy((shared.Weighed(row.id, row.size) for row in files), above)
    return render_template(
        "mail/_before_sending.html",
        recipients=found,
        signature=Markup(markdown_to_html(said)) if said else "",  # noqa: S704 (cleaned)
        mailbox=mailbox,
        links=[row for row in files if row.id in keys],
    )


def _files(person_id: int | None, ticket: Ticket) -> list[Attachment]:
    """Return those files of the reader's own draft that the composer names."""
    keys = [
        int(key) for key in request.args.getlist("attachment") if key.isdigit() and len(key) < 16
    ]
    if not keys:
        return []
    return list(
        db.session.scalars(
            select(Attachment)
            .join(Draft, Draft.id == Attachment.draft_id)
            .where(
                Attachment.id.in_(keys),
                Draft.person_id == person_id,
                Draft.ticket_id == ticket.id,
            )
            .order_by(Attachment.id)
        )
    )
