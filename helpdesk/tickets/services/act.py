"""One act upon a ticket: what every verb does before and after its own few lines.

A verb begins an ``Act`` (permission checked, the ticket as it was remembered), sets fields
through it (old and new values recorded), and ends it with ``done``: the journal entry, the
worklist, the undo and the event are written in one place. Nothing here commits.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, insert, select

from helpdesk.db import db
from helpdesk.events import publish
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import Channel, Organisation, Person
from helpdesk.tickets.companions import Undo
from helpdesk.tickets.desk import Category, Cause, Queue, Status, Supplier, TicketTag
from helpdesk.tickets.events import JournalWritten, TicketEvent
from helpdesk.tickets.lifecycle import OPEN_ASSIGNMENT, UNFINISHED, EntryKind, StatusClass, rank
from helpdesk.tickets.models import Assignment, Entry, Ticket, Worklist
from helpdesk.tickets.services import waits
from helpdesk.tickets.services.home import leave_retired_queues

_NAMED: dict[str, type[Any]] = {
    "status_id": Status,
    "queue_id": Queue,
    "category_id": Category,
    "cause_id": Cause,
    "owner_id": Person,
    "customer_id": Person,
    "requester_id": Person,
    "organisation_id": Organisation,
    "supplier_id": Supplier,
}
"""Fields whose journal values carry a name beside the key, so that history needs no joins."""

_UNTRACKED = frozenset({"id", "number", "version", "updated_at", "opened_at", "opened_by_id"})
_UNDOABLE = tuple(column.key for column in Ticket.__table__.columns if column.key not in _UNTRACKED)
_ASSIGNMENT_FIELDS = tuple(column.key for column in Assignment.__table__.columns)


BY = "by"
"""Under this name the journal keeps which rule did something."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How acts are done that belong together: taken back as one, and perhaps told to nobody."""

    undo_group: str | None = None
    quiet: bool = False
    by: Mapping[str, object] | None = None
    """What acts in the name of the house: a rule, as ``{"id": 7, "name": …, "version": 3}``.

    Or with what a person acts: a macro, as ``{"macro": 7, "name": …, "run": 12}``.
    """
    ticket_id: int | None = None
    """The ticket that all of it is about, where there is one."""
    undo_for: int = 0
    """Seconds for which every act can be taken back, also of verbs that were not told so.

    What such an act sends waits as long. The other side of an act (its copy in the journal of
    another ticket) goes with the act itself.
    """

    def undo_seconds(self, ticket_id: int, *, quiet: bool) -> int:
        """Return how long an act upon a ticket can be taken back by itself."""
        return 0 if quiet and ticket_id != self.ticket_id else self.undo_for


_ALONE = Manner()
_manner: ContextVar[Manner] = ContextVar("manner", default=_ALONE)


def present_manner() -> Manner:
    """Return in which manner acts are done here and now."""
    return _manner.get()


@contextmanager
def done_together(manner: Manner) -> Iterator[None]:
    """Do every act within the block in one manner, whichever verbs are called."""
    token = _manner.set(manner)
    try:
        yield
    finally:
        _manner.reset(token)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _named(field: str, key: object) -> object:
    """Return the value as the journal keeps it: ``{"id": 7, "name": "Priya Nair"}`` for keys."""
    model = _NAMED.get(field)
    if model is None or key is None:
        return _plain(key)
    row = db.session.get(model, key)
    return {"id": key, "name": (row.path if model is Category else row.name) if row else "?"}


class Act:
    """One act of one actor upon one ticket."""

    def __init__(
        self,
        actor: Actor,
        ticket: Ticket,
        permission: Permission = Permission.TICKET_WORK,
        *,
        at: datetime | None = None,
        new: bool = False,
    ) -> None:
        """Check the permission and remember the ticket as it is. ``at`` back-dates the act.

        Raises Denied. ``new`` marks a ticket that is only being logged: it has no past.
        """
        actor.demand(permission)
        self.recorded_at = now()
        if at is not None and at < self.recorded_at - timedelta(minutes=5):
            actor.demand(Permission.TICKET_BACKDATE)
        self.actor = actor
        self.ticket = ticket
        self.at = min(at, self.recorded_at) if at is not None else self.recorded_at
        self.new = new
        self.changes: dict[str, object] = {}
        self._before = {} if new else self._snapshot()
        self.undo_group: str | None = None

    def _snapshot(self) -> dict[str, object]:
        ticket = self.ticket
        return {
            "ticket": {key: _plain(getattr(ticket, key)) for key in _UNDOABLE if key != "solution"},
            "assignments": [
                {key: _plain(getattr(row, key)) for key in _ASSIGNMENT_FIELDS}
                for row in ticket.assignments
            ],
        }

    def set(self, field: str, value: Any, *, as_name: str | None = None) -> bool:
        """Set a field of the ticket, recording old and new value; False when nothing changes."""
        old = getattr(self.ticket, field)
        if old == value:
            return False
        name = as_name or field.removesuffix("_id")
        if name in self.changes:
            first = self.changes[name]
            old_named = first[0] if isinstance(first, list) else None
        else:
            old_named = _named(field, old)
        setattr(self.ticket, field, value)
        self.changes[name] = [old_named, _named(field, value)]
        return True

    def set_quietly(self, **fields: Any) -> None:
        """Set derived fields that the journal needs not mention (counters, waiting times)."""
        for field, value in fields.items():
            setattr(self.ticket, field, value)

    def status(self, status: Status) -> bool:
        """Move to a status, keeping the repeated class in step."""
        self.ticket.status_class = status.status_class
        return self.set("status_id", status.id)

    def remember(self, **what: object) -> None:
        """Keep what undoing needs beyond the ticket's own columns (tags, created links)."""
        self._before.update(what)

    def note_change(self, name: str, old: object, new: object) -> None:
        """Record a change that is not a column of the ticket (an assignment, a tag, a link)."""
        self.changes[name] = [old, new]

    def assign(self, **fields: Any) -> Assignment:
        """Open an assignment."""
        row = Assignment(
            ticket=self.ticket,
            assigned_by_id=self.actor.person_id,
            given_at=self.at,
            assigned_at=self.at,
            **{"state": "assigned", **fields},
        )
        db.session.add(row)
        return row

    def open_assignments(self) -> list[Assignment]:
        """Return the assignments somebody still has to work on."""
        return [row for row in self.ticket.assignments if row.state in OPEN_ASSIGNMENT]

    def done(
        self,
        verb: str,
        *,
        kind: EntryKind = EntryKind.EVENT,
        body: str = "",
        html: str | None = None,
        public: bool = False,
        inbound: bool = False,
        channel: str = Channel.STAFF,
        author_id: int | None = None,
        duration: int | None = None,
        envelope: dict[str, object] | None = None,
        quiet: bool = False,
        hold: int = 0,
        undo_for: int = 0,
    ) -> Entry:
        """Write the journal entry, bring everything derived into step, publish the event.

        ``undo_for`` is how many seconds the act can be taken back; ``hold`` how many seconds an
        outgoing message waits. A ticket that would wait in a retired queue (reopened, woken,
        restored, its last part done) moves to one in use, and the entry says so; Refused when
        that would show a restricted ticket to more people.
        """
        ticket = self.ticket
        home = None if self.new else leave_retired_queues(ticket)
        if home is not None:
            self.set("queue_id", home.id)
        if not self.new:
            waits.end_with_parts(ticket, self.changes)
        manner = _manner.get()
        if manner.by is not None:
            self.note_change(BY, None, dict(manner.by))
        entry = Entry(
            ticket=ticket,
            kind=kind,
            verb=verb,
            public=public,
            inbound=inbound,
            author_id=author_id if author_id is not None else self.actor.person_id,
            channel=channel,
            happened_at=self.at,
            recorded_at=self.recorded_at,
            duration=duration,
            body=body,
            html=html,
            envelope=envelope,
            changes=self.changes or None,
        )
        db.session.add(entry)
        ticket.updated_at = self.recorded_at
        if not self.new:
            ticket.version += 1
            db.session.flush()
        publish(JournalWritten(ticket, entry))
        if self.new:
            # What is promised about a new ticket is written with it, not after it.
            db.session.flush()
        sync_worklist(ticket, new=self.new)
        undo_for = undo_for or manner.undo_seconds(ticket.id, quiet=quiet)
        if undo_for and not self.new and self.actor.person_id is not None:
            db.session.add(
                Undo(
                    group_id=self.undo_group or manner.undo_group or uuid4().hex,
                    person_id=self.actor.person_id,
                    ticket_id=ticket.id,
                    entry_id=entry.id,
                    verb=verb,
                    before=self._before,
                    version=ticket.version,
                    expires_at=self.recorded_at + timedelta(seconds=undo_for),
                )
            )
        publish(
            TicketEvent(
                actor=self.actor,
                ticket=ticket,
                entry=entry,
                verb=verb,
                quiet=quiet or manner.quiet,
                hold=max(hold, manner.undo_for) if public else hold,
            )
        )
        return entry


