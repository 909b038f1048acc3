"""Redaction: the one exception to the append-only journal.

What must not be kept (a card number, health data, a password) vanishes from the entry and from
everywhere it left traces: raw mail, outbox, drafts, index and files. What stays is who did it,
when and why.
"""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk import blobs
from helpdesk.db import db
from helpdesk.events import publish
from helpdesk.people.access import Actor, Permission
from helpdesk.tickets.companions import Draft, Redaction
from helpdesk.tickets.events import EntryRedacted
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services.act import Act
from helpdesk.tickets.services.errors import Refused

NO_BLOB = "0" * 64
"""Stands in place of the hash of a file that was redacted."""


def redact(actor: Actor, ticket: Ticket, entry: Entry, reason: str) -> Entry:
    """Empty an entry for good, with its files. Raises Denied, Refused.

    Blobs that nothing else names are deleted from the store when the transaction is committed;
    what a crash leaves in between, housekeeping removes within two days.
    """
    actor.demand(Permission.TICKET_REDACT)
    if not reason.strip():
        raise Refused("reason-missing", _l("Say why it is redacted."), "reason")
    if entry.ticket_id != ticket.id:
        raise Refused("entry-elsewhere", _l("This entry belongs to another ticket."))
    if entry.redacted_at is not None:
        raise Refused("redacted-already", _l("This entry is redacted already."))
    assert actor.person_id is not None
    act = Act(actor, ticket, Permission.TICKET_REDACT)
    # Handlers still need the texts to find their traces, so they run first.
    publish(EntryRedacted(actor=actor, entry=entry))
    empty(entry, act.at)
    if entry.verb == "resolve":
        ticket.solution = ""
    for draft in db.session.scalars(select(Draft).where(Draft.ticket_id == ticket.id)):
        draft.body, draft.fields = "", {}
    db.session.add(
        Redaction(
            ticket_id=ticket.id,
            entry_id=entry.id,
            actor_id=actor.person_id,
            at=act.at,
            reason=reason.strip()[:300],
        )
    )
    db.session.flush()
    act.note_change("redacted", None, {"entry": entry.id})
    return act.done("redact", body=reason.strip(), quiet=True)


def empty(entry: Entry, at: datetime) -> None:
    """Empty the texts of an entry and delete its files, unless another entry has them too."""
    hashes = [row.sha256 for row in entry.attachments]
    for row in entry.attachments:
        row.name, row.redacted_at, row.sha256 = "", at, NO_BLOB
    entry.body, entry.html, entry.envelope, entry.changes = "", None, None, None
    entry.redacted_at = at
    db.session.flush()
    blobs.forget(hashes)
