"""One ticket's promises put right: worked out anew, or with a status that was a mistake."""

from flask import make_response, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response
from wtforms import StringField
from wtforms.validators import Length

from helpdesk.db import db
from helpdesk.people.access import Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.sla import replay
from helpdesk.sla.views import standing, words
from helpdesk.sla.views.blueprint import bp
from helpdesk.tickets import sentences
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.queries.access import NotFound, entry_for, get_for
from helpdesk.tickets.services.due import declare_mistaken
from helpdesk.tickets.services.errors import Refused
from helpdesk.tickets.views.answers import changed
from helpdesk.web.forms import Form, Needed

SHOWN = 50
"""Changes of status that the dialog lists, the newest first."""
READ = 400
"""Entries that are looked through for them."""


class AnewFields(Form):
    """Why promises become others."""

    reason = StringField(_l("Reason"), [Needed(_l("Say why.")), Length(max=300)])


def _anew(ticket: Ticket, form: AnewFields) -> str:
    return render_template(
        "sla/anew.html",
        ticket=ticket,
        form=form,
        found=replay.differences(current_actor(), [ticket]),
        said=words,
        standing=standing,
    )


@bp.get("/tickets/<int:number>/promises/anew")
@require(Permission.SETUP_SLA)
def anew_dialog(number: int) -> str:
    """Show what working the promises out anew would change."""
    return _anew(get_for(current_actor(), number), AnewFields(formdata=None))


@bp.post("/tickets/<int:number>/promises/anew")
@require(Permission.SETUP_SLA)
def anew(number: int) -> Response:
    """Work the promises of a ticket out anew, by what policies and calendars say now."""
    actor = current_actor()
    ticket = get_for(actor, number, lock=True)
    form = AnewFields()
    if not form.validate():
        return make_response(_anew(ticket, form), 422)
    found = replay.replay(actor, [ticket], reason=form.reason.data or "")
    text = _("Promises are worked out anew") if found else _("Nothing came out otherwise")
    return changed(actor, ticket, text)


def _mistaken(ticket: Ticket, form: AnewFields, chosen: int | None = None) -> str:
    reader = current_actor()
    return render_template(
        "sla/mistaken.html",
        ticket=ticket,
        form=form,
        chosen=chosen,
        entries=[(entry, sentences.sentence(entry, reader)) for entry in status_changes(ticket)],
    )


def status_changes(ticket: Ticket) -> list[Entry]:
    """Return the changes of status that still count, the newest first, in one query."""
    rows = db.session.scalars(
        select(Entry)
        .options(joinedload(Entry.author))
        .where(Entry.ticket_id == ticket.id, Entry.verb != "log", Entry.changes.is_not(None))
        .order_by(Entry.id.desc())
        .limit(READ)
    ).all()
    void: set[object] = set()
    for entry in rows:
        for name in ("undone", "mistaken"):
            told = (entry.changes or {}).get(name)
            if isinstance(told, list) and isinstance(told[1], dict):
                void |= {told[1].get("entry"), entry.id if name == "undone" else None}
    found = [row for row in rows if "status" in (row.changes or {}) and row.id not in void]
    return found[:SHOWN]


@bp.get("/tickets/<int:number>/promises/mistaken")
@require(Permission.TICKET_BACKDATE)
def mistaken_dialog(number: int) -> str:
    """List the changes of status, to say which was a mistake."""
    return _mistaken(get_for(current_actor(), number), AnewFields(formdata=None))


@bp.post("/tickets/<int:number>/promises/mistaken")
@require(Permission.TICKET_BACKDATE)
def mistaken(number: int) -> Response:
    """Say that a change of status was a mistake and never held; clocks leave it out."""
    actor = current_actor()
    ticket = get_for(actor, number, lock=True)
    form = AnewFields()
    entry_id = request.form.get("entry", type=int)
    valid = form.validate()
    if entry_id is None:
        form.form_errors.append(_("Choose the change that was a mistake."))
        valid = False
    if not valid or entry_id is None:
        return make_response(_mistaken(ticket, form, entry_id), 422)
    try:
        entry = entry_for(actor, ticket, entry_id)
        declare_mistaken(actor, ticket, entry, reason=form.reason.data or "")
    except NotFound:
        form.form_errors.append(_("Choose the change that was a mistake."))
        return make_response(_mistaken(ticket, form), 422)
    except Refused as refusal:
        form.refuse(refusal.field, refusal.message)
        return make_response(_mistaken(ticket, form, entry_id), 422)
    return changed(actor, ticket, _("The change counts as a mistake"))
