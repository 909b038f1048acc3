"""Redaction: the one exception to the append-only journal.

What must not be kept (a card number, health data, a password) vanishes from the entry and from
everywhere it left traces: raw mail, outbox, drafts, index and files. What stays is who did it,
when and why.

A subject is noted in more places than one: where it was changed, and where other tickets mention
the ticket. Former subjects go with the entry in which the ticket was opened or renamed; the
present one stays, so a secret in it is first replaced by other words.
"""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk import blobs
from helpdesk.db import db
from helpdesk.events import publish
from helpdesk.people.access import Actor, Permission
from helpdesk.tickets.companions import Draft, Redaction
from helpdesk.tickets.events import EntryRedacted, SubjectRedacted
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.queries.timeline import NAMES_ANOTHER, other_ticket
from helpdesk.tickets.services.act import Act
from helpdesk.tickets.services.errors import Refused
from helpdesk.tickets.services.later import stop_all
from helpdesk.tickets.services.side_talks import forget_subject

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
    forget_subject(entry)
    if entry.verb in {"log", "set-subject"}:
        forget_former_subjects(actor, ticket, act.at)
    if entry.verb == "resolve":
        ticket.solution = ""
    for draft in db.session.scalars(select(Draft).where(Draft.ticket_id == ticket.id)):
        draft.body, draft.fields = "", {}
    stop_all(ticket, _l("A text of the ticket was redacted, and this one emptied. Write it anew."))
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


def forget_former_subjects(actor: Actor, ticket: Ticket, at: datetime) -> None:
    """Redact every subject that the ticket had and has no more, wherever the journal noted it."""
    rows = db.session.scalars(
        select(Entry).where(
            Entry.ticket_id == ticket.id,
            Entry.verb.in_(["log", "set-subject", *NAMES_ANOTHER]),
        )
    ).all()
    for entry in rows:
        noted = (entry.changes or {}).get("subject")
        if isinstance(noted, list) and set(noted) - {ticket.subject, None}:
            publish(EntryRedacted(actor=actor, entry=entry))
            empty(entry, at)
    # Links, merges and splits are noted on both sides, so ours say where the others are.
    others = {other_ticket(entry.verb, entry.changes) for entry in rows} - {None}
    copies = select(Entry).where(
        Entry.ticket_id.in_(others),
        Entry.verb.in_(list(NAMES_ANOTHER)),
        Entry.redacted_at.is_(None),
    )
    for entry in db.session.scalars(copies):
        if other_ticket(entry.verb, entry.changes) == ticket.id:
            _forget_copy(entry, ticket.subject, at)
    db.session.flush()
    opening = next((entry for entry in rows if entry.verb == "log"), None)
    publish(SubjectRedacted(actor=actor, ticket=ticket, opening=opening))


def _forget_copy(entry: Entry, present: str, at: datetime) -> None:
    """Take a former subject out of what another ticket noted; which ticket it was stays."""
    field = NAMES_ANOTHER[entry.verb]
    noted: Any = (entry.changes or {})[field]
    if all(side is None or side.get("name") == present for side in noted):
        return
    bare = [side and {key: side[key] for key in side if key != "name"} for side in noted]
    entry.changes = {**(entry.changes or {}), field: bare}
    entry.redacted_at = at
