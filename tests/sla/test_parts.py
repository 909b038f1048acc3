"""Promises between teams: one clock a part, through hand-overs, waits, undo and escalation."""

from collections.abc import Iterator
from typing import Any

import pytest

from helpdesk import events
from helpdesk.db import db
from helpdesk.lib import clock
from helpdesk.people.access import SYSTEM
from helpdesk.sla import escalation, keeping, ledger, replay, saving
from helpdesk.sla.clocks import Promise
from helpdesk.sla.events import PromiseInDanger, PromisesInDanger
from helpdesk.sla.models import BusinessCalendar, Clock, Policy
from helpdesk.sla.policy import Conditions, Do, Scope, Step
from helpdesk.tickets import services
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.lifecycle import HoldReason, Outcome
from helpdesk.tickets.models import Assignment, Entry, Ticket, Worklist
from helpdesk.tickets.services import Target
from tests import factories
from tests.sla.desk import monday, office, terms

pytestmark = pytest.mark.usefixtures("session")

ACK = Promise.ACKNOWLEDGE
NUDGE = Step(ACK, 50, None, Do.WARN_OWNER)


@pytest.fixture
def told() -> Iterator[list[PromiseInDanger]]:
    """Everybody who was told, in order."""
    heard: list[PromiseInDanger] = []

    def hear(event: PromisesInDanger) -> None:
        heard.extend(event.found)

    events.subscribe(PromisesInDanger, hear)
    yield heard
    events._handlers[PromisesInDanger].remove(hear)


def between_teams(queue: Queue, *steps: Step, **hours: Any) -> Policy:
    factories.desk()
    said = terms(
        office(),
        conditions=Conditions(queues=frozenset({queue.id})),
        steps=steps,
        **(hours or {"acknowledge": 0.5, "fix": 4}),
    )
    return saving.add_policy(SYSTEM, "Second level", Scope.TEAM, said)


def given(queue: Queue, at: str = "09:00") -> tuple[Ticket, Assignment]:
    """Log a ticket at the service desk and add a part for another queue."""
    lead = factories.actor(role="lead")
    with clock.at(monday(at)):
        ticket = factories.ticket(by=lead, queue_=factories.queue("Service desk"))
        services.add(lead, ticket, [Target(queue)])
    return ticket, ticket.assignments[-1]


def clocks_of(row: Assignment) -> dict[Promise, Clock]:
    db.session.flush()
    return keeping.clocks_of(row.ticket_id, row.id)


def sweep(at: str, days: int = 0) -> int:
    db.session.commit()
    with clock.at(monday(at, days)):
        return escalation.escalate.run()  # type: ignore[return-value]


def line_of(ticket: Ticket, queue: Queue) -> Worklist:
    db.session.flush()
    return db.session.get_one(Worklist, (queue.id, ticket.id), populate_existing=True)


def test_a_part_is_acknowledged_and_fixed_in_its_own_time() -> None:
    network = factories.queue("Network")
    between_teams(network)
    ticket, row = given(network)
    found = clocks_of(row)
    assert (found[ACK].due_at, found[Promise.FIX].due_at) == (monday("09:30"), monday("13:00"))
    assert (row.due_at, row.due_promise) == (monday("09:30"), "acknowledge")
    # The row of its queue shows and sorts by it; that of the other queue has nothing that is due.
    line = line_of(ticket, network)
    assert (line.rank, line.moment, line.due_promise) == (0, monday("09:30"), "part-acknowledge")
    assert line_of(ticket, ticket.queue).due_promise is None
    priya = factories.actor(queues=[network])
    with clock.at(monday("09:20")):
        services.acknowledge(priya, ticket, row.id)
    assert clocks_of(row)[ACK].met_at == monday("09:20")
    assert (row.due_at, line_of(ticket, network).due_promise) == (monday("13:00"), "part-fix")
    with clock.at(monday("11:00")):
        services.resolve_assignment(priya, ticket, row.id)
    fix = clocks_of(row)[Promise.FIX]
    assert (fix.state, fix.met_at, fix.used) == ("met", monday("11:00"), 7200)
    assert row.due_at is None


def test_time_the_ticket_waits_does_not_count_for_the_team() -> None:
    network = factories.queue("Network")
    between_teams(network)
    ticket, row = given(network)
    desk = factories.actor(queues=[ticket.queue])
    with clock.at(monday("10:00")):
        services.hold(desk, ticket, HoldReason.CUSTOMER)
    assert clocks_of(row)[Promise.FIX].state == "halted"
    with clock.at(monday("12:00")):
        services.wake(desk, ticket)
    assert clocks_of(row)[Promise.FIX].due_at == monday("15:00")


