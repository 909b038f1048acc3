"""Which promises hold for a ticket: policies with conditions, and the most specific one. Pure.

A policy says for whom and what it is (its conditions), by which calendar time is counted, how
long everything may take at each priority, and what halts its clocks. What is here are values;
``models`` keeps them in versions that never change, so that a promise that was given stays what
it was when somebody edits the policy.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Self

from helpdesk.sla.clocks import Promise

PRIORITIES = (1, 2, 3, 4)
LONGEST = timedelta(days=366)
"""No promise is longer; what takes a year is a project."""
WAITS = ("customer", "supplier", "date", "change", "other")
"""Reasons for which a ticket waits (``tickets.lifecycle.HoldReason``)."""


class WrongPolicy(ValueError):
    """A policy was described in a way that makes no sense; the message says what is wrong."""


class Scope(StrEnum):
    """To whom something is promised."""

    TICKET = "ticket"
    """To the customer, about the whole ticket (SLA)."""
    TEAM = "team"
    """Between teams, about one assignment (operational level agreement, OLA)."""
    SUPPLIER = "supplier"
    """By a supplier to us (underpinning contract)."""


PROMISES: Mapping[Scope, tuple[Promise, ...]] = {
    Scope.TICKET: (Promise.ACKNOWLEDGE, Promise.FIRST_REPLY, Promise.NEXT_REPLY, Promise.FIX),
    Scope.TEAM: (Promise.ACKNOWLEDGE, Promise.FIX),
    Scope.SUPPLIER: (Promise.FIX,),
}
"""What can be promised to whom."""


@dataclass(frozen=True, slots=True)
class Matter:
    """What policies look at: a ticket, an assignment or a wait as plain values."""

    kind: str
    priority: int
    queue_id: int
    categories: frozenset[int] = frozenset()
    """The category and all above it."""
    vip: bool = False
    organisation_id: int | None = None
    support_level: str = ""
    """The organisation's level on the day the ticket was opened; empty when it has none."""
    supplier_id: int | None = None


@dataclass(frozen=True, slots=True)
class Conditions:
    """For whom and what a policy is. An empty condition asks for nothing."""

    organisations: frozenset[int] = frozenset()
    support_levels: frozenset[str] = frozenset()
    vip: bool = False
    suppliers: frozenset[int] = frozenset()
    categories: frozenset[int] = frozenset()
    queues: frozenset[int] = frozenset()
    kinds: frozenset[str] = frozenset()

    def met_by(self, matter: Matter) -> tuple[str, ...] | None:
        """Return the names of the conditions that hold, the weightiest first; None if one fails."""
        found = {
            "suppliers": matter.supplier_id in self.suppliers,
            "organisations": matter.organisation_id in self.organisations,
            "support_levels": matter.support_level in self.support_levels,
            "vip": matter.vip,
            "categories": not self.categories.isdisjoint(matter.categories),
            "queues": matter.queue_id in self.queues,
            "kinds": matter.kind in self.kinds,
        }
        asked = [name for name in found if getattr(self, name)]
        return tuple(asked) if all(found[name] for name in asked) else None


WEIGHTS = {
    "suppliers": 64,
    "organisations": 32,
    "support_levels": 16,
    "vip": 8,
    "categories": 4,
    "queues": 2,
    "kinds": 1,
}
"""How specific a condition is. Powers of two: a weightier one beats all lighter ones together."""


class Do(StrEnum):
    """What a step of an escalation does."""

    WARN_OWNER = "warn-owner"
    """Tell the owner; while there is none, whoever holds an assignment, else the leads."""
    TELL_LEADS = "tell-leads"
    """Tell the leads of the queue's team; a team without leads is told as a whole."""
    RAISE = "raise"
    """Raise the priority by one."""
    MAIL = "mail"
    """Mail to an address, or to the leads."""
    WEBHOOK = "webhook"
    """Call another program."""
    MOVE = "move"
    """Hand the work over to another queue: of a team's promise, that assignment."""
    REMIND = "remind"
    """Write to the supplier who promised it."""
    RUN_RULE = "run-rule"
    """Let a rule act on the ticket: whatever rules can do."""


ONLY: Mapping[Do, frozenset[Scope]] = {
    Do.REMIND: frozenset({Scope.SUPPLIER}),
}
"""What only some scopes have; everything else is for all of them."""

BY_KEY = frozenset({Do.WEBHOOK, Do.RUN_RULE})
"""What names a row of some table as its target."""

