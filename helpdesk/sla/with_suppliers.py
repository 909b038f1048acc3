"""What of a ticket's life was with suppliers, as its journal tells it.

A supplier's part begins when the ticket first waits for them and is done when it waits for them
no more; waiting for them again goes on with the time used. What they promised, when we were told,
counts as a moment on the wall.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from helpdesk.lib.clock import now
from helpdesk.sla.clocks import Happening, Life, What
from helpdesk.sla.journal import STATES, Line, NamedStatus, key_in, new_value, told_of
from helpdesk.tickets.lifecycle import HoldReason


@dataclass(frozen=True, slots=True)
class Wait:
    """One stretch of waiting for a supplier; ``until`` is None while it goes on."""

    supplier_id: int
    name: str
    reference: str
    since: datetime
    until: datetime | None = None

    @property
    def length(self) -> timedelta:
        """Time that passed, up to now if it goes on."""
        return (self.until or now()) - self.since


@dataclass(slots=True)
class SupplierPart:
    """A supplier's part in a ticket."""

    supplier_id: int
    happenings: list[Happening] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    promised_at: datetime | None = None
    """What they promised, in the wait that goes on or in the last one."""
    told: int = 0
    """How many times they promised something: each promise is a round of its own."""

    @property
    def life(self) -> Life:
        """The life that a clock of theirs runs through."""
        return Life(self.happenings[0].at, tuple(self.happenings[1:]))


@dataclass(slots=True)
class _Now:
    """How a ticket stands while its journal is read."""

    waits: bool = False
    aside: bool = False
    supplier_id: int = 0
    name: str = ""
    reference: str = ""
    promised_at: datetime | None = None

    @property
    def with_whom(self) -> int:
        """The supplier that is waited for; 0 when none is."""
        return self.supplier_id if self.waits and not self.aside else 0


def supplier_parts(
    lines: Iterable[Line], known: Mapping[int, NamedStatus]
) -> dict[int, SupplierPart]:
    """Return what each supplier had of a ticket, by their keys."""
    found: dict[int, SupplierPart] = {}
    at_hand = _Now()
    for line in told_of(lines):
        before, promised = at_hand.with_whom, at_hand.promised_at
        _read(line, at_hand, known)
        after = at_hand.with_whom
        if before != after and before:
            _end(found[before], line.happened_at, aside=at_hand.aside)
        if not after:
            continue
        part = found.setdefault(after, SupplierPart(after))
        if before != after:
            part.happenings.append(Happening(line.happened_at, What.OPEN))
            wait = Wait(after, at_hand.name, at_hand.reference, line.happened_at)
            part.waits.append(wait)
            promised = None
        else:
            last = part.waits[-1]
            part.waits[-1] = Wait(after, at_hand.name, at_hand.reference, last.since)
        if at_hand.promised_at != promised:
            part.told += at_hand.promised_at is not None
        part.promised_at = at_hand.promised_at
    return found


def _end(part: SupplierPart, at: datetime, *, aside: bool) -> None:
    part.happenings.append(Happening(at, What.GONE if aside else What.RESOLVED))
    last = part.waits[-1]
    part.waits[-1] = Wait(last.supplier_id, last.name, last.reference, last.since, at)


def _read(line: Line, at_hand: _Now, known: Mapping[int, NamedStatus]) -> None:
    changes = line.changes
    status = known.get(key_in(changes.get("status")))
    if status is not None:
        reason = new_value(changes.get("hold_reason")) or status.hold_reason
        waiting = STATES[status.status_class] is What.WAITING
        at_hand.waits = waiting and reason == HoldReason.SUPPLIER
    elif new_value(changes.get("hold_reason")):
        at_hand.waits = new_value(changes["hold_reason"]) == HoldReason.SUPPLIER
    if "hidden_at" in changes:
        at_hand.aside = new_value(changes["hidden_at"]) is not None
    if "supplier" in changes:
        named = new_value(changes["supplier"])
        at_hand.supplier_id = key_in(changes["supplier"])
        at_hand.name = str(named["name"]) if isinstance(named, dict) else ""
    if "supplier_reference" in changes:
        at_hand.reference = str(new_value(changes["supplier_reference"]) or "")
    if "supplier_promised_at" in changes:
        at = new_value(changes["supplier_promised_at"])
        at_hand.promised_at = datetime.fromisoformat(at) if at else None
