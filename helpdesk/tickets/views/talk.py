"""Answers, notes and calls from the composer, and the drafts that keep what is typed."""

import re
import secrets
from datetime import datetime
from typing import Any

from flask import jsonify, make_response, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from helpdesk import blobs
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.lib.html import markdown_to_html, show_inline_images
from helpdesk.lib.pictures import picture_type
from helpdesk.people.access import Actor, Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.people.models import Person
from helpdesk.people.queries import person_for
from helpdesk.people.services import find_or_create_by_address
from helpdesk.tickets import delivery
from helpdesk.tickets.desk import Status
from helpdesk.tickets.forms import CallForm, NoteForm, ReplyForm, SummaryForm, whole
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.queries.access import entry_for, get_for
from helpdesk.tickets.queries.page import drafts_of, names_of
from helpdesk.tickets.services import (
    Clash,
    NewFile,
    Refused,
    Said,
    add_participant,
    log_call,
    note,
    reply,
)
from helpdesk.tickets.services.drafts import (
    DraftMoved,
    add_draft_file,
    discard_draft,
    remove_draft_file,
    save_draft,
    spend_draft,
    stamp_of,
)
from helpdesk.tickets.services.later import put_off
from helpdesk.tickets.services.talk import share_call_summary
from helpdesk.tickets.views import asking
from helpdesk.tickets.views.answers import (
    changed,
    clashed,
    go_on,
    undo_seconds,
    undoable,
)
from helpdesk.tickets.views.blueprint import bp
from helpdesk.tickets.views.later import moment_of
from helpdesk.tickets.views.page import nearby
from helpdesk.web.i18n import moment

KEPT = ("then", "direction", "channel", "unanswered", "minutes", "summary", "subject", "side")
"""Fields besides the text and the recipients that a draft keeps."""
FILE_NAME = re.compile(r"[\x00-\x1f\x7f/\\]+")


def wants_next() -> bool:
    """Whether the button pressed was the one that goes on to the next ticket."""
    return request.form.get("go") == "next"


def keys_of(values: list[str] | None) -> set[int]:
    """Return the keys among posted values."""
    return {key for value in values or [] if (key := whole(value)) is not None}


# ---- Saying ----


@bp.post("/tickets/<int:number>/reply")
@require(Permission.TICKET_WORK)
def send_reply(number: int) -> Response:
    """Answer the customer; the message waits a few seconds, in which it can be taken back."""
    actor = current_actor()
    form = ReplyForm()
    if not form.validate():
        return invalid(form)
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    near = nearby(actor, ticket) if wants_next() else None
    try:
        with undoable() as group:
            leaves_at = moment_of(form)
            asking.answered(asking.Form.REPLY, actor, ticket)
            if leaves_at is None:
                say_reply(actor, ticket, form)
            else:
                say_later(actor, ticket, form, leaves_at)
    except Clash as clash:
        return clashed(clash, ticket)
    except Refused as refusal:
        return refuse(form, refusal)
    if leaves_at is not None:
        return sent(actor, ticket, _("To be sent %(time)s", time=moment(leaves_at)), None, near)
    return sent(actor, ticket, _("Reply sent"), group, near)


def say_reply(actor: Actor, ticket: Ticket, form: ReplyForm) -> Entry:
    """Call the verb with what the form says. Raises Clash, Refused, Denied."""
    files = spend_draft(actor, ticket, "reply", keys_of(form.attachment.data))
    copies = recipients(actor, form.cc.data)
    then = db.session.get(Status, form.then.data) if form.then.data else None
    entry = reply(
        actor,
        ticket,
        Said(form.body.data or "", files),
        to=recipients(actor, form.to.data) or None,
        cc=copies,
        then=then,
        seen_entry_id=form.seen.data,
        hold=undo_seconds(),
        encrypt=form.encrypt.data if form.encrypt_asked.data else None,
    )
    for person in copies:
        # Whoever gets a copy may answer to it.
        add_participant(ticket, person)
    return entry


def say_later(actor: Actor, ticket: Ticket, form: ReplyForm, leaves_at: datetime) -> None:
    """Keep the answer until its moment. Raises Clash, Refused, Denied."""
    put_off(
        actor,
        ticket,
        form.body.data or "",
        leaves_at,
        to=recipients(actor, form.to.data),
        cc=recipients(actor, form.cc.data),
        then=db.session.get(Status, form.then.data) if form.then.data else None,
        file_ids=keys_of(form.attachment.data),
        seen_entry_id=form.seen.data,
    )


