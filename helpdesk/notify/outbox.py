"""The outbox: what must leave is written in the transaction that decided it, and sent after.

Work is claimed row by row with one UPDATE, so any number of workers share it. A claim that runs
out belonged to a process that died, and the message is due again: between "the server took it"
and "we wrote that down" lies the one moment at which a crash makes a message leave twice. Its
Message-ID is the same both times.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, bindparam, case, func, or_, select, update

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.notify import notices
from helpdesk.notify.models import HELD, UNSENT, WAITING, OutboxMessage, Rank, Sending
from helpdesk.people.access import Actor, Permission
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.queries.access import NotFound, visible
from helpdesk.tickets.services import Refused
from helpdesk.web.live import announce

CLAIM_SECONDS = 180
"""How long a sender may take for one message before it counts as dead."""
PAUSES = (30, 120, 300, 900, 1800, 3600, 7200, 14400)
"""Seconds to wait after each failure; the last one is repeated."""
MAX_ATTEMPTS = 24
"""A message that was put off so often (in about three days) has failed."""

REPEATED = "repeated"
"""The reason of what was claimed again after its sender had died."""
TURN = timedelta(seconds=10)
"""How far a ticket's messages stand apart in the line of what is due."""

PAGE = 50

_UNDELIVERED = (Sending.QUEUED, Sending.CLAIMED)


# ---- Sending: called by the channels that carry messages ----


def due_mailboxes(channel: str) -> list[int | None]:
    """Return the mailboxes that have something to send now; None stands for the default one."""
    return list(
        db.session.scalars(
            select(OutboxMessage.mailbox_id)
            .where(OutboxMessage.channel == channel, _is_due(now()))
            .distinct()
        )
    )


