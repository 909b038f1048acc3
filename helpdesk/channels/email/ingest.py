"""From a stored raw message to a ticket: reading it, deciding its fate, writing that down.

A message reaches this point only after its raw text was stored and committed, and leaves it with
a fate. Messages are filed several to a transaction. When anything goes wrong in one, it is rolled
back and its messages are filed one by one, so that only the message at fault is put into the
quarantine, where a person can see it, try again or dismiss it.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from helpdesk import blobs
from helpdesk.channels.email.deciding import (
    Decision,
    decide,
    known_of,
    meet_newcomers,
    put_aside,
    settle,
)
from helpdesk.channels.email.lease import Lost
from helpdesk.channels.email.letter import Letter, Unfit
from helpdesk.channels.email.models import OPEN, MailMessage, State
from helpdesk.channels.email.secure import keyring
from helpdesk.channels.email.trouble import Trouble
from helpdesk.db import db, is_postgresql, transaction
from helpdesk.jobs import job
from helpdesk.lib.clock import now

log = logging.getLogger(__name__)

BATCH = 50
"""Messages filed in one transaction at most."""
BATCH_SECONDS = 0.25
"""And how long that transaction may take on SQLite, where nobody else writes meanwhile."""
MAX_ATTEMPTS = 5
"""A message whose filing never came to an end so often is put aside: it may kill its reader."""
FORGOTTEN_SECONDS = 300
"""After this time a stored message counts as forgotten."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one message."""

    id: int
    state: State
    reason: str
    ticket: int | None
    error: str = ""


def read_all(raws: Mapping[int, bytes]) -> dict[int, Letter]:
    """Read stored messages, by their key. Raises Trouble.

    The database is asked only for keys of signed and encrypted ones.
    """
    return {key: _read(key, partial(bytes, raw)) for key, raw in raws.items()}


def file_stored(
    ids: Sequence[int],
    letters: Mapping[int, Letter] | None = None,
    *,
    guard: Callable[[], None] | None = None,
) -> list[Fate]:
    """File stored messages in this order, in several transactions of their own.

    ``letters`` are those that were read already; ``guard`` is called in each transaction and
    raises when the caller may no longer do this. Messages that somebody else files meanwhile are
    left out of the result. Raises DBAPIError when the database does not take part, and Trouble
    when there is no room for files; what was not filed is still stored then.
    """
    fates: list[Fate] = []
    todo = deque(ids)
    read: deque[tuple[int, Letter]] = deque()
    while todo or read:
        while todo and len(read) < BATCH:
            key = todo.popleft()
            letter = (letters or {}).get(key)
            read.append((key, letter or _read(key, partial(_raw_of, key))))
        done, some = _file_together(list(read), guard)
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
                row.state, row.reason, row.settled_at = State.QUARANTINED, "crashed", now()
                row.error = f"Filing it never came to an end, {MAX_ATTEMPTS} times."
                fates.append(fate_of(row))
                continue
        fates += file_stored([key], guard=guard)
    return fates


@job(every=60)
def file_forgotten_mail() -> None:
    """File what nobody came to file: an import was stopped, a mailbox switched off."""
    ids = db.session.scalars(
        select(MailMessage.id)
        .where(
            OPEN,
            MailMessage.state == State.STORED,
            MailMessage.stored_at < now() - timedelta(seconds=FORGOTTEN_SECONDS),
        )
        .order_by(MailMessage.id)
        .limit(500)
    ).all()
    db.session.rollback()
    file_left_over(ids)


def file_again(row: MailMessage) -> Fate:
    """File a message now, within the caller's transaction. For a person who asked for it.

    What was taken for our own mail is filed all the same.
    """
    letter = _read(row.id, lambda: blobs.get(row.raw_sha256 or ""), lambda: None)
    row.attempts = 0
    decision: Decision
    try:
        with db.session.begin_nested():
            decision = decide(row, letter, known_of([letter], asked_for=True, rows=[row]))
            settle(row, letter, decision)
    except Exception as error:
        if _is_not_our_fault(error):
            raise
        log.exception("Message %d stays in the quarantine", row.id)
        settle(row, letter, put_aside("error", error))
    db.session.flush()
    return fate_of(row)


