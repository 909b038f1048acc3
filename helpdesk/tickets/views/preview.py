"""A ticket beside the list it stands in: read, answered and resolved without leaving the list."""

from flask import render_template, request

from helpdesk.people.access import Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets.lifecycle import UNFINISHED
from helpdesk.tickets.queries import page as around_page
from helpdesk.tickets.queries import timeline
from helpdesk.tickets.views.answers import ticket_url
from helpdesk.tickets.views.blueprint import bp
from helpdesk.tickets.views.lines import lines_of
from helpdesk.tickets.views.page import WORDS, composer_of, pieces_of
from helpdesk.web.i18n import HTML_LANGUAGES, language_of

ENTRIES = 40
"""Newest entries that are looked at; what happened between the messages is left out."""


@bp.get("/tickets/<int:number>/preview")
@require(Permission.TICKET_READ)
def preview(number: int) -> str:
    """Show a ticket in short, with room to answer. Changes nothing: it may be fetched ahead."""
    actor = current_actor()
    ticket = around_page.ticket_for_page(actor, number)
    query = request.args.get("in", "")
    journal = timeline.journal_of(ticket)
    entries = timeline.entries_page(journal, limit=ENTRIES)
    beside = around_page.beside(actor, ticket)
    lines = lines_of(entries.entries, ticket, actor, last_visit=beside.last_visit)
    writable = ticket.hidden_at is None and ticket.merged_into_id is None
    composer = None
    if writable and actor.can(Permission.TICKET_WORK):
        composer = composer_of(
            actor,
            ticket,
            seen=journal.newest_id,
            copies=beside.around.copies,
            statuses=[],
            list_query=query,
            has_drafts=beside.has_drafts,
        )
    language = language_of(ticket.language)
    return render_template(
        "tickets/_queue_preview.html",
        ticket=ticket,
        owner=ticket.owner,
        lines=[line for line in lines if not line.is_event],
        earlier=entries.earlier is not None,
        tags=beside.around.tags,
        others=beside.others,
        may_work=actor.can(Permission.TICKET_WORK) and ticket.status_class in UNFINISHED,
        may_acknowledge=writable and bool(pieces_of(actor, ticket).to_acknowledge),
        composer=composer,
        open_url=ticket_url(number, query),
        query=query,
        # A list of one queue says so in its title.
        show_queue=f"queue={ticket.queue_id}" not in query.split("&"),
        lang=HTML_LANGUAGES[language] if language is not None else "",
        words=WORDS,
    )
