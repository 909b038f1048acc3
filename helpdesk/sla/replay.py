"""Working promises out anew: by what policies and calendars say now, or after a mistake.

An edited policy or calendar changes no promise that was given. Replaying does: it chooses the
policy that holds now, in its newest version, runs every clock through the whole journal again,
and says what would come out otherwise. Only then, and by somebody's name, is it written down.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people import audit
from helpdesk.people.access import Actor, Permission
from helpdesk.sla import journal, keeping, owners, stored
from helpdesk.sla.clocks import Promise
from helpdesk.sla.models import Clock
from helpdesk.sla.standing import Key, Standing, stand
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services.due import place_again, record_replay

BATCH = 200
"""Tickets that are looked at together."""


@dataclass(frozen=True, slots=True)
class Stand:
    """How one promise stands, as far as people compare it."""

    length: int
    """Open time promised, in seconds."""
    state: str
    due_at: datetime | None
    met_at: datetime | None
    missed_at: datetime | None
    policy_version_id: int


@dataclass(frozen=True, slots=True)
class Difference:
    """What replaying would change about one promise; None where there is no such promise."""

    ticket_id: int
    piece: int
    promise: Promise
    before: Stand | None
    after: Stand | None
    whose: str = ""
    """Whose promise it is: the queue of a part, or a supplier; empty for the whole ticket."""

    @property
    def matters(self) -> bool:
        """Whether somebody would notice: another moment, or kept instead of missed."""
        return _noticed(self.before) != _noticed(self.after)


def _noticed(stand: Stand | None) -> tuple[object, ...] | None:
    if stand is None:
        return None
    return (stand.length, stand.state, stand.due_at, stand.met_at, stand.missed_at)


def differences(actor: Actor, tickets: Sequence[Ticket]) -> list[Difference]:
    """Return what replaying these tickets would change, without changing it. Raises Denied."""
    actor.demand(Permission.SETUP_SLA)
    return [
        difference
        for ticket in tickets
        for difference in _compare(ticket, _anew(ticket), keeping.all_clocks_of(ticket.id))
    ]


def replay(actor: Actor, tickets: Sequence[Ticket], *, reason: str) -> list[Difference]:
    """Replay tickets and write down what comes out; returns what changed.

    Each ticket whose promises changed gets a journal entry that says so, and the audit log says
    who did it to how many, and why. Tickets should be locked. Raises Denied.
    """
    actor.demand(Permission.SETUP_SLA)
    changed: list[Difference] = []
    for ticket in tickets:
        known = keeping.all_clocks_of(ticket.id)
        standings = _anew(ticket)
        found = list(_compare(ticket, standings, known))
        keeping.write_down(ticket, standings, known)
        place_again(ticket)
        if found:
            record_replay(actor, ticket, [_told(one) for one in found], reason=reason)
            changed += found
    audit.record(
        actor,
        "promises-replayed",
        label=reason,
        changes={
            "tickets": [len(tickets), len({one.ticket_id for one in changed})],
        },
    )
    return changed


def touched_by(policy_id: int | None, *, after: int = 0, limit: int = BATCH) -> list[int]:
    """Return numbers of unfinished tickets in order; ``after`` is the last one of the batch before.

    With a policy only those that were given its promises.
    """
    statement = select(Ticket.id).where(
        Ticket.status_class.in_(("new", "open", "pending")),
        Ticket.hidden_at.is_(None),
        Ticket.id > after,
    )
    if policy_id is not None:
        given = select(Clock.ticket_id).where(
            Clock.policy_version_id.in_(stored.version_ids(policy_id))
        )
        statement = statement.where(Ticket.id.in_(given))
    return list(db.session.scalars(statement.order_by(Ticket.id).limit(limit)))


def _anew(ticket: Ticket) -> list[Standing]:
    return stand(ticket, journal.lines_of(ticket.id))


def _compare(
    ticket: Ticket, standings: Sequence[Standing], known: Mapping[Key, Clock]
) -> Iterator[Difference]:
    after = {standing.key: _after(standing) for standing in standings}
    before = {key: _before(row) for key, row in known.items()}
    found = [
        Difference(ticket.id, *key, before.get(key), after.get(key)) for key in {*before, *after}
    ]
    found = [one for one in found if one.matters]
    names = owners.names_of(ticket, {one.piece for one in found})
    order = list(Promise)
    # The whole ticket first, then its parts, then suppliers.
    found.sort(key=lambda one: (one.piece < 0, abs(one.piece), order.index(one.promise)))
    for one in found:
        yield replace(one, whose=names.get(one.piece, ""))


def _before(row: Clock) -> Stand:
    return Stand(
        row.length, row.state, row.due_at, row.met_at, row.missed_at, row.policy_version_id
    )


def _after(standing: Standing) -> Stand:
    clock = standing.clock
    return Stand(
        length=round(standing.length.total_seconds()),
        state=standing.state,
        due_at=clock.due,
        met_at=clock.met_at,
        missed_at=clock.reached,
        policy_version_id=standing.policy_version_id,
    )


def _told(difference: Difference) -> dict[str, object]:
    """Return a difference as the journal keeps it."""
    return {
        "promise": difference.promise.value,
        **({"whose": difference.whose} if difference.whose else {}),
        "due": [_moment(one.due_at if one else None) for one in _both(difference)],
        "met": [_moment(one.met_at if one else None) for one in _both(difference)],
        "missed": [_moment(one.missed_at if one else None) for one in _both(difference)],
        "length": [one.length if one else None for one in _both(difference)],
    }


def _both(difference: Difference) -> tuple[Stand | None, Stand | None]:
    return difference.before, difference.after


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
