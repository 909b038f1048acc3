"""What would become of the mail that lies in a folder, without touching anything.

The folder is opened read-only (EXAMINE). The newest messages go through the very judges that
mail goes through, tickets, rules and all, in a transaction that is rolled back; files are not
stored, and not even a ticket number is used up.
"""

import hashlib
import itertools
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import event, select

from helpdesk.channels.email import letter as reading
from helpdesk.channels.email.aliases import aliases_of
from helpdesk.channels.email.boxes import server_of
from helpdesk.channels.email.deciding import Decision, Known, decide, known_of, put_aside, settle
from helpdesk.channels.email.downloads import MAX_MESSAGE, TOO_OLD, is_before
from helpdesk.channels.email.imap import Connection, Size, connected
from helpdesk.channels.email.letter import Letter, Unfit
from helpdesk.channels.email.models import Mailbox, MailMessage, State
from helpdesk.db import db, transaction
from helpdesk.lib.clock import now
from helpdesk.tickets.models import Ticket

NEWEST = 50
"""Messages that are looked at unless somebody asks for another number."""
MOST = 500
AT_ONCE = 25
MOST_BYTES = 32 * 1024 * 1024
"""What is downloaded for one dry run; of what does not fit only the headers."""
NOT_REAL = 2**52
"""Tickets that are only tried get numbers from here on, which no real ticket has."""


@dataclass(frozen=True, slots=True)
class Would:
    """What would become of one message.

    ``state`` and ``reason`` are those of the ledger; "here" when it is there already, "untried"
    when it is too large to be tried. ``ticket`` is a ticket that is there; ``above`` the place in
    this list of the message that would open the ticket it joins.
    """

    uid: int
    received_at: datetime
    size: int
    sender: str
    subject: str
    state: str
    reason: str = ""
    error: str = ""
    ticket: int | None = None
    above: int | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """A message in the folder, with as much of it as was downloaded."""

    uid: int
    size: Size
    raw: bytes
    is_whole: bool


def look(mailbox: Mailbox, newest: int = NEWEST) -> list[Would]:
    """Return what would become of the newest messages of a mailbox, oldest first. Raises Trouble.

    Ends the session's transaction.
    """
    server, folder = server_of(mailbox), mailbox.folder
    mailbox_id = mailbox.id
    db.session.rollback()
    with connected(server, folder, read_only=True) as connection:
        found = _download(connection, max(1, min(newest, MOST)))
        uidvalidity = connection.uidvalidity
    letters = [_read(one) for one in found]
    return _tried(mailbox_id, uidvalidity, found, letters)


def _download(connection: Connection, newest: int) -> list[_Found]:
    uids = connection.uids_after(0)[-newest:]
    sizes = connection.sizes(uids) if uids else {}
    room, whole = MOST_BYTES, []
    # The newest first, for whose sake it is done.
    for uid in reversed([uid for uid in uids if uid in sizes]):
        if sizes[uid].bytes <= room:
            whole.append(uid)
            room -= sizes[uid].bytes
    raws: dict[int, bytes] = {}
    for start in range(0, len(whole), AT_ONCE):
        raws |= connection.raws(whole[start : start + AT_ONCE])
    heads = {uid: connection.headers(uid) for uid in sizes if uid not in whole}
    return [
        _Found(uid, sizes[uid], raws.get(uid) or heads.get(uid, b""), uid in raws)
        for uid in uids
        if uid in raws or uid in heads
    ]


def _read(found: _Found) -> Letter:
    try:
        letter = reading.read(found.raw, _not_stored)
    except Exception as error:  # noqa: BLE001 (as in filing: what can't be read is unfit)
        unfit = Unfit("unreadable", f"{type(error).__name__}: {error}")
        return Letter(identity=f"dry {found.uid}", unfit=unfit)
    # Nothing of it is kept, so a ticket that is tried can't refer to it.
    letter.files = []
    return letter


