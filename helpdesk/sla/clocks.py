"""What became of a promise in the life of a ticket, worked out from what happened. Pure.

A clock counts open time while something is owed to the customer and nothing halts it. It is never
stored and changed step by step: each time it is run from the beginning, through everything that
happened, so that it can be explained, and run again when a calendar or a mistake was put right.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from helpdesk.sla import business_time
from helpdesk.sla.calendar import Calendar


class Promise(Enum):
    """What was promised."""

    FIRST_REPLY = "first reply"
    NEXT_REPLY = "next reply"
    FIX = "fix"


class What(Enum):
    """What happened to a ticket, as far as clocks care."""

    ASKED = "asked"
    """The customer wrote or called."""
    ANSWERED = "answered"
    """A person answered the customer; receipts and notes are no answers."""
    OPEN = "open"
    """The ticket is to be worked on."""
    WAITING = "waiting"
    """It waits for somebody else."""
    RESOLVED = "resolved"
    """It is finished, until it is opened again."""


HALTS = {What.WAITING, What.RESOLVED}
STATES = HALTS | {What.OPEN}


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened."""

    at: datetime
    what: What


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


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the ledger: from–to, and why it counted or not."""

    since: datetime
    until: datetime
    because: Because


@dataclass(frozen=True, slots=True)
class Clock:
    """How a promise stands after everything that happened."""

    used: timedelta
    """Open time used since what is owed, or was owed last, began to be."""
    met_at: datetime | None
    """When it was last kept, in time or late; None when it is owed, or never was."""
    due: datetime | None
    """When it is due, which may be past; None while nothing is owed or something halts it."""
    reached: datetime | None
    """When the time used came up to what was promised, if it has."""
    ledger: tuple[Line, ...]
    """Every stretch since what is owed began to be, in order, without gaps."""


def run(calendar: Calendar, promise: Promise, length: timedelta, life: Life) -> Clock:
    """Work out how a promise of ``length`` open time stands.

    First reply and fix are owed from the beginning, the next reply from the oldest question that
    was not answered. A waiting or resolved ticket halts every clock; opened again, it goes on
    with the time that was used. Raises NeverOpens when time is owed that the calendar has not.
    """
    running = _Running(calendar, length, life.begins, life.state)
    for happening in sorted(life.happenings, key=lambda one: one.at):
        running.go_on_to(happening.at)
        _TAKE[promise](running, happening.what)
        if happening.what in STATES:
            running.state = happening.what
    due = None
    if running.owed and running.state not in HALTS:
        left = length - running.used
        due = running.reached or business_time.add(calendar, running.since, left)
    return Clock(running.used, running.met_at, due, running.reached, tuple(running.ledger))


@dataclass(slots=True)
class _Running:
    """A clock while it is run."""

    calendar: Calendar
    length: timedelta
    since: datetime
    state: What
    owed: bool = True
    used: timedelta = timedelta()
    met_at: datetime | None = None
    reached: datetime | None = None
    ledger: list[Line] = field(default_factory=list)

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
        if self.owed:
            self.ledger.extend(_lines(self.calendar, self.since, at, self.state))
        self.since = at

    def keep(self) -> None:
        """What was owed is done."""
        if self.owed:
            self.owed, self.met_at = False, self.since

    def owe_anew(self) -> None:
        """Something is owed from now on; what was owed before is settled."""
        if not self.owed:
            self.owed, self.used, self.ledger = True, timedelta(), []
            self.met_at = self.reached = None

    def owe_again(self) -> None:
        """What was owed before is owed again, with the time used."""
        if not self.owed and self.met_at is not None:
            self.ledger.extend(_lines(self.calendar, self.met_at, self.since, What.RESOLVED))
            self.owed, self.met_at = True, None


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
    elif what in STATES:
        running.owe_again()


_TAKE: dict[Promise, Callable[[_Running, What], None]] = {
    Promise.FIRST_REPLY: _first_reply,
    Promise.NEXT_REPLY: _next_reply,
    Promise.FIX: _fix,
}


def _lines(calendar: Calendar, since: datetime, until: datetime, state: What) -> list[Line]:
    """Return a stretch of time in one state, with the hours of the desk told apart."""
    if since >= until:
        return []
    if state in HALTS:
        because = Because.WAITING if state is What.WAITING else Because.RESOLVED
        return [Line(since, until, because)]
    lines = []
    for opens, closes in business_time.periods(calendar, since, until):
        if since < opens:
            lines.append(Line(since, opens, Because.CLOSED))
        lines.append(Line(opens, closes, Because.COUNTED))
        since = closes
    if since < until:
        lines.append(Line(since, until, Because.CLOSED))
    return lines
