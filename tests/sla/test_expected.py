"""What customers are told, a new time once it has passed, and why promises were missed."""

from collections.abc import Iterator
from datetime import datetime

import pytest
import time_machine
from sqlalchemy import select

from helpdesk import events
from helpdesk.db import db
from helpdesk.lib import clock
from helpdesk.people.access import SYSTEM
from helpdesk.sla import escalation, expected, keeping, missed
from helpdesk.sla.models import Miss
from helpdesk.tickets import services
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.events import TimesPassed
from helpdesk.tickets.lifecycle import HoldReason, MissReason, Outcome
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services import Refused, Said
from helpdesk.tickets.services.due import declare_mistaken
from helpdesk.tickets.services.expect import note_times_passed
from helpdesk.upkeep.jobs import ask_for_new_times
from tests import factories
from tests.sla.desk import monday, promised
from tests.tickets.desk import Desk, desk, no_tokens, queue, text_of

__all__ = ["desk", "no_tokens", "queue"]

pytestmark = pytest.mark.usefixtures("eleven", "session")


@pytest.fixture
def eleven() -> Iterator[None]:
    """It is Monday, eleven o'clock, in the test and on its desk."""
    with time_machine.travel(monday("11:00"), tick=False):
        yield


def logged(queue: Queue, at: str = "09:00") -> Ticket:
    with clock.at(monday(at)):
        found = factories.ticket("No network", queue_=queue)
    db.session.commit()
    return found


def sent(desk: Desk, path: str, fields: dict[str, str], status: int = 200) -> str:
    """Send a form and return the answer, which must have this status."""
    response = desk.post(path, fields)
    assert response.status_code == status, response.text[:500]
    found: str = response.text
    return found


def verbs(ticket: Ticket) -> list[str]:
    """Return what people did about a ticket, the oldest first."""
    rows = select(Entry.verb).where(Entry.ticket_id == ticket.id, Entry.verb != "promise-missed")
    rows = rows.order_by(Entry.id)
    return list(db.session.scalars(rows))


# ---- The time a customer is told ----


def test_the_fix_promise_says_it_until_a_technician_does(queue: Queue):
    promised(fix=4, first_reply=8)
    ticket = logged(queue)
    assert expected.expected_for(ticket) == monday("13:00")
    services.expect(factories.actor(), ticket, monday("12:00"))
    found = expected.expected_of(ticket)
    assert found is not None
    assert (found.at, found.is_estimate) == (monday("12:00"), True)
    # Nothing is expected while nobody can say when it comes back, or once it is done.
    services.expect(factories.actor(), ticket, None)
    services.hold(factories.actor(), ticket, HoldReason.CUSTOMER)
    assert expected.expected_for(ticket) is None


def test_the_fix_promise_counts_even_where_a_reply_is_due_first(queue: Queue):
    promised(fix=6, first_reply=1)
    ticket = logged(queue)
    assert ticket.due_promise == "first-reply"
    assert expected.expected_for(ticket) == monday("15:00")
    assert not expected.is_demanded(ticket)


@pytest.mark.parametrize(
    "at", [monday("10:59"), monday("11:00"), monday("11:00").replace(year=2028)]
)
def test_what_is_past_or_years_away_is_no_estimate(queue: Queue, at: datetime):
    promised()
    ticket = logged(queue)
    with pytest.raises(Refused):
        services.expect(factories.actor(), ticket, at)


def test_when_the_time_has_passed_the_owner_is_told_once(queue: Queue):
    promised(fix=100)
    heard: list[int] = []

    def hear(event: TimesPassed) -> None:
        heard.extend(ticket.id for ticket in event.tickets)

    events.subscribe(TimesPassed, hear)
    try:
        ours, waits, done, later = (logged(queue) for _number in range(4))
        for ticket in (ours, waits, done):
            services.expect(factories.actor(), ticket, monday("12:00"))
        services.expect(factories.actor(), later, monday("15:00"))
        services.hold(factories.actor(), waits, HoldReason.CUSTOMER)
        services.resolve(
            factories.actor(), done, outcome=Outcome.WITHDRAWN, solution="It went by itself."
        )
        db.session.commit()
        for _turn in range(2):
            with clock.at(monday("12:01")):
                ask_for_new_times()
        assert heard == [ours.id]
        assert verbs(ours).count("expected-passed") == 1
        # What waited is asked about when it comes back.
        services.wake(factories.actor(), waits)
        db.session.commit()
        with clock.at(monday("12:05")):
            assert note_times_passed() == 1
        assert heard == [ours.id, waits.id]
    finally:
        events._handlers[TimesPassed].remove(hear)


def test_an_answer_asks_for_a_new_time_once_it_has_passed(desk: Desk, queue: Queue):
    promised(fix=1)
    ticket = logged(queue)
    page = desk.get(f"/tickets/{ticket.id}")
    assert "It was promised by Today 10:00. Now they may expect it" in text_of(page)
    address = f"/tickets/{ticket.id}/reply"
    said = {"body": "We are still at it.", "go": "stay", "expected": ""}
    refused = sent(desk, address, said, status=422)
    assert "The time that was told has passed: say a new one" in text_of(refused)
    sent(desk, address, {**said, "expected": monday("16:00").isoformat()})
    db.session.refresh(ticket)
    assert ticket.expected_at == monday("16:00")
    assert verbs(ticket)[-2:] == ["expect", "reply"]
    assert "Now they may expect it" not in text_of(desk.get(f"/tickets/{ticket.id}"))
    assert "They may expect it by Today 16:00" in text_of(desk.get(f"/tickets/{ticket.id}"))


