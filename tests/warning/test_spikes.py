"""Many people have the same at once: what is unusual, and what the desk sees and does of it."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from helpdesk.db import db, transaction
from helpdesk.lib import clock
from helpdesk.people.models import Site
from helpdesk.tickets import services
from helpdesk.tickets.companions import Link
from helpdesk.tickets.desk import Category, Queue
from helpdesk.tickets.lifecycle import Kind, LinkType
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries import counts
from helpdesk.tickets.services import Target
from helpdesk.warning import arrivals, board, burst, spikes
from helpdesk.warning.burst import HOUR, WEEK, WINDOWS
from helpdesk.warning.models import Arrivals, ArrivalsMark, Matter, Spike, SpikeTicket
from helpdesk.web.live import LiveEvent
from tests import factories
from tests.sla.desk import monday
from tests.support.queries import count_queries
from tests.tickets.desk import Desk, desk, no_tokens, queue, text_of

__all__ = ["desk", "no_tokens", "queue"]

ELEVEN = monday("11:00")
LAST_HOUR, LAST_FOUR = WINDOWS


# ---- The arithmetic ----


@pytest.mark.parametrize(
    ("count", "rate", "chance"),
    # From the tables of the distribution.
    [(0, 2.0, 1.0), (1, 1.0, 0.632121), (4, 1.0, 0.018988), (10, 2.5, 2.77e-4), (30, 40.0, 0.9568)],
)
def test_the_tail_is_that_of_the_poisson_distribution(count, rate, chance):
    assert burst.tail(count, rate) == pytest.approx(chance, rel=1e-2)


def test_what_is_usual_is_what_came_at_this_hour_in_the_weeks_before():
    hour = ELEVEN - HOUR
    every_monday = {hour - week * WEEK: 6 for week in range(1, 7)}
    at: Any = {"moment": ELEVEN, "window": LAST_HOUR}
    assert burst.usual(every_monday, weeks=6, **at) == pytest.approx(6, abs=0.2)
    yesterday = {hour - timedelta(days=1): 50}
    assert burst.usual(yesterday, weeks=6, **at) == pytest.approx(1 / 6)
    # An hour beside it counts in part.
    beside = {hour - HOUR - week * WEEK: 6 for week in range(1, 7)}
    assert 1.5 < burst.usual(beside, weeks=6, **at) < 3


def test_a_burst_is_unlikely_and_big():
    assert burst.is_unusual(4, LAST_HOUR, 0.2)
    assert not burst.is_unusual(3, LAST_HOUR, 0.01)
    assert not burst.is_unusual(4, LAST_HOUR, 0.6)
    assert not burst.is_unusual(90, LAST_HOUR, 40.0), "twice the usual is a busy day"


def test_chance_alone_seldom_raises_a_card():
    """Sixty categories, from one ticket a week to three an hour, for six weeks of office hours."""
    chance = random.Random(7)
    raised = looked = 0
    for number in range(60):
        rate = 0.03 * 1.08**number
        past = {
            ELEVEN + step * HOUR - week * WEEK: _poisson(chance, rate)
            for week in range(1, 7)
            for step in range(-4, 8)
        }
        for step in range(8):
            moment = ELEVEN + step * HOUR
            usual = burst.usual(past, moment, LAST_HOUR, 6)
            looked += 100
            raised += sum(
                burst.is_unusual(_poisson(chance, rate), LAST_HOUR, usual) for _again in range(100)
            )
    assert raised / looked < 2e-4, raised


def _poisson(chance: random.Random, rate: float) -> int:
    arrived, at = 0, chance.expovariate(rate)
    while at < 1:
        arrived, at = arrived + 1, at + chance.expovariate(rate)
    return arrived


# ---- On a desk ----


@pytest.fixture
def eleven() -> Iterator[time_machine.Traveller]:
    """It is Monday, eleven o'clock, in the test and on its desk."""
    with time_machine.travel(ELEVEN, tick=False) as traveller:
        yield traveller


@pytest.fixture
def known(session, eleven) -> None:
    """Six weeks are known in which nothing came."""
    factories.desk()
    db.session.add(ArrivalsMark(id=1, ticket_id=0, since=ELEVEN - 7 * WEEK))
    db.session.commit()


