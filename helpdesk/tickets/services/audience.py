"""Who may read a restricted ticket, and keeping what it says among them."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people.models import TeamMember
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services.act import sync_worklist
from helpdesk.tickets.services.errors import Refused


def check_no_more_readers(survivor: Ticket, merged: Ticket) -> None:
    """Raise Refused when somebody could read a restricted ticket through the one it goes into.

    The other way round is fine: what fewer people may read from then on is no secret given away.
    """
    if not merged.restricted:
        return
    queues, persons = _readers(survivor)
    known_queues, known_persons = _readers(merged)
    members = db.session.scalars(
        select(TeamMember.person_id)
        .join(Queue, Queue.team_id == TeamMember.team_id)
        .where(Queue.id.in_(known_queues))
    )
    if not survivor.restricted or queues - known_queues or persons - known_persons - set(members):
        raise Refused(
            "merge-restricted",
            _l(
                "Number %(merged)d is restricted, and more people can read %(survivor)d."
                " Merge the other way round, or link the two.",
                merged=merged.id,
                survivor=survivor.id,
            ),
            "number",
        )


def _readers(ticket: Ticket) -> tuple[set[int], set[int]]:
    """Return the queues and the persons whose part in a restricted ticket lets them read it."""
    queues = {ticket.queue_id} | {row.queue_id for row in ticket.assignments}
    persons = {ticket.owner_id} | {row.technician_id for row in ticket.assignments}
    return queues, {person_id for person_id in persons if person_id is not None}


def may_read(ticket: Ticket, person_id: int) -> bool:
    """Whether a technician may read the ticket as it is: what is not restricted, everybody."""
    if not ticket.restricted:
        return True
    queues, persons = _readers(ticket)
    if person_id in persons:
        return True
    member = (
        select(TeamMember.person_id)
        .join(Queue, Queue.team_id == TeamMember.team_id)
        .where(Queue.id.in_(queues), TeamMember.person_id == person_id)
    )
    return db.session.scalar(member.limit(1)) is not None


def restrict_like(fresh: Ticket, source: Ticket) -> None:
    """Restrict a ticket that repeats what a restricted one says, whatever its queue."""
    if source.restricted and not fresh.restricted:
        fresh.restricted = True
        sync_worklist(fresh)
