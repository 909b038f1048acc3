"""The pages of the board: the list, a notice, writing one, saying how it goes on, fixed."""

from typing import Any

from flask import make_response, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from helpdesk.board import fixing, linking, queries, writing
from helpdesk.board.forms import AlertForm, FixForm, TicketForm, UpdateForm
from helpdesk.board.models import Alert
from helpdesk.board.views import words
from helpdesk.board.views.blueprint import bp, to_alert
from helpdesk.db import db
from helpdesk.people.access import Actor, Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets.forms import choices, whole
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import NotFound, get_for, many_for
from helpdesk.tickets.services.errors import Refused
from helpdesk.tickets.views.page import WORDS

SAMPLE = 10
"""People named in the sample of who will be told."""


@bp.get("/board")
@require(Permission.TICKET_READ)
def home() -> str:
    """Show what runs and is to come, then what is over."""
    actor = current_actor()
    after = queries.Place.parse(request.args.get("after"))
    running = queries.current(actor) if after is None else []
    found = queries.past(actor, after=after)
    over = found[: queries.PAGE]
    more = queries.Place(over[-1].ends_at, over[-1].id) if len(found) > queries.PAGE else None
    return render_template(
        "board/board.html",
        actor=actor,
        running=running,
        over=over,
        more=more,
        first_page=after is None,
        numbers=queries.linked_numbers(actor, [row.id for row in (*running, *over)]),
        **words.context(),
    )


@bp.get("/board/<int:number>")
@require(Permission.TICKET_READ)
def alert(number: int) -> str:
    """Show a notice with what was said and done since, and its tickets."""
    actor = current_actor()
    return _show(actor, queries.alert_for(actor, number), UpdateForm(formdata=None))


def _show(
    actor: Actor, row: Alert, form: UpdateForm, *, ticket_form: TicketForm | None = None
) -> str:
    tickets = queries.tickets_of(actor, row)
    people = fixing.known_to(actor, fixing.listeners(row))
    me = [one for one in people if one.person.id == actor.person_id]
    return render_template(
        "board/alert.html",
        actor=actor,
        alert=row,
        form=form,
        ticket_form=ticket_form or TicketForm(formdata=None),
        tickets=tickets[: queries.TICKETS_SHOWN],
        more_tickets=len(tickets) > queries.TICKETS_SHOWN,
        people=people,
        listens=bool(me),
        may_write=actor.can(Permission.BOARD_WRITE) and row.fixed_at is None,
        may_link=actor.can(Permission.TICKET_WORK) and row.fixed_at is None,
        words=WORDS,
        **words.context(),
    )


# ---- Writing ----


@bp.get("/board/new")
@require(Permission.BOARD_WRITE)
def new() -> str:
    """Ask for a notice; headline, text, severity and tickets may come along in the address."""
    form = AlertForm(formdata=None)
    form.headline.data = request.args.get("headline", "")[:200]
    form.body.data = request.args.get("text", "")[:10_000]
    wanted = request.args.get("severity")
    form.severity.data = wanted if wanted in set(words.ICONS) else None
    numbers = (whole(part) for word in request.args.getlist("tickets") for part in _parts(word))
    form.tickets.data = " ".join(str(number) for number in numbers if number is not None)
    form.begin()
    return _form_page(form, None)


def _parts(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _offer_teams(form: AlertForm) -> None:
    teams = queries.teams()
    form.team.choices = choices([("", _("Choose a team")), *((one.id, one.name) for one in teams)])


def _form_page(form: AlertForm, row: Alert | None, clash: Any = None) -> str:
    _offer_teams(form)
    return render_template("board/form.html", form=form, alert=row, clash=clash, **words.context())


@bp.post("/board/new")
@require(Permission.BOARD_WRITE)
def add() -> Response:
    """Put a notice on the board and link its tickets."""
    actor = current_actor()
    form = AlertForm()
    try:
        if not form.validate():
            return make_response(_form_page(form, None), 422)
        tickets = _named(actor, form.numbers())
        row = writing.write(actor, form.wording())
        for ticket in tickets:
            linking.link(actor, row, ticket)
    except Refused as refusal:
        db.session.rollback()
        form.refuse(_field(refusal), refusal.message)
        return make_response(_form_page(form, None), 422)
    return to_alert(row.id, _("“%(headline)s” is on the board", headline=row.headline))


def _field(refusal: Refused) -> str | None:
    return refusal.field or ("tickets" if refusal.code.startswith("ticket") else None)


def _named(actor: Actor, numbers: list[int]) -> list[Ticket]:
    """Return the tickets with these numbers. Raises Refused for one that is not there."""
    if not numbers:
        return []
    found = many_for(actor, numbers, permission=Permission.TICKET_WORK)
    missing = set(numbers) - {ticket.id for ticket in found}
    if missing:
        raise Refused(
            "ticket-unknown",
            _("There is no ticket %(number)d.", number=min(missing)),
            "tickets",
        )
    return found


@bp.get("/board/<int:number>/edit")
@require(Permission.BOARD_WRITE)
def edit(number: int) -> str:
    """Ask how a notice is to be changed."""
    row = queries.alert_for(current_actor(), number, permission=Permission.BOARD_WRITE)
    writing.check_unfixed(row)
    form = AlertForm(formdata=None)
    form.show(row)
    return _form_page(form, row)


@bp.post("/board/<int:number>/edit")
@require(Permission.BOARD_WRITE)
def save(number: int) -> Response:
    """Change a notice."""
    actor = current_actor()
    row = queries.alert_for(actor, number, permission=Permission.BOARD_WRITE, lock=True)
    form = AlertForm()
    try:
        if not form.validate():
            return make_response(_form_page(form, row), 422)
        seen = form.was_seen()
        writing.change(actor, row, form.wording(seen), seen=seen)
    except writing.ChangedMeanwhile as clash:
        form.remember(row)
        _offer_teams(form)
        theirs = form.in_words(clash.theirs)
        return make_response(_form_page(form, row, (clash.by, theirs)), 409)
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal.field, refusal.message)
        return make_response(_form_page(form, row), 422)
    return to_alert(number, _("Saved"))


