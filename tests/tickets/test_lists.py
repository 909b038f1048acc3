"""Lists show what they should, all of it, once, and to nobody else."""

import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session, scoped_session

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor, Denied
from helpdesk.people.models import Channel, Person, Site
from helpdesk.sla.policy import Conditions
from helpdesk.tickets import services
from helpdesk.tickets.desk import Category, Queue, Tag
from helpdesk.tickets.lifecycle import BinReason, HoldReason, Kind, Outcome, StatusClass
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries import lists
from helpdesk.tickets.queries.filters import (
    EVERYTHING,
    Due,
    Filter,
    Flag,
    My,
    Owner,
    Period,
    Sort,
)
from helpdesk.tickets.services import Clash, Refused, Said, Target
from tests import factories
from tests.sla.desk import office, promised
from tests.tickets.lists import UTC_ZONE, expected, numbers
from tests.tickets.test_filters import some

pytestmark = pytest.mark.usefixtures("session")
DB = scoped_session[Session]

WORDS = ("printer", "vpn", "password", "屏幕", "scanner")


@dataclass
class Floor:
    """A desk where a good deal has happened."""

    queues: list[Queue] = field(default_factory=list)
    actors: list[Actor] = field(default_factory=list)
    customers: list[Person] = field(default_factory=list)
    categories: list[Category] = field(default_factory=list)

    def some_keys(self, name: str) -> st.SearchStrategy[tuple[int, ...]]:
        """Draw keys of the floor's records, and now and then one that is nobody's."""
        known: dict[str, Any] = {
            "queue": [row.id for row in self.queues],
            "person": [row.id for row in self.customers],
            "category": [row.id for row in self.categories],
            "site": list(db.session.scalars(select(Site.id))),
            "organisation": [self.customers[0].organisation_id],
            "tag": list(db.session.scalars(select(Tag.id))),
        }
        keys = st.sets(st.sampled_from([*known[name], 999_999]), max_size=2)
        return st.just(()) | keys.map(lambda found: tuple(sorted(found)))


def make_floor() -> Floor:
    floor = Floor()
    floor.queues = [factories.queue() for _number in range(3)]
    floor.queues.append(factories.queue("Staff matters", restricted=True))
    first, second, third, secret = floor.queues
    floor.actors = [
        factories.actor(role="lead", queues=[first, second]),
        factories.actor(role="lead", queues=[third]),
        factories.actor(role="lead", queues=[secret]),
    ]
    organisation = factories.organisation()
    site = Site(organisation_id=organisation.id, name="Harbour office")
    db.session.add(site)
    db.session.commit()
    floor.customers = [
        factories.person(organisation_id=organisation.id, site_id=site.id, vip=True),
        factories.person(),
        factories.person(),
    ]
    root = factories.category("Net_work%")
    branch = Category(name="VPN", path="Net_work% › VPN", parent_id=root.id)
    db.session.add(branch)
    db.session.commit()
    floor.categories = [root, branch, factories.category("Net_work% 2")]
    return floor


def log_some(floor: Floor, rng: random.Random, count: int) -> list[Ticket]:
    tickets = []
    for _number in range(count):
        customer, other = rng.sample(floor.customers, 2)
        new = services.NewTicket(
            customer=customer,
            requester=other if rng.random() < 0.2 else None,
            subject=f"{rng.choice(WORDS)} trouble",
            body="Please help.",
            channel=rng.choice(["email", "phone", "portal"]),
            kind=rng.choice(list(Kind)),
            queue=rng.choice(floor.queues),
            category=rng.choice([None, *floor.categories]),
            impact=rng.randint(1, 3),
            urgency=rng.randint(1, 3),
            tags=rng.sample(["red", "blue", "green"], rng.randint(0, 2)),
        )
        tickets.append(services.log(rng.choice(floor.actors), new))
    return tickets


def live_through(floor: Floor, rng: random.Random, ticket: Ticket) -> None:
    """Let one thing happen to a ticket; what the rules refuse does not happen."""
    actor = rng.choice(floor.actors)
    cause = factories.cause()
    colleague = db.session.get_one(Person, rng.choice(floor.actors).person_id)
    queue = rng.choice(floor.queues)
    acts = [
        lambda: services.take(actor, ticket),
        lambda: services.acknowledge(actor, ticket),
        lambda: services.add(actor, ticket, [Target(queue), Target(rng.choice(floor.queues))]),
        lambda: services.hand_over(actor, ticket, Target(queue, colleague), reason="Theirs"),
        lambda: services.reply(actor, ticket, Said("On my way.")),
        lambda: services.note(actor, ticket, Said(f"@[C]({'person:'}{colleague.id}) look")),
        lambda: services.hold(actor, ticket, rng.choice([HoldReason.CUSTOMER, HoldReason.OTHER])),
        lambda: services.wake(actor, ticket),
        lambda: services.resolve(
            actor, ticket, outcome=Outcome.SOLVED, solution="Done.", cause=cause, force=True
        ),
        lambda: services.reopen(actor, ticket),
        lambda: services.hear(ticket, services.Heard(ticket.customer, "Hello?"), reopen_days=5),
        lambda: services.hear(ticket, services.Heard(ticket.customer, "Thanks!"), reopen_days=5),
        lambda: services.set_major(actor, ticket, True),
        lambda: services.bin_ticket(actor, ticket, BinReason.SPAM) if rng.random() < 0.2 else None,
        lambda: services.merge(actor, ticket, rng.choice(db.session.scalars(select(Ticket)).all())),
    ]
    try:
        with db.session.begin_nested():
            rng.choice(acts)()
    except (Refused, Clash):
        db.session.expire_all()


