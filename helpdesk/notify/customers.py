"""What customers are told by itself: we have it, somebody is on it, we wait for you, it is fixed.

It happens in two steps. When something happens to a ticket, a row of the outbox is written in the
same transaction: held, without a text. When its time has come, ``release`` looks again: what is
no longer true is dropped, and the row says why; what would come at night or too often waits on;
the rest gets its text, in the language and by the clock of who reads it, and a line in the
journal. That is one transaction too, so nobody is told twice, and nothing is lost.
"""

import logging
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import select

from config import Settings
from helpdesk.db import db, transaction
from helpdesk.jobs import job
from helpdesk.lib.clock import now
from helpdesk.notify import filled, outbox, reasons
from helpdesk.notify.carriers import carrier_for
from helpdesk.notify.models import HELD, OutboxMessage, Sending
from helpdesk.notify.telling import Tell, Telling, telling
from helpdesk.people.models import Channel, Person
from helpdesk.tickets.events import TicketEvent
from helpdesk.tickets.lifecycle import HoldReason, Outcome
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services.told import record_told

log = logging.getLogger(__name__)

AFTER_UNDO = timedelta(seconds=2)
"""A notice waits this much longer than what it tells can be taken back."""
MUTED_PAUSE = timedelta(minutes=10)
"""How often a notice is looked at that may not leave because its mailbox is only tried out."""
BATCH = 100
_FIXED = frozenset({Outcome.SOLVED, Outcome.WORKAROUND})
_OURS = frozenset({Channel.STAFF, Channel.MONITORING})
"""Channels in which no customer asked for anything."""


# ---- Deciding: in the transaction in which it happens ----


def on_ticket_event(event: TicketEvent) -> None:
    """Hold what a customer may be told of this."""
    if event.quiet:
        return
    kind = _kind_of(event)
    if kind is None or kind not in telling().kinds:
        return
    ticket, entry = event.ticket, event.entry
    person = whom(ticket)
    if ticket.hidden_at is not None or person.id == event.actor.person_id:
        return
    if entry.happened_at < now() - reasons.KEPT:
        # An archive that is imported, a call that is noted days later: nobody waits for that.
        return
    settings: Settings = current_app.config["SETTINGS"]
    basis: dict[str, object] = {"entry": entry.id}
    if kind is Tell.EXPECTED and ticket.expected_at is not None:
        basis["expected"] = ticket.expected_at.isoformat()
    if kind is Tell.FIXED and ticket.resolved_at is not None:
        basis["resolved"] = ticket.resolved_at.isoformat()
    db.session.add(
        OutboxMessage(
            channel=ticket.channel,
            ticket_id=ticket.id,
            kind=kind.value,
            person_id=person.id,
            basis=basis,
            to=[[person.name, ""]],
            recipients=[],
            message_id="",
            state=Sending.HELD,
            created_at=now(),
            next_try_at=now() + timedelta(seconds=settings.undo_seconds) + AFTER_UNDO,
        )
    )
    db.session.flush()


def whom(ticket: Ticket) -> Person:
    """Return who is told: who asked for it, else the customer."""
    return ticket.requester or ticket.customer


def _kind_of(event: TicketEvent) -> Tell | None:
    """Return what an act may be a reason to tell."""
    ticket, changes = event.ticket, event.entry.changes or {}
    if event.verb == "log":
        automatic = bool((event.entry.envelope or {}).get("automatic"))
        return None if ticket.channel in _OURS or automatic else Tell.RECEIVED
    if event.verb in {"take", "acknowledge"}:
        return Tell.TAKEN
    if event.verb == "hold" and ticket.hold_reason == HoldReason.CUSTOMER:
        return Tell.WAITING
    if event.verb == "expect" and ticket.expected_at is not None and "expected_at" in changes:
        return Tell.EXPECTED
    if event.verb == "resolve" and ticket.outcome in _FIXED:
        return Tell.FIXED
    return None


# ---- Telling: when its time has come ----


@job(every=5, everywhere=True)
def tell_customers() -> int:
    """Tell what may be told now; returns how much left."""
    due = db.session.execute(
        select(OutboxMessage.id, OutboxMessage.ticket_id)
        .where(HELD, OutboxMessage.next_try_at <= now())
        .order_by(OutboxMessage.next_try_at, OutboxMessage.id)
        .limit(BATCH)
    ).all()
    db.session.rollback()
    count = 0
    for key, ticket_id in due:
        try:
            with transaction():
                count += release(key, ticket_id or 0)
        except Exception as error:
            # One that can't be written must not keep the others from being told.
            log.exception("Notice %d can't be written", key)
            with transaction():
                row = db.session.get(OutboxMessage, key, with_for_update=True)
                if row is not None and row.state == Sending.HELD:
                    outbox.failed(row, "unsendable", f"{type(error).__name__}: {error}")
    return count


def release(key: int, ticket_id: int) -> bool:
    """Tell one notice, let it wait on, or drop it; whether it was told. Needs a transaction.

    The ticket is locked first, as every verb does, so the two never wait for each other.
    """
    ticket = db.session.scalar(
        select(Ticket)
        .where(Ticket.id == ticket_id)
        .with_for_update(of=Ticket, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if ticket is None:
        # Somebody changes it right now; a few seconds later it is clear what holds.
        return False
    row = db.session.get(OutboxMessage, key, with_for_update=True, populate_existing=True)
    if row is None or row.state != Sending.HELD or row.person is None:
        return False
    chosen = telling()
    kind = Tell(row.kind)
    why = reasons.overtaken(row, kind, ticket, chosen)
    if why:
        _drop(row, why)
        return False
    later = _later(row, kind, row.person, chosen)
    if later is not None:
        return _wait(row, *later)
    return _tell(row, kind, ticket, row.person)


def _later(
    row: OutboxMessage, kind: Tell, person: Person, chosen: Telling
) -> tuple[str, datetime] | None:
    """Return until when a notice waits, and why."""
    if kind is not Tell.RECEIVED or not chosen.receipts_always:
        quiet = chosen.quiet
        until = quiet.over_at(now(), filled.zone_of(person)) if quiet is not None else None
        if until is not None:
            return "quiet-hours", until
    until = reasons.paced(row, kind, chosen)
    return ("pace", until) if until is not None else None


def _tell(row: OutboxMessage, kind: Tell, ticket: Ticket, person: Person) -> bool:
    found = carrier_for(person, ticket)
    if found is None:
        _drop(row, "no-address")
        return False
    carrier, address = found
    if carrier.is_muted(ticket):
        return _wait(row, "muted", now() + MUTED_PAUSE)
    said = filled.for_ticket(kind, ticket, person)
    row.channel, row.subject, row.text = carrier.channel, said.subject, said.body
    row.reason, row.told_at, row.next_try_at = "", now(), now()
    if carrier.put_on_its_way(row, person.name, address):
        row.state = Sending.QUEUED
    else:
        row.reason = "demo"
        outbox.cancelled(row)
    expected = filled.expected(ticket) if kind is not Tell.FIXED else None
    record_told(ticket, person, kind.value, carrier.channel, expected=expected)
    return True


def _wait(row: OutboxMessage, why: str, until: datetime) -> bool:
    """Look at a notice again later, unless it is news no more by then; it was not told."""
    row.reason, row.next_try_at = why, until
    if until > row.created_at + reasons.KEPT:
        _drop(row, "too-late")
    return False


def _drop(row: OutboxMessage, why: str) -> None:
    row.reason = why
    outbox.cancelled(row)
