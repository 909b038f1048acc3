"""What rules cost: holding fifty of them against an event, and trying one on old tickets."""

import statistics
import time
from typing import Any

from sqlalchemy import func, select

from helpdesk.db import db, transaction
from helpdesk.people.access import SYSTEM
from helpdesk.rules import engine, saving, trying
from helpdesk.rules.content import Content, Folder
from helpdesk.rules.models import Rule
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.events import TicketEvent
from helpdesk.tickets.models import Entry, Ticket
from tests.bench.desk import BenchDesk

Values = dict[str, float]

RULES = 50


def _rule(number: int, queue_id: int) -> dict[str, Any]:
    """Return one of the rules a desk would have: words, places, priorities, people, times."""
    words = [f"word{number}", f"斷線{number}", f"Fehler {number}"]
    by_text = {"field": "subject-or-message", "is": "has-any", "of": words}
    vip = {"field": "vip", "is": "is", "of": []}
    urgent = {"field": "priority", "is": "is-one-of", "of": [1]}
    unowned = {"field": "has-owner", "is": "is-not", "of": []}
    chased = {"field": "unanswered", "is": "at-least", "of": [3 + number]}
    tagged = {"field": "tags", "is": "has-any", "of": [900_000 + number]}
    conditions = [
        {"all": [by_text, {"any": [urgent, vip]}]},
        {"all": [by_text, unowned]},
        {"all": [chased, unowned]},
        {"all": [urgent, tagged]},
        {"any": [chased, {"all": [by_text, urgent]}]},
    ]
    return {
        "when": [{"on": "created"}, {"on": "updated"}],
        "if": conditions[number % len(conditions)],
        "then": [{"do": "set-queue", "queue": queue_id}, {"do": "raise-priority", "priority": 2}],
    }


def rules_event(desk: BenchDesk, n: int) -> Values:
    """Fifty rules held against one event of a new ticket; none of them acts."""
    with desk.app.app_context():
        rules = _turn_on()
        try:
            return _events(n)
        finally:
            with transaction():
                for key in rules:
                    saving.retire(SYSTEM, db.session.get_one(Rule, key))


def _turn_on() -> list[int]:
    with transaction():
        queue_id = db.session.scalars(select(Queue.id).order_by(Queue.id).limit(1)).one()
        rows = []
        for number in range(RULES):
            content = Content.from_json(_rule(number, queue_id))
            row = saving.add(SYSTEM, f"Bench {number}", Folder.SORT, content)
            saving.turn(SYSTEM, row, True)
            rows.append(row.id)
        return rows


def _events(n: int) -> Values:
    newest = select(Ticket.id).order_by(Ticket.id.desc()).limit(max(50, n))
    numbers = db.session.scalars(newest).all()
    times, cpu_times = [], []
    for number in numbers:
        db.session.remove()
        ticket = db.session.get_one(Ticket, number)
        entry = db.session.scalars(
            select(Entry).where(Entry.ticket_id == number).order_by(Entry.id).limit(1)
        ).one()
        event = TicketEvent(SYSTEM, ticket, entry, "log")
        # Whoever writes an event has read these.
        assert ticket.customer is not None
        started, cpu = time.perf_counter(), time.process_time()
        engine.on_ticket_event(event)
        cpu_times.append((time.process_time() - cpu) * 1000)
        times.append((time.perf_counter() - started) * 1000)
    db.session.remove()
    return {
        "n": len(times),
        "median_ms": round(statistics.median(times), 3),
        "p95_ms": round(statistics.quantiles(times, n=20)[-1], 3),
        "app_cpu_ms": round(statistics.median(cpu_times), 3),
    }


def rules_dry_run(desk: BenchDesk, n: int) -> Values:
    """A rule with words and people tried on the newest five hundred tickets."""
    with desk.app.app_context():
        queue_id = db.session.scalars(select(Queue.id).order_by(Queue.id).limit(1)).one()
        content = Content.from_json(_rule(0, queue_id))
        times, cpu = [], time.process_time()
        for _ in range(max(10, n // 10)):
            started = time.perf_counter()
            found = trying.dry_run(SYSTEM, content)
            trying.clashes(SYSTEM, content, found.caught, trying.others(None))
            times.append((time.perf_counter() - started) * 1000)
            db.session.remove()
        used = (time.process_time() - cpu) * 1000
        assert db.session.scalar(select(func.count(Rule.id))) is not None
        db.session.remove()
        return {
            "n": len(times),
            "median_ms": round(statistics.median(times), 2),
            "app_cpu_ms": round(used / len(times), 2),
        }
