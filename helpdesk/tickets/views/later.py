"""Answers that leave later: choosing when, and what can be done with them until then."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import render_template
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from helpdesk.lib.clock import now
from helpdesk.people.access import Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets.forms import ReplyForm
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import get_for
from helpdesk.tickets.services import Refused, later
from helpdesk.tickets.views.answers import changed, undo_seconds, undoable
from helpdesk.tickets.views.blueprint import bp
from helpdesk.web.i18n import local, moment, reader_zone, zone

MORNING = time(8)
TYPED = "at"
"""The choice of a moment that is typed."""


def customer_zone(ticket: Ticket) -> ZoneInfo:
    """Return the zone in which the customer lives: theirs, the site's, the firm's, the desk's."""
    person = ticket.customer
    named = (
        person.time_zone
        or (person.site.time_zone if person.site is not None else None)
        or (person.organisation.time_zone if person.organisation is not None else None)
    )
    return zone(named) if named else reader_zone()


def moments(ticket: Ticket, present: datetime) -> list[tuple[str, str]]:
    """Return moments that are easily chosen: (moment in UTC, its name in the reader's words)."""
    name = ticket.customer.name
    found: dict[datetime, str] = {}
    zones = {
        reader_zone(): (_("Tomorrow, 8:00"), _("Monday, 8:00")),
        customer_zone(ticket): (
            _("Tomorrow, 8:00 for %(name)s", name=name),
            _("Monday, 8:00 for %(name)s", name=name),
        ),
    }
    for there, (tomorrow, monday) in zones.items():
        day = present.astimezone(there).date()
        for ahead, said in ((1, tomorrow), (7 - day.weekday(), monday)):
            at = datetime.combine(day + timedelta(days=ahead), MORNING, there).astimezone(UTC)
            found.setdefault(at, said)
    return [
        (at.isoformat(), _("%(name)s (%(time)s)", name=said, time=moment(at)))
        for at, said in sorted(found.items())
    ]


def moment_of(form: ReplyForm) -> datetime | None:
    """Return when an answer is to leave; None for at once. Raises Refused."""
    chosen = form.later.data or ""
    if not chosen:
        return None
    if chosen == TYPED:
        at = form.later_at.moment
    else:
        try:
            at = datetime.fromisoformat(chosen)
        except ValueError:
            at = None
    if at is None or at.tzinfo is None:
        raise Refused("later-missing", _("Say when it is to be sent."), "later_at")
    return at.astimezone(UTC)


@bp.get("/tickets/<int:number>/later")
@require(Permission.TICKET_WORK)
def later_choices(number: int) -> str:
    """Offer moments at which the answer in the composer may leave."""
    ticket = get_for(current_actor(), number)
    present = now()
    soon = local(present + timedelta(hours=2)).replace(minute=0)
    return render_template(
        "tickets/_later_choices.html",
        moments=moments(ticket, present),
        typed=TYPED,
        soon=soon.strftime("%Y-%m-%dT%H:%M"),
    )


@bp.post("/tickets/<int:number>/later/<int:key>/take-back")
@require(Permission.TICKET_WORK)
def take_later_back(number: int, key: int) -> Response:
    """Make what was to leave later a draft of its author again."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    found = later.find(ticket, key)
    mine, author = found.person_id == actor.person_id, found.person.name
    later.take_back(actor, found)
    if mine:
        return changed(actor, ticket, _("It is a draft again"), with_composer=True)
    return changed(actor, ticket, _("It is a draft of %(name)s again", name=author))


@bp.post("/tickets/<int:number>/later/<int:key>/send")
@require(Permission.TICKET_WORK)
def send_later_now(number: int, key: int) -> Response:
    """Send what was to leave later at once; it can be taken back as any answer can."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    with undoable() as group:
        later.say(actor, later.find(ticket, key), hold=undo_seconds())
    return changed(actor, ticket, _("Reply sent"), group=group)
