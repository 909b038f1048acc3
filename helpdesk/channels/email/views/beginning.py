"""Beginning carefully with a mailbox: a dry run of what lies in its folder, and its secret."""

from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from config import Settings
from helpdesk.channels.email import dry_run, intake
from helpdesk.channels.email.dry_words import FATES, counted, fate_of, in_words, place_of
from helpdesk.channels.email.models import Kind
from helpdesk.channels.email.secrets import Unreadable
from helpdesk.channels.email.trouble import Trouble, explain
from helpdesk.channels.email.views.blueprint import bp, mailbox_for
from helpdesk.people.access import Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets.queries.access import NotFound, hidden_among


@bp.post("/mailboxes/<int:mailbox_id>/dry-run")
@require(Permission.SETUP_MAIL)
def try_mailbox(mailbox_id: int) -> Any:
    """Show what would become of the newest messages in the folder. Nothing is touched."""
    row, actor = mailbox_for(mailbox_id), current_actor()
    if row.kind != Kind.IMAP:
        raise NotFound
    newest = request.form.get("newest", dry_run.NEWEST, type=int)
    is_open = not row.queue.restricted or row.queue_id in actor.queue_ids
    shown: dict[str, Any] = {"mailbox": row, "newest": newest, "problem": "", "lines": []}
    name, host, port = row.name, row.imap_host, row.imap_port
    try:
        would = dry_run.look(row, newest)
    except (Trouble, Unreadable) as error:
        shown["problem"] = str(error if isinstance(error, Trouble) else explain(error, host, port))
        would = []
    hidden = hidden_among(actor, {one.ticket for one in would if one.ticket is not None})
    lines = [
        (place, one, in_words(one), is_open and one.ticket not in hidden)
        for place, one in enumerate(would, 1)
    ]
    # The newest first, as people look for what came a moment ago.
    lines.reverse()
    shown["by_fate"] = by_fate = request.form.get("order") == "fate"
    if by_fate:
        lines.sort(key=lambda line: place_of(line[1]))
    shown["lines"] = lines
    shown["counts"] = counted(one for _place, one, _words, is_shown in lines if is_shown)
    shown["closed"] = sum(not is_shown for *_rest, is_shown in lines)
    shown |= {"fates": FATES, "fate_of": fate_of, "place_of": place_of}
    return render_template("mail/dry_run.html", **shown, name=name)


@bp.post("/mailboxes/<int:mailbox_id>/secret")
@require(Permission.SETUP_MAIL)
def make_secret(mailbox_id: int) -> Any:
    """Make a new secret for posting to a mailbox, and show it this once."""
    row = mailbox_for(mailbox_id, lock=True)
    if row.kind != Kind.HTTP:
        raise NotFound
    settings: Settings = current_app.config["SETTINGS"]
    return render_template(
        "mail/secret.html",
        mailbox=row,
        secret=intake.new_secret(current_actor(), row),
        intake=intake.intake_of(row),
        address=f"{settings.base_url.rstrip('/')}/api/mail/{row.id}",
    )


@bp.post("/mailboxes/<int:mailbox_id>/secret/end")
@require(Permission.SETUP_MAIL)
def end_former_secret(mailbox_id: int) -> Any:
    """Let the secret before the present one count no more."""
    row = mailbox_for(mailbox_id, lock=True)
    intake.end_former(current_actor(), row)
    flash(_("Only the newest secret counts now."))
    return redirect(url_for("mail.mailbox", mailbox_id=row.id), 303)
