"""Drafts: what somebody typed and has not sent is kept on the server, so that nothing is lost.

A person has one draft of each kind for a ticket, and one for the call that they are logging. Two
windows of one person may type into the same draft; the later one is told instead of overwriting
what the other saved. Drafts are nobody else's business: there is no journal and no event.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from helpdesk import blobs
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.lib.text import clean_text
from helpdesk.people.access import Actor, Permission
from helpdesk.tickets.companions import DRAFT_KINDS, Draft, Undo
from helpdesk.tickets.lifecycle import EntryKind
from helpdesk.tickets.models import Attachment, Entry, Ticket
from helpdesk.tickets.services.errors import Refused
from helpdesk.tickets.services.open import NewFile
from helpdesk.tickets.side_talks import WRITE

MAX_TEXT = 500_000
"""Characters of a draft; more is cut, because a pasted log belongs into a file."""
MAX_FILES = 50


@dataclass(frozen=True, slots=True)
class Saved:
    """A draft as another window of the same person left it."""

    body: str
    stamp: str


class DraftMoved(Exception):
    """The same draft was changed in another window; ``saved`` is what it holds now."""

    def __init__(self, saved: Saved) -> None:
        """Carry the other window's text to the page that shows both."""
        super().__init__("the draft was changed in another window")
        self.saved = saved


def stamp_of(draft: Draft | None) -> str:
    """Return what tells one state of a draft from another; empty for no draft."""
    return _stamp(draft.updated_at) if draft is not None else ""


def _stamp(moment: datetime) -> str:
    return f"{int(moment.timestamp())}.{moment.microsecond:06}"


def check_kind(actor: Actor, ticket: Ticket | None, kind: str) -> None:
    """Raise Denied, or Refused for a kind there is not."""
    if kind not in DRAFT_KINDS or (ticket is None) != (kind == "log"):
        raise Refused("draft-kind", _l("There is no such draft."))
    actor.demand(Permission.TICKET_LOG if ticket is None else Permission.TICKET_WORK)


def find_draft(actor: Actor, ticket: Ticket | None, kind: str) -> Draft | None:
    """Return the actor's draft, or None."""
    return db.session.scalar(
        select(Draft)
        .where(
            Draft.person_id == actor.person_id,
            Draft.ticket_id == ticket.id if ticket is not None else Draft.ticket_id.is_(None),
            Draft.kind == kind,
        )
        .order_by(Draft.id)
        .limit(1)
    )


def save_draft(
    actor: Actor,
    ticket: Ticket | None,
    kind: str,
    *,
    body: str,
    fields: dict[str, object] | None = None,
    stamp: str | None = None,
) -> Draft:
    """Keep what was typed. ``stamp`` is that of the state the window knows; None overwrites.

    Raises Denied, Refused, DraftMoved.
    """
    check_kind(actor, ticket, kind)
    body = clean_text(body)[:MAX_TEXT]
    draft = find_draft(actor, ticket, kind)
    if draft is None:
        draft = _new_draft(actor, ticket, kind)
    elif stamp is not None and stamp != stamp_of(draft) and body != draft.body and draft.body:
        raise DraftMoved(Saved(draft.body, stamp_of(draft)))
    draft.body = body
    if fields is not None:
        draft.fields = fields
    draft.updated_at = now()
    db.session.flush()
    return draft


def _new_draft(actor: Actor, ticket: Ticket | None, kind: str) -> Draft:
    draft = Draft(
        person_id=actor.person_id,
        ticket_id=ticket.id if ticket is not None else None,
        kind=kind,
        body="",
        fields={},
    )
    try:
        with db.session.begin_nested():
            db.session.add(draft)
    except IntegrityError:
        # Another window of the same person was first.
        found = find_draft(actor, ticket, kind)
        if found is None:
            raise
        return found
    return draft


def discard_draft(actor: Actor, ticket: Ticket | None, kind: str) -> bool:
    """Throw a draft away with its files; False when there was none. Raises Denied, Refused."""
    check_kind(actor, ticket, kind)
    draft = find_draft(actor, ticket, kind)
    if draft is None:
        return False
    for row in draft.attachments:
        db.session.delete(row)
    db.session.flush()
    db.session.delete(draft)
    return True


