"""Who works on it: assign, hand over, return, finish a part; followers."""

from dataclasses import replace

from flask import jsonify, make_response, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from helpdesk.db import db
from helpdesk.people.absent import away_now
from helpdesk.people.access import Actor, Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.people.queries import person_for
from helpdesk.tickets import services
from helpdesk.tickets.forms import AssignForm, PersonForm, ReasonForm, whole
from helpdesk.tickets.models import Assignment, Ticket
from helpdesk.tickets.queries import people
from helpdesk.tickets.queries.access import NotFound, get_for, queue_for
from helpdesk.tickets.queries.page import ticket_for_page
from helpdesk.tickets.queries.ready import standings
from helpdesk.tickets.services import Refused, Target
from helpdesk.tickets.views.answers import changed, undo_seconds, undoable
from helpdesk.tickets.views.blueprint import bp
from helpdesk.tickets.views.page import pieces_of
from helpdesk.tickets.wording import standing_words


@bp.get("/tickets/choices/target")
@require(Permission.TICKET_READ)
def target_choices() -> Response:
    """Return queues and technicians that can be given work, for a combobox."""
    actor = current_actor()
    rows = people.targets(actor, request.args.get("q", ""), near=whole(request.args.get("near")))
    stand = standings({row.technician_id for row in rows if row.technician_id})

    def hint(row: people.Choice) -> str:
        if not row.technician_id:
            return str(_("Queue"))
        return standing_words(stand[row.technician_id])

    return jsonify(
        [
            {
                "value": row.key,
                "label": f"{row.technician} · {row.queue}" if row.technician_id else row.queue,
                "hint": hint(row),
                "icon": "circle-user-round" if row.technician_id else "layers",
            }
            for row in rows
        ]
    )


@bp.get("/tickets/<int:number>/assign")
@require(Permission.TICKET_WORK)
def assign_dialog(number: int) -> str:
    """Ask who gets it: ``mode=add`` opens another assignment, ``assignment`` moves that one."""
    ticket = ticket_for_page(current_actor(), number)
    open_rows = pieces_of(current_actor(), ticket).open
    mode = "add" if request.args.get("mode") == "add" or not open_rows else "hand-over"
    form = AssignForm(formdata=None, mode=mode, assignment=whole(request.args.get("assignment")))
    return _show(ticket, form)


def _show(ticket: Ticket, form: AssignForm, chosen: list[tuple[str, str]] | None = None) -> str:
    actor = current_actor()
    pieces = pieces_of(actor, ticket)
    moving = next((row for row in pieces.open if row.id == form.assignment.data), None)
    return render_template(
        "tickets/dialogs/assign.html",
        ticket=ticket,
        actor=actor,
        form=form,
        pieces=pieces,
        moving=moving,
        chosen=chosen or [],
        somebody_away=bool(away_now()),
    )


