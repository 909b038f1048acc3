"""The end of a shift: what is mine and open, a line each, passed on together."""

from collections.abc import Sequence
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Row
from werkzeug.wrappers import Response

from helpdesk.db import db
from helpdesk.people.access import Actor, Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.people.models import Absence, Person
from helpdesk.people.services.absences import absence_for
from helpdesk.tickets import services
from helpdesk.tickets.forms import whole
from helpdesk.tickets.lifecycle import UNFINISHED
from helpdesk.tickets.list_forms import HandOverForm
from helpdesk.tickets.queries import lists
from helpdesk.tickets.queries.access import many_for, queue_for, visible_queues
from helpdesk.tickets.queries.filters import Filter, My
from helpdesk.tickets.queries.held import falling_due, held_by
from helpdesk.tickets.services import Refused, Result, Target
from helpdesk.tickets.services.handover import pass_on
from helpdesk.tickets.views.answers import undo_seconds
from helpdesk.tickets.views.blueprint import bp
from helpdesk.tickets.views.listing import (
    GROUP_NAMES,
    HOLD_WORDS,
    frame_of,
    side_of,
    topics_of,
)
from helpdesk.tickets.views.page import WORDS
from helpdesk.web.forms import choices
from helpdesk.web.i18n import reader_zone

MOST = 200
"""Tickets of one person that are shown; who has more has another trouble first."""


@bp.get("/queue/hand-over")
@require(Permission.TICKET_WORK)
def hand_over_list() -> str:
    """Show what is mine and open, with room for a word on each.

    With ``absence`` it is the work of somebody who goes away, that which falls due meanwhile
    chosen, for who covers.
    """
    actor = current_actor()
    absence = _absence(actor)
    form = HandOverForm(formdata=None)
    if absence is not None:
        form.technician.data = absence.cover_id
        form.reason.data = _("%(name)s is away", name=absence.person.name)
    return _page(actor, _prepared(actor, form), [], absence=absence)


def _absence(actor: Actor) -> Absence | None:
    key = whole(request.values.get("absence"))
    return absence_for(actor, key) if key is not None else None


@bp.post("/queue/hand-over")
@require(Permission.TICKET_WORK, Permission.TICKET_BULK)
def hand_over_work() -> Response:
    """Pass the chosen tickets on to a colleague or a queue."""
    actor = current_actor()
    form = _prepared(actor, HandOverForm())
    absence = _absence(actor)
    chosen = [number for text in request.form.getlist("ticket") if (number := whole(text))]
    if not chosen:
        form.form_errors.append(_("Select some tickets first."))
    elif form.validate():
        try:
            target = _target(actor, form)
        except Refused as refusal:
            form.refuse(refusal.field, refusal.message)
        else:
            return _pass(actor, chosen, target, form, absence)
    return make_response(_page(actor, form, [], absence=absence), 422)


def _target(actor: Actor, form: HandOverForm) -> Target:
    technician = db.session.get(Person, form.technician.data) if form.technician.data else None
    if form.queue.data is None:
        raise Refused("queue-missing", _("Choose a queue."), "queue")
    return Target(queue_for(actor, form.queue.data), technician)


def _pass(
    actor: Actor, chosen: list[int], target: Target, form: HandOverForm, absence: Absence | None
) -> Response:
    tickets = many_for(actor, chosen, permission=Permission.TICKET_WORK)
    group = services.new_group()
    results = pass_on(
        actor,
        tickets,
        target,
        reason=form.reason.data or "",
        comments={number: request.form.get(f"comment-{number}", "") for number in chosen},
        whose=absence.person_id if absence is not None else None,
        undo_for=undo_seconds() + len(tickets) // 10,
        undo_group=group,
    )
    done = sum(result.ok and not result.message for result in results)
    refused = [result for result in results if not result.ok]
    said = _("%(done)d of %(all)d passed on", done=done, all=len(results))
    if refused:
        return make_response(_page(actor, form, refused, said, absence=absence))
    flash(said, url_for("tickets.undo", group=group))
    key = absence.id if absence is not None else None
    return redirect(url_for("tickets.hand_over_list", absence=key), 303)


def _prepared(actor: Actor, form: HandOverForm) -> HandOverForm:
    form.queue.choices = choices((queue.id, queue.name) for queue in visible_queues(actor))
    if form.queue.data is None and actor.queue_ids:
        form.queue.data = min(actor.queue_ids)
    return form


def _page(
    actor: Actor,
    form: HandOverForm,
    refused: list[Result],
    said: str = "",
    *,
    absence: Absence | None = None,
) -> str:
    side = side_of(actor, None)
    rows = _rows(actor, absence)
    until = absence.ends_at if absence is not None else None
    return render_template(
        "tickets/hand_over.html",
        side=side,
        query="",
        topics=topics_of(side.queue_lines),
        **frame_of(actor),
        rows=rows,
        absence=absence,
        chosen=falling_due([row.number for row in rows], until) if until is not None else None,
        technician=db.session.get(Person, form.technician.data) if form.technician.data else None,
        form=form,
        refused={result.number: result.message for result in refused},
        said=said,
        group_names=GROUP_NAMES,
        hold_words=HOLD_WORDS,
        words=WORDS,
    )


def _rows(actor: Actor, absence: Absence | None) -> Sequence[Row[Any]]:
    mine = Filter(my=My.ASSIGNED)
    if absence is None or absence.person_id == actor.person_id:
        return lists.page(actor, mine, zone=reader_zone(), limit=MOST).rows
    held = held_by(actor, absence.person_id, limit=MOST)
    everything = Filter(classes=tuple(sorted(UNFINISHED)))
    return lists.page(actor, everything, zone=reader_zone(), limit=MOST, only=held).rows
