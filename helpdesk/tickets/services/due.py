"""When something about a ticket is due, as lists and queues need to know it.

What is due is worked out from the journal above this package; here it is only written down
beside the ticket, so that a queue is in the order of the time left without asking anybody.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import update

from helpdesk.db import db
from helpdesk.events import publish
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import Channel
from helpdesk.rows import write_rows
from helpdesk.tickets.events import TicketsTold
from helpdesk.tickets.lifecycle import EntryKind, MissReason
from helpdesk.tickets.models import Assignment, Entry, Ticket
from helpdesk.tickets.services.act import Act, sync_worklist
from helpdesk.tickets.services.errors import Refused
from helpdesk.tickets.services.talk import check_writable


@dataclass(frozen=True, slots=True)
class Due:
    """The promise that is due first: when, what, and since when it is owed."""

    at: datetime
    promise: str
    since: datetime


def set_due(ticket: Ticket, due: Due | None) -> None:
    """Write down what is due first; None when nothing is.

    Not a verb: it changes nothing that anybody did, so it leaves no journal entry and no new
    version behind. Whoever calls it outside of an act lets the ticket find its place in the
    worklist (``place_again``).
    """
    said = (due.at, due.promise, due.since) if due is not None else (None, None, None)
    # Saying the same again would make the session look for what changed.
    if said != (ticket.due_at, ticket.due_promise, ticket.due_since):
        ticket.due_at, ticket.due_promise, ticket.due_since = said


def set_part_due(row: Assignment, due: Due | None) -> None:
    """Write down what a team promised about an assignment and is due first, as ``set_due`` does."""
    said = (due.at, due.promise, due.since) if due is not None else (None, None, None)
    if said != (row.due_at, row.due_promise, row.due_since):
        row.due_at, row.due_promise, row.due_since = said


def place_again(ticket: Ticket) -> None:
    """Let a ticket find its place in the worklist after ``set_due``."""
    sync_worklist(ticket)


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that happened to a promise by itself: what the journal is to say of it."""

    ticket_id: int
    verb: str
    at: datetime
    changes: dict[str, object]


def record_promises(told: list[Happened]) -> None:
    """Write down what became of promises, for many tickets at once.

    Nobody did it and nothing of the tickets changes, so no version moves and no page clashes;
    pages that show one of them look again.
    """
    write_rows(
        Entry,
        [
            {
                "ticket_id": one.ticket_id,
                "kind": EntryKind.EVENT,
                "verb": one.verb,
                "channel": Channel.STAFF,
                "happened_at": one.at,
                "changes": {"promise": [None, one.changes]},
            }
            for one in told
        ],
    )
    publish(TicketsTold(frozenset(one.ticket_id for one in told)))


def record_replay(
    actor: Actor, ticket: Ticket, found: list[dict[str, object]], *, reason: str
) -> Entry:
    """Write down that the promises of a ticket were worked out anew, by whom and why.

    ``found`` says what came out otherwise, a mapping a promise. Raises Denied.
    """
    act = Act(actor, ticket, Permission.SETUP_SLA)
    act.note_change("promises", None, found)
    return act.done("replay", body=reason.strip(), quiet=True)


def set_unexplained(ticket: Ticket, is_so: bool) -> None:
    """Write down whether something was missed that nobody has explained. No verb, as above."""
    if ticket.unexplained != is_so:
        ticket.unexplained = is_so


def mark_unexplained(ticket_ids: Collection[int]) -> None:
    """Write down of many tickets together that something was missed; versions stay as they are."""
    db.session.execute(update(Ticket).where(Ticket.id.in_(ticket_ids)).values(unexplained=True))


def explain_miss(
    actor: Actor, ticket: Ticket, promises: list[str], reason: str, *, note: str = ""
) -> Entry:
    """Write down why promises were missed; what is known of them is kept above this package.

    ``reason`` is a ``MissReason``; "other" needs a note. Raises Denied, Refused.
    """
    act = Act(actor, ticket)
    if reason not in set(MissReason):
        raise Refused("reason-missing", _l("Say why it was missed."), "missed")
    if reason == MissReason.OTHER and not note.strip():
        raise Refused("note-missing", _l("Say in a few words why it was missed."), "missed_note")
    act.note_change("missed", None, {"promises": promises, "reason": reason})
    act.set_quietly(unexplained=False)
    return act.done("explain-miss", body=note.strip()[:300], quiet=True)


def declare_mistaken(actor: Actor, ticket: Ticket, entry: Entry, *, reason: str) -> Entry:
    """Say that a change of status was a mistake and never held: clocks leave it out.

    The status the ticket has now stays. Raises Denied, Refused.
    """
    check_writable(ticket)
    act = Act(actor, ticket, Permission.TICKET_BACKDATE)
    is_status = entry.ticket_id == ticket.id and "status" in (entry.changes or {})
    if not is_status or entry.verb == "log":
        raise Refused("not-a-status", _l("Only a change of status can be declared a mistake."))
    if not reason.strip():
        raise Refused("reason-missing", _l("Say why it was a mistake."), "reason")
    act.note_change("mistaken", None, {"entry": entry.id, "verb": entry.verb})
    return act.done("mistaken", body=reason.strip(), quiet=True)
