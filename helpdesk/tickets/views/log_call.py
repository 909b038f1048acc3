"""Logging a call (a visit, a walk-in): the form that is open while somebody talks.

Needed are the customer and one line. The customer's open tickets come up at once, because a call
is most often about one of them: then a click adds the call there and no new ticket is made.
"""

import json
from typing import Any

from flask import flash, make_response, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from helpdesk.db import db
from helpdesk.people import errors as people_errors
from helpdesk.people.access import Actor, Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.people.models import ContactKind, Person
from helpdesk.people.queries import person_for, plain_person_for
from helpdesk.people.services import persons
from helpdesk.tickets import services
from helpdesk.tickets.companions import Draft
from helpdesk.tickets.desk import Category, Cause, Queue, QuickTemplate
from helpdesk.tickets.forms import LogCallForm, NewPersonForm, whole
from helpdesk.tickets.lifecycle import LEVELS, Kind, Outcome
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries import people
from helpdesk.tickets.queries.access import get_for, queue_for, visible_queues
from helpdesk.tickets.queries.page import causes, quick_templates
from helpdesk.tickets.services import NewTicket, Refused, Said
from helpdesk.tickets.services.drafts import discard_draft, find_draft, spend_draft, stamp_of
from helpdesk.tickets.views import asking
from helpdesk.tickets.views.answers import go_to, ticket_url, undo_seconds
from helpdesk.tickets.views.blueprint import bp, list_url
from helpdesk.tickets.views.lines import file_of
from helpdesk.tickets.views.page import WORDS
from helpdesk.tickets.views.talk import draft_kept, file_kept, keys_of
from helpdesk.web.forms import choices

DRAFT = "log"

KEPT = (
    "customer",
    "requester",
    "subject",
    "channel",
    "kind",
    "queue",
    "category",
    "impact",
    "urgency",
    "cause",
    "outcome",
    "solution",
    "minutes",
    "seconds",
    "happened_at",
)
"""Fields of the form that the draft keeps beside the notes."""


@bp.get("/tickets/new")
@require(Permission.TICKET_LOG)
def log_call() -> str:
    """Show the form, with what was typed and not logged yet."""
    actor = current_actor()
    draft = find_draft(actor, None, DRAFT)
    form = _form_of(draft)
    chosen = whole(request.args.get("customer"))
    if chosen is not None:
        form.customer.data = chosen
    template = _template(request.args.get("template"))
    if template is not None:
        _fill(form, template)
    return _show(actor, form, draft=draft, template=template)


def _form_of(draft: Draft | None) -> LogCallForm:
    if draft is None:
        return LogCallForm(formdata=None)
    values = {name: value for name, value in draft.fields.items() if name in KEPT and value}
    form = LogCallForm(formdata=None, body=draft.body, **values)
    for key in (form.customer, form.requester, form.category, form.seconds):
        key.data = whole(key.data)
    form.happened_at.data = None
    form.minutes.data = whole(values.get("minutes"))
    for choice in (form.queue, form.cause):
        choice.data = whole(choice.data)
    return form


def _template(text: str | None) -> QuickTemplate | None:
    key = whole(text)
    row = db.session.get(QuickTemplate, key) if key is not None else None
    return row if row is not None and row.retired_at is None else None


def _fill(form: LogCallForm, template: QuickTemplate) -> None:
    """Take over what a common matter says; nothing that it leaves open."""
    form.subject.data = template.subject
    form.kind.data = template.kind
    form.impact.data, form.urgency.data = str(template.impact), str(template.urgency)
    form.category.data = template.category_id
    form.cause.data = template.cause_id
    form.solution.data = template.solution


def _show(
    actor: Actor,
    form: LogCallForm,
    *,
    draft: Draft | None = None,
    template: QuickTemplate | None = None,
    page: str = "tickets/log_call.html",
) -> str:
    form.queue.choices = choices(
        [
            ("", _("By category")),
            *((queue.id, queue.name) for queue in visible_queues(actor)),
        ]
    )
    form.cause.choices = choices(
        [("", _("Choose a cause")), *((row.id, row.name) for row in causes())]
    )
    customer = _person(actor, form.customer.data)
    category = db.session.get(Category, form.category.data) if form.category.data else None
    return render_template(
        page,
        actor=actor,
        form=form,
        words=WORDS,
        templates=quick_templates(),
        template=template,
        customer=customer,
        requester=_person(actor, form.requester.data),
        category=category,
        caller=caller_context(actor, customer) if customer is not None else None,
        files=[file_of(row) for row in draft.attachments] if draft is not None else [],
        stamp=stamp_of(draft),
        may_backdate=actor.can(Permission.TICKET_BACKDATE),
        solved=bool(form.solution.data or form.cause.data),
        questions=asking.asked_at_opening(),
    )


