"""How the pages of tickets answer a change: a refreshed page, a toast with undo, a clash."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from flask import (
    current_app,
    flash,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response

from config import Settings
from helpdesk.db import db
from helpdesk.people import errors as people_errors
from helpdesk.people.access import Actor
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries import timeline
from helpdesk.tickets.queries.neighbours import Neighbours
from helpdesk.tickets.queries.page import ticket_for_page
from helpdesk.tickets.services import Clash, Refused, new_group
from helpdesk.tickets.services.act import Manner, done_together
from helpdesk.tickets.views.blueprint import bp, list_url
from helpdesk.tickets.views.page import (
    WORDS,
    composer_of,
    head_context,
    shown_of,
    timeline_of,
    wants_newest_first,
)


def settings() -> Settings:
    """Return the desk's settings."""
    found: Settings = current_app.config["SETTINGS"]
    return found


def undo_seconds() -> int:
    """Return how long an act can be taken back."""
    return settings().undo_seconds


def is_fragment() -> bool:
    """Whether a script of the page asked, and not the browser itself."""
    return "HX-Request" in request.headers


def number_of(text: str | None) -> int | None:
    """Read a key or a number from a form; None for anything that is none."""
    text = (text or "").strip().lstrip("#")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


@contextmanager
def undoable() -> Iterator[str]:
    """Do the verbs within as one act that is taken back together; yields its name."""
    group = new_group()
    with done_together(Manner(undo_group=group)):
        yield group


# ---- Done ----


def toast(text: object, group: str | None = None, seconds: int | None = None) -> dict[str, Any]:
    """Return a toast as the page's scripts show it, with its undo while there is one."""
    said: dict[str, Any] = {"text": str(text)}
    if group is not None:
        said["undo"] = url_for("tickets.undo", group=group)
        said["seconds"] = seconds or undo_seconds()
    return said


def changed(
    actor: Actor,
    ticket: Ticket,
    text: object,
    *,
    group: str | None = None,
    seconds: int | None = None,
    with_composer: bool = False,
) -> Response:
    """Answer a change: the page's parts anew and a toast; without scripts, the page itself."""
    if not is_fragment():
        flash(str(text), url_for("tickets.undo", group=group) if group else "message")
        return redirect(url_for("tickets.ticket", number=ticket.id), 303)
    if from_list():
        return on_list(text, group, seconds)
    db.session.flush()
    # What the verbs changed is read again, with everything the page shows of it.
    db.session.expire_all()
    response = refreshed(actor, ticket_for_page(actor, ticket.id), with_composer=with_composer)
    triggers: dict[str, Any] = {"dialog-close": True}
    if str(text):
        triggers["toast"] = toast(text, group, seconds)
    return with_triggers(response, **triggers)


def with_triggers(response: Response, **events: Any) -> Response:
    """Let the answer fire events on the page; names with dashes are given with underscores."""
    named = {name.replace("_", "-"): value for name, value in events.items()}
    response.headers["HX-Trigger"] = json.dumps(named)
    return response


def refreshed(actor: Actor, ticket: Ticket, *, with_composer: bool = False) -> Response:
    """Return head, properties and timeline (and the composer, emptied) as parts to be morphed.

    The timeline keeps the tab and what the reader has paged back to; the page says so.
    """
    context = head_context(actor, ticket)
    show, talk = shown_of(ticket, request.values.get("show", ""))
    shown = timeline_of(
        actor,
        ticket,
        show=show,
        since=timeline.Place.parse(request.values.get("since")),
        newest_first=wants_newest_first(),
        last_visit=context["last_visit"],
        talk=talk,
    )
    context["timeline"] = shown
    context["composer"] = None
    if with_composer:
        context["composer"] = composer_of(
            actor,
            ticket,
            seen=shown.journal.newest_id,
            copies=context["around"].copies,
            statuses=context["statuses"],
            list_query=context["list_query"],
        )
    response = make_response(render_template("tickets/_refresh.html", **context))
    # The parts find their places by their ids; the form that asked stays as it is.
    response.headers["HX-Reswap"] = "none"
    return response


