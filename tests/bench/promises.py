"""What promises cost: due moments, the sweep of the escalation, and an event with everything on."""

import random
import statistics
import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, text

from helpdesk.db import db, transaction
from helpdesk.lib.clock import now
from helpdesk.people.access import SYSTEM
from helpdesk.sla import business_time, escalation, keeping, saving, stored
from helpdesk.sla.calendar import WEEKDAYS, Calendar
from helpdesk.sla.clocks import Promise
from helpdesk.sla.models import Clock, Policy, PolicyVersion
from helpdesk.sla.policy import PRIORITIES, Do, Scope, Step, Terms
from helpdesk.sla.public_holidays import PublicHolidays
from helpdesk.tickets import services
from helpdesk.tickets.lifecycle import UNFINISHED, HoldReason
from helpdesk.tickets.models import Ticket
from tests.bench.desk import BenchDesk
from tests.bench.loader import FIRST

Values = dict[str, float]

CLOCKS = 50_000
DUE = 500
HOURS = {Promise.ACKNOWLEDGE: 1, Promise.FIRST_REPLY: 2, Promise.NEXT_REPLY: 4, Promise.FIX: 16}
STEPS = tuple(
    Step(Promise.FIX, percent, None, do)
    for percent, do in ((50, Do.WARN_OWNER), (75, Do.WARN_OWNER), (100, Do.TELL_LEADS))
)


def _office() -> Calendar:
    hours = {day: [("09:00", "12:30"), ("13:30", "17:30")] for day in WEEKDAYS[:5]}
    return Calendar.weekly("Europe/London", hours, public_holidays=PublicHolidays("GB", "ENG"))


def sla_due(_desk: BenchDesk, n: int) -> Values:
    """Due moments a second on one core: office hours with a lunch break and public holidays."""
    calendar, source = _office(), random.Random(7)
    begin = datetime(2025, 1, 1, tzinfo=UTC)
    asked = [
        (
            begin + timedelta(seconds=source.randrange(3 * 365 * 86_400)),
            timedelta(minutes=source.randrange(15, 5_000)),
        )
        for _ in range(max(n, 200) * 100)
    ]
    started, cpu = time.perf_counter(), time.process_time()
    for start, length in asked:
        business_time.add(calendar, start, length)
    elapsed, cpu = time.perf_counter() - started, time.process_time() - cpu
    return {
        "n": len(asked),
        "median_ms": round(elapsed * 1000 / len(asked), 4),
        "per_s": round(len(asked) / cpu, 1),
        "app_cpu_ms": round(cpu * 1000 / len(asked), 4),
        "db_cpu_ms": 0.0,
    }


def _policy() -> PolicyVersion:
    """Return the promises of the bench, which are made once."""
    version = db.session.scalar(select(PolicyVersion).join(Policy).limit(1))
    if version is None:
        with transaction():
            calendar = saving.add_calendar(SYSTEM, "Office hours", _office())
            lengths = {
                (promise, priority): timedelta(hours=hours)
                for promise, hours in HOURS.items()
                for priority in PRIORITIES
            }
            terms = Terms(calendar.id, lengths, steps=STEPS)
            saving.add_policy(SYSTEM, "Standard", Scope.TICKET, terms)
        version = db.session.scalars(select(PolicyVersion)).one()
    return version


def give(desk: BenchDesk) -> Values:
    """Promise something for every open ticket, so that everything is measured with promises on."""
    started = time.perf_counter()
    with desk.app.app_context():
        _policy()
        last, count = 0, 0
        open_ones = select(Ticket.id).where(
            Ticket.status_class.in_(sorted(UNFINISHED)), Ticket.hidden_at.is_(None)
        )
        while numbers := db.session.scalars(
            open_ones.where(Ticket.id > last).order_by(Ticket.id).limit(500)
        ).all():
            with transaction():
                for number in numbers:
                    keeping.refresh(db.session.get_one(Ticket, number))
            db.session.remove()
            last, count = numbers[-1], count + len(numbers)
        # What is long overdue is over and done with before anything is measured.
        escalation.escalate.run()
        with transaction():
            db.session.execute(text("ANALYZE"))
        db.session.remove()
    return {"n": count, "per_s": round(count / (time.perf_counter() - started), 1)}