def test_nobody_can_say_yet_is_an_answer_too(desk: Desk, queue: Queue):
    promised(fix=1)
    ticket = logged(queue)
    fields = {"body": "A part is missing.", "go": "stay", "expected": "none"}
    sent(desk, f"/tickets/{ticket.id}/reply", fields)
    assert verbs(ticket)[-1] == "reply"


def test_the_time_is_said_in_a_dialog(desk: Desk, queue: Queue):
    promised(fix=4)
    ticket = logged(queue)
    address = f"/tickets/{ticket.id}/expected"
    page = text_of(desk.get(address))
    assert "The fix promise says: Today 13:00." in page
    assert "In an hour, Today 12:00" in page
    sent(desk, address, {"expected": ""}, status=422)
    sent(desk, address, {"expected": "custom", "at": "2026-11-23T10:00"}, status=422)
    sent(desk, address, {"expected": "custom", "at": "2026-11-23T14:30", "note": "Lunch"})
    db.session.refresh(ticket)
    assert ticket.expected_at == monday("14:30")
    assert "expects it to be done by Today 14:30" in text_of(desk.get(f"/tickets/{ticket.id}"))


# ---- Why it was missed ----


def test_a_miss_is_written_down_once_and_asks_why_when_it_is_resolved(desk: Desk, queue: Queue):
    promised(fix=1)
    ticket = logged(queue)
    escalation.sweep()
    escalation.sweep()
    keeping.refresh(ticket)
    db.session.refresh(ticket)
    assert [(miss.promise, miss.missed_at) for miss in missed.misses_of(ticket.id)] == [
        ("fix", monday("10:00"))
    ]
    assert ticket.unexplained
    assert "A promise was missed. Why?" in text_of(desk.get(f"/tickets/{ticket.id}"))
    assert str(ticket.id) in desk.get("/queue?flag=unexplained")
    dialog = text_of(desk.get(f"/tickets/{ticket.id}/resolve"))
    assert "Fix, missed since Today 10:00" in dialog
    fields = {
        "outcome": "withdrawn",
        "solution": "It went by itself.",
        "go": "stay",
        "missed": "",
        "missed_note": "",
    }
    refused = sent(desk, f"/tickets/{ticket.id}/resolve", fields, status=422)
    assert "Say why it was missed." in text_of(refused)
    sent(desk, f"/tickets/{ticket.id}/resolve", {**fields, "missed": "hard"})
    db.session.refresh(ticket)
    assert ticket.status_class == "resolved"
    assert [miss.reason for miss in missed.misses_of(ticket.id)] == ["hard"]
    assert missed.unexplained(ticket.id) == []
    assert "said why it was missed (Fix): Harder than it looked" in text_of(
        desk.get(f"/tickets/{ticket.id}")
    )


def test_another_reason_needs_words(desk: Desk, queue: Queue):
    promised(fix=1)
    ticket = logged(queue)
    escalation.sweep()
    address = f"/tickets/{ticket.id}/missed"
    sent(desk, address, {"missed": "other", "missed_note": " "}, status=422)
    sent(desk, address, {"missed": "nonsense"}, status=422)
    sent(desk, address, {"missed": "other", "missed_note": "The road was closed."})
    assert [miss.note for miss in missed.misses_of(ticket.id)] == ["The road was closed."]


def test_a_late_answer_that_no_sweep_saw_is_a_miss(queue: Queue):
    promised(first_reply=1)
    ticket = logged(queue)
    services.reply(factories.actor(), ticket, Said("Here you are."))
    assert ticket.unexplained
    assert len(missed.unexplained(ticket.id)) == 1


def test_a_miss_that_turns_out_to_be_none_goes_unless_it_was_explained(queue: Queue):
    promised(fix=1)
    first, second = logged(queue, "09:00"), logged(queue, "09:00")
    for ticket in (first, second):
        with clock.at(monday("09:10")):
            services.hold(factories.actor(), ticket, HoldReason.CUSTOMER)
        with clock.at(monday("09:20")):
            woken = services.wake(factories.actor(), ticket)
        with clock.at(monday("10:55")):
            keeping.refresh(ticket)
        if ticket is second:
            missed.explain(factories.actor(), ticket, MissReason.WORKLOAD)
        # The customer had not answered after all: it went on waiting.
        lead = factories.actor(role="lead")
        declare_mistaken(lead, ticket, woken, reason="Pressed by mistake")
        keeping.refresh(ticket)
    assert missed.misses_of(first.id) == []
    assert not first.unexplained
    assert [miss.reason for miss in missed.misses_of(second.id)] == ["workload"]


def test_a_hundred_misses_at_once_are_a_handful_of_statements(queue: Queue):
    promised(fix=1)
    tickets = [logged(queue) for _number in range(5)]
    escalation.sweep()
    db.session.expire_all()
    assert all(ticket.unexplained for ticket in tickets)
    assert db.session.query(Miss).count() == 5
    assert all(ticket.version == 1 for ticket in tickets)
    assert SYSTEM.person_id is None
