"""Notices: who is told what, who is not, and how they are seen."""

from dataclasses import replace
from datetime import timedelta

import pytest

from helpdesk.db import db
from helpdesk.lib import clock
from helpdesk.lib.clock import now
from helpdesk.notify import notices
from helpdesk.people.access import Actor
from helpdesk.people.models import Person
from helpdesk.people.services import own
from helpdesk.sla.clocks import Promise
from helpdesk.sla.events import PromiseInDanger, PromisesInDanger
from helpdesk.tickets import services
from helpdesk.tickets.companions import Follower
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.lifecycle import HoldReason
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services import presence
from helpdesk.tickets.services.inbound import Heard
from tests import factories
from tests.people.browser import post

pytestmark = pytest.mark.usefixtures("session")


@pytest.fixture
def queue() -> Queue:
    return factories.queue("Network & VPN")


@pytest.fixture
def priya(queue: Queue) -> Actor:
    return factories.actor(factories.technician("Priya Nair", queues=[queue]))


@pytest.fixture
def karen(queue: Queue) -> Actor:
    return factories.actor(factories.technician("Karen Chan", queues=[queue]))


def person(actor: Actor) -> Person:
    return db.session.get_one(Person, actor.person_id)


def follow(actor: Actor, ticket: Ticket) -> None:
    db.session.add(Follower(ticket_id=ticket.id, person_id=actor.person_id))
    db.session.flush()


def told(actor: Actor) -> list[tuple[str, int]]:
    db.session.flush()
    return [(row.kind, row.ticket_id or 0) for row in reversed(notices.newest(actor))]


def naming(actor: Actor) -> services.Said:
    return services.Said(body=f"@[{actor.name}](person:{actor.person_id}) look")


def hear(ticket: Ticket) -> None:
    services.hear(ticket, Heard(author=ticket.customer, body="Any news?"), reopen_days=5)


def test_who_is_given_work_is_told_and_who_takes_it_is_not(
    queue: Queue, priya: Actor, karen: Actor
):
    ticket = factories.ticket(queue_=queue, by=karen)
    services.hand_over(karen, ticket, services.Target(queue, person(priya)))
    assert told(priya) == [("assigned", ticket.id)]
    assert told(karen) == []
    other = factories.ticket(queue_=queue, by=karen)
    services.take(priya, other)
    assert told(priya) == [("assigned", ticket.id)]
    third = factories.ticket(queue_=queue, by=karen, technician=person(priya))
    assert told(priya)[1:] == [("assigned", third.id)]


def test_owner_and_followers_hear_of_an_answer(queue: Queue, priya: Actor, karen: Actor):
    ticket = factories.ticket(queue_=queue)
    services.take(priya, ticket)
    follow(karen, ticket)
    hear(ticket)
    assert told(priya) == told(karen) == [("answered", ticket.id)]


def test_followers_hear_what_becomes_of_a_ticket(queue: Queue, priya: Actor, karen: Actor):
    ticket = factories.ticket(queue_=queue)
    follow(priya, ticket)
    follow(karen, ticket)
    services.hold(karen, ticket, HoldReason.CUSTOMER)
    services.note(karen, ticket, services.Said(body="Just a note"))
    assert told(priya) == [("watched", ticket.id)]
    assert told(karen) == []


def test_who_is_mentioned_is_told_once(queue: Queue, priya: Actor, karen: Actor):
    ticket = factories.ticket(queue_=queue)
    services.note(karen, ticket, naming(priya))
    assert told(priya) == [("mentioned", ticket.id)]


def test_an_escalation_reaches_those_it_names(queue: Queue, priya: Actor, karen: Actor):
    ticket = factories.ticket(queue_=queue)
    people = (priya.person_id or 0,)
    found = PromiseInDanger(ticket.id, Promise.FIX, now(), missed=True, people=people)
    notices.on_promises_in_danger(PromisesInDanger((found,)))
    assert (told(priya), told(karen)) == ([("danger", ticket.id)], [])


def test_each_kind_can_be_switched_off(queue: Queue, priya: Actor, karen: Actor):
    account = factories.account(person(priya), "technician")
    actor = replace(priya, account_id=account.id)
    own.set_unwanted_notices(actor, [notices.Kind.ANSWERED])
    ticket = factories.ticket(queue_=queue)
    services.take(priya, ticket)
    hear(ticket)
    services.note(karen, ticket, naming(priya))
    assert told(priya) == [("mentioned", ticket.id)]


def test_a_ticket_one_may_no_longer_see_is_not_told_of(queue: Queue, karen: Actor):
    elsewhere = factories.actor()
    ticket = factories.ticket(queue_=queue)
    follow(elsewhere, ticket)
    hear(ticket)
    assert notices.unseen(elsewhere) == 1
    secret = factories.queue("HR", restricted=True)
    services.hand_over(karen, ticket, services.Target(secret), reason="Personal")
    db.session.flush()
    assert (notices.unseen(elsewhere), told(elsewhere)) == (0, [])


def test_looking_at_the_ticket_or_saying_so_is_seeing(queue: Queue, priya: Actor):
    first, second = factories.ticket(queue_=queue), factories.ticket(queue_=queue)
    for ticket in (first, second):
        follow(priya, ticket)
        hear(ticket)
    assert notices.unseen(priya) == 2
    presence.look(priya, first, writing=False)
    assert notices.unseen(priya) == 1
    notices.mark_seen(priya)
    assert notices.unseen(priya) == 0
    assert len(told(priya)) == 2


def test_old_notices_are_forgotten(queue: Queue, priya: Actor):
    ticket = factories.ticket(queue_=queue)
    follow(priya, ticket)
    hear(ticket)
    db.session.commit()
    assert notices.forget_notices.run() == 0
    with clock.at(now() + timedelta(days=61)):
        assert notices.forget_notices.run() == 1
    assert told(priya) == []


def test_the_bell_counts_and_the_page_says_what_happened(client, queue: Queue, priya: Actor):
    account = factories.account(person(priya), "technician")
    factories.sign_in(client, account)
    empty = client.get("/notices").get_data(as_text=True)
    assert "Nothing to tell" in empty
    ticket = factories.ticket("VPN drops", queue_=queue)
    follow(priya, ticket)
    hear(ticket)
    db.session.commit()
    page = client.get("/notices").get_data(as_text=True)
    assert "VPN drops" in page
    assert "1 not seen" in page
    assert post(client, "/notices/seen", "/notices").status_code == 303
    assert "not seen" not in client.get("/notices/bell").get_data(as_text=True)
    post(client, "/notices/switches", "/notices", kind=["assigned"])
    hear(ticket)
    db.session.commit()
    assert "not seen" not in client.get("/notices/bell").get_data(as_text=True)
