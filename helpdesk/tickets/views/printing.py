"""A ticket on paper, and taking away what must not be kept."""

from flask import make_response, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.access import Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets import services
from helpdesk.tickets.forms import RedactForm
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.queries.access import entry_for, get_for
from helpdesk.tickets.queries.page import around, links_of, tasks_of, ticket_for_page
from helpdesk.tickets.queries.timeline import journal_of, whole_journal
from helpdesk.tickets.services import Refused
from helpdesk.tickets.views.answers import changed
from helpdesk.tickets.views.blueprint import bp
from helpdesk.tickets.views.lines import language_of_entry, lines_of
from helpdesk.tickets.views.page import WORDS


@bp.get("/tickets/<int:number>/print")
@require(Permission.TICKET_READ)
def print_ticket(number: int) -> str:
    """Show the whole ticket for printing; ``?for=customer`` leaves out what is for staff."""
    actor = current_actor()
    ticket = ticket_for_page(actor, number)
    for_customer = request.args.get("for") == "customer"
    entries = [
        entry
        for entry in whole_journal(journal_of(ticket))
        if entry.withdrawn_at is None and (entry.public or not for_customer)
    ]
    return render_template(
        "tickets/print.html",
        ticket=ticket,
        actor=actor,
        words=WORDS,
        lines=lines_of(entries, ticket, actor, on_paper=True),
        around=around(ticket),
        links=links_of(actor, ticket),
        tasks=tasks_of(ticket),
        for_customer=for_customer,
        printed_at=now(),
    )


@bp.get("/tickets/<int:number>/entries/<int:entry_id>/redact")
@require(Permission.TICKET_REDACT)
def redact_dialog(number: int, entry_id: int) -> str:
    """Ask why an entry must go, and whether the reader is sure."""
    actor = current_actor()
    ticket = ticket_for_page(actor, number)
    return _show_redact(ticket, entry_for(actor, ticket, entry_id), RedactForm(formdata=None))


def _show_redact(ticket: Ticket, entry: Entry, form: RedactForm) -> str:
    return render_template(
        "tickets/dialogs/redact.html",
        ticket=ticket,
        entry=entry,
        lang=language_of_entry(entry, ticket),
        form=form,
    )


@bp.post("/tickets/<int:number>/entries/<int:entry_id>/redact")
@require(Permission.TICKET_REDACT)
def redact(number: int, entry_id: int) -> Response:
    """Empty an entry for good, with its files and every trace of them."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_REDACT, lock=True)
    entry = entry_for(actor, ticket, entry_id)
    form = RedactForm()
    if form.validate():
        try:
            # An entry of a ticket that was merged into this one is redacted in its own.
            services.redact(actor, entry.ticket, entry, form.reason.data or "")
            return changed(actor, ticket, _("The entry is redacted"), with_composer=True)
        except Refused as refusal:
            db.session.rollback()
            form.refuse(refusal.field, refusal.message)
    ticket = ticket_for_page(actor, number)
    page = _show_redact(ticket, entry_for(actor, ticket, entry_id), form)
    return make_response(page, 422)
