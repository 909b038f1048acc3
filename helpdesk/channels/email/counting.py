"""Reconciliation: what the server holds, counted against the ledger.

Everything up to the mark of how far we are has a line in the ledger, or something went wrong that
nobody thought of. So the folder is counted now and then, on the connection that reads it anyway,
and what the ledger does not know is named, alarmed about, and can be fetched.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import insert, select

from helpdesk.channels.email import lease
from helpdesk.channels.email.boxes import Box
from helpdesk.channels.email.imap import Connection
from helpdesk.channels.email.models import Mailbox, MailMessage, State
from helpdesk.db import db, transaction
from helpdesk.lib.clock import now
from helpdesk.people import audit
from helpdesk.people.access import Actor, Permission

EVERY = timedelta(minutes=15)
"""How often a folder is counted."""
NAMED = 200
"""UIDs of missing messages that are kept, to be shown and fetched."""
_AT_ONCE = 1_000


@dataclass(slots=True)
class Counted:
    """Messages on the server up to the mark of how far we are, and those the ledger lacks."""

    server: int = 0
    missing: int = 0
    uids: list[int] = field(default_factory=list)


def count(box: Box, uids: list[int]) -> Counted:
    """Count the server's messages (ascending UIDs) against the ledger. One query a thousand."""
    found = Counted()
    begun = db.session.scalar(select(Mailbox.begun_uid).where(Mailbox.id == box.id)) or 0
    wanted = [uid for uid in uids if begun < uid <= box.last_uid]
    found.server = len(wanted)
    for some in _slices(wanted):
        known = set(
            db.session.scalars(
                select(MailMessage.uid).where(
                    MailMessage.mailbox_id == box.id,
                    MailMessage.place == box.place,
                    MailMessage.uidvalidity == box.uidvalidity,
                    MailMessage.uid.between(some[0], some[-1]),
                )
            )
        )
        missing = [uid for uid in some if uid not in known]
        found.missing += len(missing)
        found.uids += missing[: NAMED - len(found.uids)]
    return found


def is_due(mailbox_id: int) -> bool:
    """Whether it is time to count again."""
    last = db.session.scalar(select(Mailbox.counted_at).where(Mailbox.id == mailbox_id))
    return last is None or last < now() - EVERY


def count_folder(box: Box, connection: Connection, holder: str) -> Counted:
    """Count a folder and keep what was found. Raises Lost and mail errors."""
    found = count(box, connection.uids_after(0))
    db.session.rollback()
    with transaction():
        lease.hold(
            box.id,
            holder,
            counted_at=now(),
            server_count=found.server,
            missing_count=found.missing,
            missing_uids=found.uids,
        )
    return found


def fetch_missing(actor: Actor, mailbox: Mailbox) -> int:
    """Ask for the messages that are missing; returns how many. Raises Denied.

    They get lines in the ledger, and whoever reads the mailbox fetches them.
    """
    actor.demand(Permission.SETUP_MAIL)
    uids = list(mailbox.missing_uids or [])
    if not uids or mailbox.uidvalidity is None:
        return 0
    known = set(
        db.session.scalars(
            select(MailMessage.uid).where(
                MailMessage.mailbox_id == mailbox.id,
                MailMessage.place == mailbox.place,
                MailMessage.uidvalidity == mailbox.uidvalidity,
                MailMessage.uid.in_(uids),
            )
        )
    )
    wanted = [uid for uid in uids if uid not in known]
    if wanted:
        same = {
            "mailbox_id": mailbox.id,
            "place": mailbox.place,
            "uidvalidity": mailbox.uidvalidity,
            "queue_id": mailbox.queue_id,
            "state": State.WANTED,
            "size": 0,
            "received_at": now(),
        }
        db.session.execute(insert(MailMessage), [{**same, "uid": uid} for uid in wanted])
    mailbox.missing_count = max(0, mailbox.missing_count - len(uids))
    mailbox.missing_uids, mailbox.counted_at = [], None
    # The next connection fetches what is wanted; counting follows it.
    mailbox.version += 1
    audit.record(actor, "mail-missing-fetched", mailbox, {"messages": [None, len(wanted)]})
    db.session.flush()
    return len(wanted)


def _slices(uids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(uids), _AT_ONCE):
        yield uids[start : start + _AT_ONCE]
