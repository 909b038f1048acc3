"""Reading a ticket's journal: what the tabs count, and pages of entries by key.

Entries of tickets that were merged into a ticket belong to its timeline; ``Journal.ticket_ids``
names them all. Pages go backwards from the newest entry, because that is where the work is.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, case, func, or_, select
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.attributes import set_committed_value

from helpdesk.db import db
from helpdesk.people.access import Actor
from helpdesk.people.models import Person
from helpdesk.tickets.lifecycle import EntryKind
from helpdesk.tickets.models import Attachment, Entry, Ticket
from helpdesk.tickets.queries import side_talks
from helpdesk.tickets.queries.access import hidden_among

PAGE = 30
"""Entries of one page of the timeline."""

MOST = 500
"""Entries that are shown at once when a reader who paged back gets what is new."""

ASSIGNMENT_VERBS = frozenset(
    {
        "acknowledge",
        "assign",
        "hand-over",
        "resolve-assignment",
        "return",
        "set-owner",
        "take",
    }
)
"""Verbs whose events the Assignments tab shows."""

NAMES_ANOTHER = {
    "link": "link",
    "unlink": "link",
    "merge": "merged",
    "merged": "merged_into",
    "split": "split",
    "refile": "refiled",
}
"""Verbs whose event names another ticket, and the change that does."""


class Show(StrEnum):
    """The tabs of the timeline."""

    ALL = "all"
    MESSAGES = "messages"
    NOTES = "notes"
    ASSIGNMENTS = "assignments"
    CALLS = "calls"
    ACTIVITY = "activity"


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the timeline: the key by which it is paged."""

    happened_at: datetime
    entry_id: int

    def __str__(self) -> str:
        """Write it for an address: microseconds since 1970 and the entry's key."""
        return f"{_microseconds(self.happened_at)}-{self.entry_id}"

    @classmethod
    def parse(cls, text: str | None) -> "Place | None":
        """Read what ``str`` wrote; None for anything else."""
        moment, dash, key = (text or "").partition("-")
        written = (text or "").isascii() and len(text or "") < 40
        if not (written and dash and moment.isdigit() and key.isdigit()):
            return None
        try:
            at = datetime.fromtimestamp(int(moment) // 1_000_000, UTC)
        except (OverflowError, ValueError, OSError):
            return None
        return cls(at.replace(microsecond=int(moment) % 1_000_000), int(key))


@dataclass(frozen=True, slots=True)
class Journal:
    """What a ticket's journal holds: whose entries, how many for each tab, and the newest key.

    ``hidden`` are the tickets that its events name and the reader may not see: events that name
    them are neither shown nor counted.
    """

    ticket_ids: tuple[int, ...]
    counts: dict[Show, int]
    newest_id: int
    names_others: bool
    hidden: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Page:
    """Entries in the order in which they happened, and where the earlier ones end."""

    entries: list[Entry]
    earlier: Place | None

    @property
    def start(self) -> Place | None:
        """The place of the oldest entry shown."""
        if not self.entries:
            return None
        return Place(self.entries[0].happened_at, self.entries[0].id)


def _microseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond


_COUNTED = (
    select(
        Entry.ticket_id,
        Entry.kind,
        case((Entry.verb.in_(sorted(ASSIGNMENT_VERBS)), 1), else_=0).label("is_assignment"),
        func.sum(case((Entry.verb.in_(sorted(NAMES_ANOTHER)), 1), else_=0)).label("naming"),
        func.count().label("shown"),
        func.max(Entry.id).label("newest"),
    )
    .join(Ticket, Ticket.id == Entry.ticket_id)
    .where(or_(Ticket.id == bindparam("ticket"), Ticket.merged_into_id == bindparam("ticket")))
    .group_by(Entry.ticket_id, Entry.kind, "is_assignment")
)
"""How many entries of each kind a ticket has, with those merged into it."""

_WITH_AUTHOR = joinedload(Entry.author).load_only(
    Person.name, Person.is_technician, Person.language
)

_FILES = (
    select(Attachment)
    .where(Attachment.entry_id.in_(bindparam("entries", expanding=True)))
    .order_by(Attachment.id)
)


def _with_files(rows: Iterable[Entry]) -> list[Entry]:
    """Load the files of entries. What selectinload does, with a statement that is made once."""
    entries = list(rows)
    found: dict[int | None, list[Attachment]] = defaultdict(list)
    if entries:
        for file in db.session.scalars(_FILES, {"entries": [entry.id for entry in entries]}):
            found[file.entry_id].append(file)
    for entry in entries:
        set_committed_value(entry, "attachments", found[entry.id])
    return entries


def journal_of(ticket: Ticket) -> Journal:
    """Count the journal of a ticket, with what was merged into it. One query."""
    rows = db.session.execute(_COUNTED, {"ticket": ticket.id}).all()
    counts = dict.fromkeys(Show, 0)
    by_kind = {
        EntryKind.MESSAGE: Show.MESSAGES,
        EntryKind.NOTE: Show.NOTES,
        EntryKind.CALL: Show.CALLS,
        EntryKind.EVENT: Show.ACTIVITY,
    }
    for row in rows:
        counts[Show.ALL] += row.shown
        counts[by_kind[EntryKind(row.kind)]] += row.shown
        if row.is_assignment:
            counts[Show.ASSIGNMENTS] += row.shown
    return Journal(
        ticket_ids=tuple(sorted({row.ticket_id for row in rows} | {ticket.id})),
        counts=counts,
        newest_id=max((row.newest for row in rows), default=0),
        names_others=any(row.naming for row in rows),
    )


def as_seen_by(reader: Actor, journal: Journal) -> Journal:
    """Return the journal without the events that name a ticket which the reader may not see.

    Asks nothing when no event names another ticket, two queries otherwise.
    """
    if not journal.names_others:
        return journal
    rows = db.session.execute(
        select(Entry.verb, Entry.changes).where(
            Entry.ticket_id.in_(journal.ticket_ids), Entry.verb.in_(sorted(NAMES_ANOTHER))
        )
    )
    named = [other for row in rows if (other := other_ticket(row.verb, row.changes)) is not None]
    hidden = frozenset(hidden_among(reader, set(named)))
    unseen = sum(number in hidden for number in named)
    counts = dict(journal.counts)
    for show in (Show.ALL, Show.ACTIVITY):
        counts[show] -= unseen
    return replace(journal, counts=counts, hidden=hidden)


def other_ticket(verb: str, changes: Mapping[str, object] | None) -> int | None:
    """Return the number of the other ticket that an event is about, if it is about one."""
    change = (changes or {}).get(NAMES_ANOTHER.get(verb, ""))
    for value in change if isinstance(change, list) else ():
        number = value.get("id") if isinstance(value, dict) else None
        if isinstance(number, int):
            return number
    return None


def shown(show: Show) -> list[ColumnElement[bool]]:
    """Return the conditions of a tab."""
    kinds = {
        Show.MESSAGES: EntryKind.MESSAGE,
        Show.NOTES: EntryKind.NOTE,
        Show.CALLS: EntryKind.CALL,
        Show.ACTIVITY: EntryKind.EVENT,
    }
    if show in kinds:
        return [Entry.kind == kinds[show]]
    return [Entry.verb.in_(ASSIGNMENT_VERBS)] if show is Show.ASSIGNMENTS else []


@lru_cache
def _entries(
    show: Show, several: bool, with_before: bool, with_since: bool, of_talk: bool
) -> Select[Entry]:
    """Return the select of a page of entries, the newest first; put together once of each kind."""
    # One key lets the index give the order; several are sorted, which only merged tickets need.
    whose = Entry.ticket_id.in_(bindparam("ids", expanding=True))
    statement = select(Entry).where(
        whose if several else Entry.ticket_id == bindparam("one"), *shown(show)
    )
    if of_talk:
        statement = statement.where(Entry.id.in_(side_talks.entries_of(bindparam("talk"))))
    if with_before:
        moment: Any = bindparam("before")
        statement = statement.where(
            or_(
                Entry.happened_at < moment,
                and_(Entry.happened_at == moment, Entry.id < bindparam("before_id")),
            )
        )
    if with_since:
        statement = statement.where(Entry.happened_at >= bindparam("since"))
    return (
        statement.options(_WITH_AUTHOR)
        .order_by(Entry.happened_at.desc(), Entry.id.desc())
        .limit(bindparam("limit", type_=Integer))
    )


def entries_page(
    journal: Journal,
    show: Show = Show.ALL,
    *,
    before: Place | None = None,
    since: Place | None = None,
    talk: int | None = None,
    limit: int = PAGE,
) -> Page:
    """Return the newest entries, or those before a place; of one side conversation (``talk``).

    ``since`` asks for everything from a place on (a reader who paged back and gets what is new),
    at most ``MOST`` entries. Authors and files come along: two queries, however many entries.
    """
    ids = journal.ticket_ids
    if since is not None:
        limit = MOST
    asked: dict[str, object] = {"limit": limit + 1, "one": ids[0], "ids": ids}
    if before is not None:
        asked |= {"before": before.happened_at, "before_id": before.entry_id}
    if since is not None:
        asked |= {"since": since.happened_at}
    if talk is not None:
        asked |= {"talk": talk}
    several, of_talk = len(ids) > 1, talk is not None
    statement = _entries(show, several, before is not None, since is not None, of_talk)
    rows = _with_files(db.session.scalars(statement, asked))
    more = len(rows) > limit
    rows = rows[:limit][::-1]
    earlier = Place(rows[0].happened_at, rows[0].id) if rows else None
    if since is not None and not more:
        # What lies before the reader's page is still to be had.
        more = talk is None and _any_before(ids, show, since)
    return Page(rows, earlier if more else None)


def _any_before(ids: tuple[int, ...], show: Show, place: Place) -> bool:
    found = db.session.scalar(
        select(Entry.id)
        .where(Entry.ticket_id.in_(ids), Entry.happened_at < place.happened_at, *shown(show))
        .limit(1)
    )
    return found is not None


def newest_entry_id(ticket: Ticket) -> int:
    """Return the key of the newest entry of a ticket itself; 0 when it has none."""
    return db.session.scalar(select(func.max(Entry.id)).where(Entry.ticket_id == ticket.id)) or 0


def whole_journal(journal: Journal, limit: int = 5000) -> list[Entry]:
    """Return every entry in the order in which it happened, for the printed ticket."""
    return _with_files(
        db.session.scalars(
            select(Entry)
            .where(Entry.ticket_id.in_(journal.ticket_ids))
            .options(_WITH_AUTHOR)
            .order_by(Entry.happened_at, Entry.id)
            .limit(limit)
        )
    )
