"""Keys: those of the desk in Set up, those of correspondents on their pages."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from wtforms import BooleanField, FileField, PasswordField, SelectField

from helpdesk.channels.email.mailboxes import in_use
from helpdesk.channels.email.secure import keys, words
from helpdesk.channels.email.secure.models import MailAuthority, MailKey, PersonKey
from helpdesk.channels.email.secure.uploads import MOST_BYTES
from helpdesk.channels.email.views.blueprint import bp, mailbox_for
from helpdesk.db import db
from helpdesk.people.access import Permission
from helpdesk.people.guard import actor_or_none, current_actor, require
from helpdesk.people.models import Person
from helpdesk.people.queries import person_for
from helpdesk.tickets.queries.access import NotFound
from helpdesk.tickets.services import Refused
from helpdesk.web.forms import Form, choices

people_bp = Blueprint("person_keys", __name__, template_folder="../templates", url_prefix="/people")


class KeyForm(Form):
    """A secret key of a mailbox."""

    mailbox_id = SelectField(_l("Mailbox"), coerce=int, choices=[])
    file = FileField(
        _l("File"),
        description=_l(
            "S/MIME: PKCS #12 (.p12, .pfx), or PEM with certificate and key. OpenPGP: the exported"
            " secret key."
        ),
    )
    password = PasswordField(_l("Password of the file"))
    signs = BooleanField(_l("Sign answers with it"))


class AuthorityForm(Form):
    """The certificate of an authority."""

    certificate = FileField(_l("Certificate"), description=_l("PEM or DER (.pem, .crt, .cer)."))


class PublicKeyForm(Form):
    """The public key of somebody else."""

    file = FileField(
        _l("File"), description=_l("Their OpenPGP public key (.asc) or certificate (.crt, .pem).")
    )


@bp.get("/keys", endpoint="keys")
@require(Permission.SETUP_MAIL)
def show_keys() -> Any:
    """Show the keys of mailboxes and the authorities that are trusted."""
    return _page(KeyForm(formdata=None), AuthorityForm(formdata=None))


@bp.post("/keys")
@require(Permission.SETUP_MAIL)
def add_key() -> Any:
    """Give a mailbox a secret key."""
    form = KeyForm()
    form.mailbox_id.choices = choices((row.id, row.name) for row in in_use())
    if not form.validate():
        return _page(form, AuthorityForm(formdata=None), 422)
    mailbox = mailbox_for(form.mailbox_id.data, lock=True)
    try:
        with db.session.begin_nested():
            keys.add(
                current_actor(),
                mailbox,
                _file(),
                form.password.data or "",
                signs=bool(form.signs.data),
            )
    except Refused as refused:
        form.refuse(refused.field, refused.message)
        return _page(form, AuthorityForm(formdata=None), 422)
    flash(_("The key is stored, encrypted."))
    return redirect(url_for("mail.keys"), 303)


@bp.post("/keys/<int:key_id>/sign")
@require(Permission.SETUP_MAIL)
def sign_answers(key_id: int) -> Any:
    """Let a mailbox sign its answers with a key, or no longer."""
    row = _row(MailKey, key_id)
    try:
        keys.sign_with(current_actor(), row, signs=request.form.get("signs") == "1")
    except Refused as refused:
        db.session.rollback()
        flash(str(refused))
    return redirect(url_for("mail.keys"), 303)


@bp.post("/keys/<int:key_id>/remove")
@require(Permission.SETUP_MAIL)
def remove_key(key_id: int) -> Any:
    """Forget a secret key."""
    keys.remove(current_actor(), _row(MailKey, key_id))
    flash(_("The key is gone."))
    return redirect(url_for("mail.keys"), 303)


@bp.post("/keys/authorities")
@require(Permission.SETUP_MAIL)
def add_authority() -> Any:
    """Trust an authority."""
    form = AuthorityForm()
    if not form.validate():
        return _page(KeyForm(formdata=None), form, 422)
    try:
        keys.add_authority(current_actor(), _file("certificate"))
    except Refused as refused:
        form.refuse("certificate", refused.message)
        return _page(KeyForm(formdata=None), form, 422)
    flash(_("Its certificates are believed from now on."))
    return redirect(url_for("mail.keys"), 303)


@bp.post("/keys/authorities/<int:authority_id>/remove")
@require(Permission.SETUP_MAIL)
def remove_authority(authority_id: int) -> Any:
    """Trust an authority no longer."""
    keys.remove_authority(current_actor(), _row(MailAuthority, authority_id))
    flash(_("Its certificates are no longer believed."))
    return redirect(url_for("mail.keys"), 303)


def _file(name: str = "file") -> bytes:
    file = request.files.get(name)
    return file.read(MOST_BYTES + 1) if file is not None else b""


def _row(kind: Any, key: int) -> Any:
    row = db.session.get(kind, key, with_for_update=True)
    if row is None:
        raise NotFound
    return row


def _page(form: KeyForm, authority_form: AuthorityForm, status: int = 200) -> Any:
    mailboxes = in_use()
    form.mailbox_id.choices = choices((row.id, row.name) for row in mailboxes)
    shown = render_template(
        "mail/keys.html",
        form=form,
        authority_form=authority_form,
        mailboxes=mailboxes,
        keys=keys.own_keys(),
        authorities=keys.authorities(),
        ends_soon=keys.ends_soon,
        **_words(),
    )
    return shown, status


def _words() -> dict[str, Any]:
    return {"kinds": words.KINDS, "grouped": words.grouped}


# ---- On a person's page ----


def of_person(person: Person, form: PublicKeyForm | None = None) -> Markup | None:
    """Return the panel of a person's keys."""
    actor = actor_or_none()
    if actor is None or not actor.can(Permission.PERSON_READ):
        return None
    may_edit = actor.can(Permission.PERSON_EDIT) and person.merged_into_id is None
    found = keys.keys_of_person(person)
    if not found and not may_edit:
        return None
    return Markup(  # noqa: S704 (our own template)
        render_template(
            "mail/_person_keys.html",
            person=person,
            keys=found,
            form=form or PublicKeyForm(formdata=None),
            may_edit=may_edit and bool(keys.addresses_of(person)),
            ends_soon=keys.ends_soon,
            **_words(),
        )
    )


@people_bp.post("/<int:person_id>/keys")
@require(Permission.PERSON_EDIT)
def add_person_key(person_id: int) -> Any:
    """Keep somebody's public key."""
    actor = current_actor()
    person = person_for(actor, person_id)
    try:
        keys.add_of_person(actor, person, _file())
        flash(_("Answers to %(name)s can be encrypted now.", name=person.name))
    except Refused as refused:
        db.session.rollback()
        flash(str(refused))
    return redirect(url_for("people.person", person_id=person_id), 303)


@people_bp.post("/<int:person_id>/keys/<int:key_id>/remove")
@require(Permission.PERSON_EDIT)
def remove_person_key(person_id: int, key_id: int) -> Any:
    """Forget a key of somebody."""
    actor = current_actor()
    person = person_for(actor, person_id)
    row = db.session.get(PersonKey, key_id)
    if row is None or row.address not in keys.addresses_of(person):
        raise NotFound
    keys.remove_of_person(actor, person, row)
    flash(_("The key is gone."))
    return redirect(url_for("people.person", person_id=person.id), 303)
