"""Tell me when it is fixed: who is told, how, and that it happens once."""

from collections.abc import Sequence

import pytest
from sqlalchemy import select

from helpdesk.board import fixing, linking, queries
from helpdesk.board.models import AlertListener
from helpdesk.db import db
from helpdesk.notify import notices
from helpdesk.notify.models import OutboxMessage
from helpdesk.people.access import Actor
from helpdesk.people.services import merge
from helpdesk.tickets import services
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.lifecycle import BinReason, LinkType
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.queries.page import links_of
from helpdesk.tickets.services.errors import Refused
from tests import factories
from tests.board.makers import alert

pytestmark = pytest.mark.usefixtures("session")

FIXED = "It works again, please reconnect."


@pytest.fixture
def queue() -> Queue:
    return factories.queue("Network & VPN")


@pytest.fixture
def priya(queue: Queue) -> Actor:
    return factories.actor(factories.technician("Priya Nair", queues=[queue]))


@pytest.fixture
def manager() -> Actor:
    """Somebody who writes on the board and otherwise only reads."""
    return factories.actor(role="manager")


def told_on(ticket: Ticket) -> list[tuple[str, bool]]:
    rows = db.session.scalars(select(Entry).where(Entry.ticket_id == ticket.id).order_by(Entry.id))
    return [(row.body, row.public) for row in rows if row.verb == "broadcast"]


def mails() -> Sequence[tuple[list[str], int | None]]:
    rows = db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id))
    return [(row.recipients, row.ticket_id) for row in rows]


def test_customers_are_told_on_their_own_ticket_which_stays_as_it_is(
    priya: Actor, manager: Actor, queue: Queue
):
    row = alert()
    tickets = [factories.ticket(queue_=queue) for _ in range(2)]
    status = tickets[0].status_id
    for ticket in tickets:
        linking.link(priya, row, ticket)
    problem = factories.ticket(queue_=queue, kind="problem")
    linking.link(priya, row, problem)
    told = fixing.fix(manager, row, FIXED, expected=2)
    assert [one.person for one in told] == [ticket.customer for ticket in tickets]
    assert [told_on(ticket) for ticket in tickets] == [[(FIXED, True)]] * 2
    assert told_on(problem) == []
    assert [ticket_id for _to, ticket_id in mails()] == [ticket.id for ticket in tickets]
    assert (tickets[0].status_id, tickets[0].owner_id) == (status, None)
    with pytest.raises(Refused):
        fixing.fix(manager, row, FIXED, expected=2)
    assert len(mails()) == 2


