"""The same change to many tickets: what to change, and what became of each."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import select
from werkzeug.exceptions import NotFound as NothingHere
from werkzeug.wrappers import Response
from wtforms import SelectChoice  # type: ignore[attr-defined]

from helpdesk.db import db
from helpdesk.people.access import Actor, Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.people.models import Person
from helpdesk.tickets import list_forms, services, wording
from helpdesk.tickets.desk import Category, Cause, Status, Tag, TicketTag
from helpdesk.tickets.forms import bin_choice, whole
from helpdesk.tickets.lifecycle import HoldReason, LinkType, Outcome, StatusClass
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import NotFound, get_for, many_for, queue_for, visible_queues
from helpdesk.tickets.services import Refused, Result, Target
from helpdesk.tickets.views.answers import is_fragment, toast, undo_seconds
from helpdesk.tickets.views.blueprint import bp
from helpdesk.web.forms import Form, choices

Change = Callable[[Ticket], object]


@dataclass(frozen=True, slots=True)
class Action:
    """One kind of bulk change: its form, and how it is made into a change of one ticket."""

    title: Any
    button: Any
    form: type[Form]
    plan: Callable[[Actor, Any, Sequence[Ticket], int], Change]
    permission: Permission = Permission.TICKET_BULK


# ---- What is done to each ticket ----


def _assign(actor: Actor, form: Any, _tickets: Sequence[Ticket], undo_for: int) -> Change:
    queue = queue_for(actor, form.queue.data) if form.queue.data else None
    technician = db.session.get(Person, form.technician.data) if form.technician.data else None
    if queue is None and technician is None:
        raise Refused("target-missing", _l("Choose a queue or a technician."), "queue")

    def change(ticket: Ticket) -> object:
        target = Target(queue or ticket.queue, technician)
        try:
            return services.hand_over(
                actor, ticket, target, reason=form.reason.data or "", undo_for=undo_for
            )
        except Refused as refusal:
            if refusal.code != "same-target":
                raise
            return None

    return change


def _status(actor: Actor, form: Any, _tickets: Sequence[Ticket], undo_for: int) -> Change:
    status = db.session.get(Status, form.status.data) if form.status.data else None
    if status is None or status.retired_at is not None:
        raise Refused("status-missing", _l("Choose a status."), "status")
    cause = db.session.get(Cause, form.cause.data) if form.cause.data else None

    def change(ticket: Ticket) -> object:
        if status.status_class == StatusClass.RESOLVED:
            if ticket.status_class == StatusClass.RESOLVED:
                return services.change_status(actor, ticket, status, undo_for=undo_for)
            return services.resolve(
                actor,
                ticket,
                outcome=Outcome(form.outcome.data),
                solution=form.solution.data or "",
                cause=cause,
                undo_for=undo_for,
            )
        if status.hold_reason == HoldReason.DATE and status.id != ticket.status_id:
            return services.hold(
                actor,
                ticket,
                HoldReason.DATE,
                status=status,
                wake_at=form.wake_at.moment,
                undo_for=undo_for,
            )
        return services.change_status(actor, ticket, status, undo_for=undo_for)

    return change


def _priority(actor: Actor, form: Any, _tickets: Sequence[Ticket], undo_for: int) -> Change:
    priority = int(form.priority.data)
    return lambda ticket: services.set_priority(actor, ticket, priority, undo_for=undo_for)


def _category(actor: Actor, form: Any, _tickets: Sequence[Ticket], undo_for: int) -> Change:
    category = db.session.get(Category, form.category.data) if form.category.data else None
    if category is None:
        raise Refused("category-missing", _l("Choose a category."), "category")
    return lambda ticket: services.set_category(actor, ticket, category, undo_for=undo_for)


def _tag(actor: Actor, form: Any, tickets: Sequence[Ticket], undo_for: int) -> Change:
    words = [word.strip() for word in form.tags.data.split(",") if word.strip()]
    known: dict[int, list[str]] = {}
    rows = db.session.execute(
        select(TicketTag.ticket_id, Tag.name)
        .join(Tag, Tag.id == TicketTag.tag_id)
        .where(TicketTag.ticket_id.in_([ticket.id for ticket in tickets]))
        .order_by(Tag.name)
    )
    for number, name in rows:
        known.setdefault(number, []).append(name)

    def change(ticket: Ticket) -> object:
        present = known.get(ticket.id, [])
        if form.how.data == "remove":
            wanted = [name for name in present if name not in words]
        else:
            wanted = [*present, *words]
        return services.set_tags(actor, ticket, wanted, undo_for=undo_for)

    return change


def _merge(actor: Actor, form: Any, tickets: Sequence[Ticket], undo_for: int) -> Change:
    survivor = next((t for t in tickets if str(t.id) == form.survivor.data), None)
    if survivor is None:
        raise Refused("survivor-missing", _l("Choose which ticket goes on."), "survivor")

    def change(ticket: Ticket) -> object:
        if ticket is survivor:
            return None
        return services.merge(actor, survivor, ticket, undo_for=undo_for)

    return change


def _link(actor: Actor, form: Any, _tickets: Sequence[Ticket], undo_for: int) -> Change:
    try:
        parent = get_for(actor, whole(form.parent.data) or 0, lock=True)
    except NotFound:
        raise Refused("parent-missing", _l("There is no such ticket."), "parent") from None
    return lambda ticket: services.link(actor, parent, ticket, LinkType.PARENT, undo_for=undo_for)


def _bin(actor: Actor, form: Any, _tickets: Sequence[Ticket], undo_for: int) -> Change:
    reason, block = bin_choice(form.reason.data, sure=bool(form.sure.data))
    return lambda ticket: services.bin_ticket(actor, ticket, reason, block=block, undo_for=undo_for)


ACTIONS: dict[str, Action] = {
    "assign": Action(_l("Assign"), _l("Assign"), list_forms.AssignManyForm, _assign),
    "status": Action(_l("Status"), _l("Change status"), list_forms.StatusManyForm, _status),
    "priority": Action(
        _l("Priority"), _l("Change priority"), list_forms.PriorityManyForm, _priority
    ),
    "category": Action(
        _l("Category"), _l("Change category"), list_forms.CategoryManyForm, _category
    ),
    "tag": Action(_l("Tags"), _l("Change tags"), list_forms.TagManyForm, _tag),
    "merge": Action(
        _l("Merge"), _l("Merge"), list_forms.MergeManyForm, _merge, Permission.TICKET_MERGE
    ),
    "link": Action(_l("Link under a parent"), _l("Link"), list_forms.LinkManyForm, _link),
    "bin": Action(
        _l("Move to the bin"),
        _l("Move to the bin"),
        list_forms.BinManyForm,
        _bin,
        Permission.TICKET_BIN,
    ),
}


# ---- Asking and doing ----


@bp.get("/queue/bulk/<action>")
@require(Permission.TICKET_BULK)
def ask_bulk(action: str) -> str:
    """Ask what is to be changed."""
    actor = current_actor()
    what = _action(actor, action)
    return _form(actor, action, what, _prepared(actor, what.form()), _chosen(actor))


@bp.post("/queue/bulk/<action>")
@require(Permission.TICKET_BULK)
def do_bulk(action: str) -> Response:
    """Change the tickets that were chosen, and say what became of each."""
    actor = current_actor()
    what = _action(actor, action)
    tickets = _chosen(actor)
    form = _prepared(actor, what.form())
    if not tickets:
        form.form_errors.append(_("Select some tickets first."))
        return make_response(_form(actor, action, what, form, tickets), 422)
    if not form.validate():
        return make_response(_form(actor, action, what, form, tickets), 422)
    group = services.new_group()
    # Five hundred tickets take a while; the first must still be there to be taken back.
    undo_for = undo_seconds() + len(tickets) // 10
    try:
        change = what.plan(actor, form, tickets, undo_for)
        results = services.change_many(
            actor, tickets, change, undo_group=group, quiet=bool(form.quiet.data)
        )
    except Refused as refusal:
        form.refuse(refusal.field, refusal.message)
        return make_response(_form(actor, action, what, form, tickets), 422)
    return answer_many(what.title, tickets, results, group)


def _action(actor: Actor, name: str) -> Action:
    what = ACTIONS.get(name)
    if what is None:
        raise NothingHere
    actor.demand(what.permission)
    return what


def _chosen(actor: Actor) -> list[Ticket]:
    """Return the tickets whose boxes are ticked, locked when they are about to be changed."""
    numbers = [
        number for text in request.values.getlist("ticket") if (number := whole(text)) is not None
    ]
    return many_for(actor, numbers)


def _prepared(actor: Actor, form: Any) -> Any:
    """Give the choices of a form that come from the desk's set-up."""
    if isinstance(form, list_forms.AssignManyForm):
        form.queue.choices = choices(
            [
                ("", _("The ticket's own queue")),
                *((queue.id, queue.name) for queue in visible_queues(actor)),
            ]
        )
    if isinstance(form, list_forms.StatusManyForm):
        statuses = db.session.scalars(
            select(Status).where(Status.retired_at.is_(None)).order_by(Status.position, Status.id)
        )
        form.status.choices = [
            SelectChoice(value=row.id, label=wording.status_label(row), render_kw=_kind_of(row))
            for row in statuses
            if row.status_class != StatusClass.NEW
        ]
        causes = db.session.scalars(
            select(Cause).where(Cause.retired_at.is_(None)).order_by(Cause.position, Cause.id)
        )
        form.cause.choices = choices(
            [
                ("", _("As each ticket has it")),
                *((cause.id, cause.name) for cause in causes),
            ]
        )
    return form


