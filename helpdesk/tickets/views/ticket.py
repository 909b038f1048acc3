"""The ticket's page and the fragments it is brought up to date with."""

from typing import Any

from flask import make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from helpdesk.people.access import Actor, Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries import people, similar, timeline
from helpdesk.tickets.queries.access import NotFound, entry_for, get_for
from helpdesk.tickets.queries.page import around, present, ticket_for_page
from helpdesk.tickets.services import presence, survivor_of
from helpdesk.tickets.services.errors import Clash
from helpdesk.tickets.services.talk import check_seen
from helpdesk.tickets.views.answers import clash_strip, number_of, refreshed
from helpdesk.tickets.views.blueprint import bp
from helpdesk.tickets.views.page import (
    ORDER_COOKIE,
    WORDS,
    composer_of,
    page_context,
    shown_of,
    timeline_of,
    wants_newest_first,
)
from helpdesk.web.live import announce
from helpdesk.web.security import POLICY, nonce

PICTURES_POLICY = (
    "default-src 'none'; img-src 'self' https: http: data:; style-src 'self'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox allow-same-origin"
)
"""Policy of a message with its remote pictures: no scripts, no forms, nothing but pictures."""


@bp.get("/tickets/<int:number>")
@require(Permission.TICKET_READ)
def ticket(number: int) -> Response | str:
    """Show a ticket. A merged one leads to the ticket it lives on in."""
    actor = current_actor()
    found = ticket_for_page(actor, number)
    if found.merged_into_id is not None and "stay" not in request.args:
        survivor = get_for(actor, survivor_of(found).id)
        return redirect(url_for("tickets.ticket", number=survivor.id, merged=number))
    context = page_context(actor, found)
    merged = request.args.get("merged", "")
    response = make_response(
        render_template(
            "tickets/ticket.html",
            **context,
            merged_from=merged if merged.isdigit() and len(merged) < 16 else "",
        )
    )
    # Messages with their remote pictures are shown in a frame that has a policy of its own.
    response.headers["Content-Security-Policy"] = (
        POLICY.format(nonce=nonce()) + "; frame-src 'self'"
    )
    return response


@bp.get("/tickets/<int:number>/timeline")
@require(Permission.TICKET_READ)
def ticket_timeline(number: int) -> Response:
    """Show another tab of the timeline, or earlier entries of this one (``before``)."""
    actor = current_actor()
    found = ticket_for_page(actor, number)
    before = timeline.Place.parse(request.args.get("before"))
    _others, last_visit = present(actor, found)
    show, talk = shown_of(found, request.args.get("show", ""))
    shown = timeline_of(
        actor,
        found,
        show=show,
        talk=talk,
        before=before,
        newest_first=wants_newest_first(),
        last_visit=None if before is not None else last_visit,
    )
    template = "tickets/_lines.html" if before is not None else "tickets/_timeline.html"
    response = make_response(
        render_template(template, timeline=shown, actor=actor, words=WORDS, ticket=found)
    )
    if request.args.get("order") in {"newest", "oldest"}:
        response.set_cookie(
            ORDER_COOKIE,
            request.args["order"],
            max_age=31_536_000,
            secure=request.is_secure,
            httponly=True,
            samesite="Lax",
        )
    return response


@bp.get("/tickets/<int:number>/entries/<int:entry_id>")
@require(Permission.TICKET_READ)
def entry_dialog(number: int, entry_id: int) -> str:
    """Offer what can be done with one entry of the timeline."""
    actor = current_actor()
    found = ticket_for_page(actor, number)
    entry = entry_for(actor, found, entry_id)
    return render_template(
        "tickets/dialogs/entry.html", ticket=found, entry=entry, actor=actor, words=WORDS
    )


@bp.get("/tickets/<int:number>/refresh")
@require(Permission.TICKET_READ)
def refresh(number: int) -> Response:
    """Return head, properties and timeline anew: somebody changed the ticket.

    ``composer`` asks for the composer too: an undo has put its text back into the draft.
    """
    actor = current_actor()
    with_composer = "composer" in request.args and actor.can(Permission.TICKET_WORK)
    return refreshed(actor, ticket_for_page(actor, number), with_composer=with_composer)


