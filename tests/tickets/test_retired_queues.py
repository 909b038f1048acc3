"""Work that comes back to a queue which is no longer in use lands where somebody sees it."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, scoped_session

from helpdesk.db import db
from helpdesk.setup.services import queues
from helpdesk.tickets import services
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.lifecycle import BinReason, HoldReason, Outcome
from helpdesk.tickets.models import Entry, Ticket, Worklist
from helpdesk.tickets.services import Refused, Target
from tests import factories
from tests.tickets.desk import text_of
from tests.tickets.workspace import Workspace, lead

__all__ = ["lead"]

pytestmark = pytest.mark.usefixtures("session")
DB = scoped_session[Session]


@pytest.fixture
def front_desk(session: DB) -> Queue:
    """Where new tickets land."""
    return factories.queue("Front desk", is_default=True)


def resolved(queue: Queue, **fields: Any) -> Ticket:
    ticket = factories.ticket(queue_=queue, **fields)
    worker = factories.actor(queues=[queue])
    services.take(worker, ticket)
    services.resolve(worker, ticket, outcome=Outcome.WITHDRAWN, solution="Not needed")
    db.session.commit()
    return ticket


def retire(queue: Queue) -> None:
    queues.retire(factories.actor(role="administrator"), queue)
    db.session.commit()


def waits_in(ticket: Ticket) -> set[int]:
    return set(db.session.scalars(select(Worklist.queue_id).where(Worklist.ticket_id == ticket.id)))


def newest(ticket: Ticket) -> Entry:
    return db.session.scalars(
        select(Entry).where(Entry.ticket_id == ticket.id).order_by(Entry.id.desc())
    ).first() or Entry(changes={})


def test_a_reopened_ticket_moves_to_a_queue_in_use_and_says_so(front_desk: Queue):
    fax = factories.queue("Fax machines")
    ticket = resolved(fax)
    retire(fax)
    services.reopen(factories.actor(), ticket)
    assert ticket.queue_id == front_desk.id
    assert waits_in(ticket) == {front_desk.id}
    assert (newest(ticket).changes or {})["queue"] == [
        {"id": fax.id, "name": "Fax machines"},
        {"id": front_desk.id, "name": "Front desk"},
    ]


def test_the_queue_of_its_category_comes_before_the_default(front_desk: Queue):
    fax, printers = factories.queue("Fax machines"), factories.queue("Printers")
    ticket = resolved(fax, category=factories.category("Printing", queue_id=printers.id))
    retire(fax)
    services.reopen(factories.actor(), ticket)
    assert waits_in(ticket) == {printers.id} != {front_desk.id}


def test_a_customers_answer_to_a_ticket_of_a_retired_queue_is_seen(front_desk: Queue):
    fax = factories.queue("Fax machines")
    ticket = resolved(fax)
    retire(fax)
    heard = services.Heard(ticket.customer, "It is broken again.")
    services.hear(ticket, heard, reopen_days=5)
    assert ticket.status_class == "open"
    assert waits_in(ticket) == {front_desk.id}


def test_what_comes_out_of_the_bin_comes_to_a_queue_in_use(front_desk: Queue):
    fax = factories.queue("Fax machines")
    worker = factories.actor(role="lead", queues=[fax])
    waiting, held = (factories.ticket(queue_=fax) for _ in range(2))
    services.take(worker, waiting)
    services.hold(worker, held, HoldReason.CUSTOMER)
    for ticket in (waiting, held):
        services.bin_ticket(worker, ticket, BinReason.MISTAKE)
    db.session.commit()
    retire(fax)
    for ticket in (waiting, held):
        services.restore(worker, ticket)
        assert waits_in(ticket) == {front_desk.id}
    assert [row.queue_id for row in waiting.assignments] == [front_desk.id]
    services.wake(worker, held)
    assert waits_in(held) == {front_desk.id}


def test_a_ticket_whose_last_part_is_done_elsewhere_does_not_fall_back(front_desk: Queue):
    fax, network = factories.queue("Fax machines"), factories.queue("Network")
    ticket = factories.ticket(queue_=fax)
    worker = factories.actor(queues=[network])
    services.add(worker, ticket, [Target(network)])
    for row in ticket.assignments:
        if row.queue_id == fax.id:
            services.resolve_assignment(worker, ticket, row.id)
    db.session.commit()
    retire(fax)
    [row] = [row for row in ticket.assignments if row.state == "assigned"]
    services.resolve_assignment(worker, ticket, row.id)
    assert waits_in(ticket) == {front_desk.id}


def test_a_restricted_ticket_stays_among_those_who_may_read_it(front_desk: Queue):
    team = factories.team("Human resources")
    payroll = factories.queue("Payroll", of=team, restricted=True)
    ticket = resolved(payroll)
    retire(payroll)
    worker = factories.actor()
    with pytest.raises(Refused, match="no other restricted queue"):
        services.reopen(worker, ticket)
    db.session.rollback()
    factories.queue("Canteen", of=team)
    contracts = factories.queue("Contracts", of=team, restricted=True)
    services.reopen(worker, db.session.get_one(Ticket, ticket.id))
    assert waits_in(ticket) == {contracts.id} != {front_desk.id}


@pytest.mark.usefixtures("front_desk")
def test_taking_back_a_reopening_takes_back_the_move():
    fax = factories.queue("Fax machines")
    ticket = resolved(fax)
    retire(fax)
    worker = factories.actor()
    services.reopen(worker, ticket, undo_for=60)
    db.session.commit()
    group = services.latest_group(worker)
    assert group is not None
    services.undo(worker, group)
    assert (ticket.queue_id, waits_in(ticket)) == (fax.id, set())


def test_the_page_shows_where_a_reopened_ticket_went(lead: Workspace):
    factories.queue("Front desk", is_default=True)
    ticket = resolved(lead.queue)
    retire(lead.queue)
    assert lead.post(f"/tickets/{ticket.id}/reopen", reason="It drops again").status_code == 200
    page = text_of(lead.get(f"/tickets/{ticket.id}").text)
    assert "queue Network & VPN → Front desk" in page.replace("&amp;", "&")


def test_the_page_says_why_a_restricted_ticket_stays_closed(lead: Workspace):
    factories.queue("Front desk", is_default=True)
    lead.queue.restricted = True
    db.session.commit()
    ticket = resolved(lead.queue)
    retire(lead.queue)
    refused = lead.post(f"/tickets/{ticket.id}/reopen")
    assert refused.status_code == 422
    assert "Restore the queue in Set up first." in refused.text