def _not_stored(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class _Undone(Exception):
    """Ends a transaction in which nothing was to happen."""


def _tried(
    mailbox_id: int, uidvalidity: int, found: Sequence[_Found], letters: Sequence[Letter]
) -> list[Would]:
    would: list[Would] = []
    with suppress(_Undone), transaction(), _without_numbers():
        mailbox = db.session.get_one(Mailbox, mailbox_id)
        here = _here_already(mailbox, uidvalidity, [one.uid for one in found])
        known = known_of(letters)
        known.aliases = aliases_of([mailbox_id])
        # Who writes for the first time is not made for all of them at once.
        known.people = None
        opened: dict[int, int] = {}
        for place, (one, letter) in enumerate(zip(found, letters, strict=True)):
            would.append(_try(mailbox, one, letter, known, here, opened, place))
        raise _Undone
    return would


def _try(
    mailbox: Mailbox,
    found: _Found,
    letter: Letter,
    known: Known,
    here: dict[int, MailMessage],
    opened: dict[int, int],
    place: int,
) -> Would:
    received = _received(found)
    would = Would(
        found.uid,
        received,
        found.size.bytes,
        letter.author.address if letter.author is not None else "",
        letter.subject,
        "untried",
    )
    if found.uid in here:
        line = here[found.uid]
        return replace(would, state="here", reason=line.state, ticket=line.ticket_id)
    if mailbox.only_new and mailbox.uidvalidity is None:
        return replace(would, state=State.IGNORED, reason="only-new")
    if is_before(mailbox.not_before, found.size):
        return replace(would, state=State.IGNORED, reason=TOO_OLD)
    if found.size.bytes > MAX_MESSAGE:
        return replace(would, state=State.QUARANTINED, reason="too-large")
    if not found.is_whole:
        return would
    decision = _decide(mailbox, letter, known, found, received)
    number = decision.ticket_id
    if number is None or number < NOT_REAL:
        above = None
    else:
        above, number = opened.setdefault(number, place), None
    return replace(
        would,
        state=decision.state,
        reason=str(decision.reason),
        error=decision.error,
        ticket=number,
        above=above if above != place else None,
    )


def _decide(
    mailbox: Mailbox, letter: Letter, known: Known, found: _Found, received: datetime
) -> Decision:
    row = MailMessage(
        mailbox_id=mailbox.id,
        queue_id=mailbox.queue_id,
        size=found.size.bytes,
        received_at=received,
        state=State.STORED,
    )
    db.session.add(row)
    db.session.flush()
    try:
        with db.session.begin_nested():
            decision = decide(row, letter, known)
            settle(row, letter, decision)
            db.session.flush()
        known.remember(row, letter, decision)
    except Exception as error:  # noqa: BLE001 (it would go to the quarantine)
        return put_aside("error", error)
    return decision


def _here_already(mailbox: Mailbox, uidvalidity: int, uids: list[int]) -> dict[int, MailMessage]:
    if mailbox.uidvalidity is None:
        return {}
    rows = db.session.scalars(
        select(MailMessage).where(
            MailMessage.mailbox_id == mailbox.id,
            MailMessage.place == mailbox.place,
            MailMessage.uidvalidity == uidvalidity,
            MailMessage.uid.in_(uids),
        )
    )
    return {row.uid: row for row in rows if row.uid is not None}


def _received(found: _Found) -> datetime:
    at = found.size.received_at
    return at if at is not None and at.tzinfo is not None and at < now() else now()


class _without_numbers:  # noqa: N801 (used like a function)
    """Give tickets that are only tried numbers of their own, instead of the next real ones."""

    def __init__(self) -> None:
        self._numbers = itertools.count(NOT_REAL)
        self._remove: Callable[[], Any] = lambda: None

    def __enter__(self) -> None:
        session = db.session()

        def number(session: Any, _context: object, _instances: object) -> None:
            for each in session.new:
                if isinstance(each, Ticket) and not each.id:
                    each.id = next(self._numbers)

        event.listen(session, "before_flush", number)
        self._remove = lambda: event.remove(session, "before_flush", number)

    def __exit__(self, *_error: object) -> None:
        self._remove()
