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
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from config import Settings
from helpdesk import blobs
from helpdesk.channels.email import letter as reading
from helpdesk.channels.email.automatic import is_nobody
from helpdesk.channels.email.lease import Lost
from helpdesk.channels.email.letter import Letter, Unfit
from helpdesk.channels.email.mailboxes import desk_language, is_own, own_addresses
from helpdesk.channels.email.models import OPEN, MailMessage, State
from helpdesk.channels.email.threads import (
    answers_supplier,
    number_of,
    sent_by_us,
    threads_of,
    written_to_suppliers,
)
from helpdesk.channels.email.trouble import Trouble
from helpdesk.channels.inbound import Correspondent, Inbound, receive
from helpdesk.db import db, is_postgresql, transaction
from helpdesk.jobs import job
from helpdesk.lib.clock import now
from helpdesk.people.models import Channel, Person
from helpdesk.people.queries import people_by_email
from helpdesk.people.services.contact_points import meet

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
    """Read stored messages, by their key. It does not ask the database. Raises Trouble."""
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
    letter = _read(row.id, lambda: blobs.get(row.raw_sha256 or ""))
    row.attempts = 0
    decision: Decision
    try:
        with db.session.begin_nested():
            decision = _decide(row, letter, _known([letter], asked_for=True))
            _settle(row, letter, decision)
    except Exception as error:
        if _is_not_our_fault(error):
            raise
        log.exception("Message %d stays in the quarantine", row.id)
        _settle(row, letter, _put_aside("error", error))
    db.session.flush()
    return fate_of(row)


def fate_of(row: MailMessage) -> Fate:
    """Return the fate that a line of the ledger records."""
    return Fate(row.id, State(row.state), row.reason, row.ticket_id, row.error)


def _read(key: int, raw: Callable[[], bytes]) -> Letter:
    """Read one message. What can't be read is unfit; its identity is its line in the ledger."""
    try:
        return reading.read(raw())
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
        known = _known([letter for key, letter in read if key in rows])
        _meet_newcomers([(rows[key], letter) for key, letter in read if key in rows], known)
        until = time.monotonic() + (5.0 if is_postgresql() else BATCH_SECONDS)
        for key, letter in read:
            row = rows.get(key)
            if row is not None:
                decision = _decide(row, letter, known)
                known.remember(row, letter, decision)
                decided.append((row, letter, decision))
            done += 1
            if time.monotonic() > until:
                break
        # Written together, which the database does with a few statements. If somebody filed a
        # copy of one of them meanwhile, its identity is taken, and all of this did not happen.
        for row, letter, decision in decided:
            _settle(row, letter, decision)
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
        first = _known([letter]).first_of(letter)
        if first is not None:
            _settle(row, letter, Decision(State.DUPLICATE, first=first))
        else:
            log.error("Message %d went to the quarantine", key, exc_info=error)
            _settle(row, letter, _put_aside("error", error))
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


# ---- Decisions ----


