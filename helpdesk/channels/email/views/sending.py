"""The outbox: what is on its way out, and what did not arrive."""

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from markupsafe import Markup
from sqlalchemy import select

from helpdesk.channels.email import pace
from helpdesk.channels.email.models import Mailbox
from helpdesk.channels.email.views.blueprint import bp
from helpdesk.db import db
from helpdesk.notify import outbox, undelivered
from helpdesk.notify.models import OutboxMessage, Sending
from helpdesk.people.access import Actor, Permission
from helpdesk.people.guard import actor_or_none, current_actor, require
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
    "brake": _l("Too much was sent by itself within an hour: a loop?"),
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
    outbox.REPEATED: _l("A process ended while it was being sent: it may have arrived twice"),
    undelivered.GIVEN_UP: _l("Somebody gave it up"),
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
    chosen, mailbox = _narrowed(request.args)
    rows = outbox.page(
        actor,
        SHOWN[chosen][1],
        mailbox_id=_mailbox_id(mailbox),
        before=request.args.get("before", type=int),
    )
    here: dict[str, Any] = {"show": chosen, "mailbox": mailbox or None}
    older = None
    if len(rows) == outbox.PAGE:
        older = url_for("mail.outbox", before=rows[-1].id, **here)
    return render_template(
        "mail/outbox.html",
        messages=rows,
        readable=outbox.readable(actor, rows),
        chosen=chosen,
        mailbox=mailbox,
        places=[(place, _key_of(place)) for place in undelivered.places(actor)],
        mailboxes={row.id: row for row in db.session.scalars(select(Mailbox))},
        is_full=pace.is_full,
        shown=SHOWN,
        why=_why,
        kinds=told_sentences.NAMES,
        older=older,
        newest=url_for("mail.outbox", **here) if "before" in request.args else None,
    )


DEFAULT = "default"
"""What stands in the address for messages without a mailbox of their own."""


def _narrowed(values: Mapping[str, str]) -> tuple[str, str]:
    """Return what the page shows and of which mailbox, as its address or its form says it."""
    chosen, mailbox = values.get("show", "unsent"), values.get("mailbox", "")
    known = mailbox == DEFAULT or (mailbox.isascii() and mailbox.isdigit() and len(mailbox) < 16)
    return (chosen if chosen in SHOWN else "unsent"), (mailbox if known else "")


def _mailbox_id(mailbox: str) -> int | None:
    if not mailbox:
        return outbox.ANY
    return None if mailbox == DEFAULT else int(mailbox)


def _key_of(place: undelivered.Place) -> str:
    return DEFAULT if place.mailbox_id is None else str(place.mailbox_id)


@bp.post("/outbox/many")
@require(Permission.SETUP_MAIL)
def put_right() -> Any:
    """Send failed messages again, give them up, or send them to another address."""
    actor = current_actor()
    keys = [int(key) for key in request.form.getlist("message") if key.isdigit() and len(key) < 16]
    try:
        flash(_put_right(actor, request.form.get("do", ""), keys))
    except Refused as refused:
        flash(str(refused))
    chosen, mailbox = _narrowed(request.form)
    return redirect(url_for("mail.outbox", show=chosen, mailbox=mailbox or None), 303)


def _put_right(actor: Actor, what: str, keys: list[int]) -> str:
    """Do it, and say what was done. Raises Refused."""
    if not keys:
        raise Refused("nothing-chosen", _("Choose messages first."))
    found = undelivered.failed_among(actor, keys)
    if what == "retry":
        count = undelivered.send_again(actor, found)
        return str(ngettext("%(num)d is sent again", "%(num)d are sent again", count))
    if what == "give-up":
        count = undelivered.give_up(actor, found)
        return str(ngettext("%(num)d given up", "%(num)d given up", count))
    if what == "readdress":
        count = undelivered.readdress(actor, found, request.form.get("address", ""))
        said = ngettext(
            "%(num)d goes to the other address", "%(num)d go to the other address", count
        )
        return str(said)
    raise Refused("unknown", _("Choose what to do."))


def alarm(_subject: object) -> Markup | None:
    """Return what administrators should know above their queue: mail that could not be sent."""
    actor = actor_or_none()
    if actor is None or not actor.can(Permission.SETUP_MAIL):
        return None
    count = undelivered.failed_count(actor)
    if not count:
        return None
    return Markup(  # noqa: S704 (our own template)
        render_template("mail/_alarm.html", count=count, many=count >= undelivered.COUNTED)
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
