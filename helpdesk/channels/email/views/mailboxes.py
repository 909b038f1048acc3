"""Mailboxes: the list, the form, and trying one out."""

from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from config import Settings
from helpdesk.channels.email import set_up
from helpdesk.channels.email.checks import Check, check
from helpdesk.channels.email.dry_run import NEWEST
from helpdesk.channels.email.forms import KINDS, MailboxForm
from helpdesk.channels.email.granting import grant_of
from helpdesk.channels.email.intake import intake_of
from helpdesk.channels.email.mailboxes import in_use
from helpdesk.channels.email.models import Kind, Mailbox, Plus, SignIn, Speaks
from helpdesk.channels.email.muting import waiting
from helpdesk.channels.email.secrets import Unreadable, open_sealed
from helpdesk.channels.email.set_up import MailboxSettings
from helpdesk.channels.email.signing_in import Server
from helpdesk.channels.email.tokens import OfMailbox
from helpdesk.channels.email.trouble import explain
from helpdesk.channels.email.views.blueprint import bp, mailbox_for
from helpdesk.db import db
from helpdesk.people.access import SYSTEM, Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets.queries.access import visible_queues
from helpdesk.tickets.services import Refused


@bp.get("/")
@require(Permission.SETUP_MAIL)
def mailboxes() -> Any:
    """Show the mailboxes and how they are doing."""
    return render_template(
        "mail/mailboxes.html", mailboxes=in_use(), saved=request.args.get("saved", type=int)
    )


@bp.get("/mailboxes/new")
@require(Permission.SETUP_MAIL)
def new_mailbox() -> Any:
    """Show an empty form."""
    preset = request.args.get("kind", "imap")
    form = MailboxForm(formdata=None)
    form.begin(preset)
    form.is_default.data = set_up.default_is_free()
    form.queue_id.data = next((one.id for one in visible_queues(SYSTEM) if one.is_default), None)
    return _page(form, preset=preset)


@bp.post("/mailboxes")
@require(Permission.SETUP_MAIL)
def add_mailbox() -> Any:
    """Set up a mailbox."""
    form = _sent()
    if not form.validate():
        return _page(form, status=422)
    try:
        mailbox = set_up.add(current_actor(), form.settings())
    except Refused as refused:
        form.refuse(refused.field, refused.message)
        return _page(form, status=422)
    flash(_("Saved"))
    return _after(mailbox, is_new=True)


@bp.get("/mailboxes/<int:mailbox_id>")
@require(Permission.SETUP_MAIL)
def mailbox(mailbox_id: int) -> Any:
    """Show a mailbox's settings."""
    row = mailbox_for(mailbox_id)
    form = MailboxForm(formdata=None)
    form.narrow(row.kind)
    form.show(row)
    return _page(form, row)


@bp.post("/mailboxes/<int:mailbox_id>")
@require(Permission.SETUP_MAIL)
def save_mailbox(mailbox_id: int) -> Any:
    """Change a mailbox."""
    row = mailbox_for(mailbox_id, lock=True)
    form = _sent(row)
    if not form.validate():
        return _page(form, row, status=422)
    try:
        set_up.edit(
            current_actor(),
            row,
            form.settings(),
            seen=_number(form.version.data),
            drop_waiting=bool(form.drop_waiting.data),
        )
    except set_up.ChangedMeanwhile as clash:
        form.refuse(None, clash.message)
        form.version.data = str(row.version)
        return _page(form, row, status=409)
    except Refused as refused:
        form.refuse(refused.field, refused.message)
        return _page(form, row, status=422)
    flash(_("Saved"))
    return _after(row, is_new=False)


@bp.post("/mailboxes/<int:mailbox_id>/remove")
@require(Permission.SETUP_MAIL)
def remove_mailbox(mailbox_id: int) -> Any:
    """Stop using a mailbox."""
    row = mailbox_for(mailbox_id, lock=True)
    name = row.name
    set_up.remove(current_actor(), row)
    flash(_("%(name)s is no longer read. Its messages and tickets stay.", name=name))
    return redirect(url_for("mail.mailboxes"), 303)