def report(at: datetime, category: Category | None, **fields: object) -> Ticket:
    """Log a ticket of somebody about something."""
    with clock.at(at):
        return factories.ticket(category=category, **fields)  # type: ignore[arg-type]


def many(category: Category | None, people: int = 4, **fields: object) -> list[Ticket]:
    return [
        report(ELEVEN - timedelta(minutes=50 - number), category, **fields)
        for number in range(people)
    ]


@pytest.mark.usefixtures("session", "eleven")
def test_tickets_are_counted_once_when_they_have_settled(queue: Queue):
    secret = factories.queue("HR", restricted=True)
    vpn = factories.category("VPN")
    for _number in range(3):
        report(ELEVEN - 7 * HOUR, vpn, queue_=queue)
    report(ELEVEN - 7 * HOUR, vpn, queue_=secret)
    report(ELEVEN - HOUR, vpn, queue_=queue)
    for _turn in range(2):
        spikes.watch_for_spikes()
    rows = [(row.matter, row.subject_id, row.hour, row.tickets) for row in _all(Arrivals)]
    assert rows == [("category", vpn.id, ELEVEN - 7 * HOUR, 3)]
    with time_machine.travel(ELEVEN + 6 * HOUR, tick=False):
        report(ELEVEN, vpn, queue_=queue)
        spikes.watch_for_spikes()
    assert Counter({row.hour: row.tickets for row in _all(Arrivals)}) == {
        ELEVEN - 7 * HOUR: 3,
        ELEVEN - HOUR: 1,
        ELEVEN: 1,
    }
    with time_machine.travel(ELEVEN + 8 * WEEK, tick=False):
        spikes.watch_for_spikes()
    assert _all(Arrivals) == []


def _all(model):
    db.session.expire_all()
    return list(db.session.scalars(select(model)))


@pytest.mark.usefixtures("known")
def test_a_burst_is_raised_followed_and_ended(queue: Queue, eleven: time_machine.Traveller):
    vpn = factories.category("VPN")
    first = many(vpn, queue_=queue)
    assert spikes.watch_for_spikes() == 1
    (spike,) = _all(Spike)
    assert (spike.matter, spike.subject_id, spike.hours, spike.people) == (
        *(Matter.CATEGORY, vpn.id),
        *(1, 4),
    )
    eleven.shift(1800)
    later = report(ELEVEN + timedelta(minutes=20), vpn, queue_=queue)
    report(ELEVEN, factories.category(), queue_=queue)
    assert spikes.watch_for_spikes() == 1
    assert {row.ticket_id for row in _all(SpikeTicket)} == {later.id, *(one.id for one in first)}
    eleven.shift(4 * 3600)
    assert spikes.watch_for_spikes() == 0
    assert [row.ended_at is not None for row in _all(Spike)] == [True]


@pytest.mark.usefixtures("known")
def test_one_person_a_restricted_queue_or_a_busy_hour_make_no_burst(queue: Queue):
    secret = factories.queue("HR", restricted=True)
    one = factories.person()
    many(factories.category("One"), 6, customer=one, queue_=queue)
    many(factories.category("Secret"), 6, queue_=secret)
    busy = factories.category("Busy")
    many(busy, 6, queue_=queue)
    many(factories.category("Ours"), 6, queue_=queue, kind=Kind.CHANGE)
    for week in range(1, 7):
        hour = ELEVEN - HOUR - week * WEEK
        db.session.add(Arrivals(matter="category", subject_id=busy.id, hour=hour, tickets=3))
    db.session.commit()
    assert spikes.watch_for_spikes() == 0
    # Without the weeks before nothing is known to be unusual.
    db.session.get_one(ArrivalsMark, 1).since = ELEVEN - WEEK
    many(factories.category("New"), 6, queue_=queue)
    assert spikes.watch_for_spikes() == 0


@pytest.mark.usefixtures("known")
def test_the_same_people_of_one_site_are_one_card(queue: Queue):
    organisation = factories.organisation("Northline")
    site = Site(organisation_id=organisation.id, name="Kwai Chung")
    db.session.add(site)
    db.session.commit()
    for _number in range(5):
        at_site = factories.person(site_id=site.id, organisation_id=organisation.id)
        report(ELEVEN - timedelta(minutes=20), None, customer=at_site, queue_=queue)
    assert spikes.watch_for_spikes() == 1
    assert [row.matter for row in _all(Spike)] == [Matter.SITE]