def _person(actor: Actor, key: int | None) -> Person | None:
    """Return the person as the form shows them."""
    if key is None:
        return None
    try:
        return person_for(actor, key)
    except people_errors.Missing:
        return None


def _chosen(actor: Actor, key: int | None) -> Person | None:
    """Return the person as a verb needs them, which is less."""
    if key is None:
        return None
    try:
        return plain_person_for(actor, key)
    except people_errors.Missing:
        return None


def caller_context(actor: Actor, customer: Person) -> dict[str, Any]:
    """Return what the form shows of the caller: open tickets first, then the latest others."""
    still_open = people.open_tickets_of(actor, customer.id)
    history, _more = people.person_history(actor, customer.id, limit=5)
    known = {ticket.id for ticket in still_open}
    return {
        "person": customer,
        "open_tickets": still_open,
        "history": [ticket for ticket in history if ticket.id not in known][:3],
        "figures": people.figures(actor, customer.id),
    }


@bp.get("/tickets/new/caller")
@require(Permission.TICKET_LOG)
def caller() -> str:
    """Show who is calling and what they called about before."""
    actor = current_actor()
    customer = _person(actor, whole(request.args.get("customer")))
    if customer is None:
        return render_template("tickets/_caller.html", caller=None, words=WORDS)
    return render_template(
        "tickets/_caller.html", caller=caller_context(actor, customer), words=WORDS
    )


@bp.get("/tickets/new/fields")
@require(Permission.TICKET_LOG)
def log_fields() -> str:
    """Return the form's fields filled in from a quick template; what was typed stays."""
    actor = current_actor()
    draft = find_draft(actor, None, DRAFT)
    form = LogCallForm(formdata=request.args)
    template = _template(request.args.get("template"))
    if template is not None:
        _fill(form, template)
    return _show(actor, form, draft=draft, template=template, page="tickets/_log_fields.html")


@bp.post("/tickets/new")
@require(Permission.TICKET_LOG)
def log_it() -> Response:
    """Log it: as a call on an open ticket (same matter), as a new ticket, taken or resolved."""
    actor = current_actor()
    form = LogCallForm()
    problems = not form.validate()
    try:
        if problems:
            raise Refused("form", _("Something is missing."))
        asking.hold_at_opening(actor)
        same = whole(request.form.get("same_matter"))
        if same is not None:
            ticket = _add_to(actor, form, same)
            asking.answered_at_opening(actor, ticket)
            flash(_("Call added to %(number)d", number=ticket.id), "message")
            return go_to(ticket_url(ticket.id))
        ticket = _log(actor, form)
        asking.answered_at_opening(actor, ticket)
    except (Refused, people_errors.Refused) as refusal:
        db.session.rollback()
        if not problems:
            form.refuse(refusal.field, refusal.message)
        draft = find_draft(actor, None, DRAFT)
        page = _show(actor, form, draft=draft, page="tickets/_log_fields.html")
        if "HX-Request" not in request.headers:
            page = _show(actor, form, draft=draft)
        return make_response(page, 422)
    return _logged(ticket)


def _logged(ticket: Ticket) -> Response:
    if request.form.get("then") == "resolve":
        flash(_("%(number)d logged and resolved", number=ticket.id), "message")
        return go_to(list_url(""))
    flash(_("%(number)d logged", number=ticket.id), "message")
    return go_to(ticket_url(ticket.id))


def _add_to(actor: Actor, form: LogCallForm, number: int) -> Ticket:
    """Record the call on an open ticket of the customer: it is the same matter."""
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    files = spend_draft(actor, None, DRAFT, keys_of(form.attachment.data))
    parts = [(form.subject.data or "").strip(), (form.body.data or "").strip()]
    text = "\n\n".join(part for part in parts if part) or _("Called about it again.")
    services.log_call(
        actor,
        ticket,
        Said(text, files, form.happened_at.moment, form.duration()),
        inbound=True,
        channel=form.channel.data or "phone",
        undo_for=undo_seconds(),
    )
    return ticket


