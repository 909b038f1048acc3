"""What became of a promise in the life of a ticket, worked out from what happened. Pure.

A clock counts open time while something is owed to the customer and nothing halts it. It is never
stored and changed step by step: each time it is run from the beginning, through everything that
happened, so that it can be explained, and run again when a calendar or a mistake was put right.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, StrEnum

from helpdesk.sla import business_time
from helpdesk.sla.calendar import Calendar


class Promise(StrEnum):
    """What was promised (GLOSSARY: target)."""

    ACKNOWLEDGE = "acknowledge"
    FIRST_REPLY = "first-reply"
    NEXT_REPLY = "next-reply"
    FIX = "fix"


class What(Enum):
    """What happened to a ticket, as far as clocks care."""

    ASKED = "asked"
    """The customer wrote or called."""
    ACKNOWLEDGED = "acknowledged"
    """Somebody said that they have it."""
    ANSWERED = "answered"
    """A person answered the customer; receipts and notes are no answers."""
    OPEN = "open"
    """The ticket is to be worked on."""
    WAITING = "waiting"
    """It waits for somebody else."""
    RESOLVED = "resolved"
    """It is finished, until it is opened again."""
    GONE = "gone"
    """It is in the bin, or lives on in another ticket."""
    GIVEN = "given"
    """A part of it was given to somebody else in the same team."""
    PASSED_ON = "passed on"
    """A part of it ended without being done: handed over, returned, withdrawn."""


HALTS = {What.WAITING, What.RESOLVED, What.GONE}
STATES = HALTS | {What.OPEN}


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened."""

    at: datetime
    what: What
    why: str = ""
    """What it waits for, in the words of whoever tells it; the ledger repeats it."""


@dataclass(frozen=True, slots=True)
class Life:
    """A ticket from its first moment, which counts as a question of the customer."""

    begins: datetime
    happenings: tuple[Happening, ...] = ()
    state: What = What.OPEN
    """The state in which it began."""