def _kind_of(status: Status) -> dict[str, str]:
    """Return what the page's script must know of a status to show the fields it needs."""
    return {"data-class": status.status_class, "data-hold": status.hold_reason or ""}


def _form(actor: Actor, name: str, what: Action, form: Any, tickets: Sequence[Ticket]) -> str:
    if isinstance(form, list_forms.MergeManyForm):
        form.survivor.choices = choices((str(t.id), f"{t.id} {t.subject}") for t in tickets)
        if not form.survivor.data and tickets:
            form.survivor.data = str(min(ticket.id for ticket in tickets))
    return render_template(
        "tickets/_bulk_form.html", name=name, what=what, form=form, tickets=tickets, actor=actor
    )


# ---- Answering ----


def summary(results: Sequence[Result], done: int) -> str:
    """Say in one line what became of a bulk change: "38 of 40 changed; 2 need a cause"."""
    refused = [result for result in results if not result.ok]
    if not refused:
        changed = ngettext("%(num)d ticket changed", "%(num)d tickets changed", done)
        same = len(results) - done
        if not same:
            return str(changed)
        rest = ngettext("%(num)d was so already", "%(num)d were so already", same)
        return str(_("%(changed)s; %(rest)s", changed=changed, rest=rest))
    changed = _("%(done)d of %(all)d changed", done=done, all=len(results))
    if all(result.code == "cause-missing" for result in refused):
        rest = ngettext("%(num)d needs a cause", "%(num)d need a cause", len(refused))
    elif all(result.code == "reason-missing" for result in refused):
        rest = ngettext("%(num)d needs a reason", "%(num)d need a reason", len(refused))
    else:
        rest = ngettext("%(num)d refused", "%(num)d refused", len(refused))
    return str(_("%(changed)s; %(rest)s", changed=changed, rest=rest))


def answer_many(
    title: object,
    tickets: Sequence[Ticket],
    results: Sequence[Result],
    group: str,
    more: str = "",
) -> Response:
    """Say what became of each ticket, with an undo for all of them; ``more`` ends the toast."""
    refused = [result for result in results if not result.ok]
    done = sum(result.ok and not result.message for result in results)
    text = " ".join(filter(None, [summary(results, done), more]))
    if not is_fragment():
        flash(text, "message")
        return redirect(request.referrer or "/queue", 303)
    triggers: dict[str, Any] = {"list-refresh": True}
    if done:
        triggers["toast"] = toast(text, group)
    else:
        triggers["toast"] = {"text": text}
    if refused:
        # What was refused stays chosen, so that it can be tried otherwise.
        triggers["list-keep"] = {"numbers": [result.number for result in refused]}
        subjects = {ticket.id: ticket.subject for ticket in tickets}
        body = render_template(
            "tickets/_bulk_result.html",
            title=title,
            text=text,
            refused=refused,
            subjects=subjects,
        )
    else:
        triggers["list-clear"] = triggers["dialog-close"] = True
        body = ""
    response = make_response(body)
    response.headers["HX-Trigger"] = json.dumps(triggers)
    return response
