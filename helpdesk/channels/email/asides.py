"""Mail of side conversations: which one a message answers, and what ours refer to.

Whoever refers to a mail of a side conversation answers there, also if they are the customer: what
is said in one stays with staff.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import select, union_all

from helpdesk.channels.email.models import MailMessage, State
from helpdesk.channels.email.threads import LOOKED_AT, Chain, chained
from helpdesk.db import db
from helpdesk.notify.models import OutboxMessage, Sending
from helpdesk.people.models import Channel
from helpdesk.tickets.side_talks import WRITE, SideEntry, SideTalk


def talk_of(message: OutboxMessage) -> SideTalk | None:
    """Return the side conversation that a message of ours stands in."""
    if message.entry is None or message.entry.verb != WRITE:
        return None
    of_it = db.session.get(SideEntry, message.entry.id)
    return of_it.talk if of_it is not None else None


def asides_of(message_ids: Collection[str]) -> dict[str, int]:
    """Return the side conversations of messages, ours and theirs, by Message-ID. One query."""
    if not message_ids:
        return {}
    ours = (
        select(OutboxMessage.message_id, SideEntry.talk_id)
        .join(SideEntry, SideEntry.entry_id == OutboxMessage.entry_id)
        .where(OutboxMessage.message_id.in_(message_ids))
    )
    theirs = (
        select(MailMessage.message_id, SideEntry.talk_id)
        .join(SideEntry, SideEntry.entry_id == MailMessage.entry_id)
        .where(MailMessage.message_id.in_(message_ids), MailMessage.state == State.FILED)
    )
    rows: Sequence[Any] = db.session.execute(union_all(ours, theirs)).all()
    return {row.message_id: row.talk_id for row in rows if row.message_id is not None}


def aside_of(
    references: Sequence[str], threads: Mapping[str, int], asides: Mapping[str, int]
) -> int | None:
    """Return the side conversation of the nearest known reference; None when it is of none."""
    nearest = references[-LOOKED_AT:]
    return next((asides.get(one) for one in reversed(nearest) if one in threads), None)


def chain(talk: SideTalk, before: OutboxMessage) -> Chain:
    """Return what a message of a side conversation refers to: what was said in it before."""
    theirs = db.session.execute(
        select(MailMessage.entry_id, MailMessage.message_id)
        .join(SideEntry, SideEntry.entry_id == MailMessage.entry_id)
        .where(
            SideEntry.talk_id == talk.id,
            MailMessage.state == State.FILED,
            MailMessage.stored_at <= before.created_at,
        )
    )
    ours = db.session.execute(
        select(OutboxMessage.entry_id, OutboxMessage.message_id)
        .join(SideEntry, SideEntry.entry_id == OutboxMessage.entry_id)
        .where(
            SideEntry.talk_id == talk.id,
            OutboxMessage.channel == Channel.EMAIL,
            OutboxMessage.state == Sending.SENT,
            OutboxMessage.id < before.id,
        )
    )
    return chained(theirs, ours)