@bp.post("/tickets/<int:number>/assign")
@require(Permission.TICKET_WORK)
def assign(number: int) -> Response:
    """Hand an assignment over, or open others beside it."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    form = AssignForm()
    targets: list[Target] = []
    try:
        targets = [
            services.around_absence(
                actor,
                ticket,
                Target(
                    queue_for(actor, queue_id),
                    person_for(actor, key) if key else None,
                    even_if_away=bool(form.even_if_away.data),
                ),
            )
            for queue_id, key in form.places()
        ]
        with undoable() as group:
            text = _assign(actor, ticket, form, targets)
    except Refused as refusal:
        db.session.rollback()
        field = "target" if refusal.field in {"queue", "technician"} else refusal.field
        form.refuse(field, refusal.message)
        chosen = [
            (str(value), target.label)
            for value, target in zip(form.target.data or [], targets, strict=False)
        ]
        return make_response(_show(ticket_for_page(actor, number), form, chosen), 422)
    return changed(actor, ticket, text, group=group)


def _assign(actor: Actor, ticket: Ticket, form: AssignForm, targets: list[Target]) -> str:
    """Call the verb the form asks for; return what it did in words."""
    names = ", ".join(
        _("%(target)s (covers for %(name)s)", target=target.label, name=target.instead_of)
        if target.instead_of
        else target.label
        for target in targets
    )
    if form.mode.data == "add":
        noted = [replace(row, note=form.reason.data or "") for row in targets]
        services.add(
            actor,
            ticket,
            noted,
            first_wins=bool(form.first_wins.data),
            undo_for=undo_seconds(),
        )
        return str(_("%(number)d: %(names)s works on it too", number=ticket.id, names=names))
    if not targets:
        raise Refused("target-missing", _("Choose a queue or a technician."), "target")
    if len(targets) > 1:
        message = _("Hand over to one; to give it to several, add beside it.")
        raise Refused("target-many", message, "target")
    services.hand_over(
        actor,
        ticket,
        targets[0],
        assignment_id=form.assignment.data,
        reason=form.reason.data or "",
        undo_for=undo_seconds(),
    )
    return str(_("%(number)d is with %(names)s now", number=ticket.id, names=names))


def _assignment_of(ticket: Ticket, assignment_id: int) -> Assignment:
    for row in ticket.assignments:
        if row.id == assignment_id:
            return row
    raise NotFound


@bp.post("/tickets/<int:number>/assignments/<int:assignment_id>/return")
@require(Permission.TICKET_WORK)
def give_back(number: int, assignment_id: int) -> Response:
    """Return what was handed over to where it came from."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    form = ReasonForm()
    with undoable() as group:
        services.give_back(
            actor,
            ticket,
            assignment_id,
            reason=form.reason.data or "",
            undo_for=undo_seconds(),
        )
    return changed(actor, ticket, _("%(number)d returned", number=ticket.id), group=group)


@bp.get("/tickets/<int:number>/assignments/<int:assignment_id>/resolve")
@require(Permission.TICKET_WORK)
def finish_dialog(number: int, assignment_id: int) -> str:
    """Ask what was done when a part of the work ends."""
    ticket = ticket_for_page(current_actor(), number)
    return render_template(
        "tickets/dialogs/finish.html",
        ticket=ticket,
        row=_assignment_of(ticket, assignment_id),
        form=ReasonForm(formdata=None),
    )


@bp.post("/tickets/<int:number>/assignments/<int:assignment_id>/resolve")
@require(Permission.TICKET_WORK)
def finish(number: int, assignment_id: int) -> Response:
    """End one's piece of the work; the ticket stays open for the rest."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    form = ReasonForm()
    with undoable() as group:
        services.resolve_assignment(
            actor,
            ticket,
            assignment_id,
            note=form.reason.data or "",
            undo_for=undo_seconds(),
        )
    return changed(actor, ticket, _("%(number)d: part finished", number=ticket.id), group=group)


# ---- Followers ----


@bp.post("/tickets/<int:number>/follow")
@require(Permission.TICKET_READ)
def follow(number: int) -> Response:
    """Follow the ticket, or let a colleague follow it."""
    actor = current_actor()
    ticket = get_for(actor, number)
    key = PersonForm().person.data or actor.person_id
    if key is None:
        raise NotFound
    services.follow(actor, ticket, person_for(actor, key))
    text = _("You follow %(number)d", number=ticket.id) if key == actor.person_id else ""
    return changed(actor, ticket, text)


@bp.post("/tickets/<int:number>/unfollow")
@require(Permission.TICKET_READ)
def unfollow(number: int) -> Response:
    """Stop following."""
    actor = current_actor()
    ticket = get_for(actor, number)
    key = PersonForm().person.data or actor.person_id
    if key is None:
        raise NotFound
    services.unfollow(actor, ticket, person_for(actor, key))
    mine = key == actor.person_id
    text = _("You no longer follow %(number)d", number=ticket.id) if mine else ""
    return changed(actor, ticket, text)


@bp.get("/tickets/<int:number>/followers")
@require(Permission.TICKET_READ)
def followers_dialog(number: int) -> str:
    """Ask who else should follow."""
    ticket = ticket_for_page(current_actor(), number)
    return render_template("tickets/dialogs/follower.html", ticket=ticket)