MOST_PERCENT = 1000
MOST_STEPS = 20


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """A step of an escalation: done once when so much of the time promised is used."""

    promise: Promise
    percent: int | None
    """Of the time promised; more than 100 is after it was missed. None with ``before``."""
    before: int | None
    """Seconds of open time before it is due, instead of a share."""
    do: Do
    queue_id: int | None = None
    """Where the work is moved to."""
    target: str = ""
    """The address that is mailed to (empty: the leads), or the key of the webhook or the rule."""

    def __post_init__(self) -> None:
        if (self.percent is None) == (self.before is None):
            raise WrongPolicy("a step has a share of the time, or a time before the end")
        if not 0 < (self.percent or 1) <= MOST_PERCENT or (self.before or 0) < 0:
            raise WrongPolicy("a step is at 1 to 1,000 percent, or before the end")
        if (self.do is Do.MOVE) != (self.queue_id is not None):
            raise WrongPolicy("work is moved to a queue")
        if self.do in BY_KEY and not self.target.isdecimal():
            raise WrongPolicy("a webhook is called, and a rule runs, by its key")
        if self.target and self.do not in {Do.MAIL, *BY_KEY}:
            raise WrongPolicy("only mail, calls and rules have a target")

    @property
    def key(self) -> str:
        """What tells a step from the others of a policy; steps done are remembered by it."""
        when = f"{self.percent}%" if self.percent is not None else f"-{self.before}s"
        # Addresses are long; twelve digits of a hash tell those of one policy apart.
        target = hashlib.sha256(self.target.encode()).hexdigest()[:12] if self.target else ""
        return ":".join(str(one) for one in (when, self.do.value, self.queue_id, target) if one)

    def stored(self) -> list[Any]:
        """Return the step as it is stored; a target only where there is one."""
        kept = [self.promise.value, self.percent, self.before, self.do.value, self.queue_id]
        return [*kept, self.target] if self.target else kept

    def used(self, length: timedelta) -> timedelta:
        """Return the open time used with which the step is reached."""
        if self.percent is not None:
            return length * self.percent / 100
        return max(timedelta(), length - timedelta(seconds=self.before or 0))


@dataclass(frozen=True, slots=True)
class Terms:
    """What a version of a policy says. It never changes."""

    calendar_id: int
    lengths: Mapping[tuple[Promise, int], timedelta]
    """Open time promised, by promise and priority; what is missing is not promised."""
    conditions: Conditions = field(default_factory=Conditions)
    waits: frozenset[str] = frozenset(WAITS)
    """Reasons of waiting that halt the clocks; time waited for another reason counts."""
    steps: tuple[Step, ...] = ()
    """What is done before and after a promise is missed."""

    def __post_init__(self) -> None:
        for (_promise, priority), length in self.lengths.items():
            if priority not in PRIORITIES or not timedelta() < length <= LONGEST:
                raise WrongPolicy(f"priority {priority} in {length} can't be promised")
        if unknown := self.waits - set(WAITS):
            raise WrongPolicy(f"nothing waits for {', '.join(sorted(unknown))}")
        if len(self.steps) > MOST_STEPS or len({*self.steps}) < len(self.steps):
            raise WrongPolicy(f"a policy has {MOST_STEPS} different steps at most")

    def length(self, promise: Promise, priority: int) -> timedelta | None:
        """Return what is promised at a priority; None when nothing is."""
        return self.lengths.get((promise, priority))

    def to_json(self) -> dict[str, Any]:
        """Return the terms as they are stored; lengths in seconds."""
        lengths: dict[str, dict[str, int]] = {}
        for (promise, priority), length in sorted(self.lengths.items()):
            seconds = round(length.total_seconds())
            lengths.setdefault(promise.value, {})[str(priority)] = seconds
        asked = self.conditions
        return {
            "calendar": self.calendar_id,
            "lengths": lengths,
            "conditions": {
                name: True if name == "vip" else sorted(getattr(asked, name))
                for name in WEIGHTS
                if getattr(asked, name)
            },
            "waits": sorted(self.waits),
            "steps": [step.stored() for step in self.steps],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read terms as they are stored. Raises WrongPolicy, KeyError or ValueError."""
        asked = stored["conditions"]
        return cls(
            calendar_id=stored["calendar"],
            lengths={
                (Promise(promise), int(priority)): timedelta(seconds=seconds)
                for promise, by_priority in stored["lengths"].items()
                for priority, seconds in by_priority.items()
            },
            conditions=Conditions(
                vip=bool(asked.get("vip")),
                **{
                    name: frozenset(values)
                    for name, values in asked.items()
                    if name in WEIGHTS and name != "vip"
                },
            ),
            waits=frozenset(stored["waits"]),
            steps=tuple(
                Step(Promise(promise), percent, before, Do(do), *where)
                for promise, percent, before, do, *where in stored["steps"]
            ),
        )


@dataclass(frozen=True, slots=True)
class Offer:
    """A policy that may be chosen: its present version and its place in the list."""

    policy_id: int
    version_id: int
    position: int
    terms: Terms


@dataclass(frozen=True, slots=True)
class Choice:
    """The policy that was chosen, and the conditions because of which it was."""

    offer: Offer
    because: tuple[str, ...]


def choose(offers: Iterable[Offer], matter: Matter) -> Choice | None:
    """Return the most specific policy all of whose conditions hold; None when there is none.

    Of two that are equally specific the one that stands earlier in the list is chosen.
    """
    best: tuple[tuple[int, int, int], Choice] | None = None
    for offer in offers:
        because = offer.terms.conditions.met_by(matter)
        if because is None:
            continue
        weight = sum(WEIGHTS[name] for name in because)
        key = (-weight, offer.position, offer.policy_id)
        if best is None or key < best[0]:
            best = (key, Choice(offer, because))
    return best[1] if best else None