def fate_of(row: MailMessage) -> Fate:
    """Return the fate that a line of the ledger records."""
    return Fate(row.id, State(row.state), row.reason, row.ticket_id, row.error)


def _read(
    key: int, raw: Callable[[], bytes], release: Callable[[], None] = db.session.rollback
) -> Letter:
    """Read one message. What can't be read is unfit; its identity is its line in the ledger."""
    try:
        return keyring.read(key, raw(), release)
    except Trouble:
        raise
    except Exception as error:
        log.exception("Message %d can't be read", key)
        unfit = Unfit("unreadable", f"{type(error).__name__}: {error}")
        return Letter(identity=f"line {key}", unfit=unfit)


def _raw_of(key: int) -> bytes:
    sha256 = db.session.scalar(select(MailMessage.raw_sha256).where(MailMessage.id == key))
    # Reading began a transaction; it must not stay open while the message is looked at.
    db.session.rollback()
    return blobs.get(sha256 or "")


# ---- Transactions ----


def _file_together(
    read: Sequence[tuple[int, Letter]], guard: Callable[[], None] | None
) -> tuple[int, list[Fate]]:
    """File messages in one transaction; returns how many had their turn, and their fates."""
    try:
        return _file(read, guard)
    except Exception as error:
        if _is_not_our_fault(error):
            raise
        if len(read) == 1:
            return 1, _put_aside_alone(*read[0], guard, error)
        log.info("Filing %d messages together failed (%s); one by one then", len(read), error)
    fates: list[Fate] = []
    for pair in read:
        fates += _file_together([pair], guard)[1]
    return len(read), fates


def _file(
    read: Sequence[tuple[int, Letter]], guard: Callable[[], None] | None
) -> tuple[int, list[Fate]]:
    decided: list[tuple[MailMessage, Letter, Decision]] = []
    done = 0
    with transaction():
        if guard is not None:
            guard()
        rows = _locked([key for key, _letter in read])
        known = known_of([letter for key, letter in read if key in rows], rows=rows.values())
        meet_newcomers([(rows[key], letter) for key, letter in read if key in rows], known)
        until = time.monotonic() + (5.0 if is_postgresql() else BATCH_SECONDS)
        for key, letter in read:
            row = rows.get(key)
            if row is not None:
                decision = decide(row, letter, known)
                known.remember(row, letter, decision)
                decided.append((row, letter, decision))
            done += 1
            if time.monotonic() > until:
                break
        # Written together, which the database does with a few statements. If somebody filed a
        # copy of one of them meanwhile, its identity is taken, and all of this did not happen.
        for row, letter, decision in decided:
            settle(row, letter, decision)
        db.session.flush()
        fates = [fate_of(row) for row, _letter, _decision in decided]
    return done, fates


def _put_aside_alone(
    key: int, letter: Letter, guard: Callable[[], None] | None, error: Exception
) -> list[Fate]:
    """Put the message at fault into the quarantine, unless it was a copy all along."""
    with transaction():
        if guard is not None:
            guard()
        row = _locked([key]).get(key)
        if row is None:
            return []
        first = known_of([letter]).first_of(letter)
        if first is not None:
            settle(row, letter, Decision(State.DUPLICATE, first=first))
        else:
            log.error("Message %d went to the quarantine", key, exc_info=error)
            settle(row, letter, put_aside("error", error))
        db.session.flush()
        return [fate_of(row)]


def _locked(ids: Sequence[int]) -> dict[int, MailMessage]:
    """Return the stored messages among these, held for us alone; others' are left out."""
    rows = db.session.scalars(
        select(MailMessage)
        .where(MailMessage.id.in_(ids), MailMessage.state == State.STORED)
        .with_for_update(skip_locked=True)
    )
    return {row.id: row for row in rows}


def _is_not_our_fault(error: Exception) -> bool:
    """Whether the database (or the disk) failed, rather than refused what a message made us do."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, Trouble | Lost)
    if error.connection_invalidated:
        return True
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate:
        # Connection, resources, locks, shutdown, disk, internal. A deadlock is none of these:
        # one by one everything finds its way.
        return sqlstate[:2] in {"08", "53", "55", "57", "58", "XX"}
    said = str(error.orig).lower()
    return any(word in said for word in ("lock", "busy", "disk", "full", "readonly", "unable"))
