"""Merging never shows what is restricted to somebody who could not read it before."""

from dataclasses import dataclass

import pytest
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people.access import Actor
from helpdesk.people.models import Person
from helpdesk.tickets import search, services
from helpdesk.tickets.companions import CopyRecipient, Follower
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.models import Entry, Ticket, Worklist
from helpdesk.tickets.queries import people
from helpdesk.tickets.queries.access import NotFound, get_for
from helpdesk.tickets.services import Refused
from helpdesk.tickets.services.restrict import restrict_tickets_of
from tests import factories
from tests.tickets.workspace import Workspace, work

__all__ = ["work"]

pytestmark = pytest.mark.usefixtures("session")


@dataclass
class Story:
    """One customer with a ticket that all may read and one for Human resources alone."""

    hr: Queue
    network: Queue
    officer: Actor
    outsider: Actor
    customer: Person
    open: Ticket
    secret: Ticket


@pytest.fixture
def story(session: object) -> Story:
    hr = factories.queue("Human resources", restricted=True)
    network = factories.queue("Network", is_default=True)
    customer = factories.person("Ho Mei-Ling")
    return Story(
        hr,
        network,
        factories.actor(role="lead", queues=[hr]),
        factories.actor(role="lead", queues=[network]),
        customer,
        factories.ticket("VPN drops", customer=customer, queue_=network),
        factories.ticket("Zyzzyva salary", customer=customer, queue_=hr, body="Dismissal of Kwok"),
    )


def seen_by(actor: Actor, customer: Person) -> set[int]:
    """Return what somebody finds by the words of the secret, and in the customer's history."""
    found = {ticket.id for word in ("Zyzzyva", "Dismissal") for ticket in search.find(actor, word)}
    history, _more = people.person_history(actor, customer.id)
    return found | {ticket.id for ticket in history}


def test_a_restricted_ticket_does_not_go_into_one_that_others_read(story: Story):
    with pytest.raises(Refused, match="more people can read"):
        services.merge(story.officer, story.open, story.secret)
    assert story.secret.merged_into_id is None
    assert seen_by(story.outsider, story.customer) == {story.open.id}


def test_nor_into_one_that_is_restricted_to_others(story: Story):
    security = factories.queue("Security", restricted=True)
    theirs = factories.ticket("Badge", customer=story.customer, queue_=security)
    with pytest.raises(Refused):
        services.merge(story.officer, theirs, story.secret)
    with pytest.raises(Refused):
        services.merge(story.officer, story.secret, theirs)


def test_nor_into_one_that_somebody_from_outside_works_on(story: Story):
    helper = factories.technician("Marek Novak")
    second = factories.ticket("Contract", customer=story.customer, queue_=story.hr)
    services.add(story.officer, second, [services.Target(story.hr, helper)])
    with pytest.raises(Refused):
        services.merge(story.officer, second, story.secret)
    services.merge(story.officer, story.secret, second)
    assert second.merged_into_id == story.secret.id


def test_two_tickets_of_one_restricted_queue_become_one(story: Story):
    second = factories.ticket("Contract", customer=story.customer, queue_=story.hr)
    services.merge(story.officer, second, story.secret)
    assert second.restricted
    assert seen_by(story.outsider, story.customer) == {story.open.id}


def test_the_other_way_round_what_was_open_is_read_by_fewer(story: Story):
    follower, copied = factories.technician("Jonas Weber"), factories.person("Grace Lim")
    db.session.add(Follower(ticket_id=story.open.id, person_id=follower.id))
    db.session.add(CopyRecipient(ticket_id=story.open.id, person_id=copied.id))
    db.session.flush()
    services.merge(story.officer, story.secret, story.open)
    with pytest.raises(NotFound):
        get_for(story.outsider, story.secret.id)
    assert seen_by(story.outsider, story.customer) == set()
    lines = db.session.scalars(select(Worklist).where(Worklist.ticket_id == story.secret.id)).all()
    assert [line.restricted for line in lines] == [True]
    for model in (Follower, CopyRecipient):
        let_in = select(model.person_id).where(model.ticket_id == story.secret.id)
        assert db.session.scalars(let_in).all() == []


def test_the_page_says_why_and_names_no_subject(work: Workspace):
    hr = factories.queue("Human resources", of=work.queue.team, restricted=True)
    customer = factories.person("Ho Mei-Ling")
    elsewhere = factories.ticket("VPN", customer=customer, queue_=factories.queue("Network"))
    secret = factories.ticket("Zyzzyva salary", customer=customer, queue_=hr)
    refused = work.post(f"/tickets/{elsewhere.id}/merge", number=secret.id)
    assert refused.status_code == 422
    assert "more people can read" in refused.text
    done = work.post(f"/tickets/{elsewhere.id}/merge", number=secret.id, survivor="other")
    assert done.status_code == 200
    said = db.session.scalars(select(Entry).where(Entry.ticket_id == elsewhere.id)).all()
    shown = work.get(f"/tickets/{elsewhere.id}?stay=1").text
    assert len(said) == 2
    assert "Zyzzyva" not in shown


def test_a_message_split_off_stays_restricted(story: Story):
    ticket = factories.ticket("Laptop", customer=story.customer, queue_=story.network)
    services.add(story.outsider, ticket, [services.Target(story.hr)])
    assert ticket.restricted
    entry = db.session.scalars(select(Entry).where(Entry.ticket_id == ticket.id)).first()
    assert entry is not None
    fresh = services.split(story.officer, ticket, entry, subject="Zyzzyva laptop")
    assert fresh.restricted
    assert search.find(factories.actor(), "Zyzzyva") == []


def test_restricting_a_queue_hides_what_its_tickets_were_merged_into(story: Story):
    printers = factories.queue("Printers")
    ticket = factories.ticket("Payslips", customer=story.customer, queue_=printers)
    services.merge(story.officer, story.open, ticket)
    printers.restricted = True
    db.session.flush()
    restrict_tickets_of(printers)
    assert db.session.get_one(Ticket, story.open.id).restricted
