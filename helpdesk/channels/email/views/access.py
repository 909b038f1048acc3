"""Access to a mailbox by OAuth2: what is typed about the provider, going there, coming back."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from helpdesk.channels.email import granting
from helpdesk.channels.email.access_forms import AccessForm
from helpdesk.channels.email.alarms import alarm_of
from helpdesk.channels.email.models import Kind, Mailbox
from helpdesk.channels.email.source_models import Flow
from helpdesk.channels.email.views.blueprint import bp, mailbox_for
from helpdesk.db import db
from helpdesk.people.access import Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets.services import Refused


@bp.get("/mailboxes/<int:mailbox_id>/access")
@require(Permission.SETUP_MAIL)
def access(mailbox_id: int) -> Any:
    """Show who grants access to a mailbox, and how long it lasts."""
    row = mailbox_for(mailbox_id)
    form = AccessForm(formdata=None)
    form.show(row, granting.grant_of(row))
    return _page(form, row)


@bp.post("/mailboxes/<int:mailbox_id>/access")
@require(Permission.SETUP_MAIL)
def save_access(mailbox_id: int) -> Any:
    """Keep what was typed about the provider."""
    row = mailbox_for(mailbox_id, lock=True)
    form = AccessForm()
    if not form.validate():
        return _page(form, row, 422)
    try:
        granting.save(current_actor(), row, form.settings())
    except Refused as refused:
        form.refuse(refused.field, refused.message)
        return _page(form, row, 422)
    flash(_("Saved"))
    return redirect(url_for("mail.access", mailbox_id=row.id), 303)


@bp.post("/mailboxes/<int:mailbox_id>/connect")
@require(Permission.SETUP_MAIL)
def connect(mailbox_id: int) -> Any:
    """Lead the reader to the provider, or let the desk ask there in its own name."""
    row, actor = mailbox_for(mailbox_id), current_actor()
    grant = granting.grant_of(row)
    try:
        if grant is not None and grant.flow == Flow.CLIENT:
            granting.ask_as_program(actor, row)
            flash(_("Access is granted."))
        else:
            link = granting.begin(actor, row)
            return render_template("mail/connect.html", mailbox=row, link=link)
    except Refused as refused:
        # Nothing was changed; what is said is kept in the session, not in the database.
        db.session.rollback()
        flash(str(refused))
    return redirect(url_for("mail.access", mailbox_id=mailbox_id), 303)


@bp.get("/connected")
@require(Permission.SETUP_MAIL)
def connected() -> Any:
    """Show the reader who comes back from the provider what they brought.

    Opening an address changes nothing: a button takes it in.
    """
    grant = granting.awaited(current_actor(), request.args.get("state", ""))
    said = " ".join(request.args.get(name, "") for name in ("error", "error_description")).strip()
    return render_template(
        "mail/connected.html",
        mailbox=grant.mailbox if grant is not None else None,
        state=request.args.get("state", ""),
        code=request.args.get("code", ""),
        said=said[:500],
    )


@bp.post("/connected")
@require(Permission.SETUP_MAIL)
def take_access() -> Any:
    """Change what the reader brought from the provider for tokens."""
    state, actor = request.form.get("state", ""), current_actor()
    grant = granting.awaited(actor, state)
    back = grant.mailbox_id if grant is not None else None
    try:
        mailbox = granting.finish(actor, state, request.form.get("code", ""))
    except Refused as refused:
        db.session.rollback()
        flash(str(refused))
    else:
        back = mailbox.id
        flash(_("Access is granted."))
    if back is None:
        return redirect(url_for("mail.mailboxes"), 303)
    return redirect(url_for("mail.access", mailbox_id=back), 303)


@bp.post("/mailboxes/<int:mailbox_id>/disconnect")
@require(Permission.SETUP_MAIL)
def disconnect(mailbox_id: int) -> Any:
    """Forget what was granted."""
    row = mailbox_for(mailbox_id, lock=True)
    granting.disconnect(current_actor(), row)
    flash(_("What was granted is forgotten here. To end it there too, remove it at the provider."))
    return redirect(url_for("mail.access", mailbox_id=mailbox_id), 303)


def _page(form: AccessForm, row: Mailbox, status: int = 200) -> Any:
    page = render_template(
        "mail/access.html",
        form=form,
        mailbox=row,
        grant=granting.grant_of(row),
        alarm=alarm_of(row),
        redirect_uri=granting.redirect_uri(),
        is_read=row.kind == Kind.IMAP,
    )
    return page, status
