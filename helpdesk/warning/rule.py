"""Which tickets are at risk, and why: points a reason, added up and compared with a threshold.

The rule looks at facts alone and knows no database, so that anybody can work out by hand what it
says. How often it is right is measured in ``tests/warning/test_rule.py``; the figures are in
``docs/sla.md``.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from helpdesk.tickets.lifecycle import RiskReason

THRESHOLD = 2
"""A ticket with so many points is at risk."""

SOME_HANDOVERS = 2
MANY_HANDOVERS = 3
"""Being passed on once is daily business; twice is a sign, three times a clear one."""

HALF = 0.5
"""When so much of the time is used, somebody should have it."""
LATE = 0.75
"""When so much of the time is used, it should be nearly done."""

OLD_AFTER = timedelta(days=5)
"""What nothing is promised for is old after so long."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rule looks at in an unfinished ticket. Moments are aware."""

    opened_at: datetime
    handovers: int = 0
    reopenings: int = 0
    chasers: int = 0
    """How often the customer wrote again while an earlier message was unanswered."""
    owned: bool = True
    acknowledged: bool = True
    waiting: bool = False
    """Whether it waits for somebody else, so that time is not on us."""
    half_at: datetime | None = None
    late_at: datetime | None = None
    due_at: datetime | None = None
    """When half and when three quarters of the open time of the promise that is due first are
    used, and when it is due; None when no promise runs."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rule says, and when time alone will make it say something else."""

    reasons: tuple[RiskReason, ...]
    """Why the ticket is at risk, the weightiest first; empty when it is not."""
    look_again: datetime | None


def points(facts: Facts, moment: datetime) -> dict[RiskReason, int]:
    """Return every reason that holds at a moment with its points."""
    found: dict[RiskReason, int] = {}
    if facts.reopenings:
        found[RiskReason.REOPENED] = 2
    if facts.chasers:
        found[RiskReason.ASKED_AGAIN] = 2
    if facts.handovers >= SOME_HANDOVERS:
        found[RiskReason.HANDED_OVER] = 2 if facts.handovers >= MANY_HANDOVERS else 1
    if facts.half_at is not None and facts.half_at <= moment:
        if not facts.owned:
            found[RiskReason.UNOWNED] = 2
        elif not facts.acknowledged:
            found[RiskReason.UNACKNOWLEDGED] = 2
    if facts.late_at is not None and facts.late_at <= moment:
        found[RiskReason.RUNNING_OUT] = 1
    if facts.due_at is None and not facts.waiting and facts.opened_at + OLD_AFTER <= moment:
        found[RiskReason.OLD] = 2
    return found


def _reasons(facts: Facts, moment: datetime) -> tuple[RiskReason, ...]:
    if facts.due_at is not None and facts.due_at <= moment:
        # It is overdue, and says so: there is nothing left to warn of.
        return ()
    found = points(facts, moment)
    if sum(found.values()) < THRESHOLD:
        return ()
    return tuple(sorted(found, key=lambda reason: -found[reason]))


def judge(facts: Facts, moment: datetime) -> Verdict:
    """Return why a ticket is at risk at a moment, and when that changes by itself."""
    reasons = _reasons(facts, moment)
    turns = (facts.half_at, facts.late_at, facts.due_at, facts.opened_at + OLD_AFTER)
    to_come = sorted(turn for turn in turns if turn is not None and turn > moment)
    look_again = next((turn for turn in to_come if _reasons(facts, turn) != reasons), None)
    return Verdict(reasons, look_again)
