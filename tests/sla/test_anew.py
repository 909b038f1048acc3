"""One ticket's promises put right from its ledger."""

import re

import pytest
from flask.testing import FlaskClient

from helpdesk.db import db
from helpdesk.lib import clock
from helpdesk.people.access import SYSTEM
from helpdesk.sla import keeping, saving
from helpdesk.sla.clocks import Promise
from helpdesk.tickets import services
from helpdesk.tickets.lifecycle import HoldReason
from helpdesk.tickets.models import Entry, Ticket
from tests import factories
from tests.setup.makers import visitor
from tests.sla.desk import monday, office, promised, terms


@pytest.fixture
def ticket(client: FlaskClient) -> Ticket:
    """A ticket whose eight hours were made four by an edit."""
    calendar = office()
    row = promised(calendar=calendar, fix=8)
    with clock.at(monday("09:00")):
        made = factories.ticket(by=factories.actor(role="lead"))
    saving.change_policy(SYSTEM, row, terms(calendar, fix=4))
    db.session.commit()
    return made


def due(ticket: Ticket):
    db.session.expire_all()
    return keeping.clocks_of(ticket.id)[Promise.FIX].due_at


def test_the_ledger_offers_what_its_reader_may_do(client, ticket):
    for role, offered in (
        ("technician", set()),
        ("lead", {"mistaken"}),
        ("administrator", {"mistaken", "anew"}),
    ):
        reader = visitor(client, role)
        page = reader.get(f"/tickets/{ticket.id}/promises")
        assert set(re.findall(r"/promises/(anew|mistaken)\"", page)) == offered


def test_one_ticket_is_worked_out_anew(client, ticket):
    admin = visitor(client)
    with clock.at(monday("10:00")):
        page = admin.get(f"/tickets/{ticket.id}/promises/anew")
        assert "Today 13:00" in page
        assert due(ticket) == monday("17:00")
        refused = admin.send(f"/tickets/{ticket.id}/promises/anew", reason="")
        assert refused.status_code == 422
        answer = admin.send(f"/tickets/{ticket.id}/promises/anew", reason="New contract")
        assert answer.status_code == 303
        assert due(ticket) == monday("13:00")
        page = admin.get(f"/tickets/{ticket.id}")
    assert "worked the promises out anew" in page
    assert "New contract" in page
    with clock.at(monday("10:01")):
        page = admin.get(f"/tickets/{ticket.id}/promises/anew")
    assert "everything comes out as it stands" in page


def test_a_status_that_was_a_mistake(client, ticket):
    agent = factories.actor()
    with clock.at(monday("10:00")):
        services.hold(agent, ticket, HoldReason.CUSTOMER)
    with clock.at(monday("12:00")):
        services.wake(agent, ticket)
    db.session.commit()
    assert due(ticket) == monday("11:00", 1)
    lead = visitor(client, "lead")
    with clock.at(monday("12:30")):
        page = lead.get(f"/tickets/{ticket.id}/promises/mistaken")
        offered = re.findall(r'name="entry" value="(\d+)"', page)
        assert len(offered) == 2
        hold = offered[1]
        nothing = lead.send(f"/tickets/{ticket.id}/promises/mistaken", reason="Wrong one")
        assert nothing.status_code == 422
        assert "Choose the change that was a mistake." in nothing.get_data(as_text=True)
        silent = lead.send(f"/tickets/{ticket.id}/promises/mistaken", entry=hold, reason=" ")
        assert silent.status_code == 422
        answer = lead.send(
            f"/tickets/{ticket.id}/promises/mistaken", entry=hold, reason="Wrong ticket"
        )
        assert answer.status_code == 303
        assert due(ticket) == monday("17:00")
        page = lead.get(f"/tickets/{ticket.id}")
        assert "declared a change of status a mistake" in page
        # It is not offered a second time.
        page = lead.get(f"/tickets/{ticket.id}/promises/mistaken")
    assert re.findall(r'name="entry" value="(\d+)"', page) == offered[:1]


def test_an_entry_of_another_ticket_is_no_mistake_of_this_one(client, ticket):
    other = factories.ticket()
    entry = db.session.query(Entry).filter_by(ticket_id=other.id).first()
    assert entry is not None
    lead = visitor(client, "lead")
    answer = lead.send(
        f"/tickets/{ticket.id}/promises/mistaken", entry=entry.id, reason="Wrong ticket"
    )
    assert answer.status_code == 422


def test_technicians_put_nothing_right(client, ticket):
    technician = visitor(client, "technician")
    for what in ("anew", "mistaken"):
        path = f"/tickets/{ticket.id}/promises/{what}"
        assert client.get(path).status_code == 403
        assert technician.send(path, reason="x", entry=1).status_code == 403