@pytest.mark.usefixtures("known")
def test_trouble_in_several_categories_below_one_is_trouble_of_the_one(queue: Queue):
    network = factories.category("Network")
    for name in ("VPN", "Wi-Fi"):
        many(factories.category(name, parent_id=network.id), 2, queue_=queue)
    # All of this is about one thing, and what stands above it says less.
    hardware = factories.category("Hardware")
    printers = factories.category("Printers", parent_id=hardware.id)
    many(printers, 4, queue_=queue)
    report(ELEVEN - timedelta(minutes=30), factories.category("Mice", parent_id=hardware.id))
    assert spikes.watch_for_spikes() == 2
    assert {row.subject_id for row in _all(Spike)} == {network.id, printers.id}


@given(
    parents=st.lists(st.integers(0, 5), min_size=1, max_size=6),
    counted=st.lists(st.tuples(st.integers(1, 6), st.integers(1, 9)), max_size=6),
)
def test_what_is_left_out_has_half_of_its_tickets_in_one_category_below(parents, counted):
    # A category stands under one with a smaller number, or under none.
    above = {
        number: (parent if 0 < parent < number else None)
        for number, parent in enumerate(parents, 1)
    }
    found = [
        spikes.Found((Matter.CATEGORY, key), LAST_HOUR, size, 0.1, 0.0, (None,) * size)
        for key, size in counted
        if key in above
    ]

    def is_below(low: int, high: int) -> bool:
        step = above[low]
        return step is not None and (step == high or is_below(step, high))

    left = [
        one
        for one in found
        if not any(
            is_below(other.key[1], one.key[1]) and len(other.tickets) >= len(one.tickets) / 2
            for other in found
        )
    ]
    assert spikes.without_what_is_below(found, above) == left


@pytest.mark.usefixtures("known")
def test_open_lists_hear_of_a_burst(desk: Desk, queue: Queue):
    def heard() -> list[str]:
        rows = db.session.scalars(select(LiveEvent).where(LiveEvent.topic == spikes.TOPIC))
        return [row.kind for row in rows]

    vpn = factories.category("VPN")
    many(vpn, queue_=queue)
    page = desk.get("/queue?flag=vip")
    assert 'data-live-refresh="/queue/spikes?flag=vip" hidden>' in page
    spikes.watch_for_spikes()
    assert heard() == [spikes.KIND]
    part = desk.get("/queue/spikes?flag=vip")
    assert "4 people about VPN" in text_of(part)
    assert 'name="in" value="flag=vip"' in part
    # Nothing has changed, so nobody has to look.
    spikes.watch_for_spikes()
    assert len(heard()) == 1
    (spike,) = _all(Spike)
    desk.post(f"/queue/spikes/{spike.id}/dismiss", {}, htmx=False)
    assert len(heard()) == 2
    assert "Many people have this" not in desk.get("/queue/spikes?flag=vip")


