"""Steps of the work, and the time it took."""

from flask import make_response, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from helpdesk.db import db
from helpdesk.people.access import Actor, Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.people.models import Person
from helpdesk.people.queries import person_for
from helpdesk.tickets import services
from helpdesk.tickets.forms import TaskForm, TimeForm
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import get_for
from helpdesk.tickets.queries.page import ticket_for_page, time_of
from helpdesk.tickets.services import Refused
from helpdesk.tickets.services.work import find_task
from helpdesk.tickets.views.answers import changed
from helpdesk.tickets.views.blueprint import bp
from helpdesk.web.i18n import local


def _person(actor: Actor, key: int | None) -> Person | None:
    return person_for(actor, key) if key is not None else None


# ---- Tasks ----


@bp.get("/tickets/<int:number>/tasks")
@require(Permission.TICKET_WORK)
def tasks_dialog(number: int) -> str:
    """Ask for new steps."""
    ticket = ticket_for_page(current_actor(), number)
    form = TaskForm(formdata=None, checklist=request.args.get("checklist", ""))
    return _show(ticket, form)


def _show(ticket: Ticket, form: TaskForm, task_id: int | None = None, who: str = "") -> str:
    return render_template(
        "tickets/dialogs/task.html", ticket=ticket, form=form, task_id=task_id, who=who
    )


@bp.post("/tickets/<int:number>/tasks")
@require(Permission.TICKET_WORK)
def add_tasks(number: int) -> Response:
    """Add steps, one a line."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    form = TaskForm()
    try:
        services.add_tasks(
            actor,
            ticket,
            form.titles(),
            checklist=form.checklist.data or "",
            person=_person(actor, form.person.data),
            due_at=form.due_at.moment,
        )
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal.field, refusal.message)
        return make_response(_show(ticket_for_page(actor, number), form), 422)
    return changed(actor, ticket, _("Tasks added"))


@bp.post("/tickets/<int:number>/tasks/<int:task_id>/done")
@require(Permission.TICKET_WORK)
def tick_task(number: int, task_id: int) -> Response:
    """Tick a step off, or take the tick away."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    services.set_task_done(actor, ticket, task_id, request.form.get("done") == "1")
    return changed(actor, ticket, "")


@bp.get("/tickets/<int:number>/tasks/<int:task_id>")
@require(Permission.TICKET_WORK)
def task_dialog(number: int, task_id: int) -> str:
    """Offer what a step says, who does it and by when."""
    ticket = ticket_for_page(current_actor(), number)
    task = find_task(ticket, task_id)
    due = local(task.due_at).replace(tzinfo=None) if task.due_at is not None else None
    form = TaskForm(formdata=None, title=task.title, person=task.person_id, due_at=due)
    return _show(ticket, form, task.id, task.person.name if task.person is not None else "")


@bp.post("/tickets/<int:number>/tasks/<int:task_id>")
@require(Permission.TICKET_WORK)
def edit_task(number: int, task_id: int) -> Response:
    """Change a step."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    form = TaskForm()
    try:
        services.edit_task(
            actor,
            ticket,
            task_id,
            title=" ".join(form.titles()),
            person=_person(actor, form.person.data),
            due_at=form.due_at.moment,
        )
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal.field, refusal.message)
        return make_response(_show(ticket_for_page(actor, number), form, task_id), 422)
    return changed(actor, ticket, _("Task changed"))


@bp.post("/tickets/<int:number>/tasks/<int:task_id>/remove")
@require(Permission.TICKET_WORK)
def remove_task(number: int, task_id: int) -> Response:
    """Take a step off the list."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    services.remove_task(actor, ticket, task_id)
    return changed(actor, ticket, _("Task removed"))


# ---- Time ----


@bp.get("/tickets/<int:number>/time")
@require(Permission.TICKET_READ)
def time_dialog(number: int) -> str:
    """Show who spent how much time on what, and ask for more."""
    actor = current_actor()
    return _show_time(ticket_for_page(actor, number), TimeForm(formdata=None))


def _show_time(ticket: Ticket, form: TimeForm) -> str:
    return render_template(
        "tickets/dialogs/time.html",
        ticket=ticket,
        form=form,
        rows=time_of(ticket),
        in_all=services.time_with_children(ticket),
        actor=current_actor(),
    )


@bp.post("/tickets/<int:number>/time")
@require(Permission.TICKET_WORK)
def add_time(number: int) -> Response:
    """Record time spent, or correct it with a negative number."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    form = TimeForm()
    if form.validate():
        try:
            services.add_time(
                actor,
                ticket,
                int(form.minutes.data or 0) * 60,
                note=form.note.data or "",
                happened_at=form.happened_at.moment,
            )
            return changed(actor, ticket, _("Time recorded"))
        except Refused as refusal:
            db.session.rollback()
            form.refuse(refusal.field, refusal.message)
    return make_response(_show_time(ticket_for_page(actor, number), form), 422)
