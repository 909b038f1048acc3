"""Tickets and other tickets: link, merge, split off, major incidents with one message to all."""

from flask import jsonify, make_response, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from helpdesk.db import db
from helpdesk.lib.html import markdown_to_html
from helpdesk.lib.text import snippet
from helpdesk.people.access import Actor, Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets import search, services, wording
from helpdesk.tickets.forms import (
    BroadcastForm,
    LinkForm,
    ManyForm,
    MergeForm,
    SplitForm,
    whole,
)
from helpdesk.tickets.lifecycle import LinkType
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.own_words import words_of
from helpdesk.tickets.queries import people
from helpdesk.tickets.queries.access import NotFound, entry_for, get_for, many_for
from helpdesk.tickets.queries.page import links_of, ticket_for_page
from helpdesk.tickets.services import Refused
from helpdesk.tickets.services.link import BROADCAST_SAMPLE_FROM
from helpdesk.tickets.views.answers import (
    changed,
    settings,
    ticket_url,
    undo_seconds,
    undoable,
)
from helpdesk.tickets.views.blueprint import bp
from helpdesk.tickets.views.lines import language_of_entry
from helpdesk.tickets.views.page import WORDS

SAMPLE = 10
"""People named in the sample of a message to many."""


@bp.get("/tickets/choices/ticket")
@require(Permission.TICKET_READ)
def ticket_choices() -> Response:
    """Return tickets by number or words, for a combobox."""
    actor = current_actor()
    asked = request.args.get("q", "")
    rows = people.tickets_between(
        actor, [ticket.id for ticket in search.find(actor, asked, limit=8, quick=True)]
    )
    without = whole(request.args.get("without"))
    return jsonify(
        [
            {
                "value": row.id,
                "label": f"{row.id} {row.subject}",
                "hint": f"{row.customer.name} · {wording.status_label(row.status)}",
            }
            for row in rows
            if row.id != without
        ]
    )


def _other(actor: Actor, ticket: Ticket, text: str | None) -> Ticket:
    """Return the other ticket a form names, locked. Raises Refused when there is none."""
    number = whole((text or "").split(" ")[0])
    if number is not None and number != ticket.id:
        try:
            return get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
        except NotFound:
            pass
    if number == ticket.id:
        raise Refused("link-self", _("Choose another ticket."), "number")
    raise Refused("ticket-unknown", _("There is no such ticket."), "number")


# ---- Links ----


@bp.get("/tickets/<int:number>/links")
@require(Permission.TICKET_WORK)
def link_dialog(number: int) -> str:
    """Ask which ticket, and how it stands to this one."""
    ticket = ticket_for_page(current_actor(), number)
    form = LinkForm(formdata=None, relation=request.args.get("relation", "related"))
    return render_template("tickets/dialogs/link.html", ticket=ticket, form=form)


@bp.post("/tickets/<int:number>/links")
@require(Permission.TICKET_WORK)
def add_link(number: int) -> Response:
    """Link two tickets."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    form = LinkForm()
    try:
        with undoable() as group:
            other = _other(actor, ticket, form.number.data)
            link_type, outward = form.direction()
            start, end = (ticket, other) if outward else (other, ticket)
            services.link(actor, start, end, link_type, undo_for=undo_seconds())
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal.field, refusal.message)
        page = render_template(
            "tickets/dialogs/link.html", ticket=ticket_for_page(actor, number), form=form
        )
        return make_response(page, 422)
    text = _("%(number)d and %(other)d are linked", number=ticket.id, other=other.id)
    return changed(actor, ticket, text, group=group)


@bp.post("/tickets/<int:number>/links/<int:link_id>/remove")
@require(Permission.TICKET_WORK)
def remove_link(number: int, link_id: int) -> Response:
    """Take a link away; one to a ticket that the actor may not see can't be named."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    known = {row.link_id for group in links_of(actor, ticket).groups() for row in group}
    if link_id not in known:
        raise NotFound
    services.unlink(actor, ticket, link_id)
    return changed(actor, ticket, _("Link removed"))


