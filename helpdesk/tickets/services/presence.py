"""Who has a ticket open, and whether they are writing: seen by colleagues, part of no history."""

from datetime import timedelta

from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from helpdesk.db import db
from helpdesk.events import publish
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor, Permission
from helpdesk.tickets.companions import Mention, Presence
from helpdesk.tickets.events import TicketLooked
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.page import PRESENT_FOR

KEPT_FOR = timedelta(days=90)
"""So long we remember when somebody last had a ticket open, to mark what is new to them."""


def look(actor: Actor, ticket: Ticket, *, writing: bool) -> bool:
    """Say that the actor has the ticket open; True when colleagues see a difference."""
    actor.demand(Permission.TICKET_READ)
    if actor.person_id is None:
        return False
    publish(TicketLooked(actor, ticket))
    moment = now()
    # Whoever looks at the ticket has seen where they were named.
    db.session.execute(
        update(Mention)
        .where(
            Mention.person_id == actor.person_id,
            Mention.ticket_id == ticket.id,
            Mention.seen_at.is_(None),
        )
        .values(seen_at=moment)
        .execution_options(synchronize_session=False)
    )
    row = db.session.get(Presence, (actor.person_id, ticket.id))
    if row is None:
        row = Presence(
            person_id=actor.person_id, ticket_id=ticket.id, writing=writing, seen_at=moment
        )
        try:
            with db.session.begin_nested():
                db.session.add(row)
        except IntegrityError:
            # Another window of the same person was first; it says the same.
            return False
        return True
    changed = row.writing != writing or row.seen_at <= moment - PRESENT_FOR
    row.writing, row.seen_at = writing, moment
    return changed


def leave(actor: Actor, ticket: Ticket) -> bool:
    """Say that the actor has gone; False when they were not there."""
    actor.demand(Permission.TICKET_READ)
    row = db.session.get(Presence, (actor.person_id, ticket.id))
    if row is None or row.seen_at <= now() - PRESENT_FOR:
        return False
    # The row stays: it says up to when they have seen the ticket.
    row.writing, row.seen_at = False, now() - PRESENT_FOR
    return True


def purge_presence(limit: int = 5000) -> int:
    """Forget visits of long ago; returns how many. Called by the worker."""
    old = db.session.execute(
        select(Presence.person_id, Presence.ticket_id)
        .where(Presence.seen_at < now() - KEPT_FOR)
        .limit(limit)
    ).all()
    if old:
        db.session.execute(
            delete(Presence).where(
                tuple_(Presence.person_id, Presence.ticket_id).in_([tuple(row) for row in old])
            )
        )
    return len(old)
