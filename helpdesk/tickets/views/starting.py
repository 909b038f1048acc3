"""Start next: one key that gives a technician the right ticket, or says calmly why none."""

from typing import Any

from flask import flash, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from helpdesk.people.access import Actor, Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets import services
from helpdesk.tickets.because import because
from helpdesk.tickets.queries import starting
from helpdesk.tickets.queries.filters import Filter, to_query
from helpdesk.tickets.queries.ready import Hindrance, Standing, standings
from helpdesk.tickets.views.answers import go_to, number_of, ticket_url, undo_seconds, undoable
from helpdesk.tickets.views.blueprint import bp
from helpdesk.tickets.views.listing import address_of, frame_of, side_of, topics_of, wanted_list
from helpdesk.tickets.wording import standing_words
from helpdesk.web.i18n import reader_zone

ASKS_FIRST = frozenset({Hindrance.ABSENT, Hindrance.AWAY})
"""Who is marked as this is asked whether they mean it."""


@bp.post("/queue/next")
@require(Permission.TICKET_WORK)
def start_next() -> Response:
    """Open the ticket of a list that the reader should begin, and make it theirs.

    Who is marked as away, or has as much in hand as they may have, is told so first and goes on
    if they like (``anyway``). What is theirs already they may always go on with.
    """
    actor = current_actor()
    wanted = wanted_list().filter
    standing = _standing(actor)
    anyway = bool(request.form.get("anyway"))
    found = None
    if anyway or standing is None or standing.hindrance not in ASKS_FIRST:
        found = starting.next_up(
            actor,
            wanted,
            zone=reader_zone(),
            skip=number_of(request.form.get("skip")),
            own_only=not anyway and standing is not None and standing.load.is_full,
        )
    if found is None:
        return go_to(url_for("tickets.nothing_next") + _in_list(wanted))
    ticket = found.ticket
    if found.is_given or found.is_free:
        verb = services.acknowledge if found.is_given else services.take
        with undoable() as group:
            verb(actor, ticket, because=found.because, undo_for=undo_seconds())
        text = _("%(number)d is yours: %(reasons)s", number=ticket.id, reasons=_why(found))
        flash(text, url_for("tickets.undo", group=group))
    else:
        flash(_("On with %(number)d: %(reasons)s", number=ticket.id, reasons=_why(found)))
    return go_to(ticket_url(ticket.id, to_query(wanted)))


@bp.get("/queue/next")
@require(Permission.TICKET_WORK)
def nothing_next() -> str:
    """Say why nothing was begun: the reader is away or has enough, or nothing waits until when."""
    actor = current_actor()
    wanted = wanted_list().filter
    side = side_of(actor, wanted)
    return render_template(
        "tickets/next.html",
        **_state(actor, wanted),
        side=side,
        topics=topics_of(side.queue_lines),
        query=to_query(wanted),
        list_url=address_of(wanted),
        **frame_of(actor),
    )


def _state(actor: Actor, wanted: Filter) -> dict[str, Any]:
    """Return which state the page shows, and what it says there."""
    standing = _standing(actor)
    if standing is not None and standing.hindrance in ASKS_FIRST:
        return {"state": "away", "words": standing_words(standing, room=False)}
    any_left = starting.is_there_any(actor, wanted, zone=reader_zone())
    if any_left and standing is not None and standing.load.is_full:
        return {"state": "full", "load": standing.load}
    if any_left:
        return {"state": "ready"}
    return {"state": "nothing", "later": starting.waits_until(actor, wanted, zone=reader_zone())}


def _standing(actor: Actor) -> Standing | None:
    if actor.person_id is None:
        return None
    return standings([actor.person_id])[actor.person_id]


def _why(found: starting.Next) -> str:
    return because(found.because)


def _in_list(wanted: Filter) -> str:
    query = to_query(wanted)
    return f"?{query}" if query else ""
