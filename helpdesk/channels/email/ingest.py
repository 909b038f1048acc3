"""From a stored raw message to a ticket: reading it, deciding its fate, writing that down.

A message reaches this point only after its raw text was stored and committed, and leaves it with
a fate. Whatever goes wrong with one message is written into its line of the ledger, where a
person can see it, try again or dismiss it; the next message is not concerned.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, IntegrityError

from config import Settings
from helpdesk import blobs
from helpdesk.channels.email import letter as letters
from helpdesk.channels.email.letter import Letter, Unfit
from helpdesk.channels.email.mailboxes import desk_language, is_own, own_addresses
from helpdesk.channels.email.models import MailMessage, State
from helpdesk.channels.email.threads import number_of, sent_by_us
from helpdesk.channels.email.trouble import Trouble
from helpdesk.channels.inbound import Correspondent, Inbound, receive
from helpdesk.db import db, transaction
from helpdesk.lib.clock import now
from helpdesk.people.models import Channel

log = logging.getLogger(__name__)

BATCH = 50
"""Messages filed in one transaction at most."""
BATCH_SECONDS = 0.25
"""And how long that transaction may take before others get their turn."""
MAX_ATTEMPTS = 5
"""A message whose filing never came to an end so often is put aside: it may kill its reader."""
_NOBODY = ("noreply", "no-reply", "donotreply", "do-not-reply", "mailer-daemon", "postmaster")


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one message."""

    id: int
    state: State
    reason: str
    ticket: int | None
    error: str = ""


def file_stored(
    ids: Sequence[int],
    raws: Mapping[int, bytes] | None = None,
    *,
    guard: Callable[[], None] | None = None,
    batch: int = BATCH,
) -> list[Fate]:
    """File stored messages in this order, in several transactions of their own.

    ``raws`` saves reading the blobs again; ``guard`` is called in each transaction and raises
    when the caller may no longer do this. Messages that somebody else files meanwhile are left
    out of the result. Raises DBAPIError when the database does not take part, and Trouble when
    there is no room for files; what was not filed is still stored then.
    """
    fates: list[Fate] = []
    todo = deque(ids)
    read: deque[tuple[int, Letter]] = deque()
    while todo or read:
        while todo and len(read) < batch:
            key = todo.popleft()
            known = (raws or {}).get(key)
            read.append((key, _read(key, partial(_raw_of, key, known))))
        try:
            done, some = _file(list(read), guard)
        except DBAPIError as error:
            if len(read) == 1 or error.connection_invalidated:
                raise
            # Two readers met (a deadlock), or one message offends the database as a whole: one at
            # a time everything finds its way, and only the offender stays behind.
            log.exception("Filing %d messages together failed; filing them one by one", len(read))
            for pair in read:
                fates += _file([pair], guard)[1]
            read.clear()
            continue
        fates += some
        for _done in range(done):
            read.popleft()
    return fates


def file_left_over(ids: Sequence[int], *, guard: Callable[[], None] | None = None) -> list[Fate]:
    """File what a process left behind that died: one by one, counting how often it was tried."""
    fates: list[Fate] = []
    for key in ids:
        with transaction():
            row = _locked([key]).get(key)
            if row is None:
                continue
            row.attempts += 1
            if row.attempts > MAX_ATTEMPTS:
                error = _("Filing it never came to an end, %(count)d times.", count=MAX_ATTEMPTS)
                _settle(row, State.QUARANTINED, "crashed", error)
                fates.append(fate_of(row))
                continue
        fates += file_stored([key], guard=guard)
    return fates


def file_again(row: MailMessage) -> Fate:
    """File a message now, within the caller's transaction. For a person who asked for it."""
    letter = _read(row.id, lambda: blobs.get(row.raw_sha256 or ""))
    row.attempts, row.error, row.reason = 0, "", ""
    _decide(row, letter, own_addresses(), force=True)
    return fate_of(row)


def fate_of(row: MailMessage) -> Fate:
    """Return the fate that a line of the ledger records."""
    return Fate(row.id, State(row.state), row.reason, row.ticket_id, row.error)


def _read(key: int, raw: Callable[[], bytes]) -> Letter:
    """Read one message. What can't be read is unfit; its identity is its line in the ledger."""
    try:
        return letters.read(raw())
    except Trouble:
        raise
    except Exception as error:
        log.exception("Message %d can't be read", key)
        unfit = Unfit("unreadable", f"{type(error).__name__}: {error}")
        return Letter(identity=f"line {key}", unfit=unfit)


def _raw_of(key: int, known: bytes | None) -> bytes:
    if known is not None:
        return known
    sha256 = db.session.scalar(select(MailMessage.raw_sha256).where(MailMessage.id == key))
    # Reading began a transaction; it must not stay open while the message is looked at.
    db.session.rollback()
    return blobs.get(sha256 or "")


def _locked(ids: Sequence[int]) -> dict[int, MailMessage]:
    """Return the stored messages among these, held for us alone; others' are left out."""
    rows = db.session.scalars(
        select(MailMessage)
        .where(MailMessage.id.in_(ids), MailMessage.state == State.STORED)
        .with_for_update(skip_locked=True)
    )
    return {row.id: row for row in rows}


