"""Which tickets are at risk, and what pages and lists say of it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select
from time_machine import Traveller

from helpdesk.db import db
from helpdesk.people.access import SYSTEM
from helpdesk.tickets import services
from helpdesk.tickets.companions import Undo
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.lifecycle import HoldReason, Outcome, RiskReason
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services import Said, Target
from helpdesk.warning import risk, rule
from helpdesk.warning.rule import Facts
from tests import factories
from tests.sla.desk import monday, promised
from tests.support.queries import count_queries
from tests.tickets.desk import Desk, desk, no_tokens, queue, rows_of, text_of

__all__ = ["desk", "no_tokens", "queue"]

HOUR = timedelta(hours=1)
TEN = monday("10:00")
OWED: dict[str, Any] = {
    "opened_at": TEN,
    "half_at": TEN + 2 * HOUR,
    "late_at": TEN + 3 * HOUR,
    "due_at": TEN + 4 * HOUR,
}


# ---- The rule ----


@pytest.mark.parametrize(
    ("said", "hours", "reasons"),
    [
        ({"reopenings": 1}, 0, ["reopened"]),
        ({"chasers": 1}, 0, ["asked-again"]),
        ({"handovers": 1}, 0, []),
        ({"handovers": 2}, 0, []),
        ({"handovers": 2}, 3, ["handed-over", "running-out"]),
        ({"handovers": 3}, 0, ["handed-over"]),
        ({"owned": False}, 1.9, []),
        ({"owned": False}, 2, ["unowned"]),
        ({"acknowledged": False}, 3, ["unacknowledged", "running-out"]),
        ({}, 3.9, []),
        # Once it is overdue there is nothing left to warn of.
        ({"reopenings": 1}, 4, []),
    ],
)
def test_points_make_a_ticket_at_risk(said, hours, reasons):
    found = rule.judge(Facts(**OWED, **said), TEN + hours * HOUR)
    assert list(found.reasons) == reasons


def test_what_nothing_is_promised_for_is_at_risk_when_it_is_old():
    facts = Facts(opened_at=TEN)
    found = rule.judge(facts, TEN)
    assert (found.reasons, found.look_again) == ((), TEN + rule.OLD_AFTER)
    found = rule.judge(facts, TEN + rule.OLD_AFTER)
    assert (found.reasons, found.look_again) == ((RiskReason.OLD,), None)
    waits = Facts(opened_at=TEN, waiting=True)
    assert rule.judge(waits, TEN + rule.OLD_AFTER).reasons == ()


def test_it_knows_when_time_alone_changes_what_it_says():
    facts = Facts(**OWED, owned=False)
    moments, moment = [], TEN
    while (after := rule.judge(facts, moment).look_again) is not None:
        moments.append((after - TEN) / HOUR)
        moment = after
    assert moments == [2, 3, 4]
    assert rule.judge(Facts(**OWED), TEN).look_again is None


# ---- On tickets ----


@pytest.fixture
def ten() -> Iterator[Traveller]:
    """It is Monday, ten o'clock, in the test and on its desk."""
    with time_machine.travel(TEN, tick=False) as traveller:
        yield traveller


def hear(ticket: Ticket, words: str) -> None:
    services.hear(ticket, services.Heard(ticket.customer, words), reopen_days=5)


def resolve(ticket: Ticket) -> None:
    cause = factories.cause()
    services.resolve(SYSTEM, ticket, outcome=Outcome.SOLVED, cause=cause, solution="So.")


def fresh(ticket: Ticket) -> Ticket:
    db.session.expire_all()
    return db.session.get_one(Ticket, ticket.id)


