"""Start next: the right ticket, with its reasons, never the same one twice."""

import re
from datetime import UTC, datetime, timedelta
from functools import cmp_to_key
from typing import Any

import pytest
import time_machine
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from helpdesk.db import db, is_postgresql
from helpdesk.lib.clock import now
from helpdesk.people.models import Person, PersonSkill, Skill
from helpdesk.tickets import services
from helpdesk.tickets.because import because
from helpdesk.tickets.lifecycle import HoldReason
from helpdesk.tickets.next_up import SOON, Waiting, Why, in_order, reasons
from helpdesk.tickets.queries import starting
from helpdesk.tickets.queries.filters import EVERYTHING, Filter
from helpdesk.tickets.queries.ready import standings
from helpdesk.tickets.services import Target
from tests import factories
from tests.support.queries import count_queries
from tests.tickets.lists import UTC_ZONE

MOMENT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MOMENTS = st.integers(-4, 4).map(lambda half_hours: MOMENT + timedelta(minutes=30 * half_hours))

WAITING = st.builds(
    Waiting,
    number=st.integers(1, 60),
    priority=st.integers(1, 4),
    waiting_since=MOMENTS,
    due_at=st.none() | MOMENTS,
    is_given=st.booleans(),
    is_begun=st.booleans(),
    replied=st.booleans(),
    skill=st.sampled_from(["", "VPN"]),
    level=st.integers(0, 3),
    language=st.sampled_from(["", "zh"]),
    speaks=st.booleans(),
)


def comes_first(one: Waiting, other: Waiting) -> int:
    """Compare two by the rules of the page in the guide, one sentence after the other."""
    if one.is_given != other.is_given:
        return -1 if one.is_given else 1
    idle = [each.is_begun and not each.replied for each in (one, other)]
    if idle[0] != idle[1]:
        return 1 if idle[0] else -1
    pressing = [each.due_at is not None and each.due_at - MOMENT <= SOON for each in (one, other)]
    if pressing[0] != pressing[1]:
        return -1 if pressing[0] else 1
    if one.priority != other.priority:
        return one.priority - other.priority
    asks = [bool(each.skill or each.language) for each in (one, other)]
    lacks = [
        bool(each.skill and each.level == 0) or bool(each.language and not each.speaks)
        for each in (one, other)
    ]
    fits = [2 if lack else 1 if not ask else 0 for ask, lack in zip(asks, lacks, strict=True)]
    if fits[0] != fits[1]:
        return fits[0] - fits[1]
    if one.level != other.level:
        return other.level - one.level
    if (one.due_at is None) != (other.due_at is None):
        return 1 if one.due_at is None else -1
    if one.due_at is not None and other.due_at is not None and one.due_at != other.due_at:
        return -1 if one.due_at < other.due_at else 1
    if one.waiting_since != other.waiting_since:
        return -1 if one.waiting_since < other.waiting_since else 1
    return one.number - other.number


@given(st.lists(WAITING, max_size=12, unique_by=lambda one: one.number))
def test_the_order_is_what_comparing_two_at_a_time_says(some: list[Waiting]) -> None:
    assert in_order(some, MOMENT) == sorted(some, key=cmp_to_key(comes_first))
    assert all(reasons(one, MOMENT) for one in some)


def test_reasons_are_said_in_words(app: Flask) -> None:
    one = Waiting(
        7,
        1,
        MOMENT,
        due_at=MOMENT + timedelta(minutes=20),
        skill="VPN",
        level=2,
        language="zh-Hant",
        speaks=True,
    )
    with app.test_request_context():
        said = because([list(each) for each in reasons(one, MOMENT)])
        assert said == "a promise ends in 20m, it is P1 Critical, it asks for VPN, it is in 中文"
        assert because([["something-newer", 1], ["given", ""], 7]) == (
            "it was assigned and not acknowledged yet"
        )
        assert because(None) == ""


