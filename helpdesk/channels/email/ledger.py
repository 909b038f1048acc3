"""The ledger of incoming mail as people work with it: quarantine, raw source, redaction."""

from collections.abc import Callable

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from helpdesk import blobs
from helpdesk.channels.email import subjects
from helpdesk.channels.email.ingest import Fate, fate_of, file_again
from helpdesk.channels.email.models import OPEN, MailMessage, State
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people import audit
from helpdesk.people.access import Actor, Permission
from helpdesk.tickets.events import EntryRedacted, SubjectRedacted
from helpdesk.tickets.models import Entry
from helpdesk.tickets.queries.access import NotFound
from helpdesk.tickets.services import Refused

Verb = Callable[[Actor, MailMessage], Fate]
"""What can be done with a message in the quarantine."""
PAGE = 50
MAX_SHOWN = 512 * 1024
"""Bytes of a raw message that a page shows."""


def quarantined(actor: Actor, *, before: int | None = None, limit: int = PAGE) -> list[MailMessage]:
    """Return what waits for a person, newest first. Raises Denied."""
    actor.demand(Permission.SETUP_MAIL)
    statement = select(MailMessage).where(OPEN, MailMessage.state == State.QUARANTINED)
    if before is not None:
        statement = statement.where(MailMessage.id < before)
    return list(db.session.scalars(statement.order_by(MailMessage.id.desc()).limit(limit)))


def quarantine_count(actor: Actor) -> int:
    """Return how many messages wait for a person. Raises Denied."""
    actor.demand(Permission.SETUP_MAIL)
    return (
        db.session.scalar(
            select(func.count(MailMessage.id)).where(OPEN, MailMessage.state == State.QUARANTINED)
        )
        or 0
    )


def message_for(actor: Actor, message_id: int, *, lock: bool = False) -> MailMessage:
    """Return a line of the ledger. Raises Denied, NotFound."""
    actor.demand(Permission.SETUP_MAIL)
    row = db.session.get(MailMessage, message_id, with_for_update=lock or None)
    if row is None:
        raise NotFound
    return row


def may_read(actor: Actor, message: MailMessage) -> bool:
    """Whether the actor may see what a message says: mail to restricted queues is for these."""
    return actor.is_system or not message.queue.restricted or message.queue_id in actor.queue_ids


def source(actor: Actor, message: MailMessage) -> bytes:
    """Return the raw message. Raises Denied, NotFound."""
    actor.demand(Permission.SETUP_MAIL)
    if message.raw_sha256 is None or not may_read(actor, message):
        raise NotFound
    try:
        return blobs.get(message.raw_sha256)
    except blobs.BlobMissing as error:
        raise NotFound from error


def retry(actor: Actor, message: MailMessage) -> Fate:
    """Try again what is in the quarantine. Raises Denied, Refused.

    What was too large to be fetched is fetched after all, by whoever reads its mailbox.
    """
    actor.demand(Permission.SETUP_MAIL)
    _check_quarantined(message)
    if message.reason in {"too-large", "unfetchable"} and message.uid is not None:
        message.state, message.reason, message.error = State.WANTED, "", ""
        return fate_of(message)
    if message.raw_sha256 is None:
        raise Refused("raw-gone", _l("This message is not kept here; there is nothing to try."))
    return file_again(message)


def dismiss(actor: Actor, message: MailMessage) -> Fate:
    """Decide that a message needs no ticket. It stays in the ledger. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_MAIL)
    _check_quarantined(message)
    message.state, message.settled_at = State.DISMISSED, now()
    message.to_move = message.mailbox is not None and bool(message.mailbox.move_to)
    audit.record(actor, "mail-dismissed", message, label=message.subject or message.sender)
    return fate_of(message)


def _check_quarantined(message: MailMessage) -> None:
    if message.state != State.QUARANTINED:
        raise Refused("not-quarantined", _l("This message is not in the quarantine any more."))


# ---- Redaction ----


def on_redacted(event: EntryRedacted) -> None:
    """Remove the raw mail that an entry was made from, and every copy of it that came in."""
    _forget_raw(event.entry)
    first = (event.entry.envelope or {}).get("believed")
    noted = db.session.get(Entry, first) if isinstance(first, int) else None
    if noted is not None:
        # It was held back first, and has its raw mail in common with that note.
        _forget_raw(noted)


def on_subject_redacted(event: SubjectRedacted) -> None:
    """Remove the raw mail that opened the ticket: the subject that must go stands in its head."""
    if event.opening is not None:
        _forget_raw(event.opening)


def _forget_raw(entry: Entry) -> None:
    first = db.session.scalars(select(MailMessage).where(MailMessage.entry_id == entry.id)).all()
    copies = db.session.scalars(
        select(MailMessage).where(MailMessage.duplicate_of_id.in_([row.id for row in first]))
    ).all()
    rows = [*first, *copies]
    hashes = {row.raw_sha256 for row in rows if row.raw_sha256 is not None}
    for row in rows:
        row.raw_sha256, row.subject, row.redacted_at = None, "", now()
    subjects.remove(row.id for row in rows)
    blobs.forget(hashes)
