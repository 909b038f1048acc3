"""Rules about time: a next moment for each ticket, kept in an index and dealt with once.

Whatever happens to a ticket brings its moments into step, in the same transaction. The sweep
claims those that have come up, with their tickets locked; what another process holds it leaves to
that. That a moment was dealt with and what the rule did are one transaction, so a process that
dies has done nothing, and the next sweep does it. No sweep looks for tickets: a timetable finds
its tickets once, and gives each a moment.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, delete, or_, select

from helpdesk.db import db, transaction
from helpdesk.jobs import job
from helpdesk.lib.clock import now
from helpdesk.people.models import Desk
from helpdesk.rules import compiler
from helpdesk.rules.conditions import Condition, tests_of
from helpdesk.rules.content import Content
from helpdesk.rules.engine import LATER, act_alone
from helpdesk.rules.facts import OPENING, Facts
from helpdesk.rules.models import RuleMoment, RuleTimetable
from helpdesk.rules.stored import Ready, active
from helpdesk.rules.triggers import BY_TIME, On, Since, Trigger, after, next_on_schedule
from helpdesk.sla import business_time, stored
from helpdesk.sla.models import Clock
from helpdesk.sla.standing import WHOLE
from helpdesk.tickets.events import TicketEvent
from helpdesk.tickets.lifecycle import UNFINISHED, StatusClass
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.queries.conditions import is_open_work

BATCH = 100
"""Moments that are dealt with in one transaction."""
MOST_ON_SCHEDULE = 1000
"""Tickets that a timetable looks at in one round."""

_OF_STATUS = frozenset({"status", "status-class", "resolved"})


def only_unfinished(condition: Condition) -> bool:
    """Whether a rule about time leaves finished tickets alone: unless it asks for the status."""
    return not any(one.field in _OF_STATUS for one in tests_of(condition))


def on_ticket_event(event: TicketEvent) -> None:
    """Bring the moments of a ticket into step with what just happened."""
    rules = active().by_time
    if rules:
        _keep(event.ticket, event.entry, rules)


def _keep(ticket: Ticket, entry: Entry | None, rules: tuple[Ready, ...]) -> None:
    facts = Facts(ticket, entry=entry)
    kept = {
        (row.rule_id, row.trigger): row
        for row in db.session.scalars(select(RuleMoment).where(RuleMoment.ticket_id == ticket.id))
    }
    for rule in rules:
        may = ticket.hidden_at is None and rule.steady(facts)
        if may and only_unfinished(rule.content.condition):
            may = ticket.status_class in UNFINISHED
        for place, trigger in enumerate(rule.content.triggers):
            if trigger.on in BY_TIME:
                row = kept.get((rule.id, place))
                found = _moment_of(trigger, ticket, entry, row) if may else None
                _set(rule.id, place, ticket.id, row, found)


def _set(
    rule_id: int,
    place: int,
    ticket_id: int,
    row: RuleMoment | None,
    found: tuple[datetime, datetime] | None,
) -> None:
    if found is None:
        # What was dealt with is remembered: it comes to nothing a second time.
        if row is not None and row.next_at is not None:
            db.session.delete(row)
        return
    basis, next_at = found
    if row is None:
        db.session.add(
            RuleMoment(
                rule_id=rule_id,
                trigger=place,
                ticket_id=ticket_id,
                basis=basis,
                next_at=next_at,
            )
        )
    elif row.basis != basis:
        row.basis, row.next_at = basis, next_at
    elif row.next_at is not None and row.next_at != next_at:
        row.next_at = next_at


def _moment_of(
    trigger: Trigger, ticket: Ticket, entry: Entry | None, row: RuleMoment | None
) -> tuple[datetime, datetime] | None:
    """Return from when a trigger counts, and when it comes up; None when it does not."""
    if trigger.on is On.CLOCK:
        return _of_clock(trigger, ticket)
    basis = _basis(Since(trigger.since), ticket, entry, row)
    if basis is None:
        return None
    calendar = None
    if trigger.calendar is not None:
        try:
            calendar = stored.calendar_of(stored.newest_calendar_version(trigger.calendar))
        except KeyError:
            return None
    if row is not None and row.basis == basis and row.next_at is None:
        return basis, basis
    at = after(trigger, basis, calendar)
    return (basis, at) if at is not None else None


def _basis(
    since: Since, ticket: Ticket, entry: Entry | None, row: RuleMoment | None
) -> datetime | None:
    match since:
        case Since.OPENED:
            return ticket.opened_at
        case Since.UPDATED:
            return ticket.updated_at
        case Since.WAITING:
            is_ours = ticket.status_class in {StatusClass.NEW, StatusClass.OPEN}
            return ticket.waiting_since if is_ours else None
        case Since.STATUS:
            if entry is not None and _changed_status(entry.verb, entry.changes):
                return entry.happened_at
            return row.basis if row is not None else _last_status(ticket)


def _changed_status(verb: str, changes: dict[str, object] | None) -> bool:
    return verb == OPENING or "status" in (changes or {})


def _last_status(ticket: Ticket) -> datetime | None:
    """Return when a ticket came into its present status, by its journal."""
    rows = db.session.execute(
        select(Entry.happened_at, Entry.verb, Entry.changes)
        .where(Entry.ticket_id == ticket.id)
        .order_by(Entry.happened_at.desc(), Entry.id.desc())
    )
    return next((at for at, verb, changes in rows if _changed_status(verb, changes)), None)


def _of_clock(trigger: Trigger, ticket: Ticket) -> tuple[datetime, datetime] | None:
    """Return since when a promise is owed and when so much of its time is used."""
    row = db.session.scalar(
        select(Clock).where(
            Clock.ticket_id == ticket.id, Clock.piece == WHOLE, Clock.promise == trigger.promise
        )
    )
    if row is None or row.due_at is None or row.owed_since is None:
        return None
    left = timedelta(seconds=row.length * trigger.percent / 100 - row.used)
    at = row.counted_at
    if left > timedelta():
        try:
            at = business_time.add(stored.calendar_of(row.calendar_version_id), at, left)
        except business_time.NeverOpens:
            return None
    return row.owed_since, max(at, row.due_at) if trigger.percent >= 100 else at


# ---- The sweep ----


@job(every=5)
def run_due_rules() -> int:
    """Deal with what has come up; returns how many moments there were."""
    count = 0
    while found := sweep_timetables():
        count += found
    while found := sweep():
        count += found
    return count


def sweep(limit: int = BATCH) -> int:
    """Deal with up to ``limit`` moments that have come up, in one transaction."""
    with transaction():
        rows = db.session.execute(
            select(RuleMoment, Ticket)
            .join(Ticket, Ticket.id == RuleMoment.ticket_id)
            .where(RuleMoment.next_at <= now())
            .order_by(RuleMoment.next_at)
            .limit(limit)
            .with_for_update(of=(RuleMoment, Ticket), skip_locked=True)
        ).all()
        for row, ticket in rows:
            # What was done for one may have changed another of the same ticket.
            if row in db.session and row.next_at is not None and row.next_at <= now():
                _deal_with(row, ticket)
        return len(rows)


def _deal_with(row: RuleMoment, ticket: Ticket) -> None:
    rule, place = active().of(row.rule_id), row.trigger
    row.next_at = None
    db.session.flush()
    if rule is None:
        return
    if place >= LATER:
        act_alone(rule, ticket, "later", only=place - LATER)
        return
    triggers = rule.content.triggers
    trigger = triggers[place] if place < len(triggers) else None
    if trigger is None or trigger.on not in {*BY_TIME, On.SCHEDULE}:
        # A newer version of the rule does not look at this.
        db.session.delete(row)
        return
    if only_unfinished(rule.content.condition) and ticket.status_class not in UNFINISHED:
        return
    if trigger.on in BY_TIME:
        found = _moment_of(trigger, ticket, None, _fresh(row))
        if found is None:
            db.session.delete(row)
            return
        if found[1] > now():
            row.basis, row.next_at = found
            return
    act_alone(rule, ticket, trigger.on.value)


def _fresh(row: RuleMoment) -> RuleMoment:
    """Return a row as if it had not been dealt with, so that its moment is worked out again."""
    return RuleMoment(basis=row.basis, next_at=now())


# ---- Timetables ----


def set_timetable(rule_id: int, content: Content | None) -> None:
    """Write down when the timetables of a rule come round next; None for one that is off."""
    db.session.execute(delete(RuleTimetable).where(RuleTimetable.rule_id == rule_id))
    for place, trigger in enumerate(content.triggers if content is not None else ()):
        if trigger.on is On.SCHEDULE:
            at = next_on_schedule(trigger, now(), _zone())
            db.session.add(RuleTimetable(rule_id=rule_id, trigger=place, next_at=at))
    db.session.flush()


def _zone() -> ZoneInfo:
    return ZoneInfo(db.session.scalar(select(Desk.time_zone).limit(1)) or "UTC")


def sweep_timetables() -> int:
    """Give the tickets of timetables that have come round their moment, in one transaction."""
    with transaction():
        due = db.session.scalars(
            select(RuleTimetable)
            .where(RuleTimetable.next_at <= now())
            .order_by(RuleTimetable.next_at)
            .limit(10)
            .with_for_update(skip_locked=True)
        ).all()
        for row in due:
            rule, came = active().of(row.rule_id), row.next_at
            trigger = rule.content.triggers[row.trigger] if rule is not None else None
            if rule is None or trigger is None or trigger.on is not On.SCHEDULE:
                db.session.delete(row)
                continue
            row.next_at = next_on_schedule(trigger, now(), _zone())
            _give_moments(rule, row.trigger, came)
        return len(due)


def _give_moments(rule: Ready, place: int, came: datetime) -> None:
    condition = rule.content.condition
    found = db.session.scalars(
        select(Ticket.id)
        .where(in_reach(condition), compiler.to_sql(condition, now()))
        .order_by(Ticket.id)
        .limit(MOST_ON_SCHEDULE)
    ).all()
    kept = {
        row.ticket_id: row
        for row in db.session.scalars(
            select(RuleMoment).where(
                RuleMoment.rule_id == rule.id,
                RuleMoment.trigger == place,
                RuleMoment.ticket_id.in_(found),
            )
        )
    }
    for ticket_id in found:
        row = kept.get(ticket_id)
        if row is None:
            row = RuleMoment(rule_id=rule.id, trigger=place, ticket_id=ticket_id)
            db.session.add(row)
        row.basis, row.next_at = came, now()
    db.session.flush()


def in_reach(condition: Condition) -> ColumnElement[bool]:
    """Return which tickets a rule looks at when nothing happens to them: never closed ones."""
    if only_unfinished(condition):
        return is_open_work()
    resolved = (Ticket.status_class == StatusClass.RESOLVED) & Ticket.hidden_at.is_(None)
    return or_(is_open_work(), resolved)