def busy_floor(seed: int, count: int = 60) -> Floor:
    """A desk on which much happened within ten days."""
    rng = random.Random(seed)
    floor = make_floor()
    # Incidents and requests are promised something, the others nothing.
    calendar = office()
    for kind, hours in (("incident", {"first_reply": 8, "fix": 60}), ("request", {"fix": 30})):
        asked = Conditions(kinds=frozenset({kind}))
        promised(kind, calendar=calendar, conditions=asked, **hours)
    moment = now() - timedelta(days=10)
    with time_machine.travel(moment, tick=False) as clock:
        tickets = log_some(floor, rng, count)
        for _step in range(count * 5):
            clock.shift(timedelta(minutes=rng.randint(1, 80)))
            live_through(floor, rng, rng.choice(tickets))
    db.session.commit()
    return floor


def filters_for(floor: Floor) -> st.SearchStrategy[Filter]:
    owners = st.sets(
        st.sampled_from([Owner.ME, Owner.NONE, *(actor.person_id for actor in floor.actors)]),
        max_size=2,
    ).map(tuple)
    rarely = st.integers(0, 3)

    def maybe(strategy, empty):
        return rarely.flatmap(lambda dice: strategy if dice == 0 else st.just(empty))

    periods = st.builds(Period, days=st.integers(1, 8), longer_ago=st.booleans())
    return st.builds(
        Filter,
        my=maybe(st.sampled_from(My), None),
        queues=floor.some_keys("queue"),
        classes=maybe(some(StatusClass), ()),
        priorities=maybe(st.sets(st.integers(1, 4)).map(tuple), ()),
        owners=maybe(owners, ()),
        customers=maybe(floor.some_keys("person"), ()),
        organisations=maybe(floor.some_keys("organisation"), ()),
        sites=maybe(floor.some_keys("site"), ()),
        categories=maybe(floor.some_keys("category"), ()),
        tags=maybe(floor.some_keys("tag"), ()),
        kinds=maybe(some(Kind), ()),
        channels=maybe(some(Channel), ()),
        flags=maybe(st.sampled_from(Flag).map(lambda flag: (flag,)), ()),
        holds=maybe(some(HoldReason), ()),
        dues=maybe(some(Due), ()),
        opened=maybe(periods, None),
        updated=maybe(periods, None),
        words=maybe(st.sampled_from(WORDS), ""),
        sort=st.sampled_from(Sort),
    )


@pytest.mark.slow
def test_lists_agree_with_looking_at_every_ticket():
    floor = busy_floor(seed=7)
    moment = now()

    @settings(max_examples=150, deadline=None)
    @given(filters_for(floor), st.sampled_from(floor.actors), st.integers(1, 60))
    def agree(wanted: Filter, actor: Actor, limit: int):
        with time_machine.travel(moment, tick=False):
            found = numbers(actor, wanted, limit=limit)
            assert found == expected(actor, wanted)
            counted = lists.counts(actor, wanted, zone=UTC_ZONE)
            if counted is not None:
                assert counted.total == len(found)

    agree()


@pytest.mark.slow
@pytest.mark.parametrize("sort", list(Sort))
def test_paging_shows_what_stays_in_place_exactly_once_while_others_change(sort: Sort):
    floor = busy_floor(seed=11)
    rng = random.Random(3)
    actor = floor.actors[0]
    wanted = Filter(sort=sort)
    before = expected(actor, wanted)
    untouched = set(before)
    found: list[int] = []
    after = None
    while True:
        page = lists.page(actor, wanted, zone=UTC_ZONE, after=after, limit=4)
        found += [row.number for row in page.rows]
        if page.more is None:
            break
        after = page.more
        for number in rng.sample(before, 3):
            live_through(floor, rng, db.session.get_one(Ticket, number))
            untouched.discard(number)
            merged = db.session.scalars(select(Ticket.id).where(Ticket.merged_into_id.is_not(None)))
            untouched.difference_update(merged)
        log_some(floor, rng, 1)
    assert [number for number in found if number in untouched] == [
        number for number in before if number in untouched
    ]
    assert len(untouched) > 5


def test_a_ticket_in_several_queues_shows_once_in_all_and_once_in_each():
    one, two = factories.queue(), factories.queue()
    actor = factories.actor()
    ticket = factories.ticket(queue_=one)
    services.add(actor, ticket, [Target(two)])
    assert numbers(actor, EVERYTHING) == [ticket.id]
    assert numbers(actor, Filter(queues=(one.id, two.id))) == [ticket.id]
    assert numbers(actor, Filter(queues=(one.id,))) == [ticket.id]
    assert numbers(actor, Filter(queues=(two.id,))) == [ticket.id]


def test_the_longest_waiting_come_first_within_a_priority_and_what_waits_on_purpose_last():
    actor = factories.actor()
    with time_machine.travel(now() - timedelta(hours=5)):
        held = factories.ticket(impact=1, urgency=1)
        services.hold(actor, held, HoldReason.SUPPLIER)
        low = factories.ticket(impact=3, urgency=3)
    with time_machine.travel(now() - timedelta(hours=2)):
        older = factories.ticket(impact=1, urgency=1)
    newer = factories.ticket(impact=1, urgency=1)
    assert numbers(actor, EVERYTHING) == [older.id, newer.id, low.id, held.id]
    counted = lists.counts(actor, EVERYTHING, zone=UTC_ZONE)
    assert counted is not None
    assert counted.by_group == {1: 2, 4: 1, 9: 1}


def test_words_are_found_in_what_was_said_and_a_number_finds_its_ticket():
    actor = factories.actor()
    ticket = factories.ticket("Nothing prints", body="The 打印机 beeps.")
    other = factories.ticket("Screen is dark")
    assert numbers(actor, Filter(words="打印")) == [ticket.id]
    assert numbers(actor, Filter(words="beep")) == [ticket.id]
    assert numbers(actor, Filter(words=f"#{other.id}")) == [other.id]
    assert numbers(actor, Filter(words="nowhere")) == []


def test_nobody_outside_the_team_sees_a_restricted_ticket_in_any_list(session: DB):
    secret = factories.queue(restricted=True)
    ordinary = factories.queue()
    ticket = factories.ticket("Salary of the director", queue_=secret, body="Confidential")
    member, outsider = factories.actor(queues=[secret]), factories.actor(queues=[ordinary])
    # It also stands in an ordinary queue, where its team sees it and nobody else does.
    third = factories.queue()
    services.add(member, ticket, [Target(third)])
    session.commit()
    everywhere = [
        EVERYTHING,
        Filter(queues=(secret.id,)),
        Filter(queues=(third.id,)),
        Filter(words="salary"),
        Filter(words=str(ticket.id)),
        Filter(classes=tuple(StatusClass)),
        Filter(customers=(ticket.customer_id,)),
    ]
    for wanted in everywhere:
        assert numbers(outsider, wanted) == []
        assert numbers(member, wanted) == [ticket.id]
    for wanted in everywhere[:3]:
        counted = lists.counts(outsider, wanted, zone=UTC_ZONE)
        assert counted is not None
        assert counted.total == 0
    assert numbers(factories.actor(queues=[third]), EVERYTHING) == [ticket.id]


def test_a_customer_has_no_lists():
    ticket = factories.ticket()
    with pytest.raises(Denied):
        numbers(factories.actor(ticket.customer, role="customer"), EVERYTHING)


def test_a_count_stops_at_its_limit(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lists, "COUNTED", 3)
    actor = factories.actor()
    for _number in range(3):
        factories.ticket(impact=1, urgency=1)
    factories.ticket(impact=3, urgency=3)
    counted = lists.counts(actor, EVERYTHING, zone=UTC_ZONE)
    assert counted is not None
    assert (counted.total, counted.capped) == (3, True)


def test_a_cursor_that_is_none_begins_the_list_anew():
    for text in ["", "x", "1~2", "1~-2~3", "a~1~1", "1~1~1~1", "~~", "1~99999999999999999~1"]:
        assert lists.read_cursor(text) is None


def test_a_customer_who_was_answered_waits_anew_from_their_next_message():
    actor = factories.actor()
    with time_machine.travel(now() - timedelta(days=2)):
        ticket = factories.ticket()
        services.reply(actor, ticket, Said("Please try again."))
    with time_machine.travel(now() - timedelta(hours=1)):
        services.hear(ticket, services.Heard(ticket.customer, "It fails"), reopen_days=5)
    services.hear(ticket, services.Heard(ticket.customer, "Still fails"), reopen_days=5)
    assert timedelta(minutes=59) < now() - ticket.waiting_since < timedelta(minutes=61)
