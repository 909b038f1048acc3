"""Mail that others bring us: an MTA through a pipe, a program over HTTP.

Bringing ends when the message is stored and in the ledger. It is filed by the worker a moment
later, as everything else is. Who brings the same bytes again, because our answer was lost, hears
of the line that is there.
"""

import logging
from dataclasses import dataclass

from sqlalchemy import select, update

from helpdesk.channels.email.ingest import file_stored
from helpdesk.channels.email.models import OPEN, Mailbox, MailMessage, State
from helpdesk.channels.email.store import keep
from helpdesk.db import db, transaction
from helpdesk.jobs import job
from helpdesk.lib.clock import now

log = logging.getLogger(__name__)

BATCH = 200


@dataclass(frozen=True, slots=True)
class Taken:
    """The line of the ledger of a message, and whether it had come before."""

    id: int
    again: bool
    state: str


def take(raw: bytes, *, queue_id: int, mailbox_id: int | None, source: str) -> Taken:
    """Store a message and write it into the ledger, in the caller's transaction. Raises Trouble.

    The caller commits before it says that the message was taken.
    """
    sha256 = keep(raw)
    theirs = (
        MailMessage.mailbox_id == mailbox_id
        if mailbox_id is not None
        else MailMessage.mailbox_id.is_(None)
    )
    known = db.session.execute(
        select(MailMessage.id, MailMessage.state)
        .where(MailMessage.raw_sha256 == sha256, theirs)
        .order_by(MailMessage.id)
        .limit(1)
    ).one_or_none()
    if known is not None:
        return Taken(known.id, True, known.state)
    moment = now()
    row = MailMessage(
        mailbox_id=mailbox_id,
        queue_id=queue_id,
        source=source[:300],
        raw_sha256=sha256,
        size=len(raw),
        received_at=moment,
        stored_at=moment,
        state=State.STORED,
    )
    db.session.add(row)
    if mailbox_id is not None:
        db.session.execute(
            update(Mailbox)
            .where(Mailbox.id == mailbox_id)
            .values(received_count=Mailbox.received_count + 1, last_success_at=moment)
            .execution_options(synchronize_session=False)
        )
    db.session.flush()
    return Taken(row.id, False, row.state)


@job(every=1, everywhere=True)
def file_delivered_mail() -> int:
    """File what was brought; returns how much. What a worker leaves behind is filed later."""
    count = 0
    while ids := _mine():
        count += len(file_stored(ids))
    return count


def _mine() -> list[int]:
    """Take the oldest messages that nobody has begun to file."""
    fresh = (OPEN, MailMessage.state == State.STORED, MailMessage.attempts == 0)
    there = db.session.scalar(select(MailMessage.id).where(*fresh).limit(1))
    db.session.rollback()
    if there is None:
        return []
    with transaction():
        ids = db.session.scalars(
            select(MailMessage.id)
            .where(*fresh)
            .order_by(MailMessage.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        db.session.execute(
            update(MailMessage)
            .where(MailMessage.id.in_(ids))
            .values(attempts=1)
            .execution_options(synchronize_session=False)
        )
    return list(ids)
