"""Promises that were missed: each is written down once, and somebody says why.

The sweep finds out, or an event that works the clocks out anew before it comes: whoever is first
writes the row, the journal's line and that this was done.
"""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, delete, exists, select

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor
from helpdesk.rows import write_rows
from helpdesk.sla import owners
from helpdesk.sla.coming import MISSED, key_of
from helpdesk.sla.models import Clock, Miss, StepDone
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services.due import (
    Happened,
    explain_miss,
    mark_unexplained,
    record_promises,
    set_unexplained,
)
from helpdesk.tickets.services.errors import Refused


def unexplained(ticket_id: int) -> list[Miss]:
    """Return what was missed about a ticket and nobody has said why, the oldest first."""
    return list(
        db.session.scalars(
            select(Miss)
            .where(Miss.ticket_id == ticket_id, Miss.reason.is_(None))
            .order_by(Miss.missed_at, Miss.id)
        )
    )


def misses_of(ticket_id: int) -> list[Miss]:
    """Return everything that was missed about a ticket, the oldest first."""
    return list(
        db.session.scalars(
            select(Miss).where(Miss.ticket_id == ticket_id).order_by(Miss.missed_at, Miss.id)
        )
    )


def explain(actor: Actor, ticket: Ticket, reason: str, *, note: str = "") -> Entry:
    """Say why what was missed about a ticket and is not explained yet was missed.

    ``reason`` is a ``lifecycle.MissReason``; "other" needs a note. Raises Denied, Refused.
    """
    found = unexplained(ticket.id)
    if not found:
        raise Refused("nothing-missed", _l("Nothing is left to be explained."))
    promises = list(dict.fromkeys(miss.promise for miss in found))
    entry = explain_miss(actor, ticket, promises, reason, note=note)
    for miss in found:
        miss.reason, miss.note = reason, entry.body
        miss.explained_at, miss.explained_by_id = entry.recorded_at, actor.person_id
    return entry


def note_missed(clocks: Sequence[Clock]) -> None:
    """Write down that these clocks were missed in their present round, together."""
    write_rows(Miss, [_values(clock) for clock in clocks])
    if clocks:
        mark_unexplained({clock.ticket_id for clock in clocks})


def keep(ticket: Ticket, clock: Clock, before: tuple[datetime | None, int]) -> None:
    """Bring what is written down of a clock's misses into step with how it stands now.

    ``before`` is when it was missed and its round as they stood until now. A miss that somebody
    has explained stays, even if it turns out to be none.
    """
    missed_at, round_ = before
    if clock.missed_at is not None and (missed_at is None or clock.round != round_):
        # Of a ticket that is logged long after it began something is missed at once; it may have
        # no key yet.
        db.session.flush()
        there = exists().where(*_is(clock, clock.round))
        if not db.session.scalar(select(there)):
            db.session.add(Miss(**_values(clock)))
            set_unexplained(ticket, True)
        _say(ticket, clock, clock.missed_at)
    elif clock.missed_at is None and missed_at is not None and clock.round <= round_:
        gone = delete(Miss).where(*_is(clock, round_), Miss.reason.is_(None))
        db.session.execute(gone)
        set_unexplained(ticket, bool(unexplained(ticket.id)))


def _say(ticket: Ticket, clock: Clock, missed_at: datetime) -> None:
    """Let the journal say that a promise was missed, unless the sweep has done so: once a round."""
    key = {**dict(zip(_KEY, key_of(clock), strict=True)), "step": MISSED}
    if db.session.get(StepDone, key) is None:
        db.session.add(StepDone(**key, done_at=now()))
        record_promises([happened(ticket, clock, missed_at)])


_KEY = ("ticket_id", "piece", "promise", "round")


def happened(ticket: Ticket, clock: Clock, missed_at: datetime) -> Happened:
    """Return what the journal says of a promise that was missed."""
    said: dict[str, object] = {"promise": clock.promise, **owners.whose(ticket, clock.piece)}
    return Happened(ticket.id, "promise-missed", missed_at, said)


def _is(clock: Clock, round_: int) -> tuple[ColumnElement[bool], ...]:
    return (
        Miss.ticket_id == clock.ticket_id,
        Miss.piece == clock.piece,
        Miss.promise == clock.promise,
        Miss.round == round_,
    )


def _values(clock: Clock) -> dict[str, object]:
    return {
        "ticket_id": clock.ticket_id,
        "piece": clock.piece,
        "promise": clock.promise,
        "round": clock.round,
        "missed_at": clock.missed_at or now(),
    }
