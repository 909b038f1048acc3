"""A ticket's journal as the life that clocks run through.

What counts is decided here, in one place:

- A message of the customer is a question; so is the beginning of a ticket, unless it was logged
  while talking to the customer, which answers at once.
- An answer is a message to the customer, or an answered call, by a person. Receipts, notes,
  attempts to call and what was taken back before it was sent are none.
- A status says whether the ticket is worked on, waits or is resolved; why it waits comes with it.
- What was undone, or declared a mistake afterwards, never happened.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.sla.clocks import Happening, Life, What
from helpdesk.tickets.lifecycle import EntryKind, StatusClass
from helpdesk.tickets.models import Entry
from helpdesk.tickets.services import choose, waits
from helpdesk.tickets.services.open import SPOKEN

ACKNOWLEDGES = frozenset({"acknowledge", "take", "hold", "resolve-assignment"})
"""Verbs with which somebody says that they have it; answering and resolving do too."""
IRRELEVANT = frozenset(
    {
        *("note", "call-attempt", "call-summary", "add-copy", "remove-copy", "set-tags"),
        *("add-tasks", "task-done", "task-open", "edit-task", "remove-task", "add-time"),
        *("link-alert", "unlink-alert", "tell-when-fixed", "tell-no-more"),
        *("link-article", "unlink-article"),
        *("link", "unlink", "split", "set-cause", "set-subject", "set-owner", "redact"),
        *("replay", "promise-missed", "promise-warned", "explain-miss"),
        *("expect", "expected-passed", "tell", "hear-supplier", "hear-doubted", "promise-reminded"),
        *("bounce", "hear-automatic", "refile"),
        *("write-aside", "hear-aside", "close-aside", "reopen-aside"),
    }
)
"""Verbs that say nothing to any clock; after them nothing is worked out anew."""

STATES = {
    StatusClass.NEW: What.OPEN,
    StatusClass.OPEN: What.OPEN,
    StatusClass.PENDING: What.WAITING,
    StatusClass.RESOLVED: What.RESOLVED,
    StatusClass.CLOSED: What.RESOLVED,
}


@dataclass(frozen=True, slots=True)
class Line:
    """What clocks look at in a journal entry."""

    id: int
    verb: str
    kind: str
    inbound: bool
    channel: str
    author_id: int | None
    happened_at: datetime
    changes: Mapping[str, Any]
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class NamedStatus:
    """What clocks look at in a status."""

    status_class: StatusClass
    hold_reason: str | None


def lines_of(ticket_id: int) -> list[Line]:
    """Read a ticket's journal, without its texts, in the order in which things happened."""
    rows = db.session.execute(
        select(
            Entry.id,
            Entry.verb,
            Entry.kind,
            Entry.inbound,
            Entry.channel,
            Entry.author_id,
            Entry.happened_at,
            Entry.changes,
            Entry.withdrawn_at,
        )
        .where(Entry.ticket_id == ticket_id, Entry.verb.not_in(IRRELEVANT))
        .order_by(Entry.happened_at, Entry.id)
    )
    return [Line(*row[:7], row.changes or {}, row.withdrawn_at is not None) for row in rows]


def line_of(entry: Entry) -> Line:
    """Return the line of one entry that is at hand."""
    return Line(
        id=entry.id,
        verb=entry.verb,
        kind=entry.kind,
        inbound=entry.inbound,
        channel=entry.channel,
        author_id=entry.author_id,
        happened_at=entry.happened_at,
        changes=entry.changes or {},
        withdrawn=entry.withdrawn_at is not None,
    )


def statuses() -> dict[int, NamedStatus]:
    """Return every status there is or was."""
    return {
        row.id: NamedStatus(StatusClass(row.status_class), row.hold_reason)
        for row in choose.every_status()
    }


def life_of(
    lines: Iterable[Line], known: Mapping[int, NamedStatus], *, waits: frozenset[str]
) -> Life:
    """Return the life that a journal tells. ``waits`` are the reasons that halt clocks.

    Raises ValueError for a journal without a beginning.
    """
    told = told_of(lines)
    if not told:
        raise ValueError("a journal without a beginning tells no life")
    happenings: list[Happening] = []
    aside, state, why = False, What.OPEN, ""
    for number, line in enumerate(told):
        # What a customer says after the end without opening it again is thanks, and no question.
        thanks = line.inbound and state is What.RESOLVED and "status" not in line.changes
        if not thanks:
            happenings.extend(_said(line, first=number == 0))
        # Which status it went to, and why it waits there.
        status = known.get(key_in(line.changes.get("status")))
        if status is not None:
            state, why = STATES[status.status_class], ""
            if state is What.WAITING:
                why = new_value(line.changes.get("hold_reason")) or status.hold_reason or "other"
                if why not in waits:
                    state = What.OPEN
        elif state is What.WAITING and new_value(line.changes.get("hold_reason")):
            why = new_value(line.changes["hold_reason"])
            state = What.WAITING if why in waits else What.OPEN
        if "hidden_at" in line.changes:
            aside = new_value(line.changes["hidden_at"]) is not None
        now_what = What.GONE if aside else state
        if status is not None or "hidden_at" in line.changes or "hold_reason" in line.changes:
            happenings.append(Happening(line.happened_at, now_what, "" if aside else why))
    return Life(told[0].happened_at, tuple(happenings))


def told_of(lines: Iterable[Line]) -> list[Line]:
    """Return the lines without those that were undone or declared a mistake.

    A status that was a mistake takes with it what else its entry says, but not how the pieces of
    the ticket waited: a piece that ended with a resolution is over, however that is called later.
    """
    lines = list(lines)
    undone = set(_named(lines, "undone")) | {one.id for one in lines if "undone" in one.changes}
    mistaken = set(_named(lines, "mistaken"))
    found = []
    for line in lines:
        if line.id in undone:
            continue
        if line.id not in mistaken:
            found.append(line)
        elif waits.FIELD in line.changes:
            kept = {waits.FIELD: line.changes[waits.FIELD]}
            found.append(
                replace(line, verb=waits.FIELD, kind=EntryKind.EVENT, inbound=False, changes=kept)
            )
    return found


def _said(line: Line, *, first: bool) -> Iterator[Happening]:
    """Yield what was said, asked or acknowledged with an entry."""
    if line.withdrawn:
        return
    at = line.happened_at
    if first:
        # Whoever logs what a customer tells them is talking to the customer.
        if line.channel in SPOKEN and line.kind == EntryKind.CALL and line.author_id is not None:
            yield Happening(at, What.ANSWERED)
        return
    if line.verb in ACKNOWLEDGES or "acknowledged" in line.changes:
        yield Happening(at, What.ACKNOWLEDGED)
    if line.kind == EntryKind.MESSAGE:
        if line.inbound:
            yield Happening(at, What.ASKED)
        elif line.author_id is not None:
            yield Happening(at, What.ANSWERED)
    elif line.verb == "call" and line.author_id is not None:
        yield Happening(at, What.ANSWERED)


def _named(lines: Iterable[Line], change: str) -> Iterator[int]:
    """Yield the entries that others say were undone, or were a mistake."""
    for line in lines:
        told = line.changes.get(change)
        if told and isinstance(new_value(told), dict):
            yield new_value(told)["entry"]


def new_value(change: Any) -> Any:
    """Return what a change of the journal changed to."""
    return change[1] if isinstance(change, list) else None


def key_in(change: Any) -> int:
    """Return the key of what a change changed to; 0 when it names nothing."""
    named = new_value(change)
    return named["id"] if isinstance(named, dict) else 0
