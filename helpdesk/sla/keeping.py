"""Clocks of tickets: made, brought into step with the journal, and compared with what they were.

``refresh`` is called for every event that could matter. It runs each clock from the beginning of
the journal and writes down how it stands; nothing is counted up step by step, so an event that is
told late, undone or declared a mistake needs no special care.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.sla import journal, missed, stored
from helpdesk.sla.clocks import Promise
from helpdesk.sla.coming import coming, key_of, steps_done
from helpdesk.sla.models import Clock
from helpdesk.sla.parts import parts_of
from helpdesk.sla.policy import Scope
from helpdesk.sla.standing import WHOLE, Key, Standing, stand
from helpdesk.tickets.events import JournalWritten
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services.due import Due, place_again, set_due, set_part_due


def on_journal_written(event: JournalWritten) -> None:
    """Bring a ticket's clocks into step with what just happened."""
    if event.entry.verb == "log":
        if stored.all_offers()[Scope.TEAM]:
            # Clocks of a part stand under the key of its assignment.
            db.session.flush()
        lines = [journal.line_of(event.entry)]
        write_down(event.ticket, stand(event.ticket, lines), known={})
    elif event.entry.verb not in journal.IRRELEVANT:
        _keep(event.ticket)


def refresh(ticket: Ticket) -> None:
    """Work out all clocks of a ticket from its journal and write them down.

    Promises that were given stay: a policy or calendar that was edited since changes nothing
    here. Only when another policy has become the most specific (priority, category, customer …
    changed) does its newest version take over.
    """
    _keep(ticket)
    place_again(ticket)


def _keep(ticket: Ticket) -> None:
    known = all_clocks_of(ticket.id)
    write_down(ticket, stand(ticket, journal.lines_of(ticket.id), known), known)


def clocks_of(ticket_id: int, piece: int = WHOLE) -> dict[Promise, Clock]:
    """Return the clocks of a ticket, or of what else ``piece`` says, by promise."""
    rows = db.session.scalars(
        select(Clock).where(Clock.ticket_id == ticket_id, Clock.piece == piece)
    )
    return {Promise(row.promise): row for row in rows}


def all_clocks_of(ticket_id: int) -> dict[Key, Clock]:
    """Return all clocks of a ticket, those of its parts and of suppliers too."""
    rows = db.session.scalars(select(Clock).where(Clock.ticket_id == ticket_id))
    return {(row.piece, Promise(row.promise)): row for row in rows}


def clock_due_first(ticket: Ticket) -> Clock | None:
    """Return the clock of a ticket that is due first; None when nothing is.

    One that was made a moment ago is not in the database yet: asking there would send it first,
    and what else is still to be written in a statement of its own.
    """
    if ticket.due_at is None:
        return None
    for row in db.session.new:
        if isinstance(row, Clock) and row.ticket is ticket and row.due_at == ticket.due_at:
            return row
    return db.session.scalar(
        select(Clock).where(Clock.ticket_id == ticket.id, Clock.due_at == ticket.due_at).limit(1)
    )


def write_down(ticket: Ticket, standings: Sequence[Standing], known: Mapping[Key, Clock]) -> None:
    """Store how everything stands; a clock of what is no longer promised goes."""
    # Only where a policy says so can a step have been done before.
    escalates = any(stored.terms_of(one.policy_version_id).steps for one in standings)
    done = steps_done(list(known.values())) if known and escalates else {}
    for standing in standings:
        row = known.get(standing.key)
        if row is None:
            row = Clock(ticket=ticket, piece=standing.piece, promise=standing.promise.value)
            db.session.add(row)
        before = (row.missed_at, row.round or 0)
        _set(row, standing)
        missed.keep(ticket, row, before)
        row.next_at = next((one.at for one in coming(row, done.get(key_of(row), ()))), None)
    promised = {standing.key for standing in standings}
    for key, row in known.items():
        if key not in promised:
            db.session.delete(row)
    set_due(ticket, soonest([one for one in standings if one.piece == WHOLE]))
    _set_parts_due(ticket, standings, known)


def _set_parts_due(
    ticket: Ticket, standings: Sequence[Standing], known: Mapping[Key, Clock]
) -> None:
    """Write down beside each assignment what is due first of what its team promised."""
    if not any(piece > WHOLE for piece, _promise in (*known, *(one.key for one in standings))):
        return
    parts = parts_of(ticket.assignments)
    holders = {part.last.id: piece for piece, part in parts.items()}
    for row in ticket.assignments:
        piece = holders.get(row.id)
        set_part_due(row, soonest([one for one in standings if one.piece == piece]))


def soonest(standings: Sequence[Standing]) -> Due | None:
    """Return what is due first among the clocks that run; None when none does."""
    running = [
        (standing.clock.due, standing.promise.value, standing.clock.owed_since)
        for standing in standings
        if standing.clock.due is not None and standing.clock.owed_since is not None
    ]
    return Due(*min(running)) if running else None


def _set(row: Clock, standing: Standing) -> None:
    clock = standing.clock
    length = round(standing.length.total_seconds())
    # A clock that simply went on shows the same whenever it was last counted: most events change
    # none of a ticket's clocks, and then nothing is written.
    went_on = (
        row.state == standing.state
        and row.due_at == clock.due
        and row.missed_at == clock.reached
        and row.round == clock.round
        and row.length == length
        and row.calendar_version_id == standing.calendar_version_id
        and (row.state == "running" or row.used == round(clock.used.total_seconds()))
    )
    if not went_on:
        row.used = round(clock.used.total_seconds())
        row.counted_at = clock.until
    said = {
        "policy_version_id": standing.policy_version_id,
        "calendar_version_id": standing.calendar_version_id,
        "because": list(standing.because),
        "length": length,
        "state": standing.state,
        "owed_since": clock.owed_since,
        "round": clock.round,
        "due_at": clock.due,
        "met_at": clock.met_at,
        "missed_at": clock.reached,
    }
    # Saying the same again would make the session look for what changed.
    for name, value in said.items():
        if getattr(row, name) != value:
            setattr(row, name, value)