class Because(Enum):
    """Why a stretch of time counted or not."""

    COUNTED = "counted"
    CLOSED = "the desk was closed"
    WAITING = "the ticket was waiting"
    RESOLVED = "the ticket was resolved"
    GONE = "the ticket was put aside"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the ledger: from–to, and why it counted or not."""

    since: datetime
    until: datetime
    because: Because
    why: str = ""
    """What it waited for, if it did and somebody said so."""


@dataclass(frozen=True, slots=True)
class Clock:
    """How a promise stands after everything that happened."""

    used: timedelta
    """Open time used since what is owed, or was owed last, began to be."""
    met_at: datetime | None
    """When it was last kept, in time or late; None when it is owed, or never was."""
    due: datetime | None
    """When it is due, which may be past; None while nothing is owed or something halts it."""
    owed_since: datetime | None
    """When what is owed, or was owed last, began to be; None when nothing ever was."""
    round: int
    """How many times something was owed: the third question in need of an answer is round 3."""
    halted: What | None
    """What halts the clock while something is owed; None when it runs, or nothing is owed."""
    reached: datetime | None
    """When the time used came up to what was promised, if it has."""
    until: datetime
    """Up to when time was counted."""
    ledger: tuple[Line, ...]
    """Every stretch since what is owed began to be, in order, without gaps."""


def run(
    calendar: Calendar,
    promise: Promise,
    length: timedelta,
    life: Life,
    *,
    until: datetime | None = None,
    explain: bool = True,
) -> Clock:
    """Work out how a promise of ``length`` open time stands.

    Acknowledging, first reply and fix are owed from the beginning, the next reply from the oldest
    question that was not answered. A waiting or resolved ticket halts every clock; opened again,
    it goes on with the time that was used. Time is counted up to the last thing that happened, or
    on to ``until``, which only changes how far the account reaches. Without ``explain`` the ledger
    stays empty, which is most of the work. Raises NeverOpens when time is
    owed that the calendar has not.
    """
    running = _Running(calendar, length, life.begins, life.state, explain)
    for happening in sorted(life.happenings, key=lambda one: one.at):
        running.go_on_to(happening.at)
        _TAKE[promise](running, happening.what)
        if happening.what in STATES:
            running.state, running.why = happening.what, happening.why
    if until is not None:
        running.go_on_to(until)
    due = None
    if running.owed and running.state not in HALTS:
        left = length - running.used
        due = running.reached or business_time.add(calendar, running.since, left)
    return Clock(
        used=running.used,
        met_at=running.met_at,
        due=due,
        owed_since=running.owed_since,
        round=running.round,
        halted=running.state if running.owed and running.state in HALTS else None,
        reached=running.reached,
        until=running.since,
        ledger=tuple(running.ledger),
    )


@dataclass(slots=True)
class _Running:
    """A clock while it is run."""

    calendar: Calendar
    length: timedelta
    since: datetime
    state: What
    explain: bool = True
    owed: bool = True
    owed_since: datetime | None = None
    round: int = 1
    why: str = ""
    used: timedelta = timedelta()
    met_at: datetime | None = None
    reached: datetime | None = None
    ledger: list[Line] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.owed_since = self.since

    def go_on_to(self, at: datetime) -> None:
        """Let time pass."""
        # What is said to have happened before the ticket began, happened when it began.
        at = max(self.since, at)
        if self.owed and self.state not in HALTS:
            passed = business_time.between(self.calendar, self.since, at)
            if self.reached is None and self.used + passed >= self.length:
                left = self.length - self.used
                self.reached = business_time.add(self.calendar, self.since, left)
            self.used += passed
        if self.owed and self.explain:
            self.ledger.extend(_lines(self.calendar, self.since, at, self.state, self.why))
        self.since = at

    def keep(self) -> None:
        """What was owed is done."""
        if self.owed:
            self.owed, self.met_at = False, self.since

    def drop(self) -> None:
        """Nothing is owed any more, and nothing was done; what was kept stays kept."""
        self.owed = False

    def owe_anew(self) -> None:
        """Something is owed from now on; what was owed before is settled."""
        if not self.owed:
            self.owed, self.used, self.ledger = True, timedelta(), []
            self.owed_since, self.round = self.since, self.round + 1
            self.met_at = self.reached = None

    def owe_again(self) -> None:
        """What was owed before is owed again, with the time used."""
        if not self.owed and self.met_at is not None:
            if self.explain:
                self.ledger.extend(_lines(self.calendar, self.met_at, self.since, What.RESOLVED))
            self.owed, self.met_at = True, None


def _acknowledge(running: _Running, what: What) -> None:
    # Who answers or resolves had it, whether they said so or not.
    if what in {What.ACKNOWLEDGED, What.ANSWERED, What.RESOLVED}:
        running.keep()
    elif what is What.GIVEN:
        running.owe_anew()
    elif what is What.PASSED_ON:
        running.drop()


def _first_reply(running: _Running, what: What) -> None:
    if what is What.ANSWERED:
        running.keep()


def _next_reply(running: _Running, what: What) -> None:
    if what is What.ANSWERED:
        running.keep()
    elif what is What.ASKED:
        running.owe_anew()


def _fix(running: _Running, what: What) -> None:
    if what is What.RESOLVED:
        running.keep()
    elif what in {What.OPEN, What.WAITING}:
        running.owe_again()
    elif what is What.PASSED_ON:
        running.drop()


_TAKE: dict[Promise, Callable[[_Running, What], None]] = {
    Promise.ACKNOWLEDGE: _acknowledge,
    Promise.FIRST_REPLY: _first_reply,
    Promise.NEXT_REPLY: _next_reply,
    Promise.FIX: _fix,
}


_BECAUSE = {
    What.WAITING: Because.WAITING,
    What.RESOLVED: Because.RESOLVED,
    What.GONE: Because.GONE,
}


def _lines(
    calendar: Calendar, since: datetime, until: datetime, state: What, why: str = ""
) -> list[Line]:
    """Return a stretch of time in one state, with the hours of the desk told apart."""
    if since >= until:
        return []
    if state in HALTS:
        return [Line(since, until, _BECAUSE[state], why)]
    lines = []
    for opens, closes in business_time.periods(calendar, since, until):
        if since < opens:
            lines.append(Line(since, opens, Because.CLOSED))
        lines.append(Line(opens, closes, Because.COUNTED))
        since = closes
    if since < until:
        lines.append(Line(since, until, Because.CLOSED))
    return lines
