"""Side conversations: writing to suppliers and colleagues from a ticket."""

import json
from dataclasses import replace
from typing import Any

from flask import jsonify, make_response, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from helpdesk.db import db
from helpdesk.people import search
from helpdesk.people.access import Actor, Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.people.models import ContactKind, Person
from helpdesk.people.services import find_or_create_by_address
from helpdesk.people.views.shown import address_of
from helpdesk.tickets import services
from helpdesk.tickets.desk import Supplier
from helpdesk.tickets.forms import AsideForm
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.own_words import own_words
from helpdesk.tickets.queries import side_talks, timeline
from helpdesk.tickets.queries.access import entry_for, get_for
from helpdesk.tickets.queries.page import around, ticket_for_page
from helpdesk.tickets.services import Aside, Clash, NewFile, Refused, Said
from helpdesk.tickets.services.drafts import spend_draft
from helpdesk.tickets.side_talks import SideTalk
from helpdesk.tickets.views import asking
from helpdesk.tickets.views.answers import (
    changed,
    clashed,
    number_of,
    undo_seconds,
    undoable,
)
from helpdesk.tickets.views.blueprint import bp
from helpdesk.tickets.views.page import Composer, SideBox, Written, composer_of, nearby
from helpdesk.tickets.views.talk import invalid, keys_of, recipients, refuse, sent, wants_next


@bp.get("/tickets/<int:number>/side-talks/compose")
@require(Permission.TICKET_WORK)
def compose_aside(number: int) -> Response:
    """Open the composer at a message to others: in a conversation, to a supplier, with a text.

    ``talk``, ``supplier`` and ``entry`` say which; what was typed already stays.
    """
    actor = current_actor()
    ticket = ticket_for_page(actor, number)
    box = composer_of(
        actor,
        ticket,
        seen=timeline.newest_entry_id(ticket),
        copies=around(ticket).copies,
        list_query=request.args.get("in", ""),
    )
    box.side = _asked_for(ticket, box)
    entry_id = number_of(request.args.get("entry"))
    if entry_id is not None:
        _quote(box, entry_for(actor, ticket, entry_id))
    response = make_response(render_template("tickets/_side_panel.html", composer=box, actor=actor))
    # The form has to be there before it is opened.
    response.headers["HX-Trigger-After-Swap"] = json.dumps({"compose": {"kind": "side"}})
    return response


def _asked_for(ticket: Ticket, box: Composer) -> SideBox:
    talk_id, supplier_id = (number_of(request.args.get(name)) for name in ("talk", "supplier"))
    if talk_id is not None:
        return _going_on(side_talks.find(ticket, talk_id))
    if supplier_id is not None:
        supplier = db.session.get(Supplier, supplier_id)
        if supplier is not None and supplier.email:
            reference = services.reference_of(ticket, supplier.id)
            subject = f"{reference} {ticket.subject}" if reference else ""
            return SideBox(to=[{"id": supplier.email, "name": supplier.name}], subject=subject)
    return SideBox() if "new" in request.args else box.side


def _going_on(talk: SideTalk) -> SideBox:
    here = [row for row in talk.members if not row.gone]
    named: dict[bool, list[dict[str, Any]]] = {
        copy: [{"id": row.person_id, "name": row.person.name} for row in here if row.copy is copy]
        for copy in (False, True)
    }
    return SideBox(to=named[False], cc=named[True], subject=talk.subject, talk=talk.id)


def _quote(box: Composer, entry: Entry) -> None:
    """Put what an entry says into the text, marked as theirs, and choose its files."""
    said = own_words(entry.body, entry.envelope or {}) or entry.body
    quoted = "\n".join(f"> {line}".rstrip() for line in said.strip().splitlines())
    kept = box.draft("side")
    body = f"{kept.body.rstrip()}\n\n{quoted}" if kept.body.strip() else f"\n\n{quoted}"
    box.drafts["side"] = Written(body, kept.stamp, kept.files, kept.fields)
    files = [row.id for row in entry.attachments if row.redacted_at is None]
    box.side = replace(box.side, files=files)


