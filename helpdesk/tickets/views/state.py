"""Dialogs that move a ticket through its life: resolve, hold, close, reopen, the bin."""

from datetime import UTC, datetime, time, timedelta

from flask import make_response, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor, Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets import services
from helpdesk.tickets.desk import Cause
from helpdesk.tickets.forms import (
    BinForm,
    HoldForm,
    ReasonForm,
    ReplyForm,
    ResolveForm,
    bin_choice,
)
from helpdesk.tickets.lifecycle import EntryKind, HoldReason, Outcome
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.queries import side_talks, similar
from helpdesk.tickets.queries.access import get_for
from helpdesk.tickets.queries.page import causes, drafts_of, ticket_for_page
from helpdesk.tickets.queries.timeline import newest_entry_id
from helpdesk.tickets.services import Clash, Refused
from helpdesk.tickets.services.talk import check_seen, copy_recipients
from helpdesk.tickets.views import asking
from helpdesk.tickets.views.answers import (
    changed,
    clash_strip,
    go_on,
    is_fragment,
    settings,
    undo_seconds,
    undoable,
)
from helpdesk.tickets.views.blueprint import bp
from helpdesk.tickets.views.page import WORDS, nearby
from helpdesk.tickets.views.supplier import begin as begin_supplier
from helpdesk.tickets.views.supplier import offer as offer_suppliers
from helpdesk.tickets.views.supplier import wait_of
from helpdesk.tickets.views.talk import say_reply, wants_next
from helpdesk.web.forms import choices
from helpdesk.web.i18n import local, moment, reader_zone

MORNING = time(9)
EVENING = time(18)

# ---- Resolve ----


@bp.get("/tickets/<int:number>/resolve")
@require(Permission.TICKET_WORK)
def resolve_dialog(number: int) -> str:
    """Ask how it ended; cause and solution are filled in as far as they are known."""
    actor = current_actor()
    ticket = ticket_for_page(actor, number)
    solved = similar.similar_solved(actor, ticket)
    suggested = similar.suggested_cause(actor, ticket, solved)
    draft = drafts_of(actor, ticket).get("reply")
    typed = draft.body.strip() if draft is not None else ""
    form = ResolveForm(
        formdata=None,
        cause=suggested.id if suggested is not None else None,
        outcome=Outcome.SOLVED,
        solution=typed or ticket.solution or _last_answer(ticket),
        send_reply=bool(typed),
        with_children=True,
        seen=newest_entry_id(ticket),
    )
    return _show_resolve(ticket, form, suggested=suggested, typed=bool(typed))


def _last_answer(ticket: Ticket) -> str:
    """Return our newest answer: what was told the customer is often what fixed it."""
    return (
        db.session.scalar(
            select(Entry.body)
            .where(
                Entry.ticket_id == ticket.id,
                Entry.kind == EntryKind.MESSAGE,
                Entry.inbound.is_(False),
                Entry.withdrawn_at.is_(None),
                Entry.redacted_at.is_(None),
            )
            .order_by(Entry.id.desc())
            .limit(1)
        )
        or ""
    )


def _show_resolve(
    ticket: Ticket,
    form: ResolveForm,
    *,
    suggested: Cause | None = None,
    typed: bool = False,
    clash: Clash | None = None,
) -> str:
    form.cause.choices = choices(
        [("", _("Choose a cause")), *((row.id, row.name) for row in causes())]
    )
    return render_template(
        "tickets/dialogs/resolve.html",
        ticket=ticket,
        form=form,
        suggested=suggested,
        typed=typed,
        children=services.open_children(ticket),
        awaited=[side_talks.names(talk) for talk in side_talks.still_open(ticket)],
        questions=asking.asked(asking.Form.RESOLVE, ticket),
        reopen_days=settings().reopen_days,
        clash=clash_strip(clash, ticket, waiting=False) if clash is not None else "",
        packed=request.values.get("in", ""),
        words=WORDS,
    )