def _file(
    read: Sequence[tuple[int, Letter]], guard: Callable[[], None] | None
) -> tuple[int, list[Fate]]:
    """File messages in one transaction; returns how many had their turn, and their fates."""
    done, fates = 0, []
    with transaction():
        if guard is not None:
            guard()
        own = own_addresses()
        rows = _locked([key for key, _letter in read])
        until = time.monotonic() + BATCH_SECONDS
        for key, letter in read:
            row = rows.get(key)
            if row is not None:
                _decide(row, letter, own)
                fates.append(fate_of(row))
            done += 1
            if time.monotonic() > until:
                break
        db.session.flush()
    return done, fates


def _decide(row: MailMessage, letter: Letter, own: frozenset[str], force: bool = False) -> None:
    """Give a message its fate, whatever happens. Raises only what concerns the database itself."""
    try:
        try:
            with db.session.begin_nested():
                _decide_within(row, letter, own, force)
        except IntegrityError:
            # Somebody filed a copy of it, or met its author, at this very moment. Now it shows.
            with db.session.begin_nested():
                _decide_within(row, letter, own, force)
    except Unfit as unfit:
        _put_aside(row, letter, unfit.reason, str(unfit))
    except Exception as error:
        if isinstance(error, DBAPIError) and _is_not_our_fault(error):
            raise
        log.exception("Message %d went to the quarantine", row.id)
        _put_aside(row, letter, "error", f"{type(error).__name__}: {error}")


def _is_not_our_fault(error: DBAPIError) -> bool:
    """Whether the database failed, rather than refused what a message made us write."""
    if error.connection_invalidated:
        return True
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate:
        # Connection, rollback (deadlock), resources, locks, shutdown, disk, internal.
        return sqlstate[:2] in {"08", "40", "53", "55", "57", "58", "XX"}
    said = str(error.orig).lower()
    return any(word in said for word in ("lock", "busy", "disk", "full", "readonly", "unable"))


def _decide_within(row: MailMessage, letter: Letter, own: frozenset[str], force: bool) -> None:
    _describe(row, letter)
    if _mark_duplicate(row, letter):
        return
    row.identity = letter.identity
    if letter.unfit is not None:
        raise letter.unfit
    assert letter.author is not None
    if not force and is_own(letter.author.address, own):
        _settle(row, State.IGNORED, "own-address")
        return
    if letter.message_id is not None and sent_by_us(letter.message_id):
        _settle(row, State.IGNORED, "own-message")
        return
    received = receive(_inbound(row, letter, own), reopen_days=_settings().reopen_days)
    row.ticket_id, row.entry_id = received.ticket.id, received.entry.id
    _settle(row, State.FILED, received.how)


def _inbound(row: MailMessage, letter: Letter, own: frozenset[str]) -> Inbound:
    assert letter.author is not None
    inbound = Inbound(
        author=letter.author,
        channel=Channel.EMAIL,
        queue=row.queue,
        happened_at=min(row.received_at, now()),
        subject=letter.subject,
        body=letter.body,
        html=letter.html,
        files=letter.files,
        copies=[copy for copy in letter.copies if _may_take_part(copy, own)],
        thread=number_of(letter.references) if letter.references else None,
        quoted=letter.quoted,
        envelope=letter.envelope,
    )
    if not letter.subject and not letter.body.strip():
        with force_locale(desk_language()):
            inbound.fallback_subject = _("(no subject)")
    return inbound


def _may_take_part(copy: Correspondent, own: frozenset[str]) -> bool:
    return not is_own(copy.address, own) and not copy.address.startswith(_NOBODY)


def _describe(row: MailMessage, letter: Letter) -> None:
    row.message_id = letter.message_id
    row.subject = letter.subject
    row.sender = letter.author.address[:320] if letter.author is not None else ""


def _mark_duplicate(row: MailMessage, letter: Letter) -> bool:
    """Record that the message is a copy of one we have; False when it is not."""
    first = db.session.scalar(
        select(MailMessage).where(MailMessage.identity == letter.identity, MailMessage.id != row.id)
    )
    if first is None:
        return False
    _describe(row, letter)
    row.duplicate_of_id, row.ticket_id = first.id, first.ticket_id
    _settle(row, State.DUPLICATE)
    return True


def _put_aside(row: MailMessage, letter: Letter, reason: str, error: str) -> None:
    _describe(row, letter)
    row.identity = letter.identity
    _settle(row, State.QUARANTINED, reason, error[:2000])
    db.session.flush()


def _settle(row: MailMessage, state: State, reason: str = "", error: str = "") -> None:
    row.state, row.reason, row.error, row.settled_at = state, reason, error, now()
    # What is in the quarantine stays where it is on the server, until a person has decided.
    row.to_move = (
        state != State.QUARANTINED and row.mailbox is not None and bool(row.mailbox.move_to)
    )


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings
