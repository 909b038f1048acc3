"""The numbers beside the lists are those of the lists."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy.orm import Session, scoped_session

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.models import Person
from helpdesk.tickets import services
from helpdesk.tickets.companions import Presence
from helpdesk.tickets.lifecycle import Outcome
from helpdesk.tickets.queries import counts, work
from helpdesk.tickets.queries.counts import Memory
from helpdesk.tickets.queries.filters import EVERYTHING, Filter, Flag, My, Owner
from helpdesk.tickets.services import Said, Target
from tests import factories
from tests.support.queries import count_queries
from tests.tickets.lists import UTC_ZONE, expected
from tests.tickets.test_lists import busy_floor

pytestmark = pytest.mark.usefixtures("session")
DB = scoped_session[Session]


@pytest.mark.slow
def test_every_number_of_the_side_navigation_is_the_length_of_its_list():
    floor = busy_floor(seed=5, count=40)
    for actor in floor.actors:
        for line in counts.queues(actor):
            listed = Filter(queues=(line.id,))
            assert line.total == len(expected(actor, listed))
            flag = Filter(queues=(line.id,), flags=(Flag.UNACKNOWLEDGED,))
            assert line.unacknowledged == len(expected(actor, flag))
            unowned = Filter(queues=(line.id,), owners=(Owner.NONE,))
            assert line.unowned == len(expected(actor, unowned))
        mine = counts.my_work(actor)
        for my in My:
            assert getattr(mine, my.value) == len(expected(actor, Filter(my=my))), my
        wanted = {
            1: EVERYTHING,
            2: Filter(owners=(Owner.NONE,)),
            3: Filter(flags=(Flag.REPLIED, Flag.VIP)),
            4: Filter(queues=tuple(queue.id for queue in floor.queues[:2]), owners=(Owner.ME,)),
            5: Filter(words="vpn"),
        }
        numbers = counts.matching(actor, wanted, zone=UTC_ZONE)
        assert numbers == {key: len(expected(actor, wanted[key])) for key in (1, 2, 3, 4)}


def test_one_query_for_each_kind_of_number_and_one_for_whether_there_are_secrets():
    actor = factories.actor(queues=[factories.queue(), factories.queue()])
    factories.ticket()
    wanted = {number: Filter(priorities=(number,)) for number in (1, 2, 3, 4)}
    for count, asked in (
        (lambda: counts.queues(actor), 2),
        (lambda: counts.my_work(actor), 1),
        (lambda: counts.matching(actor, wanted, zone=UTC_ZONE), 2),
    ):
        with count_queries() as queries:
            count()
        assert queries.count == asked, queries


def test_what_is_open_to_all_is_counted_once_for_everybody(monkeypatch: pytest.MonkeyPatch):
    queue = factories.queue()
    actors = [factories.actor(queues=[queue]) for _ in range(5)]
    factories.ticket(queue_=queue)
    wanted = {1: EVERYTHING, 2: Filter(owners=(Owner.NONE,))}
    monkeypatch.setattr(counts.memory(), "seconds", 60)
    with count_queries() as queries:
        for actor in actors:
            assert counts.queues(actor)[0].total == 1
            assert counts.matching(actor, wanted, zone=UTC_ZONE) == {1: 1, 2: 1}
    # Each of them asks only whether restricted tickets concern them.
    assert queries.count == 2 + len(actors)
    counts.memory().known.clear()


def test_restricted_queues_are_counted_for_their_team_alone():
    secret = factories.queue(restricted=True)
    ordinary = factories.queue()
    member, outsider = factories.actor(queues=[secret]), factories.actor(queues=[ordinary])
    ticket = factories.ticket(queue_=secret)
    services.add(member, ticket, [Target(ordinary)])
    services.note(member, ticket, Said(f"@[Outsider](person:{outsider.person_id}) look"))
    stranger = factories.actor(queues=[factories.queue()])
    assert [line.id for line in counts.queues(stranger) if line.total] == []
    assert secret.id not in [line.id for line in counts.queues(stranger)]
    assert {line.id: line.total for line in counts.queues(member)}[secret.id] == 1
    assert counts.matching(stranger, {1: EVERYTHING}, zone=UTC_ZONE) == {1: 0}
    # Being named in a note opens no door; being handed a part of the work does.
    assert counts.my_work(outsider).mentioned == 1
    named = factories.actor(queues=[factories.queue()])
    services.note(member, ticket, Said(f"@[Named](person:{named.person_id}) look"))
    assert counts.my_work(named).mentioned == 0
    assert counts.my_work(named).following == 0


def test_numbers_are_remembered_for_a_moment_and_forgotten_by_ones_own_act():
    asked = []
    memory = Memory(seconds=60)

    def count() -> int:
        asked.append(1)
        return len(asked)

    assert memory.recall(7, "queues", count) == 1
    assert memory.recall(7, "queues", count) == 1
    assert memory.recall(8, "queues", count) == 2
    memory.forget(7)
    assert memory.recall(7, "queues", count) == 3
    # Until everything from before the act is old, nothing is believed.
    assert memory.recall(7, "queues", count) == 4
    assert memory.recall(8, "queues", count) == 2


def test_an_act_makes_its_actor_read_afresh(monkeypatch: pytest.MonkeyPatch):
    queue = factories.queue()
    actor, other = factories.actor(queues=[queue]), factories.actor(queues=[queue])
    monkeypatch.setattr(counts.memory(), "seconds", 60)
    assert counts.queues(actor)[0].total == 0
    assert counts.queues(other)[0].total == 0
    factories.ticket(queue_=queue, by=actor)
    assert counts.queues(other)[0].total == 0
    assert counts.queues(actor)[0].total == 1
    # Who looks after them sees it too: the number is everybody's.
    assert counts.queues(other)[0].total == 1
    counts.memory().known.clear()
    counts.memory().acted.clear()


def test_colleagues_at_work_are_those_with_a_ticket_of_the_list_open():
    one, two = factories.queue(), factories.queue()
    reader = factories.actor(queues=[one])
    here, there, gone = (factories.technician(name) for name in ("Ana", "Ben", "Cyd"))
    first, second = factories.ticket(queue_=one), factories.ticket(queue_=two)
    seen: list[tuple[Person, int, timedelta]] = [
        (here, first.id, timedelta(seconds=5)),
        (there, second.id, timedelta(seconds=5)),
        (gone, first.id, timedelta(minutes=5)),
    ]
    for person, number, ago in seen:
        db.session.add(Presence(person_id=person.id, ticket_id=number, seen_at=now() - ago))
    db.session.commit()
    assert [row.name for row in work.at_work(reader, (one.id,))] == ["Ana"]
    assert [row.name for row in work.at_work(reader, ())] == ["Ana", "Ben"]


def test_what_was_resolved_today_is_counted_where_the_reader_is():
    actor = factories.actor()
    cause = factories.cause()
    for days in (0, 1):
        with time_machine.travel(now() - timedelta(days=days)):
            ticket = factories.ticket()
            services.resolve(actor, ticket, outcome=Outcome.SOLVED, solution="Done", cause=cause)
    assert work.resolved_today(actor, zone=UTC_ZONE) == 1
    assert work.resolved_today(factories.actor(), zone=UTC_ZONE) == 0