# ---- Merge ----


@bp.get("/tickets/<int:number>/merge")
@require(Permission.TICKET_MERGE)
def merge_dialog(number: int) -> str:
    """Ask for the other ticket and which of the two goes on; the customer's own are offered."""
    actor = current_actor()
    ticket = ticket_for_page(actor, number)
    return _show_merge(actor, ticket, MergeForm(formdata=None))


def _show_merge(
    actor: Actor, ticket: Ticket, form: MergeForm, *, across: Ticket | None = None
) -> str:
    offered, _more = people.person_history(actor, ticket.customer_id, limit=8, without=ticket.id)
    return render_template(
        "tickets/dialogs/merge.html",
        ticket=ticket,
        form=form,
        offered=offered,
        across=across,
        words=WORDS,
    )


@bp.post("/tickets/<int:number>/merge")
@require(Permission.TICKET_MERGE)
def merge(number: int) -> Response:
    """Make two tickets of one customer one; refused across customers, with another way offered."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_MERGE, lock=True)
    form = MergeForm()
    other: Ticket | None = None
    try:
        with undoable() as group:
            other = _other(actor, ticket, form.number.data)
            survivor, merged = (ticket, other) if form.survivor.data != "other" else (other, ticket)
            services.merge(actor, survivor, merged, undo_for=undo_seconds())
    except Refused as refusal:
        across_number = other.id if other and refusal.code == "merge-customers" else None
        db.session.rollback()
        form.refuse(refusal.field, refusal.message)
        across = ticket_for_page(actor, across_number) if across_number else None
        page = _show_merge(actor, ticket_for_page(actor, number), form, across=across)
        return make_response(page, 422)
    text = _("%(merged)d went into %(survivor)d", merged=merged.id, survivor=survivor.id)
    if survivor.id != ticket.id:
        from_here = changed(actor, survivor, text, group=group)
        from_here.headers["HX-Redirect"] = ticket_url(survivor.id, request.form.get("in", ""))
        return from_here
    return changed(actor, ticket, text, group=group)


# ---- Split ----


@bp.get("/tickets/<int:number>/entries/<int:entry_id>/split")
@require(Permission.TICKET_WORK)
def split_dialog(number: int, entry_id: int) -> str:
    """Ask for the subject of the ticket that a message becomes."""
    actor = current_actor()
    ticket = ticket_for_page(actor, number)
    entry = entry_for(actor, ticket, entry_id)
    form = SplitForm(formdata=None, subject=snippet(words_of(entry), 80))
    return render_template(
        "tickets/dialogs/split.html",
        ticket=ticket,
        entry=entry,
        lang=language_of_entry(entry, ticket),
        form=form,
    )


@bp.post("/tickets/<int:number>/entries/<int:entry_id>/split")
@require(Permission.TICKET_WORK)
def split(number: int, entry_id: int) -> Response:
    """Make a ticket of its own from one message."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    entry = entry_for(actor, ticket, entry_id)
    fresh = services.split(actor, ticket, entry, subject=SplitForm().subject.data or "")
    text = _("Split off as %(number)d", number=fresh.id)
    return changed(actor, ticket, text)


# ---- Major incidents ----