def claim(channel: str, mailbox_id: int | None, *, up_to: Rank = Rank.AUTOMATIC) -> int | None:
    """Take the next message that is due; returns its key. Needs a transaction of its own.

    What people wrote comes before what the desk says by itself; ``up_to`` leaves out what ranks
    lower.
    """
    moment = now()
    free = (
        select(OutboxMessage.id)
        .where(
            OutboxMessage.channel == channel,
            OutboxMessage.mailbox_id == mailbox_id
            if mailbox_id is not None
            else OutboxMessage.mailbox_id.is_(None),
            OutboxMessage.rank <= up_to,
            _is_due(moment),
        )
        .order_by(OutboxMessage.rank, OutboxMessage.turn_at, OutboxMessage.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    return db.session.scalar(
        update(OutboxMessage)
        .where(OutboxMessage.id == free, _is_due(moment))
        .values(
            state=Sending.CLAIMED,
            claimed_until=moment + timedelta(seconds=CLAIM_SECONDS),
            attempts=OutboxMessage.attempts + 1,
            # Whoever had it may have handed it over before they died; that is said from now on.
            reason=case(
                (OutboxMessage.state == Sending.CLAIMED, REPEATED), else_=OutboxMessage.reason
            ),
        )
        .returning(OutboxMessage.id)
        .execution_options(synchronize_session=False)
    )


def turn_of(ticket_id: int, leaves: datetime) -> datetime:
    """Return the turn of a new message of a ticket: later for each one that waits already.

    What is due leaves in the order of its turns, so that a ticket with a hundred messages lets
    those of the others through in between.
    """
    last = db.session.scalar(
        select(func.max(OutboxMessage.turn_at)).where(OutboxMessage.ticket_id == ticket_id, WAITING)
    )
    return leaves if last is None else max(leaves, last + TURN)


def _is_due(moment: datetime) -> ColumnElement[bool]:
    return WAITING & or_(
        and_(OutboxMessage.state == Sending.QUEUED, OutboxMessage.next_try_at <= moment),
        and_(OutboxMessage.state == Sending.CLAIMED, OutboxMessage.claimed_until < moment),
    )


def settle(
    message: OutboxMessage, *, refused: Mapping[str, str], deferred: Mapping[str, str]
) -> None:
    """Record what a server said to a message; whoever is in neither list was reached.

    Both map addresses to the server's words: a refusal for good, or a request to come again. When
    several things happened each group gets a row of its own, so that nobody who was reached is
    written to again.
    """
    reached = [one for one in message.recipients if one not in refused and one not in deferred]
    groups = [group for group in (reached, list(refused), list(deferred)) if group]
    rows = [message, *(_copy_of(message) for _group in groups[1:])]
    for row, group in zip(rows, groups, strict=True):
        row.recipients = group
        if row is not message:
            db.session.add(row)
            db.session.flush()
        if group[0] in refused:
            failed(row, "refused", _words_of(refused))
        elif group[0] in deferred:
            put_off(row, _words_of(deferred))
        else:
            _sent(row)


def _words_of(answers: Mapping[str, str]) -> str:
    if len(set(answers.values())) == 1:
        return next(iter(answers.values()))
    return "; ".join(f"{address}: {said}" for address, said in answers.items())


def _sent(message: OutboxMessage) -> None:
    message.state, message.sent_at, message.claimed_until = Sending.SENT, now(), None
    message.reason, message.last_error = message.reason if is_repeated(message) else "", ""
    _forget_text(message)
    tell_pages(message)


def is_repeated(message: OutboxMessage) -> bool:
    """Whether it may have left twice: a process ended while it was being sent."""
    return message.reason == REPEATED


def put_off(message: OutboxMessage, said: str) -> None:
    """Try again later, as the server asked; give up when that went on for days."""
    moment = now()
    pause = timedelta(seconds=PAUSES[min(max(message.attempts, 1), len(PAUSES)) - 1])
    too_late = message.expires_at is not None and moment + pause > message.expires_at
    if message.attempts >= MAX_ATTEMPTS or too_late:
        failed(message, "gave-up", said)
        return
    message.state, message.claimed_until = Sending.QUEUED, None
    message.next_try_at = moment + pause
    message.last_error = said[:2000]
    tell_pages(message)


def give_back(message: OutboxMessage, said: str, *, until: datetime) -> None:
    """Put a message back that could not be tried at all: no server, no mailbox.

    That is not counted as an attempt, and it goes on for as long as it takes.
    """
    message.state, message.claimed_until = Sending.QUEUED, None
    message.attempts = max(0, message.attempts - 1)
    message.next_try_at, message.last_error = until, said[:2000]
    tell_pages(message)


def failed(message: OutboxMessage, reason: str, said: str) -> None:
    """Record that a message can't be delivered; a person has to decide what to do."""
    message.state, message.claimed_until = Sending.FAILED, None
    message.reason, message.last_error = reason, said[:2000]
    tell_pages(message)
    author = message.entry.author_id if message.entry is not None else None
    if author is not None and message.ticket_id is not None:
        notices.tell({author: notices.Kind.NOT_SENT}, message.ticket_id, None)


def cancelled(message: OutboxMessage) -> None:
    """Record that a message is not to be sent any more."""
    message.state, message.claimed_until = Sending.CANCELLED, None
    _forget_text(message)


def _copy_of(message: OutboxMessage) -> OutboxMessage:
    """Return the same message, Message-ID and all, for other recipients of it."""
    return OutboxMessage(
        kind=message.kind,
        basis=message.basis,
        channel=message.channel,
        entry_id=message.entry_id,
        ticket_id=message.ticket_id,
        supplier_id=message.supplier_id,
        mailbox_id=message.mailbox_id,
        to=message.to,
        cc=message.cc,
        recipients=[],
        rank=message.rank,
        turn_at=message.turn_at,
        signature=message.signature,
        linked=message.linked,
        message_id=message.message_id,
        subject=message.subject,
        text=message.text,
        html=message.html,
        created_at=message.created_at,
        attempts=message.attempts,
        expires_at=message.expires_at,
    )


def _forget_text(message: OutboxMessage) -> None:
    """Notices carry links that work once; nobody needs to read them here afterwards."""
    message.text, message.html = None, None


def tell_pages(message: OutboxMessage) -> None:
    """Let the page of its ticket show how far a message got."""
    if message.ticket_id is not None and message.entry_id is not None:
        announce(f"ticket:{message.ticket_id}", "delivery", message.entry_id)


# ---- Deciding: called by the rooms that have something to say ----


def withdraw(entry: Entry) -> None:
    """Stop the messages of an entry that is taken back. Raises Refused when one has left."""
    db.session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.entry_id == entry.id, OutboxMessage.state == Sending.QUEUED)
        .values(state=Sending.CANCELLED)
    )
    gone = db.session.scalar(
        select(OutboxMessage.id)
        .where(
            OutboxMessage.entry_id == entry.id,
            OutboxMessage.state.in_((Sending.CLAIMED, Sending.SENT)),
        )
        .limit(1)
    )
    if gone is not None:
        raise Refused("already-sent", _l("The message has left already."))


def forget(entry: Entry) -> None:
    """Remove every text of an entry that is redacted; what has not left is not sent."""
    for message in db.session.scalars(
        select(OutboxMessage).where(OutboxMessage.entry_id == entry.id)
    ):
        message.subject, message.signature, message.linked = "", "", {}
        _forget_text(message)
        if message.state in (*_UNDELIVERED, Sending.FAILED):
            cancelled(message)


def forget_notices(entry: Entry) -> None:
    """Stop what customers were about to be told of a ticket of which a text is redacted.

    It may be in a notice that has its text already; one that is still held gets a new one.
    """
    for message in db.session.scalars(
        select(OutboxMessage).where(
            OutboxMessage.ticket_id == entry.ticket_id,
            OutboxMessage.kind != "",
            OutboxMessage.state.in_((*_UNDELIVERED, Sending.FAILED)),
        )
    ):
        message.subject, message.reason = "", "redacted"
        cancelled(message)