@dataclass(frozen=True, slots=True)
class First:
    """The line of the ledger that a copy is a copy of."""

    id: int
    ticket_id: int | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to become of a message."""

    state: State
    reason: str = ""
    error: str = ""
    ticket_id: int | None = None
    entry_id: int | None = None
    first: First | None = None


@dataclass(slots=True)
class Known:
    """What is known before several messages are looked at: asked once for all of them."""

    own_addresses: frozenset[str]
    firsts: dict[str, First] = field(default_factory=dict)
    sent: frozenset[str] = frozenset()
    # Who writes, when several messages are filed together; None asks for each by itself.
    people: dict[str, Person] | None = None
    # Message-ID → ticket, of what these messages refer to and of what was decided a moment ago.
    threads: dict[str, int] = field(default_factory=dict)
    # Those of them that we wrote to suppliers.
    to_suppliers: frozenset[str] = frozenset()
    asked_for: bool = False

    def first_of(self, letter: Letter, row: MailMessage | None = None) -> First | None:
        """Return the message that this one is a copy of."""
        first = self.firsts.get(letter.identity)
        return first if first is not None and (row is None or first.id != row.id) else None

    def remember(self, row: MailMessage, letter: Letter, decision: Decision) -> None:
        """Let the next messages know of this one."""
        self.firsts.setdefault(letter.identity, First(row.id, decision.ticket_id))
        if letter.message_id is not None and decision.ticket_id is not None:
            self.threads[letter.message_id] = decision.ticket_id


def _known(read: Sequence[Letter], *, asked_for: bool = False) -> Known:
    identities = [letter.identity for letter in read]
    rows = db.session.execute(
        select(MailMessage.identity, MailMessage.id, MailMessage.ticket_id).where(
            MailMessage.identity.in_(identities)
        )
    )
    return Known(
        own_addresses=own_addresses(),
        firsts={identity: First(key, ticket_id) for identity, key, ticket_id in rows if identity},
        sent=sent_by_us([letter.message_id for letter in read if letter.message_id]),
        # A message by itself has no second try in which somebody new would be known.
        people=people_by_email([letter.author.address for letter in read if letter.author])
        if len(read) > 1
        else None,
        threads=threads_of(letter.references for letter in read),
        to_suppliers=written_to_suppliers(letter.references for letter in read),
        asked_for=asked_for,
    )


def _meet_newcomers(read: Sequence[tuple[MailMessage, Letter]], known: Known) -> None:
    """Make those who write for the first time together: most of a batch may be from strangers."""
    if known.people is not None:
        meet(
            [
                (letter.author.address, letter.author.name)
                for row, letter in read
                if letter.author is not None and _would_be_filed(row, letter, known)
            ],
            known.people,
        )


def _would_be_filed(row: MailMessage, letter: Letter, known: Known) -> bool:
    return (
        letter.unfit is None
        and known.first_of(letter, row) is None
        and letter.message_id not in known.sent
        and letter.author is not None
        and not is_own(letter.author.address, known.own_addresses)
    )


def _decide(row: MailMessage, letter: Letter, known: Known) -> Decision:
    """Decide about one message, and open or continue its ticket."""
    first = known.first_of(letter, row)
    if first is not None:
        return Decision(State.DUPLICATE, first=first, ticket_id=first.ticket_id)
    if letter.unfit is not None:
        return _put_aside(letter.unfit.reason, letter.unfit)
    assert letter.author is not None
    if is_own(letter.author.address, known.own_addresses) and not known.asked_for:
        return Decision(State.IGNORED, "own-address")
    if letter.message_id in known.sent:
        return Decision(State.IGNORED, "own-message")
    inbound = _inbound(row, letter, known)
    received = receive(inbound, reopen_days=_settings().reopen_days, known=known.people)
    return Decision(
        State.FILED, received.how, ticket_id=received.ticket.id, entry_id=received.entry.id
    )


def _put_aside(reason: str, error: Exception) -> Decision:
    words = str(error) if isinstance(error, Unfit) else f"{type(error).__name__}: {error}"
    return Decision(State.QUARANTINED, reason, words[:2000])


def _settle(row: MailMessage, letter: Letter, decision: Decision) -> None:
    """Write a decision into its line of the ledger."""
    row.message_id, row.subject = letter.message_id, letter.subject
    row.sender = letter.author.address[:320] if letter.author is not None else ""
    row.state, row.reason, row.error = decision.state, decision.reason, decision.error
    row.ticket_id, row.entry_id = decision.ticket_id, decision.entry_id
    row.duplicate_of_id = decision.first.id if decision.first is not None else None
    row.identity = letter.identity if decision.first is None else None
    row.settled_at = now()
    # What is in the quarantine stays where it is on the server, until a person has decided.
    row.to_move = (
        decision.state != State.QUARANTINED
        and row.mailbox is not None
        and bool(row.mailbox.move_to)
    )


def _inbound(row: MailMessage, letter: Letter, known: Known) -> Inbound:
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
        copies=[copy for copy in letter.copies if _may_take_part(copy, known.own_addresses)],
        thread=number_of(letter.references, known.threads) if letter.references else None,
        answers_supplier=answers_supplier(letter.references, known.threads, known.to_suppliers),
        quoted=letter.quoted,
        envelope=letter.envelope,
    )
    if not letter.subject and not letter.body.strip():
        with force_locale(desk_language()):
            inbound.fallback_subject = _("(no subject)")
    return inbound


def _may_take_part(copy: Correspondent, own: frozenset[str]) -> bool:
    return not is_own(copy.address, own) and not is_nobody(copy.address)


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings
