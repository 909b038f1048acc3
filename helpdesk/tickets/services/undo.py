"""Taking back what was done a moment ago.

The journal is append-only, so undoing is an act of its own: the ticket becomes what it was and
an entry says so. A ticket that somebody changed since stays as it is, because undoing would lose
their work, and so does one whose message has already left; the others of a bulk change are taken
back without it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select, update

from helpdesk.db import UTCDateTime, db
from helpdesk.events import publish
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor
from helpdesk.tickets.companions import CopyRecipient, Follower, Link, Task, TimeEntry, Undo
from helpdesk.tickets.events import MessageWithdrawn
from helpdesk.tickets.lifecycle import BinReason, EntryKind
from helpdesk.tickets.models import Assignment, Entry, Ticket
from helpdesk.tickets.queries.access import hidden_among
from helpdesk.tickets.services.act import BY, Act
from helpdesk.tickets.services.errors import Refused
from helpdesk.tickets.services.fields import replace_tags
from helpdesk.tickets.services.side_talks import undo_close
from helpdesk.tickets.side_talks import WRITE


@dataclass(frozen=True, slots=True)
class Left:
    """A ticket that an undo left as it is, and why."""

    number: int
    why: str


@dataclass(slots=True)
class Undone:
    """What became of an undo: the tickets that are as they were, and those that are not."""

    tickets: list[Ticket] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)


def latest_group(actor: Actor) -> str | None:
    """Return the group of the newest act that the actor can still take back."""
    return db.session.scalar(
        select(Undo.group_id)
        .where(
            Undo.person_id == actor.person_id,
            Undo.used_at.is_(None),
            Undo.expires_at > now(),
        )
        .order_by(Undo.id.desc())
        .limit(1)
    )


def recalled_broadcast(actor: Actor, group_id: str) -> Entry | None:
    """Return the actor's message to everybody that a group was; its ticket is the parent."""
    return db.session.scalar(
        select(Entry)
        .join(Undo, Undo.entry_id == Entry.id)
        .where(
            Undo.group_id == group_id,
            Undo.person_id == actor.person_id,
            Entry.verb == "broadcast",
            Entry.withdrawn_at.is_not(None),
        )
        # The parent's own customer is written to first.
        .order_by(Undo.id)
        .limit(1)
    )


def undo(actor: Actor, group_id: str) -> Undone:
    """Take back every act of a group, newest first; says what was taken back and what was left.

    Of several tickets each is taken back for itself: one that moved on, or whose message has
    left, stays as it is. Raises Refused when the time is over or when nothing can be taken back.
    A message to many is recalled whatever happened to its tickets meanwhile: among many there is
    always one that somebody works on.
    """
    rows = list(
        db.session.scalars(
            select(Undo)
            .where(Undo.group_id == group_id, Undo.person_id == actor.person_id)
            .order_by(Undo.id.desc())
            .with_for_update()
        )
    )
    if not rows or any(row.used_at is not None for row in rows):
        raise Refused("undo-gone", _l("There is nothing to undo any more."))
    if any(row.expires_at <= now() for row in rows):
        raise Refused("undo-late", _l("It is too late to undo this."))
    by_ticket: dict[int, list[Undo]] = {}
    for row in rows:
        by_ticket.setdefault(row.ticket_id, []).append(row)
    done = Undone()
    refusals: list[Refused] = []
    for number, acts in by_ticket.items():
        try:
            with db.session.begin_nested():
                done.tickets.append(_take_ticket_back(actor, number, acts))
        except Refused as refusal:
            refusals.append(refusal)
            done.left.append(Left(number, _why_left(actor, number, acts, refusal)))
    if not done.tickets:
        raise refusals[0]
    for row in rows:
        row.used_at = now()
    return done


def _take_ticket_back(actor: Actor, number: int, acts: Sequence[Undo]) -> Ticket:
    """Take back the acts upon one ticket, given newest first. Raises Refused."""
    ticket = db.session.get(Ticket, number, with_for_update=True)
    if ticket is None:
        raise Refused("undo-gone", _l("There is nothing to undo any more."))
    moved_on = ticket.version != acts[0].version
    for row in acts:
        if not moved_on:
            _take_back(actor, ticket, row)
        elif row.verb == "broadcast":
            _recall(actor, ticket, row)
        else:
            raise _moved_on(actor, number, acts)
    return ticket


def _moved_on(actor: Actor, number: int, acts: Sequence[Undo]) -> Refused:
    """Return the refusal for a ticket that was changed since; a rule that did it is named."""
    newest = _newest_since(actor, number, acts)
    by = _by(newest) if newest is not None else {}
    if "policy" in by:
        said = _l(
            "The policy “%(name)s” acted on %(number)d since.", name=by["name"], number=number
        )
        return Refused("undo-clash", said)
    if by:
        said = _l("The rule “%(rule)s” acted on %(number)d since.", rule=by["name"], number=number)
        return Refused("undo-clash", said)
    return Refused("undo-clash", _l("Somebody changed %(number)d since.", number=number))


def _why_left(actor: Actor, number: int, acts: Sequence[Undo], refusal: Refused) -> str:
    """Say why a ticket stays as it is; who changed it is named to those who may see it."""
    newest = _newest_since(actor, number, acts) if refusal.code == "undo-clash" else None
    if newest is None:
        return str(refusal)
    if newest.author is not None:
        return str(_("%(who)s changed it since.", who=newest.author.name))
    by = _by(newest)
    if "policy" in by:
        return str(_("The policy “%(policy)s” acted on it since.", policy=by["name"]))
    if by:
        return str(_("The rule “%(rule)s” acted on it since.", rule=by["name"]))
    return str(refusal)


def _newest_since(actor: Actor, number: int, acts: Sequence[Undo]) -> Entry | None:
    """Return what was last written since; None to those who may not see the ticket."""
    if hidden_among(actor, [number]):
        return None
    return db.session.scalar(
        select(Entry)
        .where(Entry.ticket_id == number, Entry.id > acts[0].entry_id)
        .order_by(Entry.id.desc())
        .limit(1)
    )


def _by(entry: Entry) -> dict[str, Any]:
    """Return the rule or the policy in whose name an entry was written; empty without one."""
    changes: dict[str, Any] = dict(entry.changes or {})
    by: dict[str, Any] = dict(changes[BY][1]) if BY in changes else {}
    return {} if "macro" in by else by


def _recall(actor: Actor, ticket: Ticket, row: Undo) -> None:
    """Take back a message only; what else became of the ticket stays."""
    entry = db.session.get_one(Entry, row.entry_id)
    act = Act(actor, ticket)
    _withdraw(act, entry)
    db.session.flush()
    act.note_change("undone", None, {"verb": row.verb, "entry": entry.id})
    act.done("undo", quiet=True)


def _withdraw(act: Act, entry: Entry) -> None:
    if (entry.kind == EntryKind.MESSAGE and entry.public) or entry.verb == WRITE:
        publish(MessageWithdrawn(actor=act.actor, entry=entry))
    if entry.kind != EntryKind.EVENT:
        entry.withdrawn_at = act.at


def _take_back(actor: Actor, ticket: Ticket, row: Undo) -> None:
    entry = db.session.get_one(Entry, row.entry_id)
    before: dict[str, Any] = row.before
    act = Act(actor, ticket)
    _withdraw(act, entry)
    for number in before.get("opened", []):
        _put_away(actor, number, entry)
    for key, value in before["ticket"].items():
        setattr(ticket, key, _typed(Ticket, key, value))
    known = {saved["id"]: saved for saved in before["assignments"]}
    for assignment in list(ticket.assignments):
        saved = known.get(assignment.id)
        if saved is None:
            assignment.state, assignment.ended_at = "withdrawn", act.at
            continue
        for key, value in saved.items():
            setattr(assignment, key, _typed(Assignment, key, value))
    if "tags" in before:
        replace_tags(ticket, set(before["tags"]))
    for link_id in before.get("links", []):
        db.session.execute(delete(Link).where(Link.id == link_id))
    tasks = Task.id.in_(before.get("tasks", []))
    db.session.execute(update(Task).where(tasks).values(removed_at=act.at))
    for model, name in ((Follower, "followers"), (CopyRecipient, "copies")):
        for person_id in before.get(name, []):
            db.session.execute(
                delete(model).where(model.ticket_id == ticket.id, model.person_id == person_id)
            )
    db.session.execute(delete(TimeEntry).where(TimeEntry.entry_id == entry.id))
    db.session.flush()
    db.session.refresh(ticket)
    if row.verb == "close-aside" and entry.changes is not None:
        undo_close(ticket, entry.changes["side_talk"][1]["id"])  # type: ignore[index]
    if row.verb == "merge" and entry.changes is not None:
        _unmerge(actor, entry)
    act.note_change("undone", None, {"verb": row.verb, "entry": entry.id})
    act.done("undo", quiet=True)


def _put_away(actor: Actor, number: int, entry: Entry) -> None:
    """Hide a ticket that was opened by the act. Raises Refused when somebody began with it."""
    child = db.session.get_one(Ticket, number, with_for_update=True)
    begun = select(Entry.id).where(
        Entry.ticket_id == number,
        Entry.id > entry.id,
        Entry.verb != "link",
        Entry.author_id.is_not(None),
    )
    if db.session.scalar(begun.limit(1)) is not None:
        raise Refused("undo-clash", _l("Somebody changed %(number)d since.", number=number))
    act = Act(actor, child)
    act.set("hidden_at", act.at)
    act.set("bin_reason", BinReason.MISTAKE)
    act.done("undo", quiet=True)


def _unmerge(actor: Actor, entry: Entry) -> None:
    """Give the merged ticket back its own life."""
    changes: Any = entry.changes
    merged = db.session.get_one(Ticket, changes["merged"][1]["id"])
    act = Act(actor, merged)
    merged.merged_into_id = None
    act.set("hidden_at", None)
    for row in merged.assignments:
        if row.state == "withdrawn" and row.ended_at == entry.happened_at:
            row.state = "acknowledged" if row.acknowledged_at else "assigned"
            row.ended_at = None
    act.done("undo", quiet=True)


def _typed(model: type[Any], key: str, value: Any) -> Any:
    """Bring a value back from JSON to its column's type."""
    if value is not None and isinstance(model.__table__.c[key].type, UTCDateTime):
        return datetime.fromisoformat(value)
    return value


def purge(limit: int = 5000) -> int:
    """Delete undo records whose time is over; returns how many. Called by the worker."""
    ids = list(db.session.scalars(select(Undo.id).where(Undo.expires_at < now()).limit(limit)))
    if ids:
        db.session.execute(delete(Undo).where(Undo.id.in_(ids)))
    return len(ids)