@bp.post("/tickets/<int:number>/major")
@require(Permission.TICKET_WORK)
def set_major(number: int) -> Response:
    """Declare a major incident, or end it."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    major = request.form.get("major") == "1"
    with undoable() as group:
        services.set_major(actor, ticket, major, undo_for=undo_seconds())
    text = (
        _("%(number)d is a major incident", number=ticket.id)
        if major
        else _("%(number)d is no major incident any more", number=ticket.id)
    )
    return changed(actor, ticket, text, group=group)


@bp.get("/tickets/<int:number>/children")
@require(Permission.TICKET_BULK)
def children_dialog(number: int) -> str:
    """Ask for the tickets that belong under this one."""
    ticket = ticket_for_page(current_actor(), number)
    return render_template(
        "tickets/dialogs/children.html",
        ticket=ticket,
        form=ManyForm(formdata=None),
        results=[],
        missing=[],
        done=0,
    )


@bp.post("/tickets/<int:number>/children")
@require(Permission.TICKET_BULK)
def add_children(number: int) -> Response:
    """Link many tickets under this one, with a result for each that could not be linked."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    form = ManyForm()
    wanted = form.keys()
    found = many_for(actor, wanted, permission=Permission.TICKET_WORK)
    with undoable() as group:
        results = services.change_many(
            actor,
            found,
            lambda child: services.link(
                actor, ticket, child, LinkType.PARENT, undo_for=undo_seconds()
            ),
            undo_group=group,
        )
    failed = [result for result in results if not result.ok]
    missing = sorted(set(wanted) - {row.id for row in found})
    done = len(results) - len(failed)
    if failed or missing or not wanted:
        if not done:
            db.session.rollback()
        page = render_template(
            "tickets/dialogs/children.html",
            ticket=ticket_for_page(actor, number),
            form=form,
            results=failed,
            missing=missing,
            done=done,
        )
        # What could be linked is linked; the dialog stays and shows what could not.
        return make_response(page, 200 if done else 422)
    text = ngettext("%(num)d ticket linked", "%(num)d tickets linked", done)
    return changed(actor, ticket, text, group=group)


@bp.get("/tickets/<int:number>/broadcast")
@require(Permission.TICKET_BROADCAST)
def broadcast_dialog(number: int) -> str:
    """Ask for the message to everybody under a major incident.

    ``?recalled=`` names one that was taken back: its text is there again.
    """
    actor = current_actor()
    ticket = ticket_for_page(actor, number)
    body = ""
    recalled = whole(request.args.get("recalled"))
    if recalled is not None:
        entry = entry_for(actor, ticket, recalled)
        if entry.verb == "broadcast" and entry.withdrawn_at is not None:
            body = entry.body
    return _show_broadcast(actor, ticket, BroadcastForm(formdata=None, body=body))


def _show_broadcast(actor: Actor, ticket: Ticket, form: BroadcastForm, *, preview: str = "") -> str:
    recipients = services.broadcast_recipients(ticket)
    # A child in a restricted queue gets the message like all others, but is not named here.
    seen = people.tickets_between(actor, [child.id for child, _person in recipients[:50]])
    known = {child.id for child in seen}
    return render_template(
        "tickets/dialogs/broadcast.html",
        ticket=ticket,
        form=form,
        count=len(recipients),
        sample=[person.name for child, person in recipients if child.id in known][:SAMPLE],
        must_look=len(recipients) > BROADCAST_SAMPLE_FROM,
        preview=preview,
        seconds=settings().bulk_recall_seconds,
    )


@bp.post("/tickets/<int:number>/broadcast")
@require(Permission.TICKET_BROADCAST)
def broadcast(number: int) -> Response:
    """Send one message to all; to many people only after count and sample were looked at."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_BROADCAST, lock=True)
    form = BroadcastForm()
    seconds = settings().bulk_recall_seconds
    try:
        entries = services.broadcast(
            actor, ticket, form.body.data or "", hold=seconds, expected=form.expected.data
        )
    except Refused as refusal:
        unconfirmed = refusal.code == "broadcast-unconfirmed"
        db.session.rollback()
        ticket = ticket_for_page(actor, number)
        if not unconfirmed:
            form.refuse(refusal.field, refusal.message)
        form.expected.data = len(services.broadcast_recipients(ticket)) if unconfirmed else None
        preview = markdown_to_html(form.body.data or "") if unconfirmed else ""
        return make_response(_show_broadcast(actor, ticket, form, preview=preview), 422)
    text = ngettext("Sent to %(num)d person", "Sent to %(num)d people", len(entries))
    group = services.latest_group(actor)
    return changed(actor, ticket, text, group=group, seconds=seconds)