@bp.post("/tickets/<int:number>/resolve")
@require(Permission.TICKET_WORK)
def resolve(number: int) -> Response:
    """Resolve a ticket; with the box ticked, the typed answer goes out first."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    near = nearby(actor, ticket) if wants_next() else None
    form = ResolveForm()
    draft = drafts_of(actor, ticket).get("reply")
    typed = draft is not None and bool(draft.body.strip())
    along = len(services.open_below(ticket)) if form.with_children.data else 0
    try:
        check_seen(actor, ticket, form.seen.data)
        with undoable() as group:
            if form.send_reply.data and draft is not None and typed:
                _send_draft(actor, ticket)
            asking.answered(asking.Form.RESOLVE, actor, ticket)
            _resolve(actor, ticket, form)
    except Clash as clash:
        # Looked at now: pressing again goes through.
        db.session.rollback()
        ticket = ticket_for_page(actor, number)
        form.seen.data = newest_entry_id(ticket)
        return make_response(_show_resolve(ticket, form, typed=typed, clash=clash), 409)
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal.field, refusal.message)
        ticket = ticket_for_page(actor, number)
        return make_response(_show_resolve(ticket, form, typed=typed), 422)
    text = _("%(number)d resolved", number=ticket.id)
    if along:
        text = ngettext(
            "%(number)d and %(num)d linked ticket resolved",
            "%(number)d and %(num)d linked tickets resolved",
            along,
            number=ticket.id,
        )
    if wants_next():
        if near is not None and near.next is not None:
            text = _("%(done)s. Next: %(next)d", done=text, next=near.next)
        return go_on(text, near, group)
    return changed(actor, ticket, text, group=group, with_composer=True)


def _send_draft(actor: Actor, ticket: Ticket) -> None:
    """Send the answer that lies in the draft, with its files and recipients."""
    draft = drafts_of(actor, ticket)["reply"]
    people = {
        name: [str(row["id"]) for row in rows if isinstance(row, dict) and "id" in row]
        for name in ("to", "cc")
        if isinstance(rows := draft.fields.get(name), list)
    }
    form = ReplyForm(
        formdata=None,
        body=draft.body,
        to=people.get("to", []),
        cc=people["cc"]
        if "cc" in people
        else [str(person.id) for person in copy_recipients(ticket)],
        attachment=[str(row.id) for row in draft.attachments],
    )
    say_reply(actor, ticket, form)


def _resolve(actor: Actor, ticket: Ticket, form: ResolveForm) -> None:
    cause = db.session.get(Cause, form.cause.data) if form.cause.data else None
    outcome = form.outcome.data
    if outcome not in set(Outcome):
        raise Refused("outcome-unknown", _("Choose an outcome."), "outcome")
    services.resolve(
        actor,
        ticket,
        outcome=Outcome(outcome),
        solution=form.solution.data or "",
        cause=cause,
        with_children=bool(form.with_children.data),
        force=bool(form.force.data),
        undo_for=undo_seconds(),
    )


# ---- Hold ----


def presets(moment_now: datetime) -> list[tuple[str, str]]:
    """Return times to come back at, in the reader's zone: (key, what it is called)."""
    here = local(moment_now)
    zone = reader_zone()
    found: list[tuple[datetime, str]] = []
    in_three_hours = (here + timedelta(hours=3)).replace(minute=0, second=0, microsecond=0)
    if in_three_hours.date() == here.date() and in_three_hours.time() <= EVENING:
        found.append((in_three_hours, _("Later today")))
    tomorrow = datetime.combine(here.date() + timedelta(days=1), MORNING, zone)
    found.append((tomorrow, _("Tomorrow morning")))
    monday = here.date() + timedelta(days=7 - here.weekday())
    if monday != tomorrow.date():
        found.append((datetime.combine(monday, MORNING, zone), _("Next Monday")))
    return [
        (
            at.astimezone(UTC).isoformat(),
            _("%(name)s, %(time)s", name=name, time=moment(at.astimezone(UTC))),
        )
        for at, name in found
    ]


def _until_choices() -> list[tuple[str, str]]:
    return [
        ("none", _("Until something happens")),
        *presets(now()),
        ("custom", _("Another time")),
    ]


@bp.get("/tickets/<int:number>/hold")
@require(Permission.TICKET_WORK)
def hold_dialog(number: int) -> str:
    """Ask why it waits and when it should come back."""
    ticket = ticket_for_page(current_actor(), number)
    reason = request.args.get("reason", ticket.hold_reason or HoldReason.CUSTOMER)
    form = HoldForm(formdata=None, reason=reason, until="none")
    begin_supplier(form, ticket)
    return _show_hold(ticket, form)


def _show_hold(ticket: Ticket, form: HoldForm) -> str:
    form.until.choices = choices(_until_choices())
    offer_suppliers(form, ticket)
    return render_template(
        "tickets/dialogs/hold.html",
        ticket=ticket,
        form=form,
        packed=request.values.get("in", ""),
    )