def test_what_breaks_in_the_middle_tells_nobody_and_the_next_try_everybody_once(
    priya: Actor, manager: Actor, queue: Queue, monkeypatch: pytest.MonkeyPatch
):
    row = alert()
    ticket = factories.ticket(queue_=queue)
    linking.link(priya, row, ticket)
    linking.tell_me(priya, row, True)
    db.session.commit()
    with monkeypatch.context() as broken:
        broken.setattr(notices, "tell", lambda *_told: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            fixing.fix(manager, row, FIXED, expected=2)
        db.session.rollback()
    assert (row.fixed_at, mails(), told_on(ticket)) == (None, [], [])
    fixing.fix(manager, row, FIXED, expected=2)
    db.session.commit()
    assert (len(mails()), len(told_on(ticket)), len(notices.newest(priya))) == (1, 1, 1)


def test_who_has_two_tickets_about_it_is_told_once(priya: Actor, manager: Actor, queue: Queue):
    row, customer = alert(), factories.person()
    for _ in range(2):
        linking.link(priya, row, factories.ticket(queue_=queue, customer=customer))
    assert len(fixing.fix(manager, row, FIXED, expected=1)) == 1
    assert len(mails()) == 1


def test_staff_are_told_by_a_notice_or_by_mail_when_there_is_nothing_to_hang_it_on(
    priya: Actor, manager: Actor, queue: Queue
):
    row, bare = alert(), alert("Lift is out of order")
    ticket = factories.ticket(queue_=queue)
    linking.link(priya, row, ticket)
    for one in (row, bare):
        linking.tell_me(priya, one, True)
        assert not linking.tell_me(priya, one, True)
    fixing.fix(manager, row, FIXED, expected=2)
    assert [(one.kind, one.ticket_id) for one in notices.newest(priya)] == [
        ("trouble-fixed", ticket.id)
    ]
    before = len(mails())
    fixing.fix(manager, bare, FIXED, expected=1)
    assert [ticket_id for _to, ticket_id in mails()[before:]] == [None]
    assert db.session.scalars(select(OutboxMessage.text)).all()[-1]
    assert len(notices.newest(priya)) == 1


def test_nobody_is_told_when_more_wait_than_were_seen(priya: Actor, manager: Actor, queue: Queue):
    row = alert()
    linking.link(priya, row, factories.ticket(queue_=queue))
    with pytest.raises(Refused) as refused:
        fixing.fix(manager, row, FIXED, expected=0)
    assert refused.value.code == "fix-unconfirmed"
    assert (row.fixed_at, mails()) == (None, [])


def test_one_is_told_through_the_ticket_it_was_merged_into_and_by_mail_instead_of_from_the_bin(
    manager: Actor, queue: Queue
):
    lead, row, customer = factories.actor(role="lead", queues=[queue]), alert(), factories.person()
    merged, survivor = (factories.ticket(queue_=queue, customer=customer) for _ in range(2))
    binned = factories.ticket(queue_=queue)
    linking.link(lead, row, merged)
    linking.link(lead, row, binned)
    services.merge(lead, survivor, merged)
    services.bin_ticket(lead, binned, BinReason.SPAM)
    assert queries.of_ticket(lead, survivor) == [row]
    fixing.fix(manager, row, FIXED, expected=2)
    assert told_on(survivor) == [(FIXED, True)]
    assert told_on(binned) == []
    assert [ticket_id for _to, ticket_id in mails()] == [survivor.id, None]


def test_who_waits_through_a_restricted_ticket_is_told_and_not_shown(manager: Actor):
    secret = factories.queue("HR", restricted=True)
    insider, row = factories.actor(queues=[secret]), alert()
    ticket = factories.ticket(queue_=secret, by=insider)
    linking.link(insider, row, ticket)
    db.session.flush()
    assert fixing.known_to(manager, fixing.waiting_for(row)) == []
    fixing.fix(manager, row, FIXED, expected=0)
    assert told_on(ticket) == [(FIXED, True)]


def test_the_same_trouble_goes_below_the_major_incident_and_to_its_problem(
    priya: Actor, queue: Queue
):
    row = alert()
    major, problem, call, child = (
        factories.ticket(name, queue_=queue, kind=kind)
        for name, kind in (
            ("Gateway down", "incident"),
            ("Rekey timeout", "problem"),
            ("VPN drops", "incident"),
            ("Belongs elsewhere", "incident"),
        )
    )
    services.set_major(priya, major, True)
    for ticket in (major, problem):
        linking.link(priya, row, ticket)
    services.link(priya, factories.ticket(queue_=queue), child, LinkType.PARENT)
    for ticket in (call, child):
        linking.same_trouble(priya, row, ticket)
    db.session.flush()
    links = links_of(priya, call)
    assert [one.id for one in links.parents] == [major.id]
    assert [one.id for one in links.causes] == [problem.id]
    assert [one.id for one in links_of(priya, child).parents] != [major.id]
    assert queries.of_ticket(priya, child) == [row]
    linking.unlink(priya, row, call)
    assert queries.of_ticket(priya, call) == []
    assert call.customer_id not in {one.person.id for one in fixing.waiting_for(row)}


def test_who_waits_follows_a_record_that_becomes_part_of_another(priya: Actor, queue: Queue):
    row, lead = alert(), factories.actor(role="lead")
    ticket = factories.ticket(queue_=queue)
    linking.link(priya, row, ticket)
    db.session.flush()
    survivor = factories.person()
    merge.merge(lead, survivor, ticket.customer)
    assert db.session.scalars(select(AlertListener.person_id)).all() == [survivor.id]
