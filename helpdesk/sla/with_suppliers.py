"""What of a ticket's life was with suppliers, as its journal tells it.

A supplier's part begins when the ticket first waits for them and is done when it waits for them
no more; waiting for them again goes on with the time used. What they promised, when we were told,
counts as a moment on the wall. They are waited for while the ticket waits for them, or a part of
it does while colleagues go on with theirs; both together are one wait.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from helpdesk.lib.clock import now
from helpdesk.sla.clocks import Happening, Life, What
from helpdesk.sla.journal import STATES, Line, NamedStatus, key_in, new_value, told_of
from helpdesk.tickets.lifecycle import HoldReason
from helpdesk.tickets.services import waits


@dataclass(frozen=True, slots=True)
class Wait:
    """One stretch of waiting for a supplier; ``until`` is None while it goes on."""

    supplier_id: int
    name: str
    reference: str
    since: datetime
    until: datetime | None = None
    part: str = ""
    """The queue of the part that waited; empty when the whole ticket did."""

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


@dataclass(frozen=True, slots=True)
class _Of:
    """What is known of a supplier while they are waited for."""

    name: str
    reference: str
    promised_at: datetime | None
    part: str = ""


@dataclass(slots=True)
class _Now:
    """How a ticket and its parts stand while its journal is read."""

    waits: bool = False
    aside: bool = False
    supplier_id: int = 0
    name: str = ""
    reference: str = ""
    promised_at: datetime | None = None
    parts: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    """The parts that wait, by the keys of their assignments."""

    def with_whom(self) -> dict[int, _Of]:
        """Return the suppliers that are waited for, by their keys.

        What the whole ticket says of one counts before what a part says; of several promises
        the soonest.
        """
        found: dict[int, _Of] = {}
        if self.aside:
            return found
        if self.waits and self.supplier_id:
            found[self.supplier_id] = _Of(self.name, self.reference, self.promised_at)
        for _key, told in sorted(self.parts.items()):
            supplier, until = told["supplier"], told["promised_at"]
            promised = datetime.fromisoformat(until) if until else None
            known = found.get(supplier["id"])
            if known is None:
                of = _Of(supplier["name"], told["reference"], promised, told["part"])
            else:
                sooner = [at for at in (known.promised_at, promised) if at is not None]
                of = replace(known, promised_at=min(sooner, default=None))
            found[supplier["id"]] = of
        return found


def supplier_parts(
    lines: Iterable[Line], known: Mapping[int, NamedStatus]
) -> dict[int, SupplierPart]:
    """Return what each supplier had of a ticket, by their keys."""
    found: dict[int, SupplierPart] = {}
    at_hand, before = _Now(), dict[int, _Of]()
    for line in told_of(lines):
        _read(line, at_hand, known)
        after = at_hand.with_whom()
        for key in before.keys() - after.keys():
            _end(found[key], line.happened_at, aside=at_hand.aside)
        for key, of in after.items():
            part = found.setdefault(key, SupplierPart(key))
            if key in before:
                _go_on(part, of)
            else:
                part.happenings.append(Happening(line.happened_at, What.OPEN))
                wait = Wait(key, of.name, of.reference, line.happened_at, part=of.part)
                part.waits.append(wait)
            earlier = before[key].promised_at if key in before else None
            if of.promised_at != earlier:
                part.told += of.promised_at is not None
            part.promised_at = of.promised_at
        before = after
    return found


def _go_on(part: SupplierPart, of: _Of) -> None:
    last = part.waits[-1]
    part.waits[-1] = replace(last, name=of.name, reference=of.reference, part=of.part)


def _end(part: SupplierPart, at: datetime, *, aside: bool) -> None:
    part.happenings.append(Happening(at, What.GONE if aside else What.RESOLVED))
    part.waits[-1] = replace(part.waits[-1], until=at)


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
    for key, told in (new_value(changes.get(waits.FIELD)) or {}).items():
        if told is not None:
            at_hand.parts[int(key)] = told
        else:
            at_hand.parts.pop(int(key), None)
