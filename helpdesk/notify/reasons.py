"""Why a notice to a customer is not told, or not yet; pages put the reasons into words."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.notify.models import OutboxMessage
from helpdesk.notify.telling import ESSENTIAL, Tell, Telling
from helpdesk.people.models import Channel
from helpdesk.tickets.lifecycle import UNFINISHED, EntryKind, HoldReason, StatusClass
from helpdesk.tickets.models import Entry, Ticket

KEPT = timedelta(hours=36)
"""A notice that could not be told for so long is news no more."""
BRAKE = timedelta(minutes=10)
"""Between two receipts to one person; two programs that answer each other are stopped by it."""
RECEIPTS_A_DAY = 20
DAY = timedelta(days=1)


def overtaken(row: OutboxMessage, kind: Tell, ticket: Ticket, chosen: Telling) -> str:
    """Return why a notice is not true any more, or must not be told; empty when it may be."""
    if kind not in chosen.kinds:
        return "switched-off"
    if ticket.merged_into_id is not None:
        return "merged"
    if ticket.hidden_at is not None:
        return "binned"
    if row.person_id != (ticket.requester_id or ticket.customer_id):
        return "other-customer"
    if row.person is not None and row.person.retired_at is not None:
        return "other-customer"
    if not _knows_of_it(ticket):
        return "not-theirs"
    if kind is not Tell.RECEIVED and _began_by_itself(ticket):
        return "automatic"
    return _RULES[kind](row, ticket, chosen)


def _received(row: OutboxMessage, ticket: Ticket, chosen: Telling) -> str:
    if ticket.queue_id in chosen.without_receipt:
        return "queue"
    if ticket.status_class not in UNFINISHED:
        return "overtaken"
    if _answered_since(ticket):
        return "answered"
    receipts = db.session.execute(
        select(func.count(), func.max(OutboxMessage.told_at)).where(
            OutboxMessage.person_id == row.person_id,
            OutboxMessage.kind == Tell.RECEIVED,
            OutboxMessage.told_at > now() - DAY,
        )
    ).one()
    count, last = receipts
    if count >= RECEIPTS_A_DAY or (last is not None and last > now() - BRAKE):
        return "loop"
    return ""


def _taken(row: OutboxMessage, ticket: Ticket, _chosen: Telling) -> str:
    if ticket.status_class not in {StatusClass.NEW, StatusClass.OPEN} or ticket.owner_id is None:
        return "overtaken"
    if _answered_since(ticket, _basis_entry(row)):
        return "answered"
    return "told-already" if _told_before(row, ticket) else ""


def _waiting(_row: OutboxMessage, ticket: Ticket, _chosen: Telling) -> str:
    waits = ticket.status_class == StatusClass.PENDING
    if not waits or ticket.hold_reason != HoldReason.CUSTOMER:
        return "overtaken"
    if not ticket.hold_note and ticket.unanswered_since is None and _answered_since(ticket):
        # Our answer said what we need, and there is nothing to add to it.
        return "answered"
    return ""


def _expected(row: OutboxMessage, ticket: Ticket, _chosen: Telling) -> str:
    at = ticket.expected_at
    if ticket.status_class not in UNFINISHED or at is None or at <= now():
        return "overtaken"
    return "" if at.isoformat() == row.basis.get("expected") else "overtaken"


def _fixed(row: OutboxMessage, ticket: Ticket, _chosen: Telling) -> str:
    at = ticket.resolved_at
    if ticket.status_class not in {StatusClass.RESOLVED, StatusClass.CLOSED} or at is None:
        return "overtaken"
    return "" if at.isoformat() == row.basis.get("resolved") else "overtaken"


_RULES = {
    Tell.RECEIVED: _received,
    Tell.TAKEN: _taken,
    Tell.WAITING: _waiting,
    Tell.EXPECTED: _expected,
    Tell.FIXED: _fixed,
}


def paced(row: OutboxMessage, kind: Tell, chosen: Telling) -> datetime | None:
    """Return until when a notice waits because its reader was told enough; None when it does not.

    What a customer has to know (``ESSENTIAL``) never waits.
    """
    if kind in ESSENTIAL:
        return None
    moment = now()
    told = db.session.execute(
        select(OutboxMessage.ticket_id, OutboxMessage.told_at)
        .where(OutboxMessage.person_id == row.person_id, OutboxMessage.told_at > moment - DAY)
        .order_by(OutboxMessage.told_at.desc())
    ).all()
    ends = [
        at + timedelta(minutes=chosen.apart)
        for ticket_id, at in told
        if ticket_id == row.ticket_id and at is not None
    ][:1]
    if len(told) >= chosen.per_day:
        # When the oldest of those that fill the day is a day old, there is room for one.
        oldest = told[chosen.per_day - 1][1]
        ends += [oldest + DAY] if oldest is not None else []
    end = max(ends, default=moment)
    return end if end > moment else None


# ---- What the journal says ----


def _knows_of_it(ticket: Ticket) -> bool:
    """Whether the customer knows that there is such a ticket.

    They brought it, or were written to about it. A restricted one may be about them rather than
    for them, so there only what was said between us counts, not a note of a call.
    """
    said = select(Entry.id).where(
        Entry.ticket_id == ticket.id,
        Entry.public,
        Entry.kind != EntryKind.EVENT,
        Entry.withdrawn_at.is_(None),
    )
    if ticket.restricted:
        theirs = Entry.author_id.in_((ticket.customer_id, ticket.requester_id or 0))
        said = said.where(theirs | Entry.inbound.is_(False))
    elif ticket.channel not in {Channel.STAFF, Channel.MONITORING}:
        return True
    return db.session.scalar(said.limit(1)) is not None


def _began_by_itself(ticket: Ticket) -> bool:
    """Whether a program opened the ticket and nobody of the customer's side has written since."""
    if ticket.channel != Channel.EMAIL:
        return False
    letters = db.session.scalars(
        select(Entry.envelope)
        .where(Entry.ticket_id == ticket.id, Entry.inbound, Entry.kind == EntryKind.MESSAGE)
        .order_by(Entry.id)
        .limit(20)
    ).all()
    return bool(letters) and all((envelope or {}).get("automatic") for envelope in letters)


def _answered_since(ticket: Ticket, entry_id: int = 0) -> bool:
    """Whether a person wrote to the customer, after an entry."""
    found = db.session.scalar(
        select(Entry.id)
        .where(
            Entry.ticket_id == ticket.id,
            Entry.id > entry_id,
            Entry.kind == EntryKind.MESSAGE,
            Entry.inbound.is_(False),
            Entry.public,
            Entry.author_id.is_not(None),
            Entry.withdrawn_at.is_(None),
        )
        .limit(1)
    )
    return found is not None


def _told_before(row: OutboxMessage, ticket: Ticket) -> bool:
    """Whether the same was told since the customer began to wait for us, this time."""
    found = db.session.scalar(
        select(OutboxMessage.id)
        .where(
            OutboxMessage.ticket_id == ticket.id,
            OutboxMessage.kind == row.kind,
            OutboxMessage.told_at >= ticket.waiting_since,
        )
        .limit(1)
    )
    return found is not None


def _basis_entry(row: OutboxMessage) -> int:
    key = row.basis.get("entry")
    return key if isinstance(key, int) else 0