@pytest.mark.usefixtures("session")
def test_what_happens_to_a_ticket_says_at_once_whether_it_is_at_risk(
    desk: Desk, queue: Queue, ten: Traveller
):
    calm = factories.ticket("Calm", queue_=queue)
    ticket = factories.ticket("Passed around", queue_=queue)
    others = [factories.queue() for _number in range(3)]
    for other in others:
        services.hand_over(desk.actor, ticket, Target(other), reason="Yours?")
    ten.shift(20 * 60)
    services.hear(
        ticket, services.Heard(ticket.customer, "And here is the picture."), reopen_days=5
    )
    db.session.commit()
    assert ticket.risk == "handed-over"
    ten.shift(20 * 60)
    hear(ticket, "Is anybody there?")
    db.session.commit()
    assert ticket.risk == "asked-again handed-over"

    page = text_of(desk.get(f"/tickets/{ticket.id}"))
    assert "At risk because they wrote again without an answer it was handed over 3 times" in page
    assert "At risk because" not in text_of(desk.get(f"/tickets/{calm.id}"))
    assert rows_of(desk.get("/queue?flag=at-risk")) == [ticket.id]
    rows = desk.get("/queue")
    assert rows.count('class="risk"') == 1
    assert "At risk: they wrote again without an answer; it was handed over more than once" in rows

    services.take(desk.actor, ticket)
    services.reply(desk.actor, ticket, Said(body="Now I have it."))
    assert ticket.risk == "handed-over"
    services.resolve(
        desk.actor, ticket, outcome=Outcome.SOLVED, cause=factories.cause(), solution="So."
    )
    db.session.commit()
    assert (ticket.risk, ticket.risk_at) == ("", None)


@pytest.mark.usefixtures("session")
def test_time_alone_brings_a_ticket_into_danger_and_the_worker_sees_it(
    queue: Queue, ten: Traveller
):
    promised(fix=4)
    ticket = factories.ticket(queue_=queue)
    taken = factories.ticket(queue_=queue)
    services.take(factories.actor(), taken)
    held = factories.ticket(queue_=queue)
    services.hold(factories.actor(), held, HoldReason.CUSTOMER)
    db.session.commit()
    assert (ticket.risk, ticket.risk_at) == ("", TEN + 2 * HOUR)
    assert (taken.risk_at, held.risk_at) == (None, None)
    before = ticket.version
    seen = []
    for _hour in range(4):
        ten.shift(3600)
        risk.judge_risks()
        seen.append(fresh(ticket).risk)
    assert seen == ["", "unowned", "unowned running-out", ""]
    assert ticket.version == before
    assert (fresh(taken).risk, fresh(held).risk) == ("", "")
    with count_queries() as queries:
        risk.judge_risks()
    assert queries.count == 1, queries


@pytest.mark.usefixtures("session", "ten")
def test_half_the_time_is_half_of_the_opening_hours(queue: Queue):
    promised(fix=12)
    ticket = factories.ticket(queue_=queue)
    # Seven hours are left of Monday: half of twelve are over at four, nine on Tuesday at eleven.
    assert (ticket.half_at, ticket.late_at) == (monday("16:00"), monday("11:00", days=1))
    services.hold(factories.actor(), ticket, HoldReason.CUSTOMER)
    assert (ticket.half_at, ticket.late_at, ticket.shares_due_at) == (None, None, None)


@pytest.mark.usefixtures("session")
def test_judging_asks_and_writes_nothing_where_nothing_changes(queue: Queue):
    promised(fix=4)
    ticket = factories.ticket(queue_=queue)
    actor = factories.actor(queues=[queue])
    services.note(actor, ticket, Said(body="Looking."))
    db.session.commit()
    services.note(actor, ticket, Said(body="Still looking."))
    with count_queries() as queries:
        assert not risk.judge_again(ticket)
        db.session.flush()
    assert queries.count == 0, queries


@pytest.mark.usefixtures("session")
def test_undoing_gives_the_risk_back(desk: Desk, queue: Queue):
    ticket = factories.ticket(queue_=queue)
    resolve(ticket)
    services.reopen(desk.actor, ticket, undo_for=60)
    db.session.commit()
    assert ticket.risk == "reopened"
    group = db.session.scalars(select(Undo.group_id).where(Undo.ticket_id == ticket.id)).one()
    services.undo(desk.actor, group)
    assert ticket.risk == ""