@bp.post("/tickets/<int:number>/note")
@require(Permission.TICKET_WORK)
def send_note(number: int) -> Response:
    """Write a note that only staff see."""
    actor = current_actor()
    form = NoteForm()
    if not form.validate():
        return invalid(form)
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    near = nearby(actor, ticket) if wants_next() else None
    try:
        with undoable() as group:
            files = spend_draft(actor, ticket, "note", keys_of(form.attachment.data))
            said = Said(form.body.data or "", files)
            note(actor, ticket, said, seen_entry_id=form.seen.data, undo_for=undo_seconds())
    except Clash as clash:
        return clashed(clash, ticket)
    except Refused as refusal:
        return refuse(form, refusal)
    return sent(actor, ticket, _("Note added"), group, near)


@bp.post("/tickets/<int:number>/call")
@require(Permission.TICKET_WORK)
def send_call(number: int) -> Response:
    """Record a call or a visit about the ticket."""
    actor = current_actor()
    form = CallForm()
    if not form.validate():
        return invalid(form)
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    near = nearby(actor, ticket) if wants_next() else None
    try:
        with undoable() as group:
            files = spend_draft(actor, ticket, "call", keys_of(form.attachment.data))
            log_call(
                actor,
                ticket,
                Said(form.body.data or "", files, form.happened_at.moment, form.duration()),
                inbound=form.direction.data == "in",
                answered=not form.unanswered.data,
                summary=form.summary.data or "",
                channel=form.channel.data,
                undo_for=undo_seconds(),
            )
    except Refused as refusal:
        return refuse(form, refusal)
    return sent(actor, ticket, _("Call logged"), group, near)


@bp.get("/tickets/<int:number>/entries/<int:entry_id>/summary")
@require(Permission.TICKET_WORK)
def summary_dialog(number: int, entry_id: int) -> str:
    """Ask what the customer may know of a call."""
    actor = current_actor()
    ticket = get_for(actor, number)
    entry = entry_for(actor, ticket, entry_id)
    form = SummaryForm(summary=entry.body)
    return render_template("tickets/dialogs/summary.html", ticket=ticket, entry=entry, form=form)


@bp.post("/tickets/<int:number>/entries/<int:entry_id>/summary")
@require(Permission.TICKET_WORK)
def share_summary(number: int, entry_id: int) -> Response:
    """Show the customer a summary of a call that was for staff until now."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    entry = entry_for(actor, ticket, entry_id)
    form = SummaryForm()
    if not form.validate() or not (form.summary.data or "").strip():
        form.refuse("summary", _("Say what the customer may know."))
        body = render_template(
            "tickets/dialogs/summary.html", ticket=ticket, entry=entry, form=form
        )
        return make_response(body, 422)
    share_call_summary(actor, ticket, form.summary.data or "", at=now(), channel=entry.channel)
    return changed(actor, ticket, _("The customer can see the summary"))


@bp.post("/tickets/<int:number>/entries/<int:entry_id>/send-again")
@require(Permission.TICKET_WORK)
def send_again(number: int, entry_id: int) -> Response:
    """Try to send a message again that the other side refused."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    entry = entry_for(actor, ticket, entry_id)
    if not delivery.send_again(actor, entry.id):
        raise Refused("not-failed", _("There is nothing to send again."))
    return changed(actor, ticket, _("On its way again"))


def sent(actor: Actor, ticket: Ticket, text: str, group: str | None, near: Any) -> Response:
    """Lead on to the next ticket, or show this one with an empty composer."""
    said = _("%(number)d: %(text)s", number=ticket.id, text=text)
    if wants_next():
        return go_on(said, near, group)
    return changed(actor, ticket, said, group=group, with_composer=True)


def invalid(form: Any) -> Response:
    """Answer a form that can't be read: a line in the composer says why, the text stays."""
    messages = [message for errors in form.errors.values() for message in errors]
    return composer_says(" ".join(map(str, messages)) or _("Something is missing"))


def refuse(form: Any, refusal: Refused) -> Response:
    """Answer a verb's refusal in the composer, where the eyes are."""
    del form
    return composer_says(str(refusal))


def composer_says(message: str) -> Response:
    """Show a message above what was typed; nothing else changes."""
    response = make_response(render_template("tickets/_refused.html", message=message), 422)
    response.headers["HX-Retarget"] = "#tk-clash"
    response.headers["HX-Reswap"] = "innerHTML"
    return response


def recipients(actor: Actor, values: list[str] | None) -> list[Person]:
    """Return the people that keys and typed addresses name. Raises Refused for anything else."""
    found: dict[int, Person] = {}
    for value in values or []:
        key = whole(value)
        if key is not None:
            person = person_for(actor, key)
        else:
            try:
                person, _is_new = find_or_create_by_address(value)
            except ValueError:
                message = _("%(text)s is no address.", text=value[:80])
                raise Refused("address-wrong", message, "to") from None
        found[person.id] = person
    return list(found.values())