def test_handing_round_within_a_team_buys_no_time() -> None:
    network = factories.queue("Network")
    between_teams(network)
    priya, ben = (factories.technician(name, queues=[network]) for name in ("Priya", "Ben"))
    lead = factories.actor(role="lead", queues=[network])
    ticket, row = given(network)
    with clock.at(monday("09:20")):
        services.hand_over(lead, ticket, Target(network, priya), assignment_id=row.id)
    assert clocks_of(row)[ACK].due_at == monday("09:30")
    with clock.at(monday("09:25")):
        services.acknowledge(factories.actor(priya), ticket, row.id)
    with clock.at(monday("10:00")):
        services.hand_over(
            lead, ticket, Target(network, ben), assignment_id=row.id, reason="On leave"
        )
    found = clocks_of(row)
    # Ben has to say that he has it; the fix is due when it always was.
    assert (found[ACK].round, found[ACK].due_at) == (2, monday("10:30"))
    assert found[Promise.FIX].due_at == monday("13:00")
    assert ticket.assignments[-1].due_at == monday("10:30")


def test_what_is_handed_to_another_team_is_over_for_this_one_and_undo_gives_it_back() -> None:
    network = factories.queue("Network")
    between_teams(network)
    ticket, row = given(network)
    lead = factories.actor(role="lead", queues=[network])
    with clock.at(monday("09:10")):
        services.hand_over(
            lead,
            ticket,
            Target(factories.queue("Servers")),
            assignment_id=row.id,
            reason="Not ours",
            undo_for=60,
        )
        assert {one.state for one in clocks_of(row).values()} == {"none"}
        group = services.latest_group(lead)
        assert group is not None
        services.undo(lead, group)
    assert clocks_of(row)[ACK].due_at == monday("09:30")


def test_what_nobody_acknowledges_nudges_then_moves_once_each(told: list[PromiseInDanger]) -> None:
    network, servers = factories.queue("Network"), factories.queue("Servers")
    karen = factories.technician("Karen", queues=[network], lead=True)
    between_teams(
        network,
        NUDGE,
        Step(ACK, 100, None, Do.TELL_LEADS),
        Step(ACK, 150, None, Do.MOVE, servers.id),
        acknowledge=1,
    )
    ticket, row = given(network)
    home = ticket.queue_id
    assert sweep("09:29") == 0
    assert sweep("09:30") == 1
    assert sweep("10:00") == 1
    assert [(one.people, one.missed, one.whose) for one in told] == [
        ((karen.id,), False, "Network"),
        ((karen.id,), True, "Network"),
    ]
    assert sweep("10:30") == 1
    db.session.refresh(ticket)
    assert row.state == "withdrawn"
    assert [(one.queue_id, one.moved_from_id) for one in ticket.assignments[-1:]] == [
        (servers.id, row.id)
    ]
    # Only that part moved: the ticket stays where it is at home.
    assert ticket.queue_id == home
    assert sweep("16:00") == 0
    verbs = db.session.query(Entry.verb).filter(Entry.ticket_id == ticket.id).order_by(Entry.id)
    assert [verb for (verb,) in verbs][-4:] == [
        *("promise-warned", "promise-missed", "promise-warned", "hand-over")
    ]


def test_what_was_acknowledged_in_time_is_left_alone(told: list[PromiseInDanger]) -> None:
    network = factories.queue("Network")
    between_teams(network, NUDGE, acknowledge=1)
    ticket, row = given(network)
    with clock.at(monday("09:10")):
        services.acknowledge(factories.actor(queues=[network]), ticket, row.id)
    assert sweep("16:00") == 0
    assert told == []


def test_the_ledger_and_replay_know_parts() -> None:
    network = factories.queue("Network")
    policy = between_teams(network)
    ticket, row = given(network)
    reader = factories.actor(role="administrator")
    with clock.at(monday("10:00")):
        services.resolve(
            reader,
            ticket,
            outcome=Outcome.SOLVED,
            solution="Done",
            cause=factories.cause(),
        )
        accounts = ledger.ledger_of(reader, ticket).accounts
        assert [(one.promise, one.whose, one.used.seconds) for one in accounts] == [
            (ACK, "Network", 3600),
            (Promise.FIX, "Network", 3600),
        ]
        calendar = db.session.get_one(BusinessCalendar, saving.newest_terms(policy).calendar_id)
        said = terms(
            calendar,
            conditions=Conditions(queues=frozenset({network.id})),
            fix=0.5,
        )
        saving.change_policy(SYSTEM, policy, said)
        found = replay.replay(reader, [ticket], reason="Shorter now")
    assert [(one.promise, one.whose, one.after is None) for one in found] == [
        (ACK, "Network", True),
        (Promise.FIX, "Network", False),
    ]
    assert clocks_of(row)[Promise.FIX].missed_at == monday("09:30")
