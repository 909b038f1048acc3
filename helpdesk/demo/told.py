"""What customers of the demo were told, why promises were missed, and who is away."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select

from helpdesk.db import db
from helpdesk.demo.story import Demo
from helpdesk.lib import clock
from helpdesk.people.access import SYSTEM
from helpdesk.people.services import absences
from helpdesk.sla import missed
from helpdesk.tickets import services
from helpdesk.tickets.lifecycle import UNFINISHED, MissReason, StatusClass
from helpdesk.tickets.models import Entry, Ticket

REASONS = (
    MissReason.WORKLOAD,
    MissReason.HARD,
    MissReason.SUPPLIER,
    MissReason.SEEN_LATE,
    MissReason.CUSTOMER,
    MissReason.WORKLOAD,
    MissReason.WRONG_PLACE,
    MissReason.PARTS,
)
"""Why things took too long, as often as it is said."""

SILENT = 9
"""Of so many misses in the past one was never explained."""

ESTIMATES = (120, 300, -25, 480, 1500)
"""Minutes from now until what some customers of open tickets were told; one has passed."""


def live_told(demo: Demo) -> None:
    """Say why the past took too long, when the present will be done, and who is away."""
    _explain(demo)
    _estimate(demo)
    _away(demo)


def _explain(demo: Demo) -> None:
    late = db.session.scalars(
        select(Ticket)
        .where(Ticket.unexplained, Ticket.status_class.not_in(UNFINISHED))
        .order_by(Ticket.id)
    )
    actors = {actor.person_id: actor for actor in demo.actors.values()}
    for number, ticket in enumerate(late):
        actor = actors.get(ticket.owner_id)
        if number % SILENT == 4 or actor is None:
            continue
        # A journal runs forward: after all that happened to the ticket.
        with clock.at(min(ticket.updated_at + timedelta(minutes=1), demo.moment)):
            missed.explain(actor, ticket, REASONS[number % len(REASONS)])


def _estimate(demo: Demo) -> None:
    working = db.session.scalars(
        select(Ticket)
        .where(
            Ticket.status_class == StatusClass.OPEN,
            Ticket.owner_id.is_not(None),
            Ticket.hidden_at.is_(None),
            # The ticket whose promise is broken has had its customer told already.
            Ticket.expected_at.is_(None),
            Ticket.updated_at < demo.moment - timedelta(minutes=45),
            exists().where(Entry.ticket_id == Ticket.id, Entry.verb == "reply"),
        )
        .order_by(Ticket.priority, Ticket.id)
        .limit(len(ESTIMATES))
    ).all()
    actors = {actor.person_id: actor for actor in demo.actors.values()}
    for ticket, minutes in zip(working, ESTIMATES, strict=False):
        with clock.at(demo.moment - timedelta(minutes=40)):
            told = demo.moment + timedelta(minutes=minutes)
            told = told.replace(minute=told.minute // 15 * 15, second=0, microsecond=0)
            services.expect(actors[ticket.owner_id], ticket, told)


def _away(demo: Demo) -> None:
    zone = ZoneInfo("Asia/Hong_Kong")
    today = demo.moment.astimezone(zone).date()

    def eight(days: int) -> datetime:
        return datetime.combine(today + timedelta(days=days), time(8), zone)

    people = demo.technicians
    with clock.at(demo.moment - timedelta(days=9)):
        absences.add(
            SYSTEM, people["ravi"], eight(-2), eight(5), cover=people["ting"], note="Annual leave"
        )
        absences.add(
            SYSTEM, people["owen"], eight(6), eight(9), cover=people["marcus"], note="Training"
        )