def _log(actor: Actor, form: LogCallForm) -> Ticket:
    """Call the verb the pressed button stands for."""
    new = _new_ticket(actor, form)
    then = request.form.get("then", "log")
    if then == "resolve":
        _check_solved(form)
    new.files = spend_draft(actor, None, DRAFT, keys_of(form.attachment.data))
    if then == "resolve":
        cause = db.session.get(Cause, form.cause.data) if form.cause.data else None
        return services.log_and_resolve(
            actor,
            new,
            cause=cause,
            solution=(form.solution.data or "").strip(),
            outcome=Outcome(form.outcome.data),
        )
    if then == "take":
        new.technician = _chosen(actor, actor.person_id)
    return services.log(actor, new)


def _check_solved(form: LogCallForm) -> None:
    """Raise Refused unless a solution is there, and a cause where something was solved."""
    if not (form.solution.data or "").strip():
        raise Refused("solution-missing", _("Say what fixed it, or what was found."), "solution")
    if form.outcome.data in {Outcome.SOLVED, Outcome.WORKAROUND} and not form.cause.data:
        raise Refused("cause-missing", _("Choose a cause."), "cause")


def _new_ticket(actor: Actor, form: LogCallForm) -> NewTicket:
    customer = _chosen(actor, form.customer.data)
    if customer is None:
        raise Refused(
            "customer-missing", _("Choose the customer, or add a new person."), "customer"
        )
    levels = {str(level) for level in LEVELS}
    return NewTicket(
        customer=customer,
        requester=_chosen(actor, form.requester.data),
        subject=form.subject.data or "",
        body=(form.body.data or "").strip() or (form.subject.data or ""),
        channel=form.channel.data or "phone",
        kind=form.kind.data if form.kind.data in set(Kind) else Kind.INCIDENT,
        queue=_queue(actor, form.queue.data),
        category=db.session.get(Category, form.category.data) if form.category.data else None,
        impact=int(form.impact.data) if form.impact.data in levels else 3,
        urgency=int(form.urgency.data) if form.urgency.data in levels else 2,
        happened_at=form.happened_at.moment,
        duration=form.duration(),
        inbound=True,
    )


def _queue(actor: Actor, key: int | None) -> Queue | None:
    return queue_for(actor, key) if key is not None else None


# ---- A caller nobody knows ----


@bp.get("/tickets/new/person")
@require(Permission.PERSON_EDIT)
def new_person_dialog() -> str:
    """Ask for a name, and an address or number if there is one."""
    said = request.args.get("words", "").strip()
    form = NewPersonForm(formdata=None)
    if "@" in said:
        form.email.data = said
    elif said and not any(c.isalpha() for c in said):
        form.phone.data = said
    else:
        form.name.data = said
    return render_template(
        "tickets/dialogs/person.html", form=form, field=request.args.get("field", "customer")
    )


@bp.post("/tickets/new/person")
@require(Permission.PERSON_EDIT)
def new_person() -> Response:
    """Make a person and choose them in the form that asked."""
    actor = current_actor()
    form = NewPersonForm()
    field = "requester" if request.form.get("field") == "requester" else "customer"
    if form.validate():
        contacts = tuple(
            persons.NewContact(kind, text)
            for kind, text in (
                (ContactKind.EMAIL, (form.email.data or "").strip()),
                (ContactKind.PHONE, (form.phone.data or "").strip()),
            )
            if text
        )
        try:
            person = persons.create(
                actor,
                persons.NewPerson(
                    form.name.data or "", contacts, {"organisation_id": form.organisation.data}
                ),
            )
            db.session.flush()
            response = make_response("", 200)
            response.headers["HX-Reswap"] = "none"
            chosen = {"field": field, "value": person.id, "label": person.name}
            response.headers["HX-Trigger"] = json.dumps(
                {"dialog-close": True, "person-made": chosen}
            )
            return response
        except people_errors.Refused as refusal:
            db.session.rollback()
            form.refuse(refusal.field, refusal.message)
    page = render_template("tickets/dialogs/person.html", form=form, field=field)
    return make_response(page, 422)


# ---- The draft of the call ----


@bp.post("/drafts/log")
@require(Permission.TICKET_LOG)
def keep_log_draft() -> Response:
    """Keep what is being typed into the form."""
    fields: dict[str, object] = {
        name: request.form[name][:20_000] for name in KEPT if request.form.get(name)
    }
    return draft_kept(current_actor(), None, DRAFT, fields)


@bp.post("/drafts/log/discard")
@require(Permission.TICKET_LOG)
def discard_log_draft() -> Response:
    """Begin afresh."""
    discard_draft(current_actor(), None, DRAFT)
    return go_to("/tickets/new")


@bp.post("/drafts/log/files")
@require(Permission.TICKET_LOG)
def upload_to_log() -> Response:
    """Take a file into the draft of the call."""
    return file_kept(current_actor(), None, DRAFT)