@pytest.mark.usefixtures("session")
def test_own_work_comes_first_then_what_is_free_and_never_what_waits() -> None:
    queue, elsewhere = factories.queue(), factories.queue()
    actor, other = factories.actor(queues=[queue]), factories.actor(queues=[queue])
    with time_machine.travel(now() - timedelta(hours=3)):
        taken = factories.ticket(queue_=queue, impact=1, urgency=1)
        services.take(other, taken)
        held = factories.ticket(queue_=queue)
        services.hold(actor, held, HoldReason.CUSTOMER)
        begun = factories.ticket(queue_=queue)
        services.take(actor, begun)
        factories.ticket(queue_=elsewhere, impact=1, urgency=1)
    free = factories.ticket(queue_=queue)
    urgent = factories.ticket(queue_=queue, impact=1, urgency=1)
    given_ = factories.ticket(queue_=elsewhere)
    me = db.session.get_one(Person, actor.person_id)
    services.hand_over(other, given_, Target(elsewhere, me))
    db.session.commit()

    def numbers(wanted: Filter = EVERYTHING, **how: bool) -> list[int]:
        found = starting.candidates(actor, wanted, zone=UTC_ZONE, **how)
        return [one.number for one in in_order(found, now())]

    assert numbers() == [given_.id, urgent.id, free.id, begun.id]
    assert numbers(own_only=True) == [given_.id, begun.id]
    assert numbers(Filter(queues=(queue.id,))) == [urgent.id, free.id, begun.id]
    found = starting.next_up(actor, EVERYTHING, zone=UTC_ZONE, skip=given_.id)
    assert found is not None
    assert (found.ticket, found.is_free, found.because[-1][0]) == (urgent, True, Why.PRIORITY)
    later = starting.waits_until(actor, Filter(queues=(queue.id,)), zone=UTC_ZONE)
    assert later.number == 1


@pytest.mark.usefixtures("session")
def test_a_restricted_queue_gives_nothing_to_others() -> None:
    secret = factories.queue(restricted=True)
    member, outsider = factories.actor(queues=[secret]), factories.actor()
    ticket = factories.ticket(queue_=secret)
    assert starting.next_up(outsider, Filter(queues=(secret.id,)), zone=UTC_ZONE) is None
    found = starting.next_up(member, EVERYTHING, zone=UTC_ZONE)
    assert found is not None
    assert found.ticket == ticket


@pytest.mark.usefixtures("session")
def test_what_one_knows_and_speaks_comes_before_what_others_know_better() -> None:
    queue = factories.queue()
    actor = factories.actor(queues=[queue])
    vpn, chinese = Skill(name="VPN of the test"), Skill(name="普通话 of the test", language="zh")
    db.session.add_all([vpn, chinese])
    db.session.flush()
    above = factories.category("Remote of the test", skill_id=vpn.id)
    below = factories.category("Tunnel of the test", parent_id=above.id)
    asks = factories.ticket(queue_=queue, category=below)
    plain = factories.ticket(queue_=queue)
    foreign = factories.ticket(queue_=queue, language="zh-Hant")

    def numbers() -> list[int]:
        found = starting.candidates(actor, EVERYTHING, zone=UTC_ZONE)
        return [one.number for one in in_order(found, now())]

    assert numbers() == [plain.id, asks.id, foreign.id]
    db.session.add(PersonSkill(person_id=actor.person_id, skill_id=chinese.id, level=2))
    db.session.commit()
    assert numbers() == [foreign.id, plain.id, asks.id]


@pytest.mark.usefixtures("session")
def test_what_is_read_does_not_grow_with_the_list() -> None:
    queue = factories.queue()
    actor = factories.actor(queues=[queue])
    for _each in range(3):
        factories.ticket(queue_=queue)
    with count_queries() as few:
        starting.candidates(actor, EVERYTHING, zone=UTC_ZONE)
    for _each in range(starting.HEAD):
        factories.ticket(queue_=queue)
    with count_queries() as many:
        found = starting.candidates(actor, EVERYTHING, zone=UTC_ZONE)
    assert len(found) == starting.HEAD
    assert many.count == few.count


WHOLE = re.compile("(^SCAN|Seq Scan on) (ticket|assignment|entry|person)")


@pytest.mark.usefixtures("session")
def test_nothing_is_read_but_open_work() -> None:
    actor = factories.actor(queues=[factories.queue()])
    factories.ticket()
    asked: list[tuple[str, Any]] = []

    def note(
        _connection: object, _cursor: object, statement: str, given_: object, *_: object
    ) -> None:
        asked.append((statement, given_))

    connection = db.session.connection()
    event.listen(connection, "before_cursor_execute", note)
    starting.candidates(actor, EVERYTHING, zone=UTC_ZONE)
    standings([actor.person_id or 0])
    event.remove(connection, "before_cursor_execute", note)
    assert len(asked) > 5
    explain, place = "EXPLAIN QUERY PLAN", 3
    if is_postgresql():
        # It reads tables as small as these from end to end wherever it may.
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        explain, place = "EXPLAIN", 0
    for statement, parameters in asked:
        plan = connection.exec_driver_sql(f"{explain} {statement}", parameters)
        steps = [row[place] for row in plan]
        whole = [step for step in steps if WHOLE.search(step)]
        assert whole == [], steps