@bp.post("/tickets/<int:number>/hold")
@require(Permission.TICKET_WORK)
def hold(number: int) -> Response:
    """Put a ticket on hold, until something happens or until a time."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    near = nearby(actor, ticket) if wants_next() else None
    form = HoldForm()
    try:
        with undoable() as group:
            services.hold(
                actor,
                ticket,
                HoldReason(form.reason.data)
                if form.reason.data in set(HoldReason)
                else HoldReason.OTHER,
                note=form.note.data or "",
                wake_at=_wake_at(form),
                supplier=wait_of(form) if form.reason.data == HoldReason.SUPPLIER else None,
                undo_for=undo_seconds(),
            )
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal.field, refusal.message)
        return make_response(_show_hold(ticket_for_page(actor, number), form), 422)
    text = _("%(number)d is on hold", number=ticket.id)
    if wants_next():
        return go_on(text, near, group)
    return changed(actor, ticket, text, group=group)


def _wake_at(form: HoldForm) -> datetime | None:
    """Return the moment that was chosen or typed. Raises Refused for what can't be read."""
    chosen = form.until.data or "none"
    if chosen == "none":
        return None
    if chosen == "custom":
        if form.wake_at.moment is None:
            raise Refused("wake-missing", _("Choose when it should come back."), "wake_at")
        return form.wake_at.moment
    try:
        at = datetime.fromisoformat(chosen)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Refused("wake-missing", _("Choose when it should come back."), "wake_at")
    return at


@bp.post("/tickets/<int:number>/wake")
@require(Permission.TICKET_WORK)
def wake(number: int) -> Response:
    """Bring a waiting ticket back to work."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    with undoable() as group:
        services.wake(actor, ticket, undo_for=undo_seconds())
    return changed(actor, ticket, _("%(number)d is back", number=ticket.id), group=group)


# ---- Close, reopen ----


@bp.post("/tickets/<int:number>/close")
@require(Permission.TICKET_WORK)
def close(number: int) -> Response:
    """Close a resolved ticket now, without waiting for the customer's silence."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    with undoable() as group:
        services.close(actor, ticket, undo_for=undo_seconds())
    return changed(actor, ticket, _("%(number)d closed", number=ticket.id), group=group)


@bp.get("/tickets/<int:number>/reopen")
@require(Permission.TICKET_WORK)
def reopen_dialog(number: int) -> str:
    """Ask why it is opened again."""
    ticket = ticket_for_page(current_actor(), number)
    return render_template(
        "tickets/dialogs/reopen.html", ticket=ticket, form=ReasonForm(formdata=None)
    )


@bp.post("/tickets/<int:number>/reopen")
@require(Permission.TICKET_WORK)
def reopen(number: int) -> Response:
    """Open a resolved or closed ticket again."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    form = ReasonForm()
    with undoable() as group:
        services.reopen(actor, ticket, reason=form.reason.data or "", undo_for=undo_seconds())
    return changed(actor, ticket, _("%(number)d reopened", number=ticket.id), group=group)


# ---- The bin ----


@bp.get("/tickets/<int:number>/bin")
@require(Permission.TICKET_BIN)
def bin_dialog(number: int) -> str:
    """Ask why it goes to the bin."""
    return _ask_bin(ticket_for_page(current_actor(), number), BinForm(formdata=None))


def _ask_bin(ticket: Ticket, form: BinForm, asked: str = "") -> str:
    return render_template(
        "tickets/dialogs/bin.html",
        ticket=ticket,
        form=form,
        asked=asked,
        days=settings().bin_days,
        packed=request.values.get("in", ""),
    )


@bp.post("/tickets/<int:number>/bin")
@require(Permission.TICKET_BIN)
def put_into_bin(number: int) -> Response:
    """Put spam or a mistake into the bin, and go on with the next ticket."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_BIN, lock=True)
    near = nearby(actor, ticket)
    form = BinForm()
    reason, block = bin_choice(form.reason.data, sure=bool(form.sure.data))
    try:
        with undoable() as group:
            services.bin_ticket(actor, ticket, reason, block=block, undo_for=undo_seconds())
    except Refused as refused:
        if refused.field != "sure" or not is_fragment():
            raise
        db.session.rollback()
        page = _ask_bin(ticket_for_page(actor, number), form, asked=str(refused))
        return make_response(page, 422)
    text = _("%(number)d is in the bin", number=ticket.id)
    if near is not None:
        return go_on(text, near, group)
    return changed(actor, ticket, text, group=group)


@bp.post("/tickets/<int:number>/restore")
@require(Permission.TICKET_BIN)
def restore(number: int) -> Response:
    """Take a ticket out of the bin."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_BIN, lock=True)
    with undoable() as group:
        services.restore(actor, ticket, undo_for=undo_seconds())
    return changed(actor, ticket, _("%(number)d is back", number=ticket.id), group=group)