@bp.get("/tickets/<int:number>/side-talks/files")
@require(Permission.TICKET_WORK)
def side_files(number: int) -> str:
    """Offer the ticket's files to be sent along."""
    ticket = get_for(current_actor(), number)
    return render_template(
        "tickets/_side_files.html",
        files=side_talks.files_of(ticket),
        chosen=keys_of(request.args.getlist("file")),
    )


@bp.get("/tickets/<int:number>/side-talks/find")
@require(Permission.TICKET_WORK)
def find_others(number: int) -> Response:
    """Answer a field that looks for somebody to write to: suppliers first, then people."""
    actor = current_actor()
    ticket = get_for(actor, number)
    question = request.args.get("q", "")[:200]
    options: list[dict[str, object]] = [
        {"value": row.email, "label": row.name, "hint": row.email, "icon": "truck"}
        for row in side_talks.suppliers_named(question)
    ]
    taken = {ticket.customer_id, ticket.requester_id}
    options += [
        {
            "value": person.id,
            "label": person.name,
            "hint": address_of(person, ContactKind.EMAIL) or "",
            "icon": "headset" if person.is_technician else "circle-user-round",
        }
        for person in search.find(actor, question, limit=12)
        if person.id not in taken
    ]
    return jsonify(options)


@bp.post("/tickets/<int:number>/side-talks")
@require(Permission.TICKET_WORK)
def send_aside(number: int) -> Response:
    """Write to others; the message waits a few seconds, in which it can be taken back."""
    actor = current_actor()
    form = AsideForm()
    if not form.validate():
        return invalid(form)
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    near = nearby(actor, ticket) if wants_next() else None
    try:
        with undoable() as group:
            asking.answered(asking.Form.SIDE, actor, ticket)
            _say_aside(actor, ticket, form)
    except Clash as clash:
        return clashed(clash, ticket)
    except Refused as refusal:
        return refuse(form, refusal)
    return sent(actor, ticket, _("Sent to others"), group, near)


def _say_aside(actor: Actor, ticket: Ticket, form: AsideForm) -> Entry:
    talk = side_talks.find(ticket, form.side.data) if form.side.data else None
    people = [_with_suppliers(actor, values) for values in (form.to.data, form.cc.data)]
    files = spend_draft(actor, ticket, "side", keys_of(form.attachment.data))
    files += [
        NewFile(row.sha256, row.name, row.content_type, row.size, None)
        for row in side_talks.chosen_files(ticket, keys_of(form.file.data))
    ]
    return services.write_aside(
        actor,
        ticket,
        Aside(form.subject.data or "", *people),
        Said(form.body.data or "", files),
        talk=talk,
        seen_entry_id=form.seen.data,
        hold=undo_seconds(),
        encrypt=form.encrypt.data if form.encrypt_asked.data else None,
    )


def _with_suppliers(actor: Actor, values: list[str] | None) -> list[Person]:
    """Return whom keys and addresses name. A supplier's address gets the supplier's name."""
    for value in values or []:
        supplier = side_talks.supplier_at(value) if "@" in value else None
        if supplier is not None:
            find_or_create_by_address(supplier.email, supplier.name)
    return recipients(actor, values)


@bp.post("/tickets/<int:number>/side-talks/<int:talk_id>/close")
@require(Permission.TICKET_WORK)
def close_aside(number: int, talk_id: int) -> Response:
    """Say that nothing more is expected in a side conversation."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    with undoable() as group:
        services.close_aside(
            actor, ticket, side_talks.find(ticket, talk_id), undo_for=undo_seconds()
        )
    return changed(actor, ticket, _("Side conversation closed"), group=group)


@bp.post("/tickets/<int:number>/side-talks/<int:talk_id>/reopen")
@require(Permission.TICKET_WORK)
def reopen_aside(number: int, talk_id: int) -> Response:
    """Go on with a side conversation that was closed."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    services.reopen_aside(actor, ticket, side_talks.find(ticket, talk_id))
    return changed(actor, ticket, _("Side conversation open again"))