def retry(actor: Actor, message_id: int) -> OutboxMessage:
    """Send a failed message again, now. Raises Denied, NotFound, Refused.

    Whoever works the ticket may, and who sets up mail may for every message.
    """
    message = db.session.get(OutboxMessage, message_id, with_for_update=True)
    if message is None or not _may_retry(actor, message):
        raise NotFound
    if message.state == Sending.QUEUED:
        message.next_try_at = min(message.next_try_at, now())
        return message
    if message.state != Sending.FAILED:
        raise Refused("not-failed", _l("This message is not waiting to be sent again."))
    if message.entry_id is None and message.text is None:
        raise Refused("text-gone", _l("The text of this message is no longer kept."))
    message.state, message.next_try_at, message.attempts = Sending.QUEUED, now(), 0
    message.reason, message.last_error = "", ""
    tell_pages(message)
    return message


def _may_retry(actor: Actor, message: OutboxMessage) -> bool:
    if actor.can(Permission.SETUP_MAIL):
        return True
    actor.demand(Permission.TICKET_WORK)
    if message.ticket_id is None:
        return False
    found = db.session.scalar(
        select(Ticket.id).where(Ticket.id == message.ticket_id, visible(actor))
    )
    return found is not None


# ---- Reading ----


ANY = -1
"""Any mailbox; None stands for the default one."""


def page(
    actor: Actor,
    states: Collection[Sending],
    *,
    mailbox_id: int | None = ANY,
    before: int | None = None,
    limit: int = PAGE,
) -> list[OutboxMessage]:
    """Return outgoing messages in these states, newest first. Raises Denied."""
    actor.demand(Permission.SETUP_MAIL)
    statement = select(OutboxMessage).where(OutboxMessage.state.in_(states))
    if set(states) == {Sending.HELD}:
        statement = statement.where(HELD)
    elif not {Sending.SENT, Sending.CANCELLED} & set(states):
        statement = statement.where(UNSENT)
    if mailbox_id != ANY:
        # "IS NOT DISTINCT FROM" uses no index on PostgreSQL.
        here = OutboxMessage.mailbox_id
        statement = statement.where(here.is_(None) if mailbox_id is None else here == mailbox_id)
    if before is not None:
        statement = statement.where(OutboxMessage.id < before)
    return list(db.session.scalars(statement.order_by(OutboxMessage.id.desc()).limit(limit)))


def readable(actor: Actor, messages: Collection[OutboxMessage]) -> set[int]:
    """Return the keys of those messages whose recipients and subject the actor may read.

    Setting up mail does not open restricted tickets.
    """
    ticket_ids = {row.ticket_id for row in messages if row.ticket_id is not None}
    seen = set(
        db.session.scalars(select(Ticket.id).where(Ticket.id.in_(ticket_ids), visible(actor)))
    )
    return {row.id for row in messages if row.ticket_id is None or row.ticket_id in seen}


@dataclass(frozen=True, slots=True)
class Delivery:
    """How far an entry got on its way out.

    ``state`` is the least good of its messages: failed, then waiting (``queued``, ``claimed``),
    then sent, then cancelled. ``failed_ids`` are what ``retry`` takes.
    """

    state: Sending
    at: datetime
    recipients: list[str]
    error: str
    failed_ids: list[int]
    # It left, and a mail system reported later that it reached somebody not.
    returned: bool = False
    # It may have arrived twice.
    repeated: bool = False


_WORST_FIRST = (
    Sending.FAILED,
    Sending.QUEUED,
    Sending.CLAIMED,
    Sending.SENT,
    Sending.CANCELLED,
)


_OF_ENTRIES = (
    select(
        OutboxMessage.id,
        OutboxMessage.entry_id,
        OutboxMessage.state,
        OutboxMessage.sent_at,
        OutboxMessage.next_try_at,
        OutboxMessage.recipients,
        OutboxMessage.last_error,
        OutboxMessage.returned_at,
        OutboxMessage.reason,
    )
    .where(OutboxMessage.entry_id.in_(bindparam("entries", expanding=True)))
    .order_by(OutboxMessage.id)
)


def deliveries(entry_ids: Collection[int]) -> dict[int, Delivery]:
    """Return how far these entries got; entries that are not sent anywhere are left out."""
    rows: dict[int, list[Any]] = {}
    for row in db.session.execute(_OF_ENTRIES, {"entries": list(entry_ids)}):
        rows.setdefault(row.entry_id, []).append(row)
    return {entry_id: _delivery(found) for entry_id, found in rows.items()}


def _delivery(rows: list[Any]) -> Delivery:
    worst = min(rows, key=lambda row: _WORST_FIRST.index(Sending(row.state)))
    return Delivery(
        state=Sending(worst.state),
        at=worst.sent_at or worst.next_try_at,
        recipients=list(dict.fromkeys(one for row in rows for one in row.recipients)),
        error=worst.last_error,
        failed_ids=[row.id for row in rows if row.state == Sending.FAILED],
        returned=worst.state == Sending.SENT and any(row.returned_at for row in rows),
        repeated=any(row.reason == REPEATED for row in rows),
    )