@bp.post("/test")
@require(Permission.SETUP_MAIL)
def test_mailbox() -> Any:
    """Connect as the form says and show what works. Nothing is saved."""
    row = db.session.get(Mailbox, request.args.get("mailbox", 0, type=int))
    form = _sent(row)
    if not form.validate():
        words = _("Fill in what is needed first.")
        checks = [Check(str(form.errors and _("The form")), False, words)]
    else:
        checks = _try(form.settings(), row)
    return render_template("mail/_checks.html", checks=checks)


def _try(settings: MailboxSettings, row: Mailbox | None) -> list[Check]:
    """Connect to both servers, with the stored passwords where none were typed."""
    try:
        imap_password = _password(settings.imap_password, row.imap_secret if row else "")
        smtp_password = _password(settings.smtp_password, row.smtp_secret if row else "")
    except Unreadable as error:
        words = str(explain(error, settings.imap_host, settings.imap_port))
        return [Check(_("Password"), False, words)]
    token = None
    if settings.sign_in == SignIn.OAUTH:
        if row is None:
            words = _("Save the mailbox first; then access is granted on its page.")
            return [Check(_("Access"), False, words)]
        token = OfMailbox(row.id)
    receiving = None
    if settings.kind == Kind.IMAP:
        receiving = Server(
            settings.imap_host,
            settings.imap_port,
            settings.imap_tls,
            settings.imap_user,
            imap_password,
            token,
        )
    sending = None
    if settings.smtp_host:
        sending = Server(
            settings.smtp_host,
            settings.smtp_port,
            settings.smtp_tls,
            settings.smtp_user,
            smtp_password,
            token,
        )
    # A server may keep us waiting; nobody else's work should wait for our transaction meanwhile.
    db.session.rollback()
    return check(
        receiving, settings.folder or "INBOX", settings.move_to, sending, _plus_addresses(settings)
    )


def _plus_addresses(settings: MailboxSettings) -> tuple[str, str] | None:
    """Return the address with a ``+`` to try, and the one it is tried from."""
    if settings.plus == Plus.NONE or not settings.addresses:
        return None
    local, _at, domain = settings.addresses[0].rpartition("@")
    tried = f"{local}+test@{domain}"
    return tried, tried if settings.plus == Plus.ALL else settings.addresses[0]


def _password(typed: str | None, sealed: str) -> str:
    return typed if typed is not None else open_sealed(sealed)


def _sent(row: Mailbox | None = None) -> MailboxForm:
    form = MailboxForm()
    form.narrow(row.kind if row is not None else request.form.get("kind", Kind.IMAP))
    form.offer(visible_queues(SYSTEM))
    if row is None:
        form.version.data = ""
    return form


def _page(
    form: MailboxForm, row: Mailbox | None = None, status: int = 200, preset: str = ""
) -> Any:
    form.offer(visible_queues(SYSTEM))
    settings: Settings = current_app.config["SETTINGS"]
    page = render_template(
        "mail/mailbox.html",
        form=form,
        mailbox=row,
        preset=preset or form.kind.data,
        kinds=KINDS,
        grant=grant_of(row) if row is not None else None,
        intake=intake_of(row) if row is not None else None,
        waiting=waiting(row) if row is not None and row.speaks != Speaks.ALL else 0,
        newest=NEWEST,
        base_url=settings.base_url.rstrip("/"),
    )
    return page, status


def _after(mailbox: Mailbox, *, is_new: bool) -> Any:
    """Lead on from a mailbox that was saved: to what it still needs, or back to the list."""
    grant = grant_of(mailbox) if mailbox.sign_in == SignIn.OAUTH else None
    if mailbox.sign_in == SignIn.OAUTH and (grant is None or grant.granted_at is None):
        return redirect(url_for("mail.access", mailbox_id=mailbox.id), 303)
    if is_new and mailbox.kind != Kind.IMAP:
        return redirect(url_for("mail.mailbox", mailbox_id=mailbox.id), 303)
    return redirect(url_for("mail.mailboxes", saved=mailbox.id), 303)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None