@pytest.mark.usefixtures("known")
def test_two_clicks_make_a_problem_and_lead_to_the_board(
    desk: Desk, queue: Queue, app: Flask, monkeypatch: pytest.MonkeyPatch
):
    vpn = factories.category("VPN")
    tickets = many(vpn, queue_=queue)
    assert "Many people have this" not in desk.get("/queue")
    spikes.watch_for_spikes()
    (spike,) = _all(Spike)
    page = desk.get("/queue?flag=vip")
    assert "Many people have this 4 people about VPN within an hour" in text_of(page)
    for ticket in tickets:
        assert f'href="/tickets/{ticket.id}"' in page

    answer = desk.post(f"/queue/spikes/{spike.id}/problem", {"in": "flag=vip"}, htmx=False)
    assert (answer.status_code, answer.location) == (303, "/queue?flag=vip")
    (problem,) = db.session.scalars(select(Ticket).where(Ticket.kind == Kind.PROBLEM))
    assert problem.subject == "Many people report: VPN"
    assert problem.queue_id == queue.id
    below = db.session.scalars(
        select(Link.to_id).where(Link.from_id == problem.id, Link.type == LinkType.PARENT)
    )
    assert set(below) == {ticket.id for ticket in tickets}

    monkeypatch.setattr(board, "ENDPOINT", "nowhere")
    page = desk.get("/queue")
    assert f"Problem {problem.id}" in page
    assert "Put it on the alert board" not in page
    # Any page stands for the form of the board, which takes the same words from its address.
    monkeypatch.setattr(board, "ENDPOINT", "tickets.home")
    page = unescape(desk.get("/queue"))
    numbers = ",".join(str(number) for number in [problem.id, *(one.id for one in tickets)])
    assert "headline=VPN&" in page
    assert f"tickets={numbers}" in page

    # What comes later can join.
    more = report(ELEVEN, vpn, queue_=queue)
    spikes.watch_for_spikes()
    assert "Link 1 more" in desk.get("/queue")
    desk.post(f"/queue/spikes/{spike.id}/problem", {}, htmx=False)
    assert "Link 1 more" not in desk.get("/queue")
    assert db.session.scalar(select(Link.from_id).where(Link.to_id == more.id)) == problem.id


@pytest.mark.usefixtures("known")
def test_what_was_dismissed_stays_away_while_the_burst_lasts(desk: Desk, queue: Queue):
    vpn = factories.category("VPN")
    many(vpn, queue_=queue)
    spikes.watch_for_spikes()
    (spike,) = _all(Spike)
    assert desk.post(f"/queue/spikes/{spike.id}/dismiss", {}, htmx=False).status_code == 303
    many(vpn, queue_=queue)
    spikes.watch_for_spikes()
    assert len(_all(Spike)) == 1
    assert "Many people have this" not in desk.get("/queue")
    # There is nothing left to click.
    assert desk.post(f"/queue/spikes/{spike.id}/dismiss", {}).status_code == 404
    assert desk.post(f"/queue/spikes/{spike.id}/problem", {}).status_code == 404


@pytest.mark.usefixtures("known")
def test_what_became_restricted_is_no_longer_on_a_card(desk: Desk, queue: Queue):
    secret = factories.queue("HR", restricted=True)
    tickets = many(factories.category("VPN"), 5, queue_=queue, subject="Payroll")
    spikes.watch_for_spikes()
    mover = factories.actor(queues=[queue, secret])
    services.hand_over(mover, tickets[0], Target(secret), reason="About pay")
    db.session.commit()
    card = desk.get("/queue").partition('class="spike"')[2].partition("</section>")[0]
    assert "4 people about VPN" in card
    assert f'href="/tickets/{tickets[1].id}"' in card
    assert f'href="/tickets/{tickets[0].id}"' not in card


@pytest.mark.usefixtures("known")
def test_two_cards_are_told_apart_by_name(desk: Desk, queue: Queue):
    for name in ("VPN", "Printing"):
        many(factories.category(name), queue_=queue, subject=name)
    spikes.watch_for_spikes()
    page = desk.get("/queue")
    for name in ("VPN", "Printing"):
        assert page.count(f'class="spike" aria-label="Many people have this: {name}"') == 1


@pytest.mark.usefixtures("known")
def test_cards_are_remembered_like_the_counts(
    desk: Desk, queue: Queue, app: Flask, monkeypatch: pytest.MonkeyPatch
):
    many(factories.category("VPN"), queue_=queue)
    spikes.watch_for_spikes()
    monkeypatch.setattr(counts.memory(), "seconds", 60)
    assert "Many people have this" in desk.get("/queue")
    with count_queries() as queries:
        assert "Many people have this" in desk.get("/queue")
    counts.memory().known.clear()
    assert not any("spike" in statement for statement in queries.statements)


@pytest.mark.usefixtures("known")
def test_a_turn_without_anything_unusual_is_a_handful_of_questions(queue: Queue):
    for _number in range(30):
        report(ELEVEN - HOUR, factories.category(), queue_=queue)
    spikes.watch_for_spikes()
    with count_queries() as queries:
        spikes.watch_for_spikes()
    assert queries.count <= 8, queries
    with transaction():
        assert arrivals.settle() == 0
