"""Escalation: each step once, at its moment, and never for what is paused or kept meanwhile."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from helpdesk import events
from helpdesk.db import db
from helpdesk.lib import clock
from helpdesk.notify.models import Notice
from helpdesk.people.access import SYSTEM, Actor
from helpdesk.people.models import Desk, Person
from helpdesk.sla import escalation, keeping, resting, saving
from helpdesk.sla.clocks import Promise
from helpdesk.sla.events import PromiseInDanger, PromisesInDanger
from helpdesk.sla.models import Clock, Policy
from helpdesk.sla.policy import Do, Scope, Step
from helpdesk.tickets import brake, services, written_by
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.lifecycle import HoldReason, Outcome
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services.inbound import Heard
from tests import factories
from tests.sla.desk import monday, office, terms

pytestmark = pytest.mark.usefixtures("session")

WARN_75 = Step(Promise.FIX, 75, None, Do.WARN_OWNER)
TELL_100 = Step(Promise.FIX, 100, None, Do.TELL_LEADS)


@pytest.fixture
def told() -> Iterator[list[PromiseInDanger]]:
    """Everybody who was told, in order."""
    heard: list[PromiseInDanger] = []

    def hear(event: PromisesInDanger) -> None:
        heard.extend(event.found)

    events.subscribe(PromisesInDanger, hear)
    yield heard
    events._handlers[PromisesInDanger].remove(hear)


def promised(*steps: Step, **hours: Any) -> None:
    factories.desk()
    calendar = office()
    said = terms(calendar, steps=steps, **hours) if hours else terms(calendar, steps=steps, fix=4)
    saving.add_policy(SYSTEM, "Standard", Scope.TICKET, said)


def logged(queue: Queue, owner: Person | None = None, at: str = "09:00") -> Ticket:
    with clock.at(monday(at)):
        return factories.ticket(by=factories.actor(role="lead"), queue_=queue, technician=owner)


def sweep(at: str, days: int = 0) -> int:
    db.session.commit()
    with clock.at(monday(at, days)):
        return escalation.escalate.run()  # type: ignore[return-value]


def clock_of(ticket: Ticket, promise: Promise = Promise.FIX) -> Clock:
    db.session.flush()
    return keeping.clocks_of(ticket.id)[promise]


def journal(ticket: Ticket) -> list[tuple[str, datetime]]:
    rows = db.session.query(Entry).filter(
        Entry.ticket_id == ticket.id, Entry.verb.startswith("promise-")
    )
    return [(row.verb, row.happened_at) for row in rows.order_by(Entry.id)]


def test_each_step_is_done_once_at_its_moment(told: list[PromiseInDanger]) -> None:
    promised(WARN_75, TELL_100)
    queue = factories.queue()
    owner = factories.technician("Priya", queues=[queue])
    lead = factories.technician("Karen", queues=[queue], lead=True)
    ticket = logged(queue, owner)
    assert clock_of(ticket).next_at == monday("12:00")
    assert sweep("11:59") == 0
    assert sweep("12:00") == 1
    assert [(one.people, one.missed, one.due_at) for one in told] == [
        ((owner.id,), False, monday("13:00"))
    ]
    assert sweep("12:01") == 0
    assert clock_of(ticket).next_at == monday("13:00")
    assert sweep("13:05") == 1
    assert (told[1].people, told[1].missed) == ((lead.id,), True)
    assert clock_of(ticket).missed_at == monday("13:00")
    assert clock_of(ticket).next_at is None
    assert sweep("16:00") == 0
    assert journal(ticket) == [
        ("promise-warned", monday("12:00")),
        ("promise-missed", monday("13:00")),
        ("promise-warned", monday("13:00")),
    ]


def test_steps_that_came_up_while_nobody_swept_are_all_done_in_order(
    told: list[PromiseInDanger],
) -> None:
    promised(TELL_100, WARN_75)
    queue = factories.queue()
    owner = factories.technician(queues=[queue])
    logged(queue, owner)
    assert sweep("16:00") == 1
    assert [one.missed for one in told] == [False, True]


def test_what_is_paused_or_resolved_meanwhile_is_left_alone(told: list[PromiseInDanger]) -> None:
    promised(WARN_75)
    queue = factories.queue()
    agent = factories.actor(queues=[queue])
    paused, resolved = logged(queue), logged(queue)
    with clock.at(monday("10:00")):
        services.hold(agent, paused, HoldReason.CUSTOMER)
    with clock.at(monday("11:00")):
        services.resolve(
            agent,
            resolved,
            outcome=Outcome.SOLVED,
            solution="Done",
            cause=factories.cause(),
        )
    assert sweep("16:00", 3) == 0
    assert told == []
    with clock.at(monday("09:00", 1)):
        services.hear(paused, Heard(author=paused.customer, body="Here it is"), reopen_days=5)
    assert clock_of(paused).next_at == monday("11:00", 1)
    assert sweep("11:00", 1) == 1
    assert len(told) == 1


def test_steps_that_do_too_much_rest_until_somebody_lets_them_go_on(
    told: list[PromiseInDanger],
) -> None:
    promised(WARN_75, TELL_100)
    desk = db.session.query(Desk).one()
    desk.settings = {**desk.settings, brake.SETTING: {"tickets": 2, "messages": 100}}
    manager = factories.account(factories.person(), "manager")
    queue = factories.queue()
    owner = factories.technician(queues=[queue])
    tickets = [logged(queue, owner, at) for at in ("09:00", "09:01", "09:02")]
    assert sweep("12:05") == 3
    assert len(told) == 2
    policy = db.session.query(Policy).one()
    assert policy.rests_since == monday("12:05")
    stopped = db.session.query(Notice).filter_by(kind="rule-stopped").one()
    assert (stopped.person_id, stopped.data["policy"]) == (manager.person_id, "Standard")
    # Clocks go on meanwhile, and what is missed is written down.
    assert sweep("13:05") == 3
    assert clock_of(tickets[0]).missed_at == monday("13:00")
    assert len(told) == 2
    with clock.at(monday("13:06")):
        resting.rouse(SYSTEM, policy)
    fresh = logged(queue, owner, "13:30")
    # What came up while they rested is over; what comes up now is done.
    assert sweep("16:30") == 1
    assert [one.ticket_id for one in told[2:]] == [fresh.id]


def test_a_step_changes_a_ticket_in_the_name_of_its_policy() -> None:
    promised(Step(Promise.FIX, 50, None, Do.RAISE))
    ticket = logged(factories.queue())
    sweep("11:30")
    entry = db.session.query(Entry).filter_by(ticket_id=ticket.id, verb="set-priority").one()
    assert entry.changes is not None
    assert written_by.policy_of(entry) == "Standard"
    assert written_by.rule_of(entry) == ""


def test_a_step_may_be_a_time_before_the_end(told: list[PromiseInDanger]) -> None:
    promised(Step(Promise.FIX, None, 1800, Do.WARN_OWNER), fix=12)
    ticket = logged(factories.queue())
    assert clock_of(ticket).next_at == monday("12:30", 1)


def test_every_unanswered_question_escalates_anew(told: list[PromiseInDanger]) -> None:
    step = Step(Promise.NEXT_REPLY, 50, None, Do.WARN_OWNER)
    promised(step, next_reply=2, first_reply=2)
    queue = factories.queue()
    ticket = logged(queue, factories.technician(queues=[queue]))
    agent = factories.actor(queues=[queue])
    for hour in (10, 13):
        with clock.at(monday(f"{hour}:00")):
            services.reply(agent, ticket, services.Said(body="Try this."))
        with clock.at(monday(f"{hour}:30")):
            services.hear(ticket, Heard(author=ticket.customer, body="No."), reopen_days=5)
        assert sweep(f"{hour + 1}:29") == 0
        assert sweep(f"{hour + 1}:30") == 1
        assert sweep(f"{hour + 1}:31") == 0
    assert len(told) == 2


def test_without_an_owner_whoever_holds_it_or_the_leads_are_told(
    told: list[PromiseInDanger],
) -> None:
    promised(WARN_75)
    queue = factories.queue()
    lead = factories.technician(queues=[queue], lead=True)
    factories.technician(queues=[queue])
    logged(queue)
    alone = factories.queue()
    members = sorted(factories.technician(queues=[alone]).id for _ in range(2))
    logged(alone)
    sweep("12:00")
    assert [one.people for one in told] == [(lead.id,), tuple(members)]


def test_the_priority_is_raised_and_what_is_promised_follows() -> None:
    promised(Step(Promise.FIX, 50, None, Do.RAISE), fix={2: 3, 3: 8})
    ticket = logged(factories.queue())
    assert ticket.priority == 3
    assert sweep("13:00") == 1
    assert ticket.priority == 2
    assert clock_of(ticket).due_at == monday("12:00")
    sweep("13:00")
    assert clock_of(ticket).missed_at == monday("12:00")
    assert ticket.priority == 2, "the step was done and is not done again"


def test_work_is_moved_and_says_why() -> None:
    second = factories.queue("Second line")
    promised(Step(Promise.FIX, 50, None, Do.MOVE, second.id))
    ticket = logged(factories.queue("First line"))
    assert sweep("11:00") == 1
    assert ticket.queue_id == second.id
    moved = db.session.query(Entry).filter_by(ticket_id=ticket.id, verb="hand-over").one()
    assert moved.author_id is None
    assert moved.body


def test_a_promise_without_steps_is_missed_all_the_same() -> None:
    promised()
    ticket = logged(factories.queue())
    assert clock_of(ticket).next_at == monday("13:00")
    assert sweep("13:00") == 1
    assert journal(ticket) == [("promise-missed", monday("13:00"))]


def _resolve(by: Actor, ticket: Ticket) -> None:
    cause = factories.cause()
    services.resolve(by, ticket, outcome=Outcome.SOLVED, solution="New cable.", cause=cause)


def test_the_journal_says_once_that_it_was_missed_whoever_was_quicker() -> None:
    promised(TELL_100)
    queue = factories.queue()
    late, swept = logged(queue), logged(queue)
    agent = factories.actor(queues=[queue])
    missed = [("promise-missed", monday("13:00"))]
    with clock.at(monday("14:00")):
        _resolve(agent, late)
        assert journal(late) == missed
        services.reopen(agent, late, reason="Not yet.")
    assert sweep("15:00") == 2
    with clock.at(monday("15:30")):
        _resolve(agent, swept)
    for ticket in (late, swept):
        assert [one for one in journal(ticket) if one[0] == "promise-missed"] == missed
