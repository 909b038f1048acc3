"""What did not arrive, for those who put it right: where it waits, and what can be done."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.notify import outbox
from helpdesk.notify.models import UNSENT, OutboxMessage, Sending
from helpdesk.people import audit, contact_values
from helpdesk.people.access import Actor, Permission
from helpdesk.tickets.queries.access import NotFound
from helpdesk.tickets.services import Refused

GIVEN_UP = "given-up"
"""The reason of what a person gave up."""
COUNTED = 1000
"""No more failed ones are counted than that."""
AT_ONCE = 200
"""Messages that are put right with one press."""


@dataclass(frozen=True, slots=True)
class Place:
    """What has not left through one mailbox; None stands for the default one."""

    mailbox_id: int | None
    failed: int
    waiting: int
    oldest: datetime


def places(actor: Actor) -> list[Place]:
    """Return where something has not left, and how much. Raises Denied."""
    actor.demand(Permission.SETUP_MAIL)
    rows = db.session.execute(
        select(
            OutboxMessage.mailbox_id,
            OutboxMessage.state,
            func.count(OutboxMessage.id),
            func.min(OutboxMessage.created_at),
        )
        .where(UNSENT)
        .group_by(OutboxMessage.mailbox_id, OutboxMessage.state)
    ).all()
    found = []
    for mailbox_id in dict.fromkeys(row[0] for row in rows):
        here = [row for row in rows if row[0] == mailbox_id]
        failed = sum(row[2] for row in here if row[1] == Sending.FAILED)
        waiting = sum(row[2] for row in here if row[1] != Sending.FAILED)
        found.append(Place(mailbox_id, failed, waiting, min(row[3] for row in here)))
    return sorted(found, key=lambda place: (-place.failed, -place.waiting, place.mailbox_id or 0))


def failed_among(actor: Actor, keys: Collection[int]) -> list[OutboxMessage]:
    """Return those of the messages that failed, locked, in the order of their keys.

    Raises Denied.
    """
    actor.demand(Permission.SETUP_MAIL)
    return list(
        db.session.scalars(
            select(OutboxMessage)
            .where(
                OutboxMessage.id.in_(list(keys)[:AT_ONCE]), OutboxMessage.state == Sending.FAILED
            )
            .order_by(OutboxMessage.id)
            .with_for_update(of=OutboxMessage)
        )
    )


def send_again(actor: Actor, messages: Iterable[OutboxMessage]) -> int:
    """Try failed messages again, now; returns how many. What has lost its text is left."""
    count = 0
    for message in messages:
        try:
            outbox.retry(actor, message.id)
        except Refused:
            continue
        count += 1
    return count


def give_up(actor: Actor, messages: Iterable[OutboxMessage]) -> int:
    """Let failed messages rest; their words stay on the ticket. Returns how many."""
    count = 0
    for message in messages:
        outbox.cancelled(message)
        message.reason = GIVEN_UP
        outbox.tell_pages(message)
        audit.record(actor, "mail-given-up", message, label=_label(message))
        count += 1
    return count


def readdress(actor: Actor, messages: Collection[OutboxMessage], typed: str) -> int:
    """Send failed messages to another address; returns how many.

    Whoever may not see a restricted ticket can't send what stands there anywhere. Raises Refused
    for what is no address, and NotFound for nothing to send.
    """
    try:
        address = contact_values.email(typed)
    except ValueError:
        said = _l("%(text)s is not an e-mail address.", text=typed[:80])
        raise Refused("address", said, "address") from None
    mine = outbox.readable(actor, messages)
    count = 0
    for message in messages:
        if message.id not in mine or _is_secret(message):
            continue
        audit.record(
            actor,
            "mail-readdressed",
            message,
            {"recipients": [message.recipients, [address]]},
            label=_label(message),
        )
        name = message.to[0][0] if message.to else address
        message.to, message.cc, message.recipients = [[name, address]], [], [address]
        message.state, message.next_try_at, message.attempts = Sending.QUEUED, now(), 0
        message.reason, message.last_error = "", ""
        outbox.tell_pages(message)
        count += 1
    if not count:
        raise NotFound
    return count


def _is_secret(message: OutboxMessage) -> bool:
    """Whether it carries a link that lets its reader sign in: that is for one person only."""
    return message.entry_id is None and (message.text is None or message.expires_at is not None)


def _label(message: OutboxMessage) -> str:
    return f"#{message.ticket_id}" if message.ticket_id is not None else message.subject


def failed_count(actor: Actor) -> int:
    """Return how many messages failed and wait for a person, up to a number. Raises Denied."""
    actor.demand(Permission.SETUP_MAIL)
    found = (
        select(OutboxMessage.id).where(UNSENT, OutboxMessage.state == Sending.FAILED).limit(COUNTED)
    )
    return db.session.scalar(select(func.count()).select_from(found.subquery())) or 0