@bp.post("/markdown")
@require(Permission.TICKET_READ)
def markdown() -> str:
    """Show a text as it will look."""
    actor = current_actor()
    html = markdown_to_html(request.form.get("body", ""))
    number = whole(request.args.get("ticket"))
    if "data-cid" in html and number is not None:
        ticket = get_for(actor, number)
        pictures = {
            row.content_id: url_for("tickets.draft_picture", attachment_id=row.id)
            for draft in drafts_of(actor, ticket).values()
            for row in draft.attachments
            if row.content_id
        }
        html = show_inline_images(html, pictures)
    return render_template("tickets/_preview.html", html=html)


# ---- Drafts ----


@bp.post("/tickets/<int:number>/drafts/<kind>")
@require(Permission.TICKET_WORK)
def keep_draft(number: int, kind: str) -> Response:
    """Keep what is being typed about a ticket."""
    actor = current_actor()
    ticket = get_for(actor, number)
    keys = {name: keys_of(request.form.getlist(name)) for name in ("to", "cc")}
    names = names_of(keys["to"] | keys["cc"])
    fields: dict[str, object] = {
        name: [
            *({"id": key, "name": names[key]} for key in sorted(found) if key in names),
            # An address that was typed belongs to nobody yet.
            *({"id": one[:320], "name": one[:320]} for one in typed(name)),
        ]
        for name, found in keys.items()
        if name in request.form
    }
    for name in KEPT:
        if name in request.form:
            fields[name] = request.form[name][:20_000]
    return draft_kept(actor, ticket, kind, fields)


def typed(name: str) -> list[str]:
    """Return the addresses that were typed into a field of the request, at most 100."""
    return [one for one in dict.fromkeys(request.form.getlist(name)) if "@" in one][:100]


def draft_kept(
    actor: Actor, ticket: Ticket | None, kind: str, fields: dict[str, object]
) -> Response:
    """Save a draft and answer with its stamp, or with what another window saved."""
    try:
        draft = save_draft(
            actor,
            ticket,
            kind,
            body=request.form.get("body", ""),
            fields=fields,
            stamp=request.form.get("stamp"),
        )
    except DraftMoved as moved:
        answer = jsonify(body=moved.saved.body, stamp=moved.saved.stamp)
        answer.status_code = 409
        return answer
    return jsonify(stamp=stamp_of(draft))


@bp.post("/tickets/<int:number>/drafts/<kind>/discard")
@require(Permission.TICKET_WORK)
def throw_draft_away(number: int, kind: str) -> Response:
    """Throw what was typed away."""
    actor = current_actor()
    ticket = get_for(actor, number)
    discard_draft(actor, ticket, kind)
    return changed(actor, ticket, _("Draft discarded"), with_composer=True)


@bp.post("/tickets/<int:number>/drafts/<kind>/files")
@require(Permission.TICKET_WORK)
def upload(number: int, kind: str) -> Response:
    """Take a chosen, dropped or pasted file into a draft."""
    actor = current_actor()
    return file_kept(actor, get_for(actor, number), kind)


def file_kept(actor: Actor, ticket: Ticket | None, kind: str) -> Response:
    """Store the file of the request with a draft and describe it as the page's scripts want."""
    file = request.files.get("file")
    if file is None:
        answer = jsonify(error=_("No file arrived."))
        answer.status_code = 422
        return answer
    data = file.read()
    name = FILE_NAME.sub(" ", file.filename or "").strip()[:255] or _("file")
    is_picture = picture_type(data[:16]) is not None
    # A picture may stand in the text; mail programs know it by this name.
    content_id = f"{secrets.token_hex(8)}@hearth" if is_picture else None
    try:
        row = add_draft_file(
            actor,
            ticket,
            kind,
            NewFile(
                sha256=blobs.put(data),
                name=name,
                content_type=(file.mimetype or "application/octet-stream")[:120],
                size=len(data),
                content_id=content_id,
            ),
        )
    except Refused as refusal:
        answer = jsonify(error=str(refusal))
        answer.status_code = 422
        return answer
    said: dict[str, Any] = {
        "id": row.id,
        "name": row.name,
        "size": row.size,
        "type": row.content_type,
        "url": url_for("tickets.draft_file", attachment_id=row.id),
    }
    if content_id is not None:
        alt = name.replace("[", "(").replace("]", ")")
        said["markdown"] = f"![{alt}](cid:{content_id})"
    return jsonify(said)


@bp.post("/drafts/files/<int:attachment_id>/remove")
@require(Permission.TICKET_READ)
def take_file_off(attachment_id: int) -> Response:
    """Take a file off one's own draft."""
    remove_draft_file(current_actor(), attachment_id)
    return jsonify(removed=attachment_id)
