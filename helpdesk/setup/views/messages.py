"""Messages to customers: what is told by itself, and its texts with a preview beside them."""

from dataclasses import dataclass
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from helpdesk.notify import filled, texts
from helpdesk.notify.telling import PLACEHOLDERS, Tell, Telling, telling
from helpdesk.notify.texts import Wording
from helpdesk.people import guard
from helpdesk.people.access import Permission
from helpdesk.people.errors import Refused
from helpdesk.people.guard import require
from helpdesk.setup import queries
from helpdesk.setup.message_form import KINDS, WHEN, TellingFields, TextFields
from helpdesk.setup.services import Changed
from helpdesk.setup.services import messages as verbs
from helpdesk.setup.views.blueprint import bp
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import NotFound, get_for
from helpdesk.web.i18n import HTML_LANGUAGES, LANGUAGES


def _page(form: TellingFields, status: int = 200, clash: Any = None) -> Any:
    return render_template(
        "setup/messages.html",
        place="messages",
        form=form,
        clash=clash,
        kinds=KINDS,
        when=WHEN,
        languages=LANGUAGES,
        edited=texts.edited(),
    ), status


def _form(sent: bool) -> TellingFields:
    form = TellingFields() if sent else TellingFields(formdata=None)
    form.offer(queries.offered_queues(guard.current_actor()))
    return form


@bp.get("/messages", endpoint="messages")
@require(Permission.SETUP_MAIL)
def show_messages() -> Any:
    """Show what customers are told by itself."""
    form = _form(sent=False)
    form.show(telling())
    return _page(form)


@bp.post("/messages")
@require(Permission.SETUP_MAIL)
def save_messages() -> Any:
    """Save what customers are told by itself."""
    form = _form(sent=True)
    if not form.validate():
        return _page(form, 422)
    stands = telling()
    offered = {queue.id for queue in queries.offered_queues(guard.current_actor())}
    hidden = stands.without_receipt - offered
    try:
        if verbs.choose(guard.current_actor(), form.chosen(hidden), form.was_seen()):
            flash(_("Saved"))
    except Changed as clash:
        form.remember(stands)
        return _page(form, 409, (clash.by, _in_words(stands, set(clash.theirs))))
    return redirect(url_for("setup.messages"), 303)


def _in_words(stands: Telling, names: set[str]) -> list[tuple[str, str]]:
    """Return what somebody else saved, for reading."""
    quiet = "–".join(stands.quiet.stored()) if stands.quiet else str(_("None"))
    said = {
        "kinds": (_("What customers are told"), ", ".join(str(KINDS[one]) for one in stands.kinds)),
        "quiet": (_("Quiet hours"), quiet),
        "per_day": (_("A person gets, in 24 hours, at most"), str(stands.per_day)),
        "apart": (_("Minutes between two about one ticket"), str(stands.apart)),
    }
    return [(str(label), value) for name, (label, value) in said.items() if name in names]


# ---- Texts ----


def _asked(kind: str, language: str) -> Tell:
    if kind not in set(Tell) or language not in LANGUAGES:
        abort(404)
    return Tell(kind)


def _editor(
    kind: Tell, language: str, form: TextFields, status: int = 200, clash: Any = None
) -> Any:
    said = Wording(form.subject.data or "", form.body.data or "")
    return render_template(
        "setup/message.html",
        place="messages",
        kind=kind,
        name=KINDS[kind],
        when=WHEN[kind],
        language=language,
        languages=LANGUAGES,
        html_language=HTML_LANGUAGES[language],
        kinds=KINDS,
        form=form,
        clash=clash,
        placeholders=PLACEHOLDERS[kind],
        versions=texts.versions(kind, language),
        is_ours=texts.wording(kind, language) == texts.shipped(kind, language),
        preview=_preview(kind, language, said, form.ticket.data),
    ), status


@dataclass(frozen=True, slots=True)
class Preview:
    """A text as a customer would read it, or the sentence that says what is wrong with it."""

    said: Wording | None
    problem: str = ""
    missing: bool = False
    """Whether there is no such ticket, so that an example is shown."""


def _preview(kind: Tell, language: str, said: Wording, number: int | None) -> Preview:
    """Return a text as a customer would read it, or the sentence that says what is wrong."""
    try:
        said = texts.check(kind, said.subject, said.body)
    except Refused as refusal:
        return Preview(None, str(refusal))
    ticket = ticket_to_show(number)
    if ticket is None:
        shown = filled.sample(language, said)
    else:
        whom = ticket.requester or ticket.customer
        shown = filled.for_ticket(kind, ticket, whom, said, language=language)
    return Preview(shown, missing=ticket is None and number is not None)


def ticket_to_show(number: int | None) -> Ticket | None:
    """Return the ticket that the preview is to show, if the reader may see it."""
    actor = guard.current_actor()
    if number is None or not 0 < number < 2**31 or not actor.can(Permission.TICKET_READ):
        return None
    try:
        return get_for(actor, number)
    except NotFound:
        return None


@bp.get("/messages/<kind>/<language>")
@require(Permission.SETUP_MAIL)
def message(kind: str, language: str) -> Any:
    """Show the text of one kind in one language; ``?version=3`` shows an earlier one."""
    asked = _asked(kind, language)
    form = TextFields(formdata=None)
    said = texts.wording(asked, language)
    earlier = request.args.get("version", type=int)
    for row in texts.versions(asked, language):
        if row.number == earlier and row.body:
            said = Wording(row.subject, row.body)
    last = texts.newest(asked, language)
    form.number.data = str(last.number if last is not None else 0)
    form.subject.data, form.body.data = said.subject, said.body
    return _editor(asked, language, form)


@bp.post("/messages/<kind>/<language>")
@require(Permission.SETUP_MAIL)
def save_message(kind: str, language: str) -> Any:
    """Save a text as a new version."""
    asked = _asked(kind, language)
    form = TextFields()
    if not form.validate():
        return _editor(asked, language, form, 422)
    number = form.number.data or ""
    seen = int(number) if number.isdigit() else None
    try:
        saved = texts.save(
            guard.current_actor(),
            asked,
            language,
            form.subject.data or "",
            form.body.data or "",
            seen=seen,
        )
    except texts.ChangedMeanwhile as clash:
        form.number.data = str(clash.number)
        theirs = texts.wording(asked, language)
        said = [(form.subject.label.text, theirs.subject), (form.body.label.text, theirs.body)]
        return _editor(asked, language, form, 409, (clash.by, said))
    except Refused as refusal:
        form.refuse(refusal.field, refusal.message)
        return _editor(asked, language, form, 422)
    if saved:
        flash(_("Saved"))
    return redirect(url_for("setup.message", kind=kind, language=language), 303)


@bp.post("/messages/<kind>/<language>/ours")
@require(Permission.SETUP_MAIL)
def message_ours(kind: str, language: str) -> Any:
    """Go back to the text that comes with Hearth."""
    if texts.back_to_ours(guard.current_actor(), _asked(kind, language), language):
        flash(_("The text that comes with Hearth is in use again"))
    return redirect(url_for("setup.message", kind=kind, language=language), 303)


@bp.post("/messages/<kind>/<language>/preview")
@require(Permission.SETUP_MAIL)
def message_preview(kind: str, language: str) -> Any:
    """Show what is typed as a customer would read it. Nothing is kept."""
    asked = _asked(kind, language)
    form = TextFields()
    said = Wording(form.subject.data or "", form.body.data or "")
    return render_template(
        "setup/_message_preview.html",
        preview=_preview(asked, language, said, form.ticket.data),
        html_language=HTML_LANGUAGES[language],
    )
