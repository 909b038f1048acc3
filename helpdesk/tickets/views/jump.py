"""Where the palette leads: tickets, articles, people, queues and views that fit what is typed."""

from typing import Any

from flask import jsonify, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from helpdesk.people import search as people_search
from helpdesk.people.access import Actor, Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets import search
from helpdesk.tickets.lifecycle import StatusClass
from helpdesk.tickets.queries import views
from helpdesk.tickets.queries.access import visible_queues
from helpdesk.tickets.queries.filters import Filter, My
from helpdesk.tickets.views.blueprint import bp
from helpdesk.tickets.views.listing import MY_ICONS, MY_NAMES, address_of, view_name
from helpdesk.web import jumping

TICKETS, PEOPLE, LISTS = 6, 4, 6
"""How many of each kind are offered."""

LONGEST = 200


@bp.get("/jump")
@require(Permission.TICKET_READ)
def jump() -> Response:
    """Answer with groups of places, as the palette shows them."""
    actor = current_actor()
    words = " ".join(request.args.get("q", "").split())[:LONGEST]
    groups = [
        {"title": _("Tickets"), "items": _tickets(actor, words)},
        *jumping.groups_for(words),
        {"title": _("People"), "items": _people(actor, words)},
        {"title": _("Lists"), "items": _lists(actor, words)},
    ]
    return jsonify(groups=[group for group in groups if group["items"]])


def _tickets(actor: Actor, words: str) -> list[dict[str, Any]]:
    if not words:
        return []
    items = [
        {
            "label": f"{ticket.id} {ticket.subject}",
            "url": url_for("tickets.ticket", number=ticket.id),
            "icon": "ticket",
        }
        for ticket in search.find(actor, words, limit=TICKETS, quick=True)
    ]
    everything = Filter(classes=tuple(StatusClass), words=words)
    items.append(
        {
            "label": _("Search all tickets for “%(words)s”", words=words),
            "url": address_of(everything),
            "icon": "search",
        }
    )
    return items


def _people(actor: Actor, words: str) -> list[dict[str, Any]]:
    if not words or not actor.can(Permission.PERSON_READ):
        return []
    return [
        {
            "label": person.name,
            "hint": person.organisation.name if person.organisation else "",
            "url": url_for("people.person", person_id=person.id),
            "icon": "contact-round",
        }
        for person in people_search.find(actor, words, limit=PEOPLE)
    ]


def _lists(actor: Actor, words: str) -> list[dict[str, Any]]:
    """Return queues, views and the reader's own lists whose name has the words."""
    places = [(str(name), Filter(my=my), MY_ICONS[my]) for my, name in MY_NAMES.items()]
    places += [
        (queue.name, Filter(queues=(queue.id,)), "layers") for queue in visible_queues(actor)
    ]
    places += [(view_name(view), view.filter, "star") for view in views.views_of(actor)]
    asked = words.casefold()
    fitting = [place for place in places if asked in place[0].casefold()]
    if not asked:
        fitting = [place for place in fitting if place[1].my in {My.ASSIGNED, My.ACKNOWLEDGE}]
    # What begins with the words is likelier meant than what merely contains them.
    fitting.sort(key=lambda place: not place[0].casefold().startswith(asked))
    return [
        {"label": name, "url": address_of(wanted), "icon": picture}
        for name, wanted, picture in fitting[:LISTS]
    ]