@bp.get("/tickets/<int:number>/composer")
@require(Permission.TICKET_WORK)
def composer(number: int) -> str:
    """Return the composer with what was typed last, on whichever machine."""
    actor = current_actor()
    found = ticket_for_page(actor, number)
    box = composer_of(
        actor,
        found,
        seen=timeline.newest_entry_id(found),
        copies=around(found).copies,
        list_query=request.args.get("in", ""),
    )
    return render_template("tickets/_composer.html", composer=box, actor=actor, words=WORDS)


@bp.get("/tickets/<int:number>/unseen")
@require(Permission.TICKET_READ)
def unseen(number: int) -> Response:
    """Return the strip that says what others wrote after the entry ``seen``; empty if nothing."""
    actor = current_actor()
    found = get_for(actor, number)
    try:
        check_seen(actor, found, number_of(request.args.get("seen")) or 0)
    except Clash as clash:
        return make_response(clash_strip(clash, found, waiting=False))
    return make_response("")


@bp.get("/tickets/<int:number>/aside")
@require(Permission.TICKET_READ)
def aside(number: int) -> str:
    """Return the customer's figures and history, and similar solved tickets. Loaded afterwards."""
    actor = current_actor()
    found = ticket_for_page(actor, number)
    return render_template("tickets/_aside.html", **aside_context(actor, found))


def aside_context(actor: Actor, found: Ticket) -> dict[str, Any]:
    """Return what the column of the customer shows."""
    history, more = people.person_history(actor, found.customer_id, limit=6, without=found.id)
    return {
        "ticket": found,
        "actor": actor,
        "words": WORDS,
        "figures": people.figures(actor, found.customer_id),
        "counted": people.COUNTED,
        "history": history,
        "more": more,
        "similar": similar.similar_solved(actor, found),
    }


# ---- Presence ----


@bp.post("/tickets/<int:number>/presence")
@require(Permission.TICKET_READ)
def look(number: int) -> str:
    """Say that the reader has the ticket open (``writing`` or not); answer who else has."""
    actor = current_actor()
    found = get_for(actor, number)
    if presence.look(actor, found, writing=request.form.get("writing") == "1"):
        announce(f"ticket:{found.id}", "presence")
    others, _visit = present(actor, found)
    return render_template("tickets/_presence.html", others=others)


@bp.get("/tickets/<int:number>/presence")
@require(Permission.TICKET_READ)
def who_is_here(number: int) -> str:
    """Answer who else has the ticket open."""
    actor = current_actor()
    others, _visit = present(actor, get_for(actor, number))
    return render_template("tickets/_presence.html", others=others)


@bp.post("/tickets/<int:number>/leave")
@require(Permission.TICKET_READ)
def leave(number: int) -> tuple[str, int]:
    """Say that the reader has closed the page."""
    actor = current_actor()
    found = get_for(actor, number)
    if presence.leave(actor, found):
        announce(f"ticket:{found.id}", "presence")
    return "", 204


# ---- Remote pictures ----


@bp.get("/tickets/<int:number>/entries/<int:entry_id>/pictures")
@require(Permission.TICKET_READ)
def with_pictures(number: int, entry_id: int) -> Response:
    """Show one message with its remote pictures, which the reader asked to load.

    It is a page of its own in a sandbox: pictures may be fetched there from anywhere, and
    nothing may run.
    """
    actor = current_actor()
    entry = entry_for(actor, get_for(actor, number), entry_id)
    if entry.redacted_at is not None or entry.html is None:
        raise NotFound
    # What is stored was cleaned; the pictures' addresses were kept aside then.
    html = entry.html.replace(" data-remote-src=", " src=")
    response = make_response(
        render_template(
            "tickets/pictures.html",
            html=html,
            title=_("Message of %(name)s", name=entry.author.name if entry.author else "Hearth"),
        )
    )
    response.headers["Content-Security-Policy"] = PICTURES_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
