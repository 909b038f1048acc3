"""What customers are told and why promises were missed: dialogs, and questions in other forms."""

from datetime import UTC, datetime, time, timedelta

from flask import make_response, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from werkzeug.wrappers import Response
from wtforms import RadioField, SelectField, StringField
from wtforms.validators import Length, Optional

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor, Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.sla import expected, missed
from helpdesk.sla.models import Miss
from helpdesk.sla.views import words
from helpdesk.sla.views.blueprint import bp
from helpdesk.tickets import services, wording
from helpdesk.tickets.desk import Status
from helpdesk.tickets.forms import choices
from helpdesk.tickets.lifecycle import StatusClass
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import get_for
from helpdesk.tickets.services.errors import Refused
from helpdesk.tickets.views.answers import changed, undo_seconds, undoable
from helpdesk.web.forms import Form, LocalMoment
from helpdesk.web.i18n import local, moment, reader_zone

NOON = time(12)
EVENING = time(18)
CANT_SAY = "none"
"""The answer that nobody can say yet."""
CUSTOM = "custom"


def times(present: datetime) -> list[tuple[str, str]]:
    """Return times that are easily promised, in the reader's zone: (moment in UTC, its name)."""
    here, zone = local(present), reader_zone()
    hour = (here + timedelta(hours=1, minutes=29)).replace(minute=0, second=0, microsecond=0)
    found = [(hour, _("In an hour"))]
    days = (
        (0, EVENING, _("This evening")),
        (1, NOON, _("Tomorrow at noon")),
        (1, EVENING, _("Tomorrow evening")),
        (2, EVENING, _("In two days")),
        (7, EVENING, _("In a week")),
    )
    for day, at, name in days:
        then = datetime.combine(here.date() + timedelta(days=day), at, zone)
        if then > hour + timedelta(minutes=30):
            found.append((then, name))
    return [
        (
            at.astimezone(UTC).isoformat(),
            _("%(name)s, %(time)s", name=name, time=moment(at.astimezone(UTC))),
        )
        for at, name in found
    ]


def _read(value: str) -> datetime | None:
    """Return the moment a choice names; None when nobody can say. Raises Refused."""
    if value == CANT_SAY:
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Refused(
            "expected-missing",
            _("The time that was told has passed: say a new one, or that you can't say yet."),
            "expected",
        )
    return at


# ---- The time a customer is told ----


class ExpectedFields(Form):
    """When the customer may expect it."""

    expected = RadioField(_l("They may expect it"), validate_choice=False)
    at = LocalMoment(_l("Date and time"), [Optional()])
    note = StringField(_l("Why it changed, for staff"), [Length(max=300)])


def _show_expected(ticket: Ticket, form: ExpectedFields) -> str:
    form.expected.choices = choices(
        [*times(now()), (CUSTOM, _("Another time")), (CANT_SAY, _("Nobody can say yet"))]
    )
    return render_template(
        "sla/expected.html", ticket=ticket, form=form, told=expected.expected_of(ticket)
    )


@bp.get("/tickets/<int:number>/expected")
@require(Permission.TICKET_WORK)
def expected_dialog(number: int) -> str:
    """Ask when the customer may expect it."""
    ticket = get_for(current_actor(), number, permission=Permission.TICKET_WORK)
    return _show_expected(ticket, ExpectedFields(formdata=None))


@bp.post("/tickets/<int:number>/expected")
@require(Permission.TICKET_WORK)
def expect(number: int) -> Response:
    """Say when the customer may expect it, or that nobody can say."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    form = ExpectedFields()
    chosen = form.expected.data or (CUSTOM if form.at.moment else "")
    try:
        at = form.at.moment if chosen == CUSTOM else _read(chosen) if chosen else None
        if not chosen or (chosen == CUSTOM and at is None):
            raise Refused("expected-missing", _("Choose a time."), "at")
        with undoable() as group:
            services.expect(actor, ticket, at, note=form.note.data or "", undo_for=undo_seconds())
    except Refused as refusal:
        form.refuse(refusal.field, refusal.message)
        return make_response(_show_expected(ticket, form), 422)
    said = _("#%(number)d: nobody can say yet", number=ticket.id)
    if at is not None:
        said = _("#%(number)d is expected by %(time)s", number=ticket.id, time=moment(at))
    return changed(actor, ticket, said, group=group)


class NewTime:
    """Asks in the composer for a new time once the one that was told has passed."""

    def ask(self, ticket: Ticket) -> Markup | None:
        """Return the choice of a new time."""
        if not expected.is_demanded(ticket):
            return None
        told = expected.expected_of(ticket)
        return Markup(  # noqa: S704 (our own template)
            render_template("sla/_new_time.html", ticket=ticket, told=told, times=times(now()))
        )

    def answer(self, actor: Actor, ticket: Ticket) -> None:
        """Take the new time; an answer that leaves the work with somebody else needs none."""
        value = request.form.get("expected")
        if value is None or not expected.is_demanded(ticket):
            return
        then = request.form.get("then", type=int)
        status = db.session.get(Status, then) if then else None
        if not value and status is not None and status.status_class != StatusClass.OPEN:
            return
        services.expect(actor, ticket, _read(value))


# ---- Why promises were missed ----


class MissedFields(Form):
    """Why promises were missed."""

    missed = SelectField(_l("Reason"), validate_choice=False)
    missed_note = StringField(_l("In a few words"), [Length(max=300)])


def _missed_fields(**options: object) -> MissedFields:
    form = MissedFields(**options)
    form.missed.choices = choices([("", _("Choose a reason")), *wording.MISS_REASONS.items()])
    return form


def _show_missed(ticket: Ticket, form: MissedFields, found: list[Miss]) -> str:
    return render_template("sla/missed.html", ticket=ticket, form=form, found=found, said=words)


@bp.get("/tickets/<int:number>/missed")
@require(Permission.TICKET_WORK)
def missed_dialog(number: int) -> str:
    """Ask why promises about a ticket were missed."""
    ticket = get_for(current_actor(), number, permission=Permission.TICKET_WORK)
    found = missed.unexplained(ticket.id)
    return _show_missed(ticket, _missed_fields(formdata=None), found)


@bp.post("/tickets/<int:number>/missed")
@require(Permission.TICKET_WORK)
def say_why(number: int) -> Response:
    """Say why promises about a ticket were missed."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    form = _missed_fields()
    try:
        if not form.validate():
            raise Refused("reason-missing", _("Say why it was missed."), "missed")
        missed.explain(actor, ticket, form.missed.data or "", note=form.missed_note.data or "")
    except Refused as refusal:
        form.refuse(refusal.field, refusal.message)
        body = _show_missed(ticket, form, missed.unexplained(ticket.id))
        return make_response(body, 422)
    return changed(actor, ticket, _("Noted why it was missed"))


class WhyMissed:
    """Asks, when a ticket is resolved, why promises were missed that nobody has explained."""

    def ask(self, ticket: Ticket) -> Markup | None:
        """Return the reasons to choose from."""
        if not ticket.unexplained:
            return None
        found = missed.unexplained(ticket.id)
        return Markup(  # noqa: S704 (our own template)
            render_template("sla/_why_missed.html", form=_missed_fields(), found=found, said=words)
        )

    def answer(self, actor: Actor, ticket: Ticket) -> None:
        """Take the reason."""
        if "missed" in request.form and ticket.unexplained:
            note = request.form.get("missed_note", "")[:300]
            missed.explain(actor, ticket, request.form["missed"], note=note)