def go_on(text: object, near: Neighbours | None, group: str | None = None) -> Response:
    """Lead to the next ticket of the list, or back to the list when there is none."""
    if from_list():
        return on_list(text, group, go_on=True)
    packed = request.values.get("in", "")
    number = near.next if near is not None else None
    url = ticket_url(number, packed) if number is not None else list_url(packed)
    flash(str(text), url_for("tickets.undo", group=group) if group else "message")
    return go_to(url)


def from_list() -> bool:
    """Whether a script of a list asked: its preview, or a button in one of its rows."""
    path = urlsplit(request.headers.get("HX-Current-URL", "")).path
    return is_fragment() and path == url_for("tickets.home")


def on_list(
    text: object, group: str | None = None, seconds: int | None = None, *, go_on: bool = False
) -> Response:
    """Answer a change made beside a list: the list shows it, and may go on to the next row."""
    events: dict[str, Any] = {"dialog_close": True, "list_refresh": True}
    if str(text):
        events["toast"] = toast(text, group, seconds)
    if go_on:
        events["list_next"] = True
    response = with_triggers(make_response(""), **events)
    response.headers["HX-Reswap"] = "none"
    return response


def ticket_url(number: int, packed: str = "") -> str:
    """Return the address of a ticket within the list it is worked through in."""
    within: dict[str, Any] = {"in": packed} if packed else {}
    return url_for("tickets.ticket", number=number, **within)


def go_to(url: str) -> Response:
    """Lead to another page, whoever asked."""
    if not is_fragment():
        return redirect(url, 303)
    response = make_response("")
    response.headers["HX-Redirect"] = url
    return response


# ---- Not done ----


def clash_strip(clash: Clash, ticket: Ticket, *, waiting: bool = True) -> str:
    """Return the strip that shows what others wrote, with "Send anyway" while something waits."""
    return render_template(
        "tickets/_clash.html",
        entries=clash.entries,
        newest=max(entry.id for entry in clash.entries),
        ticket=ticket,
        waiting=waiting,
    )


def clashed(clash: Clash, ticket: Ticket) -> Response:
    """Answer that others wrote meanwhile: what was typed stays, the strip stands above it."""
    response = make_response(clash_strip(clash, ticket), 409)
    response.headers["HX-Retarget"] = "#tk-clash"
    response.headers["HX-Reswap"] = "innerHTML"
    return response


def moved_meanwhile(
    ticket: Ticket, template: str = "tickets/_field_clash.html", **more: Any
) -> Response:
    """Answer that somebody else changed the same field: theirs and ours side by side.

    The strip is pressed, so the dialog that the change came from, if any, must not lie above it.
    """
    response = make_response(render_template(template, ticket=ticket, words=WORDS, **more), 409)
    response.headers["HX-Trigger"] = json.dumps({"dialog-close": True})
    response.headers["HX-Retarget"] = "#strips"
    response.headers["HX-Reswap"] = "innerHTML"
    return response


@bp.errorhandler(Refused)
@bp.errorhandler(people_errors.Refused)
def _refused(error: Refused | people_errors.Refused) -> Response:
    """Answer a verb's "no" that no form of the page took up: a strip says why."""
    if request.accept_mimetypes.best == "application/json":
        answer = jsonify(error=str(error))
        answer.status_code = 422
        return answer
    if not is_fragment():
        flash(str(error), "message")
        back = (
            request.referrer
            if request.referrer and request.referrer.startswith(request.host_url)
            else "/"
        )
        return make_response(
            render_template("tickets/refused.html", message=str(error), back=back), 422
        )
    response = make_response(render_template("tickets/_refused.html", message=str(error)), 422)
    response.headers["HX-Retarget"] = "#strips"
    response.headers["HX-Reswap"] = "innerHTML"
    return response
