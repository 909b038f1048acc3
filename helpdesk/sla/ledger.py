"""The account of a ticket's clocks that anybody can open: from–to, counted or not, and why."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor, Permission
from helpdesk.sla import clocks, journal, keeping, owners, standing, stored, with_suppliers
from helpdesk.sla.calendar import Calendar
from helpdesk.sla.clocks import Because, Promise
from helpdesk.sla.models import (
    BusinessCalendar,
    CalendarVersion,
    Clock,
    Policy,
    PolicyVersion,
)
from helpdesk.sla.parts import parts_of
from helpdesk.sla.with_suppliers import Wait
from helpdesk.tickets.models import Ticket


@dataclass(frozen=True, slots=True)
class Stretch:
    """A line of the ledger; ``holidays`` names those that fell into a time of closed doors."""

    line: clocks.Line
    holidays: tuple[str, ...] = ()

    @property
    def length(self) -> timedelta:
        """Time that passed, counted or not."""
        return self.line.until - self.line.since

    @property
    def counts(self) -> bool:
        """Whether it counted."""
        return self.line.because is Because.COUNTED


@dataclass(frozen=True, slots=True)
class Account:
    """How one promise stands now, by which policy and calendar, and how it came to that."""

    promise: Promise
    whose: str
    """Whose promise it is: the queue of a part, or a supplier; empty for the whole ticket."""
    row: Clock
    policy: str
    policy_edited: bool
    """Whether the policy says something else by now."""
    calendar: str
    clock: clocks.Clock
    stretches: tuple[Stretch, ...]

    @property
    def by_supplier(self) -> bool:
        """Whether a supplier promised it."""
        return self.row.piece < standing.WHOLE

    @property
    def used(self) -> timedelta:
        """Open time used up to now."""
        return self.clock.used

    @property
    def length(self) -> timedelta:
        """Open time promised."""
        return timedelta(seconds=self.row.length)


@dataclass(frozen=True, slots=True)
class Ledger:
    """What anybody may know about the promises of a ticket."""

    accounts: tuple[Account, ...]
    waits: tuple[Wait, ...]
    """When it was with suppliers, promised or not."""

    @property
    def with_suppliers(self) -> timedelta:
        """How long it was with suppliers in all, up to now; what overlaps counts once."""
        total, counted = timedelta(), None
        # They are in the order in which they began.
        for wait in self.waits:
            until = wait.until or now()
            since = max(wait.since, counted) if counted is not None else wait.since
            total += max(until - since, timedelta())
            counted = max(until, counted) if counted is not None else until
        return total


def ledger_of(actor: Actor, ticket: Ticket) -> Ledger:
    """Return the account of every promise of a ticket, run anew up to now. Raises Denied.

    The whole ticket comes first, then its parts in the order in which they began, then suppliers.
    """
    actor.demand(Permission.TICKET_READ)
    told = standing.Told(journal.lines_of(ticket.id))
    suppliers = with_suppliers.supplier_parts(told.lines, told.statuses)
    waits = sorted(
        (wait for part in suppliers.values() for wait in part.waits), key=lambda wait: wait.since
    )
    return Ledger(tuple(_accounts(ticket, told, suppliers)), tuple(waits))


def _accounts(
    ticket: Ticket, told: standing.Told, suppliers: Mapping[int, with_suppliers.SupplierPart]
) -> Iterator[Account]:
    rows = keeping.all_clocks_of(ticket.id)
    if not rows:
        return
    names = _names(list(rows.values()))
    whose = owners.names_of(ticket, {piece for piece, _promise in rows})
    parts = parts_of(ticket.assignments)
    order = list(Promise)
    for piece, promise in sorted(
        rows, key=lambda key: (key[0] < 0, abs(key[0]), order.index(key[1]))
    ):
        row = rows[piece, promise]
        calendar = stored.calendar_of(row.calendar_version_id)
        length = timedelta(seconds=row.length)
        if piece < standing.WHOLE:
            clock = _run_supplier(ticket, row, calendar, suppliers.get(-piece))
            if clock is None:
                continue
        else:
            halting = stored.terms_of(row.policy_version_id).waits
            if piece > standing.WHOLE:
                life = told.life_of_part(parts[piece], halting)
            else:
                life = told.life(halting)
            clock = clocks.run(calendar, promise, length, life, until=now())
        policy, is_newest = names.policies[row.policy_version_id]
        yield Account(
            promise=promise,
            whose=whose.get(piece, ""),
            row=row,
            policy=policy,
            policy_edited=not is_newest,
            calendar=names.calendars[row.calendar_version_id],
            clock=clock,
            stretches=tuple(_stretch(line, calendar) for line in _joined(clock.ledger)),
        )


def _run_supplier(
    ticket: Ticket, row: Clock, calendar: Calendar, part: with_suppliers.SupplierPart | None
) -> clocks.Clock | None:
    if part is None:
        return None
    length = stored.terms_of(row.policy_version_id).length(Promise.FIX, ticket.priority)
    found = standing.run_supplier(calendar, length, part, until=now(), explain=True)
    return found[1] if found is not None else None


@dataclass(frozen=True, slots=True)
class _Names:
    policies: dict[int, tuple[str, bool]]
    calendars: dict[int, str]


def _names(rows: list[Clock]) -> _Names:
    policies = db.session.execute(
        select(PolicyVersion.id, Policy.name, PolicyVersion.number == Policy.version)
        .join(Policy, Policy.id == PolicyVersion.policy_id)
        .where(PolicyVersion.id.in_({row.policy_version_id for row in rows}))
    )
    calendars = db.session.execute(
        select(CalendarVersion.id, BusinessCalendar.name)
        .join(BusinessCalendar, BusinessCalendar.id == CalendarVersion.calendar_id)
        .where(CalendarVersion.id.in_({row.calendar_version_id for row in rows}))
    )
    return _Names(
        {key: (name, bool(newest)) for key, name, newest in policies},
        {key: name for key, name in calendars},  # noqa: C416 (dict() takes a result for a mapping)
    )


MOST_DAYS = 60
"""Days of a closed stretch that are looked through for holidays."""


def _joined(lines: Iterable[clocks.Line]) -> Iterator[clocks.Line]:
    """Yield the lines, those that follow each other for the same reason as one."""
    for (_because, _why), same in groupby(lines, key=lambda line: (line.because, line.why)):
        first, *others = same
        yield replace(first, until=others[-1].until) if others else first


def _stretch(line: clocks.Line, calendar: Calendar) -> Stretch:
    if line.because is not Because.CLOSED:
        return Stretch(line)
    zone = calendar.time_zone
    first, last = (at.astimezone(zone).date() for at in (line.since, line.until))
    days = min((last - first).days + 1, MOST_DAYS)
    named = (_holiday(calendar, first + timedelta(days=n)) for n in range(days))
    return Stretch(line, tuple(dict.fromkeys(name for name in named if name)))


def _holiday(calendar: Calendar, day: date) -> str:
    # A holiday on a day that would have been closed anyhow explains nothing.
    if not calendar.week[day.weekday()]:
        return ""
    return calendar.holiday_name(day) or ""