_NEW_LINE = insert(Worklist.__table__)  # type: ignore[arg-type]


def place_of(ticket: Ticket, rows: Iterable[Assignment] = ()) -> dict[str, Any]:
    """Return a ticket's place in a queue: its rank, and the moment by which a rank is in order.

    ``rows`` are the assignments that wait there: what their team promised may be due before
    anything that the customer was promised.
    """
    status_class = StatusClass(ticket.status_class)
    due = [(row.due_at, f"part-{row.due_promise}", row.due_since) for row in rows if row.due_at]
    if ticket.due_at is not None:
        due.append((ticket.due_at, str(ticket.due_promise), ticket.due_since))
    if due:
        moment, promise, since = min(due, key=lambda one: one[0])
        first = rank(status_class, ticket.priority, due=True)
        return {"rank": first, "moment": moment, "due_promise": promise, "due_since": since}
    return {
        "rank": rank(status_class, ticket.priority),
        "moment": ticket.waiting_since,
        "due_promise": None,
        "due_since": None,
    }


def sync_worklist(ticket: Ticket, *, new: bool = False) -> None:
    """Bring the worklist rows and the restriction of a ticket into step with it.

    A ticket stands in every queue with an open assignment, or in its home queue when it has
    none; finished, binned and merged tickets stand nowhere. Once a restricted queue had a part
    in a ticket, the ticket stays restricted.
    """
    queues: dict[int, list[Assignment]] = {}
    if ticket.status_class in UNFINISHED and ticket.hidden_at is None:
        for row in ticket.assignments:
            if row.state in OPEN_ASSIGNMENT:
                queues.setdefault(row.queue_id, []).append(row)
        if not queues:
            queues = {ticket.queue_id: []}
    involved = {ticket.queue_id} | {row.queue_id for row in ticket.assignments}
    # The acting verb has nearly always loaded them, so this asks nothing; and saying again what
    # holds already would make the session look for what changed.
    if not ticket.restricted and any(
        db.session.get_one(Queue, queue_id).restricted for queue_id in involved
    ):
        ticket.restricted = True
    present: dict[int, Worklist] = {}
    if not new:
        present = {
            row.queue_id: row
            for row in db.session.scalars(select(Worklist).where(Worklist.ticket_id == ticket.id))
        }
    for queue_id, rows in queues.items():
        fields: dict[str, Any] = {
            **place_of(ticket, rows),
            "unowned": ticket.owner_id is None,
            "unacknowledged": any(row.state == "assigned" for row in rows),
            "restricted": ticket.restricted,
        }
        line = present.pop(queue_id, None)
        if line is None:
            # Nobody keeps the new line, so it need not become an object first.
            fresh = {"queue_id": queue_id, "ticket_id": ticket.id, **fields}
            db.session.execute(_NEW_LINE, fresh)
        else:
            for name, value in fields.items():
                if getattr(line, name) != value:
                    setattr(line, name, value)
    for line in present.values():
        db.session.delete(line)
    db.session.flush()


def rebuild_worklist(tickets: Iterable[Ticket]) -> int:
    """Make the worklist anew from the given unfinished tickets; returns how many there were."""
    db.session.execute(delete(Worklist))
    count = 0
    for ticket in tickets:
        sync_worklist(ticket, new=True)
        count += 1
    return count


def tag_ids(ticket: Ticket) -> set[int]:
    """Return the keys of the ticket's tags."""
    return set(db.session.scalars(select(TicketTag.tag_id).where(TicketTag.ticket_id == ticket.id)))
