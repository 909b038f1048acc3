"""The brake on loops: how much of one sender is filed, and how much is sent by itself.

Two programs that answer each other can fill a desk in a night. Nothing is lost by the brake: what
one sender writes beyond the limit is held in the quarantine, and "Try again" files it; what would
have been sent by itself is on the outbox page as not sent. The moments are those at which the mail
server got a message, so that reading a full folder is no flood.
"""

from bisect import bisect_right, insort
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, func, or_, select

from helpdesk.channels.email import loop_notices
from helpdesk.channels.email.handling import MOST, Handling, handling
from helpdesk.channels.email.models import MailMessage, State
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.notify import by_mail, escalated, notices, outbox
from helpdesk.notify.models import OutboxMessage, Sending
from helpdesk.tickets.lifecycle import OPEN_ASSIGNMENT
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services.talk import AUTO_REPLY

HELD = "loop"
STOPPED = "brake"
WINDOW = timedelta(minutes=10)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
_TO_STAFF = (by_mail.KIND, escalated.KIND)


@dataclass(slots=True)
class Pace:
    """How often senders wrote lately, before and within a batch of messages."""

    handling: Handling = field(default_factory=Handling)
    # Sender → the moments at which servers got their mail, in order.
    moments: dict[str, list[datetime]] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)

    def is_too_much(self, sender: str, at: datetime) -> bool:
        """Whether a message is one too many of its sender; if not, it counts from now on."""
        limit = self.handling.per_sender
        if not 0 < limit < MOST or sender in self.handling.unlimited:
            return False
        seen = self.moments.setdefault(sender, [])
        if bisect_right(seen, at) - bisect_right(seen, at - WINDOW) >= limit:
            return True
        insort(seen, at)
        return False

    def hold(self, sender: str, at: datetime) -> None:
        """Tell administrators that mail of a sender is held, once a day."""
        if sender not in self.told and not was_held(sender, at):
            loop_notices.tell_of_sender(sender)
        self.told.add(sender)


def pace_of(senders: Collection[str], moments: Sequence[datetime]) -> Pace:
    """Ask how often these senders wrote around these moments. Two queries, one without moments."""
    pace = Pace(handling())
    if not senders or not moments or not 0 < pace.handling.per_sender < MOST:
        return pace
    rows = db.session.execute(
        select(MailMessage.sender, MailMessage.received_at)
        .where(
            MailMessage.sender.in_(senders),
            MailMessage.received_at > min(moments) - WINDOW,
            MailMessage.received_at <= max(moments),
            MailMessage.state == State.FILED,
            MailMessage.mailbox_id.is_not(None),
        )
        .order_by(MailMessage.received_at)
    )
    for sender, at in rows:
        pace.moments.setdefault(sender, []).append(at)
    return pace


def was_held(sender: str, at: datetime) -> bool:
    """Whether mail of a sender was held within the last day already."""
    return (
        db.session.scalar(
            select(MailMessage.id)
            .where(
                MailMessage.sender == sender,
                MailMessage.received_at > at - DAY,
                MailMessage.reason == HELD,
            )
            .limit(1)
        )
        is not None
    )


def _sent(*which: ColumnElement[bool]) -> Select[int]:
    """Count what left by itself within the last hour, to customers."""
    return (
        select(func.count(OutboxMessage.id))
        .outerjoin(Entry, Entry.id == OutboxMessage.entry_id)
        .where(
            *which,
            OutboxMessage.state == Sending.SENT,
            OutboxMessage.sent_at > now() - HOUR,
            OutboxMessage.kind.not_in(_TO_STAFF),
            or_(OutboxMessage.entry_id.is_(None), Entry.verb == AUTO_REPLY),
        )
    )


def stopped(message: OutboxMessage) -> bool:
    """Drop a claimed message that nobody wrote and that is one too many; whether it was.

    For its ticket, or for the person it is for. Needs a transaction.
    """
    limit = handling().per_ticket
    if message.ticket_id is None or message.kind in _TO_STAFF or not 0 < limit < MOST:
        return False
    entry = message.entry
    if entry is not None and entry.verb != AUTO_REPLY:
        return False
    counts = [_sent(OutboxMessage.ticket_id == message.ticket_id)]
    if message.person_id is not None:
        lately = OutboxMessage.told_at > now() - HOUR
        counts.append(_sent(OutboxMessage.person_id == message.person_id, lately))
    if all((db.session.scalar(one) or 0) < limit for one in counts):
        return False
    if not _was_stopped(message.ticket_id):
        _tell(message.ticket_id)
    message.reason = STOPPED
    outbox.cancelled(message)
    return True


def _tell(ticket_id: int) -> None:
    """Tell administrators by mail, and who answers for the ticket, or holds a part of it."""
    loop_notices.tell_of_ticket(ticket_id)
    ticket = db.session.get_one(Ticket, ticket_id)
    held = [row.technician_id for row in ticket.assignments if row.state in OPEN_ASSIGNMENT]
    people = [ticket.owner_id] if ticket.owner_id is not None else held
    concerned = {key: notices.Kind.BRAKED for key in people if key is not None}
    notices.tell(concerned, ticket_id, None)


def _was_stopped(ticket_id: int) -> bool:
    statement = select(OutboxMessage.id).where(
        OutboxMessage.ticket_id == ticket_id,
        OutboxMessage.reason == STOPPED,
        OutboxMessage.created_at > now() - DAY,
    )
    return db.session.scalar(statement.limit(1)) is not None