def purge_abandoned(days: int, limit: int = 500) -> int:
    """Delete drafts that nobody touched for ``days``, and files that belong to nothing.

    Returns how many rows went; their blobs go with the commit. Called by the worker.
    """
    old = list(
        db.session.scalars(
            select(Draft)
            .where(
                Draft.updated_at < now() - timedelta(days=days),
                # What leaves later waits for its moment, or for a person.
                Draft.kind.in_(DRAFT_KINDS),
            )
            .order_by(Draft.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )
    stray = db.session.scalars(
        select(Attachment)
        .where(Attachment.entry_id.is_(None), Attachment.draft_id.is_(None))
        .limit(limit)
    )
    files = [*stray, *(row for draft in old for row in draft.attachments)]
    for row in files:
        db.session.delete(row)
    db.session.flush()
    for draft in old:
        db.session.delete(draft)
    blobs.forget({row.sha256 for row in files})
    return len(old) + len(files)


def add_draft_file(actor: Actor, ticket: Ticket | None, kind: str, file: NewFile) -> Attachment:
    """Attach an uploaded file to a draft, which is made if need be. Raises Denied, Refused."""
    check_kind(actor, ticket, kind)
    draft = find_draft(actor, ticket, kind) or _new_draft(actor, ticket, kind)
    count = db.session.scalar(
        select(func.count(Attachment.id)).where(Attachment.draft_id == draft.id)
    )
    if (count or 0) >= MAX_FILES:
        raise Refused("files-many", _l("A message takes at most %(n)d files.", n=MAX_FILES))
    row = Attachment(
        draft_id=draft.id,
        sha256=file.sha256,
        name=file.name[:255] or "file",
        content_type=file.content_type[:120],
        size=file.size,
        content_id=file.content_id,
    )
    db.session.add(row)
    db.session.flush()
    return row


def remove_draft_file(actor: Actor, attachment_id: int) -> bool:
    """Take a file off one of the actor's own drafts; False when it is gone."""
    row = db.session.scalar(
        select(Attachment)
        .join(Draft, Draft.id == Attachment.draft_id)
        .where(Attachment.id == attachment_id, Draft.person_id == actor.person_id)
    )
    if row is None:
        return False
    db.session.delete(row)
    return True


def spend_draft(
    actor: Actor, ticket: Ticket | None, kind: str, file_ids: Collection[int]
) -> list[NewFile]:
    """Take a draft away because it is being sent; return those of its files that go along.

    Files that were taken off the message are forgotten with the draft.
    """
    check_kind(actor, ticket, kind)
    draft = find_draft(actor, ticket, kind)
    if draft is None:
        return []
    rows = list(draft.attachments)
    files = [
        NewFile(row.sha256, row.name, row.content_type, row.size, row.content_id)
        for row in rows
        if row.id in file_ids
    ]
    for row in rows:
        db.session.delete(row)
    db.session.flush()
    db.session.delete(draft)
    return files


def restore_draft(actor: Actor, ticket: Ticket, entry: Entry) -> Draft | None:
    """Make a draft again of a message, note or call that was taken back.

    What was typed since stands before it. None for an event, which has no draft, and for a
    message to everybody, whose text must not become an answer to one of them.
    """
    kinds = {EntryKind.MESSAGE: "reply", EntryKind.NOTE: "note", EntryKind.CALL: "call"}
    kind = "side" if entry.verb == WRITE else kinds.get(EntryKind(entry.kind))
    if kind is None or entry.author_id != actor.person_id or entry.verb == "broadcast":
        return None
    draft = find_draft(actor, ticket, kind) or _new_draft(actor, ticket, kind)
    draft.body = "\n\n".join(text for text in (draft.body.strip(), entry.body) if text)
    envelope = entry.envelope or {}
    draft.fields = {name: envelope[name] for name in ("to", "cc", "side") if name in envelope}
    draft.updated_at = now()
    for row in entry.attachments:
        db.session.add(
            Attachment(
                draft_id=draft.id,
                sha256=row.sha256,
                name=row.name,
                content_type=row.content_type,
                size=row.size,
                content_id=row.content_id,
            )
        )
    db.session.flush()
    return draft


def restore_undone(actor: Actor, group_id: str) -> list[Draft]:
    """Make drafts again of everything that an undo took back: what was typed is not lost."""
    entries = db.session.scalars(
        select(Entry)
        .join(Undo, Undo.entry_id == Entry.id)
        .where(
            Undo.group_id == group_id,
            Undo.person_id == actor.person_id,
            # What a partial undo left as it is was not taken back.
            Entry.withdrawn_at.is_not(None),
        )
        .order_by(Undo.id)
    )
    found = [restore_draft(actor, entry.ticket, entry) for entry in list(entries)]
    return [draft for draft in found if draft is not None]
