"""Giving work out: who gets it, who has no room, and who is not there."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.lib import clock
from helpdesk.lib.clock import now
from helpdesk.people.models import Account, Desk, SignInSession
from helpdesk.people.services import sessions
from helpdesk.rules.models import RuleRun
from helpdesk.rules.routing import FULL, NOBODY, UNSKILLED, Candidate, Way, choose
from helpdesk.tickets import services
from helpdesk.tickets.lifecycle import HoldReason
from helpdesk.tickets.models import Ticket
from tests import factories
from tests.rules.desk import rule


def slow_choose(way: Way, people: list[Candidate], last: int) -> int | str:
    """Strike out people one reason after the other until one is left."""
    if way is Way.SKILL:
        people = [one for one in people if one.level > 0]
    if not people:
        return UNSKILLED if way is Way.SKILL else NOBODY
    people = [one for one in people if one.most is None or one.most - one.load > 0]
    if not people:
        return FULL
    if way is Way.SKILL:
        best = max(one.level for one in people)
        people = [one for one in people if one.level == best]
    if way is not Way.TURN:
        least = min(one.load for one in people)
        people = [one for one in people if one.load == least]
    keys = sorted(one.person_id for one in people)
    return next((key for key in keys if key > last), keys[0])


SOMEBODY = st.builds(
    Candidate,
    person_id=st.integers(1, 9),
    load=st.integers(0, 4),
    most=st.none() | st.integers(0, 4),
    level=st.integers(0, 3),
)


@given(
    st.sampled_from(Way),
    st.lists(SOMEBODY, max_size=6, unique_by=lambda one: one.person_id),
    st.none() | st.integers(1, 9),
)
def test_the_choice_is_what_striking_out_one_by_one_leaves(
    way: Way, people: list[Candidate], last: int | None
) -> None:
    found = choose(way, people, last)
    said = found if isinstance(found, str) else found.person_id
    assert said == slow_choose(way, people, last or 0)


def said_last() -> object:
    return db.session.scalars(select(RuleRun).order_by(RuleRun.id.desc())).all()[0].steps


@pytest.mark.usefixtures("session")
def test_nobody_gets_more_than_they_can_take_unless_by_hand() -> None:
    queue = factories.queue()
    first, second = (factories.technician(queues=[queue]) for _ in range(2))
    factories.account(first, "technician").most_at_once = 1
    factories.account(second, "technician")
    factories.desk().most_at_once = 2
    rule("Round", {"do": "assign", "way": "in-turn"})
    tickets = [factories.ticket(queue_=queue) for _ in range(4)]
    assert [one.owner for one in tickets] == [first, second, second, None]
    assert said_last() == [{"do": "assign", "said": "all-at-limit"}]
    # What waits takes no room, and by hand there is no limit.
    actor = factories.actor(first)
    services.hold(actor, tickets[0], HoldReason.CUSTOMER)
    services.take(factories.actor(second), tickets[3])
    db.session.commit()
    assert factories.ticket(queue_=queue).owner is first
    assert factories.ticket(queue_=queue).owner is None


@pytest.mark.usefixtures("session")
def test_who_has_signed_out_or_shows_no_sign_gets_nothing_where_the_desk_says_so() -> None:
    queue = factories.queue()
    silent, gone, there = (factories.technician(queues=[queue]) for _ in range(3))
    accounts = [factories.account(one, "technician") for one in (silent, gone, there)]
    for account in accounts:
        sessions.begin(account.id, address="", user_agent="")
    _see(accounts[0], minutes_ago=45)
    _session(accounts[1]).revoked_at = now()
    rule("Round", {"do": "assign", "way": "in-turn"})

    def owners() -> set[object]:
        return {_new(queue).owner for _ in range(3)}

    assert owners() == {silent, gone, there}
    db.session.scalars(select(Desk)).one().silent_minutes = 30
    db.session.commit()
    assert owners() == {there}
    with clock.at(now() + timedelta(hours=1)):
        assert owners() == {None}
        assert said_last() == [{"do": "assign", "said": "nobody-free"}]


def _new(queue: object) -> Ticket:
    return factories.ticket(queue_=queue)  # type: ignore[arg-type]


def _session(account: Account) -> SignInSession:
    return db.session.scalars(
        select(SignInSession).where(SignInSession.account_id == account.id)
    ).one()


def _see(account: Account, *, minutes_ago: int) -> None:
    _session(account).seen_at = now() - timedelta(minutes=minutes_ago)