@bp.post("/board/<int:number>/say")
@require(Permission.BOARD_WRITE)
def say(number: int) -> Response:
    """Say how it goes on."""
    actor = current_actor()
    row = queries.alert_for(actor, number, permission=Permission.BOARD_WRITE, lock=True)
    form = UpdateForm()
    if not form.validate():
        return make_response(_show(actor, row, form), 422)
    writing.say(actor, row, form.text.data or "")
    return to_alert(number, _("Said"))


# ---- Fixed ----


@bp.get("/board/<int:number>/fixed")
@require(Permission.BOARD_WRITE)
def fixed(number: int) -> str:
    """Ask for the closing text, and show who will be told."""
    actor = current_actor()
    row = queries.alert_for(actor, number, permission=Permission.BOARD_WRITE)
    writing.check_unfixed(row)
    form = FixForm(formdata=None, closing=_("%(headline)s: this is fixed.", headline=row.headline))
    return _fix_page(actor, row, form)


def _fix_page(actor: Actor, row: Alert, form: FixForm) -> str:
    people = fixing.known_to(actor, fixing.waiting_for(row))
    form.expected.data = len(people)
    return render_template(
        "board/fixed.html",
        alert=row,
        form=form,
        count=len(people),
        sample=people[:SAMPLE],
        **words.context(),
    )


@bp.post("/board/<int:number>/fixed")
@require(Permission.BOARD_WRITE)
def fix(number: int) -> Response:
    """Mark it as fixed and tell everybody who asked."""
    actor = current_actor()
    row = queries.alert_for(actor, number, permission=Permission.BOARD_WRITE, lock=True)
    form = FixForm()
    try:
        if not form.validate():
            return make_response(_fix_page(actor, row, form), 422)
        told = fixing.fix(actor, row, form.closing.data or "", expected=form.expected.data or 0)
        count = len(fixing.known_to(actor, told))
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal.field, refusal.message)
        return make_response(_fix_page(actor, row, form), 422)
    text = ngettext("Fixed; %(num)d person is told", "Fixed; %(num)d people are told", count)
    return to_alert(number, text)


# ---- Tickets, and oneself ----


@bp.post("/board/<int:number>/tickets")
@require(Permission.TICKET_WORK)
def add_ticket(number: int) -> Response:
    """Link a ticket."""
    actor = current_actor()
    row = queries.alert_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    form = TicketForm()
    try:
        ticket = _ticket(actor, form.number.data)
        linking.same_trouble(actor, row, ticket)
    except Refused as refusal:
        db.session.rollback()
        form.refuse("number", refusal.message)
        page = _show(actor, row, UpdateForm(formdata=None), ticket_form=form)
        return make_response(page, 422)
    return to_alert(number, _("#%(number)d is linked", number=ticket.id))


def _ticket(actor: Actor, text: str | None) -> Ticket:
    key = whole((text or "").split(" ")[0])
    if key is not None:
        try:
            return get_for(actor, key, permission=Permission.TICKET_WORK, lock=True)
        except NotFound:
            pass
    raise Refused("ticket-unknown", _("There is no such ticket."), "number")


@bp.post("/board/<int:number>/me")
@require(Permission.TICKET_READ)
def tell_me(number: int) -> Response:
    """Let the reader be told when it is fixed, or not."""
    actor = current_actor()
    row = queries.alert_for(actor, number, lock=True)
    wanted = request.form.get("wanted") == "1"
    linking.tell_me(actor, row, wanted)
    said = _("You are told when it is fixed") if wanted else _("You are not told any more")
    return to_alert(number, said)
