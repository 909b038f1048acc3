"""Signatures: the desk's and those of queues in Set up, and each technician's own."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from wtforms import TextAreaField

from helpdesk.channels.email import signatures
from helpdesk.channels.email.signatures import DESK, PLACEHOLDERS, Owner
from helpdesk.channels.email.views.blueprint import tabs
from helpdesk.db import db
from helpdesk.lib.html import markdown_to_html
from helpdesk.people.access import SYSTEM, Actor, Permission
from helpdesk.people.guard import actor_or_none, current_actor, require
from helpdesk.people.models import Person
from helpdesk.tickets.queries.access import visible_queues
from helpdesk.tickets.services import Refused
from helpdesk.web.forms import Form
from helpdesk.web.i18n import HTML_LANGUAGES, LANGUAGES

bp = Blueprint("signatures", __name__, template_folder="../templates")
bp.context_processor(tabs)


class SignatureForm(Form):
    """One signature in every language of the product."""

    text_en = TextAreaField("English")
    text_zh_Hans_CN = TextAreaField("简体中文")  # noqa: N815 (named as the language is)
    text_zh_Hant_TW = TextAreaField("繁體中文")  # noqa: N815

    def show(self, bodies: dict[str, str]) -> None:
        """Fill the form."""
        for language in LANGUAGES:
            self._fields[f"text_{language}"].data = bodies[language]

    def bodies(self) -> dict[str, str]:
        """Return what was typed, by language."""
        return {key: self._fields[f"text_{key}"].data or "" for key in LANGUAGES}


@bp.get("/setup/mail/signatures")
@require(Permission.SETUP_MAIL)
def overview() -> str:
    """Show who has a signature."""
    return render_template(
        "mail/signatures.html",
        queues=visible_queues(SYSTEM),
        with_some=signatures.with_some(),
        Owner=Owner,
    )


@bp.get("/setup/mail/signatures/desk")
@require(Permission.SETUP_MAIL)
def of_desk() -> Any:
    """Show the desk's signature."""
    return _page(DESK)


@bp.post("/setup/mail/signatures/desk")
@require(Permission.SETUP_MAIL)
def save_of_desk() -> Any:
    """Keep the desk's signature, or preview it."""
    return _saved(DESK)


@bp.get("/setup/mail/signatures/queues/<int:queue_id>")
@require(Permission.SETUP_MAIL)
def of_queue(queue_id: int) -> Any:
    """Show a queue's signature."""
    return _page(Owner(queue_id=queue_id))


@bp.post("/setup/mail/signatures/queues/<int:queue_id>")
@require(Permission.SETUP_MAIL)
def save_of_queue(queue_id: int) -> Any:
    """Keep a queue's signature, or preview it."""
    return _saved(Owner(queue_id=queue_id))


@bp.get("/signature")
@require(Permission.TICKET_WORK)
def own() -> Any:
    """Show the reader's own signature."""
    return _page(Owner(person_id=current_actor().person_id))


@bp.post("/signature")
@require(Permission.TICKET_WORK)
def save_own() -> Any:
    """Keep the reader's own signature, or preview it."""
    return _saved(Owner(person_id=current_actor().person_id))


def on_account(_person: Any) -> Markup | None:
    """Return the way to one's own signature, for the page of one's account."""
    actor = actor_or_none()
    if actor is None or actor.person_id is None or not actor.can(Permission.TICKET_WORK):
        return None
    has_one = any(signatures.kept(actor, Owner(person_id=actor.person_id)).values())
    return Markup(render_template("mail/_account.html", has_one=has_one))  # noqa: S704 (our own)


def _saved(owner: Owner) -> Any:
    form = SignatureForm()
    if not form.validate():
        return _page(owner, form, status=422)
    if "preview" in request.form:
        signatures.check(current_actor(), owner)
        return _page(owner, form, preview=True)
    try:
        signatures.save(current_actor(), owner, form.bodies())
    except Refused as refused:
        form.refuse(refused.field, refused.message)
        return _page(owner, form, status=422)
    flash(_("Saved"))
    return redirect(_home(owner), 303)


def _home(owner: Owner) -> str:
    return url_for("signatures.own" if owner.person_id is not None else "signatures.overview")


def _page(
    owner: Owner, form: SignatureForm | None = None, *, preview: bool = False, status: int = 200
) -> Any:
    actor = current_actor()
    name = signatures.check(actor, owner)
    if form is None:
        form = SignatureForm(formdata=None)
        form.show(signatures.kept(actor, owner))
        preview = True
    own = owner.person_id is not None
    page = render_template(
        "mail/signature_own.html" if own else "mail/signature.html",
        form=form,
        owner=owner,
        name=name,
        previews=_previews(actor, form) if preview else [],
        placeholders=PLACEHOLDERS,
        meanings=MEANINGS,
        languages=LANGUAGES,
    )
    return page, status


MEANINGS = {
    "me": _l("who writes"),
    "title": _l("their position"),
    "phone": _l("their telephone"),
    "queue": _l("the queue of the ticket"),
    "number": _l("the number of the ticket"),
    "desk": _l("the name of the desk"),
}


def _previews(actor: Actor, form: SignatureForm) -> list[tuple[str, str, Markup]]:
    """Return each text that is not empty as it will look: language, its code, HTML."""
    person = db.session.get(Person, actor.person_id) or Person(name=actor.name)
    return [
        (
            LANGUAGES[key],
            HTML_LANGUAGES[key],
            Markup(markdown_to_html(signatures.example(body, person))),  # noqa: S704 (cleaned)
        )
        for key, body in form.bodies().items()
        if body.strip()
    ]
