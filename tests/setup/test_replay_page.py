"""Replaying many tickets from Set up: looked at first, then done with a reason."""

from functools import partial

import pytest
from flask.testing import FlaskClient

from helpdesk.db import db
from helpdesk.lib import clock
from helpdesk.people.access import SYSTEM
from helpdesk.people.models import AuditEntry
from helpdesk.setup.views import replaying
from helpdesk.sla import replay_batches, saving
from helpdesk.sla.models import Policy
from helpdesk.tickets.models import Entry, Ticket
from tests import factories
from tests.setup.makers import Visitor, visitor
from tests.sla.desk import monday, office, promised, terms


@pytest.fixture
def admin(client: FlaskClient) -> Visitor:
    return visitor(client)


def edited(number: int = 2) -> tuple[Policy, list[Ticket]]:
    """Make tickets with promises, and a policy that promises half of it since."""
    calendar = office()
    row = promised(calendar=calendar, fix=8)
    with clock.at(monday("09:00")):
        tickets = [factories.ticket(by=factories.actor(role="lead")) for _ in range(number)]
    saving.change_policy(SYSTEM, row, terms(calendar, fix=4))
    db.session.commit()
    return row, tickets


def test_differences_come_first_and_change_nothing(admin):
    row, (ticket, _other) = edited()
    with clock.at(monday("10:00")):
        page = admin.get(f"/setup/promises/replay?policy={row.id}")
    assert "2 promises would become others" in page
    assert f'href="/tickets/{ticket.id}"' in page
    assert "Today 17:00" in page
    assert "Today 13:00" in page
    db.session.refresh(ticket)
    assert ticket.due_at == monday("17:00")


def test_replaying_needs_a_reason_and_says_what_was_done(admin):
    _row, tickets = edited()
    with clock.at(monday("10:00")):
        answer = admin.send("/setup/promises/replay", reason=" ")
        assert answer.status_code == 422
        assert "Say why." in answer.get_data(as_text=True)
        answer = admin.send("/setup/promises/replay", reason="New contract")
        assert answer.status_code == 303
        page = admin.get(answer.location)
    assert "The promises of 2 tickets are worked out anew" in page
    assert "Nothing would change" in page
    for ticket in tickets:
        db.session.refresh(ticket)
        assert ticket.due_at == monday("13:00")
    entries = db.session.query(Entry).filter_by(verb="replay").all()
    assert [entry.body for entry in entries] == ["New contract"] * 2
    assert db.session.query(AuditEntry).filter_by(action="promises-replayed").count() == 1
    assert "worked promises of tickets out anew" in admin.get("/setup/audit")
    assert "keep what was promised" not in admin.get("/setup/promises")


def test_a_missed_promise_that_was_kept_after_all(admin):
    calendar = office()
    row = promised(calendar=calendar, fix=1)
    with clock.at(monday("09:00")):
        factories.ticket(by=factories.actor(role="lead"))
    saving.change_policy(SYSTEM, row, terms(calendar, fix=8))
    db.session.commit()
    with clock.at(monday("12:00")):
        replay = admin.get("/setup/promises/replay")
    assert "not missed" in replay


def test_many_tickets_are_looked_at_in_parts(admin, monkeypatch):
    _row, tickets = edited(3)
    monkeypatch.setattr(replaying, "SHOWN", 1)
    monkeypatch.setattr(replay_batches, "batch", partial(replay_batches.batch, most=2))
    page = admin.get("/setup/promises/replay")
    assert "2 promises would become others" in page
    assert "The first 1 are shown." in page
    assert f"after={tickets[1].id}" in page
    answer = admin.send("/setup/promises/replay", reason="All of them")
    assert f"after={tickets[1].id}" in answer.location
    page = admin.get(answer.location)
    assert 'value="All of them"' in page
    assert "1 promise would become another" in page
    assert "Look at the next" not in page


def test_tickets_that_somebody_may_not_see_are_counted_but_not_listed(client):
    admin = visitor(client)
    secret = factories.queue("Personnel", restricted=True)
    calendar = office()
    row = promised(calendar=calendar, fix=8)
    insider = factories.actor(queues=[secret])
    ticket = factories.ticket(by=insider, queue_=secret)
    saving.change_policy(SYSTEM, row, terms(calendar, fix=4))
    db.session.commit()
    page = admin.get("/setup/promises/replay")
    assert "1 promise would become another" in page
    assert f"/tickets/{ticket.id}" not in page


def test_what_is_not_there_and_who_may_not(client):
    admin = visitor(client)
    assert client.get("/setup/promises/replay?policy=999999").status_code == 404
    assert client.get(f"/setup/promises/replay?policy={2**70}&after={'9' * 40}").status_code == 404
    assert "Nothing would change" in admin.get("/setup/promises/replay?after=x")


def test_leads_do_not_replay(client):
    lead = visitor(client, "lead")
    assert client.get("/setup/promises/replay").status_code == 403
    assert lead.send("/setup/promises/replay", reason="Because").status_code == 403
