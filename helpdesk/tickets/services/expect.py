"""When customers may expect it to be done: a technician's estimate, asked for anew once past."""

from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.events import publish
from helpdesk.lib.clock import now
from helpdesk.people.access import SYSTEM, Actor
from helpdesk.tickets.events import TimesPassed
from helpdesk.tickets.lifecycle import UNFINISHED, StatusClass
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services.act import Act
from helpdesk.tickets.services.errors import Refused
from helpdesk.tickets.services.talk import check_writable

FURTHEST = timedelta(days=366)
"""An estimate further away than this is no estimate."""


def expect(
    actor: Actor, ticket: Ticket, at: datetime | None, *, note: str = "", undo_for: int = 0
) -> Entry | None:
    """Say when the customer may expect it to be done; None takes the estimate back.

    ``at`` is an aware moment, ``note`` says for staff why it changed. Returns None when nothing
    changes. Raises Denied, Refused.
    """
    check_writable(ticket)
    if ticket.status_class not in UNFINISHED:
        raise Refused("ticket-finished", _l("This ticket is finished."))
    if at is not None and at <= now():
        raise Refused("expected-in-past", _l("Choose a time that is still to come."), "at")
    if at is not None and at > now() + FURTHEST:
        raise Refused("expected-too-far", _l("Choose a time within a year."), "at")
    act = Act(actor, ticket)
    if not act.set("expected_at", at):
        return None
    act.set_quietly(ask_again_at=at)
    return act.done("expect", body=note.strip()[:300], undo_for=undo_for)


def note_times_passed(limit: int = 200) -> int:
    """Note for whom a time that was told has passed, once each; returns how many there were.

    What waits for somebody else is looked at when it comes back. Called by the worker.
    """
    passed = list(
        db.session.scalars(
            select(Ticket)
            .where(Ticket.ask_again_at <= now(), Ticket.status_class != StatusClass.PENDING)
            .order_by(Ticket.ask_again_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )
    asked = []
    for ticket in passed:
        told, ticket.ask_again_at = ticket.ask_again_at, None
        if ticket.status_class in UNFINISHED and ticket.hidden_at is None:
            act = Act(SYSTEM, ticket)
            act.note_change("passed", None, told.isoformat() if told else None)
            act.done("expected-passed", quiet=True)
            asked.append(ticket)
    if asked:
        publish(TimesPassed(tuple(asked)))
    return len(passed)
