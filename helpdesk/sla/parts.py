"""The part that one team has in a ticket, as the life that clocks run through.

A part begins when an assignment is given to a queue and goes on while it is handed round within
that queue: the other teams wait for the team, whoever in it has the work. Handed over to another
queue, or ended in any way, the part is over. What a clock says about a part is kept under the key
of its first assignment (``Clock.piece``).

The assignments themselves say when they were given, acknowledged and ended; the journal says when
the ticket, or the part itself, waited meanwhile.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from helpdesk.sla.clocks import STATES, Happening, Life, What
from helpdesk.sla.journal import Line, new_value, told_of
from helpdesk.tickets.lifecycle import OPEN_ASSIGNMENT, HoldReason
from helpdesk.tickets.models import Assignment
from helpdesk.tickets.services import waits


@dataclass(slots=True)
class Part:
    """Assignments that followed each other within one queue, the oldest first."""

    rows: list[Assignment] = field(default_factory=list)

    @property
    def piece(self) -> int:
        """The key under which its clocks are kept."""
        return self.rows[0].id

    @property
    def last(self) -> Assignment:
        """The assignment as it stands now."""
        return self.rows[-1]

    @property
    def queue_id(self) -> int:
        """The queue whose part it is."""
        return self.last.queue_id

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to work on it."""
        return self.last.state in OPEN_ASSIGNMENT


def parts_of(assignments: Iterable[Assignment]) -> dict[int, Part]:
    """Return the parts of a ticket by their keys, in the order in which they began."""
    found: dict[int, Part] = {}
    part_of: dict[int, Part] = {}
    for row in sorted(assignments, key=lambda row: row.id):
        before = part_of.get(row.moved_from_id or 0)
        follows = before is not None and before.queue_id == row.queue_id
        # What was handed over and then undone has no successor any more.
        part = before if before is not None and follows else Part()
        if part.rows and part.last.id != row.moved_from_id:
            part.rows = [one for one in part.rows if one.id <= (row.moved_from_id or 0)]
        part.rows.append(row)
        part_of[row.id] = part
        found[part.piece] = part
    for part in found.values():
        _leave_out_undone(part)
    return found


def _leave_out_undone(part: Part) -> None:
    """A hand-over within the queue that was taken back never was: what it came from goes on."""
    for place, row in enumerate(part.rows[:-1]):
        if row.state in OPEN_ASSIGNMENT:
            del part.rows[place + 1 :]
            return


Stretch = tuple[datetime, datetime | None]
"""From when to when a piece waited; it goes on where there is no end."""


def waits_in(lines: Iterable[Line]) -> dict[int, list[Stretch]]:
    """Return when each assignment waited for a supplier, by its key, as the journal tells it."""
    found: dict[int, list[Stretch]] = {}
    since: dict[int, datetime] = {}
    for line in told_of(lines):
        for name, told in (new_value(line.changes.get(waits.FIELD)) or {}).items():
            key = int(name)
            if told is not None:
                since.setdefault(key, line.happened_at)
            elif key in since:
                found.setdefault(key, []).append((since.pop(key), line.happened_at))
    for key, at in since.items():
        found.setdefault(key, []).append((at, None))
    return found


def life_of(part: Part, ticket: Life, waited: Mapping[int, Sequence[Stretch]]) -> Life:
    """Return the life of a part within the life of its ticket.

    ``ticket`` says when the ticket waited, was resolved or put aside, by the reasons of waiting
    that halt the clocks in question; ``waited`` when its assignments themselves did, and is empty
    where waiting for suppliers halts none.
    """
    begins, over = part.rows[0].given_at, _over(part)
    states = [one for one in ticket.happenings if one.what in STATES]
    states = _with_waits(states, [one for row in part.rows for one in waited.get(row.id, ())])
    earlier = [one for one in states if one.at <= begins]
    happenings = []
    # A part that is given out while the ticket waits begins halted.
    if earlier and earlier[-1].what in {What.WAITING, What.GONE}:
        happenings.append(Happening(begins, earlier[-1].what, earlier[-1].why))
    happenings += _of_rows(part.rows)
    happenings += [one for one in states if one.at > begins and (over is None or one.at < over.at)]
    happenings.sort(key=lambda one: one.at)
    return Life(begins, (*happenings, over) if over is not None else tuple(happenings))


def _with_waits(states: Sequence[Happening], own: Sequence[Stretch]) -> list[Happening]:
    """Return the states of the ticket with those in which only the part waited.

    While the ticket itself waits, is resolved or put aside, that counts and says why.
    """
    # What ends comes before what begins at the same moment: a colleague takes the wait over.
    turns: list[tuple[datetime, int, Happening | None]] = [(one.at, 0, one) for one in states]
    turns += [(until, -1, None) for _since, until in own if until is not None]
    turns += [(since, 1, None) for since, _until in own]
    found: list[Happening] = []
    whole, waiting = Happening(datetime.min.replace(tzinfo=UTC), What.OPEN), 0
    for at, step, told in sorted(turns, key=lambda turn: turn[:2]):
        waiting += step
        whole = told or whole
        if waiting > 0 and whole.what is What.OPEN:
            found.append(Happening(at, What.WAITING, HoldReason.SUPPLIER.value))
        else:
            found.append(Happening(at, whole.what, whole.why))
    return found


def _of_rows(rows: Sequence[Assignment]) -> list[Happening]:
    found = []
    for number, row in enumerate(rows):
        if number:
            found.append(Happening(row.given_at, What.GIVEN))
        if row.acknowledged_at is not None:
            found.append(Happening(row.acknowledged_at, What.ACKNOWLEDGED))
    return found


def _over(part: Part) -> Happening | None:
    """Return how the part ended; None while it goes on."""
    row = part.last
    if part.is_open:
        return None
    ended: datetime = row.ended_at or row.given_at
    return Happening(ended, What.RESOLVED if row.state == "resolved" else What.PASSED_ON)
