"""The ledger read: every message that ever came in, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from helpdesk.channels.email import subjects
from helpdesk.channels.email.downloads import TOO_OLD
from helpdesk.channels.email.letter import key_of
from helpdesk.channels.email.models import MailMessage, State
from helpdesk.channels.inbound import How
from helpdesk.db import db
from helpdesk.people.access import Actor, Permission
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.models import Ticket

PAGE = 50

FATES: dict[str, tuple[Any, tuple[str, ...], tuple[str, ...]]] = {
    "ticket": (_l("New ticket"), (State.FILED,), (How.OPENED, How.FOLLOWED_UP)),
    "reply": (_l("Reply"), (State.FILED,), (How.JOINED, How.ANSWERED)),
    "note": (_l("Note for staff"), (State.FILED,), (How.NOTED, How.DOUBTED)),
    "bounce": (_l("Came back"), (State.BOUNCE,), ()),
    "refiled": (_l("Filed elsewhere by hand"), (State.FILED,), ("refiled",)),
    "loop": (_l("Loop"), (State.QUARANTINED,), ("loop",)),
    "duplicate": (_l("Copy"), (State.DUPLICATE,), ()),
    "quarantined": (_l("Quarantine"), (State.QUARANTINED,), ()),
    "ignored": (_l("Ignored"), (State.IGNORED,), ()),
    "spam": (_l("Spam"), (State.IGNORED,), ("spam",)),
    "dismissed": (_l("Dismissed"), (State.DISMISSED,), ()),
    "waiting": (_l("On its way"), (State.WANTED, State.STORED), ()),
}
"""What can be asked for: how it is called, its states, and its reasons where they matter."""

WHY: dict[str, Any] = {
    How.OPENED: _l("opened a ticket"),
    How.FOLLOWED_UP: _l("opened a ticket, linked to a closed one"),
    How.JOINED: _l("joined its ticket"),
    How.NOTED: _l("became a note for staff"),
    How.ANSWERED: _l("went to the customer as an answer"),
    How.DOUBTED: _l("is held as a note: its sender could not be verified"),
    "refiled": _l("was filed by hand"),
    "own-address": _l("it is from one of our own addresses"),
    "own-message": _l("it is a message of ours that came back"),
    "bounce-unknown": _l("it reports on a message that is not ours"),
    "spam": _l("its sender is on the list of spam"),
    "loop": _l("too much of one sender in a short time"),
    TOO_OLD: _l("it came before the cut-off date"),
    "only-new": _l("it lay there before the first look"),
    "no-sender": _l("there is nobody to answer to"),
    "not-parsed": _l("it could not be understood"),
    "unreadable": _l("it could not be read"),
    "too-large": _l("it is too large to fetch without being asked"),
    "unfetchable": _l("the mail server does not give it away"),
    "gone": _l("it is no longer on the mail server"),
    "crashed": _l("filing it never came to an end"),
    "error": _l("something went wrong here while filing it"),
}
"""Why a message has its fate. A reason that nobody described is shown as it is named."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the ledger somebody wants to see."""

    mailbox: int | None = None
    imported: bool = False
    fate: str = ""
    sender: str = ""
    words: str = ""
    ticket: int | None = None
    day: date | None = None

    @property
    def is_narrow(self) -> bool:
        """Whether anything but the mailbox was asked for."""
        return bool(self.fate or self.sender or self.words or self.ticket or self.day)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the ledger, and below which line the next one begins; None at the end."""

    messages: Sequence[MailMessage]
    older: int | None
    is_cut: bool = False
    """Whether it ended because enough was looked through, and not because it is full."""


def page(actor: Actor, wanted: Wanted, *, zone: tzinfo, before: int | None = None) -> Page:
    """Return a page of the ledger, newest first; the mailbox and queue of each are there.

    A Message-ID among the words is found by itself. Raises Denied.
    """
    actor.demand(Permission.SETUP_MAIL)
    conditions = [*_conditions(wanted, zone), *_readable(actor, wanted)]
    statement = (
        select(MailMessage)
        .options(
            joinedload(MailMessage.mailbox),
            joinedload(MailMessage.queue),
            joinedload(MailMessage.ticket).load_only(Ticket.hidden_at, Ticket.bin_reason),
        )
        .order_by(MailMessage.id.desc())
        .limit(PAGE)
    )
    reached = None
    if wanted.words.strip() and not _is_message_id(wanted.words.strip()):
        found = subjects.find(wanted.words, conditions, before=before, limit=PAGE)
        reached = found.reached
        statement = statement.where(MailMessage.id.in_(found.ids))
    else:
        statement = statement.where(*conditions)
        if before is not None:
            statement = statement.where(MailMessage.id < before)
    messages = db.session.scalars(statement).all()
    if reached is not None:
        return Page(messages, reached, is_cut=True)
    return Page(messages, messages[-1].id if len(messages) == PAGE else None)


def _is_message_id(words: str) -> bool:
    return words.startswith("<") and words.endswith(">")


def _readable(actor: Actor, wanted: Wanted) -> list[Any]:
    """Return what keeps somebody from finding by its words what they may not read."""
    if actor.is_system or not (wanted.words or wanted.sender):
        return []
    restricted = select(Queue.id).where(Queue.restricted, Queue.id.not_in(actor.queue_ids))
    return [MailMessage.queue_id.not_in(restricted)]


def _conditions(wanted: Wanted, zone: tzinfo) -> list[Any]:
    found: list[Any] = []
    if wanted.mailbox is not None:
        found.append(MailMessage.mailbox_id == wanted.mailbox)
    elif wanted.imported:
        found.append(MailMessage.mailbox_id.is_(None))
    if wanted.fate in FATES:
        _name, states, reasons = FATES[wanted.fate]
        found.append(MailMessage.state.in_(states))
        if reasons:
            found.append(MailMessage.reason.in_(reasons))
    if wanted.sender:
        found.append(MailMessage.sender == wanted.sender.strip().lower())
    if wanted.ticket is not None:
        found.append(MailMessage.ticket_id == wanted.ticket)
    if wanted.day is not None:
        begin = datetime.combine(wanted.day, time(), zone)
        found += [MailMessage.stored_at >= begin, MailMessage.stored_at < begin + timedelta(days=1)]
    words = wanted.words.strip()
    if _is_message_id(words):
        found.append(MailMessage.message_id == key_of(words))
    return found


def fate_in_words(message: MailMessage) -> str:
    """Return what became of a message, and why."""
    if message.redacted_at is not None:
        return str(_("redacted"))
    why = str(WHY.get(message.reason, message.reason))
    patterns = {
        State.FILED: "%(why)s",
        State.DUPLICATE: _("a copy of a message that is here"),
        State.BOUNCE: _("reported that mail of ours did not arrive"),
        State.IGNORED: _("ignored: %(why)s"),
        State.QUARANTINED: _("waits in the quarantine: %(why)s"),
        State.DISMISSED: _("dismissed by hand"),
        State.WANTED: _("will be fetched"),
        State.STORED: _("is being filed"),
    }
    return str(patterns.get(State(message.state), "%(why)s")) % {"why": why}


def copies_of(message: MailMessage) -> Sequence[MailMessage]:
    """Return the other lines of the same message: its copies, or what it is a copy of."""
    first = message.duplicate_of_id or message.id
    return db.session.scalars(
        select(MailMessage)
        .options(joinedload(MailMessage.mailbox))
        .where(
            or_(MailMessage.id == first, MailMessage.duplicate_of_id == first),
            MailMessage.id != message.id,
        )
        .order_by(MailMessage.id)
        .limit(PAGE)
    ).all()