_OPEN = text(
    """
    INSERT INTO clock (ticket_id, piece, promise, policy_version_id, calendar_version_id, because,
        length, used, counted_at, state, owed_since, round, due_at, next_at)
    SELECT ticket.id, 0, promise, :policy, :calendar, '[]', 57600, 0, :now, 'running', :now, 1,
        CAST(:now AS timestamptz) + interval '1 day', CAST(:now AS timestamptz) + interval '1 hour'
    FROM ticket, unnest(ARRAY['acknowledge', 'first-reply', 'next-reply', 'fix']) AS promise
    WHERE ticket.id > :last - :tickets
    ON CONFLICT DO NOTHING
    """
)
_COME_UP = text(
    """
    UPDATE clock SET used = 30000, counted_at = :now, next_at = :now
    WHERE promise = 'fix' AND ticket_id > :last - :due
    """
)


def sla_sweep(desk: BenchDesk, _n: int) -> Values:
    """One sweep that finds 500 of 50,000 open clocks due, and warns; milliseconds for all."""
    with desk.app.app_context():
        version = _policy()
        calendar = stored.newest_calendar_version(stored.terms_of(version.id).calendar_id)
        last = db.session.scalar(select(func.max(Ticket.id))) or FIRST
        moment = now()
        with transaction():
            # Clocks of one kind and one age: every sweep has the same to do.
            for table in ("clock", "step_done", "miss"):
                db.session.execute(text(f"DELETE FROM {table}"))
            values = {"policy": version.id, "calendar": calendar, "now": moment, "last": last}
            db.session.execute(_OPEN, {**values, "tickets": CLOCKS // len(HOURS)})
            db.session.execute(text("ANALYZE clock"))
        times, parts = [], []
        for _round in range(3):
            with transaction():
                for table in ("step_done", "miss"):
                    db.session.execute(text(f"DELETE FROM {table}"))
                db.session.execute(_COME_UP, {"now": now(), "last": last, "due": DUE})
            database, started, cpu = desk.database_cpu(), time.perf_counter(), time.process_time()
            found = escalation.escalate.run()
            times.append((time.perf_counter() - started) * 1000)
            parts.append((time.process_time() - cpu, desk.database_cpu() - database))
            assert found == DUE, found
        waiting = db.session.scalar(
            select(func.count()).select_from(Clock).where(Clock.next_at.is_not(None))
        )
        db.session.remove()
    app, database = min(parts, key=sum)
    return {
        "n": DUE,
        "median_ms": round(statistics.median(times), 1),
        "p95_ms": round(max(times), 1),
        "per_s": round(DUE * 1000 / statistics.median(times), 1),
        "app_cpu_ms": round(app * 1000 / DUE, 3),
        "db_cpu_ms": round(database * 1000 / DUE, 3),
        "clocks": float(waiting or 0),
    }


def ticket_event(desk: BenchDesk, n: int) -> Values:
    """A ticket put on hold or woken, with promises and everything that hears of it."""
    with desk.app.app_context():
        _policy()
        last = db.session.scalar(select(func.max(Ticket.id))) or FIRST
        numbers = list(
            db.session.scalars(
                select(Ticket.id)
                .where(Ticket.status_class == "open", Ticket.hidden_at.is_(None))
                .where(Ticket.id > last - 40_000)
                .order_by(Ticket.id.desc())
                .limit(max(50, n // 4))
            )
        )
        for number in numbers:
            with transaction():
                keeping.refresh(db.session.get_one(Ticket, number))
        times, parts = [], []
        for held in (True, False, True, False):
            database, cpu = desk.database_cpu(), time.process_time()
            for number in numbers:
                started = time.perf_counter()
                with transaction():
                    ticket = db.session.get_one(Ticket, number, with_for_update=True)
                    if held:
                        services.hold(SYSTEM, ticket, HoldReason.CUSTOMER)
                    else:
                        services.wake(SYSTEM, ticket)
                db.session.remove()
                times.append((time.perf_counter() - started) * 1000)
            count = len(numbers)
            parts.append(
                ((time.process_time() - cpu) / count, (desk.database_cpu() - database) / count)
            )
    app, database = min(parts, key=sum)
    return {
        "n": len(times),
        "median_ms": round(statistics.median(times), 2),
        "p95_ms": round(statistics.quantiles(times, n=20)[-1], 2),
        "per_s": round(1000 / statistics.mean(times), 1),
        "app_cpu_ms": round(app * 1000, 2),
        "db_cpu_ms": round(database * 1000, 2),
    }
