"""Steps of policies among the rules: what they did, why, and whatever rules can do."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.lib import clock
from helpdesk.people.access import SYSTEM
from helpdesk.rules.models import RuleRun
from helpdesk.sla import escalation, saving
from helpdesk.sla.clocks import Promise
from helpdesk.sla.models import Policy
from helpdesk.sla.policy import Do, Scope, Step
from helpdesk.tickets.desk import Tag, TicketTag
from helpdesk.tickets.models import Entry, Ticket
from tests import factories
from tests.people.browser import post
from tests.rules.desk import rule
from tests.sla.desk import monday, office, terms

pytestmark = pytest.mark.usefixtures("session")
ROOT = "/setup/rules"
RAISE = Step(Promise.FIX, 50, None, Do.RAISE)


def lived(*steps: Step) -> Ticket:
    """Return a ticket whose four hours are three quarters gone, with the sweep done."""
    factories.desk()
    saving.add_policy(SYSTEM, "Standard", Scope.TICKET, terms(office(), steps=steps, fix=4))
    queue = factories.queue("Service desk", is_default=True)
    with clock.at(monday("09:00")):
        ticket = factories.ticket(queue_=queue)
    db.session.commit()
    with clock.at(monday("12:30")):
        escalation.escalate.run()
    return ticket


def test_a_step_lets_a_rule_do_whatever_rules_can() -> None:
    row = rule("Mark it", {"do": "add-tags", "tags": ["late"]}, when={"on": "asked"})
    off = rule("Off", {"do": "set-priority", "priority": 1}, when={"on": "asked"}, on=False)
    ticket = lived(
        Step(Promise.FIX, 50, None, Do.RUN_RULE, None, str(off.id)),
        Step(Promise.FIX, 75, None, Do.RUN_RULE, None, str(row.id)),
    )
    run = db.session.scalars(select(RuleRun)).one()
    assert (run.rule_id, run.ticket_id, run.why, run.outcome) == (
        *(row.id, ticket.id, "policy", "done"),
    )
    tags = select(Tag.name).join(TicketTag).where(TicketTag.ticket_id == ticket.id)
    assert db.session.scalars(tags).all() == ["late"]
    assert ticket.priority != 1


def test_the_list_leads_to_what_steps_did_and_the_journal_says_why(client: FlaskClient) -> None:
    ticket = lived(
        Step(Promise.FIX, 50, None, Do.RAISE), Step(Promise.FIX, 75, None, Do.TELL_LEADS)
    )
    factories.sign_in(client, factories.account(factories.technician(), "administrator"))
    policy = db.session.scalars(select(Policy)).one()
    address = f"{ROOT}/policies/{policy.id}"
    assert f'href="{address}"' in client.get(ROOT).text
    text = client.get(address).text
    assert text.count(f"/tickets/{ticket.id}") == 2
    assert ": raise the priority" in text
    page = client.get(f"/tickets/{ticket.id}").text
    assert "The policy “Standard”" in page
    for verb in ("set-priority", "promise-warned"):
        entry = db.session.query(Entry).filter_by(ticket_id=ticket.id, verb=verb).one()
        why = f"{ROOT}/why/{ticket.id}/{entry.id}"
        assert why in page
        assert "A step of the policy Standard, version 1:" in client.get(why).text


def test_steps_that_rest_are_shown_and_let_go_on(client: FlaskClient) -> None:
    lived(RAISE)
    factories.sign_in(client, factories.account(factories.technician(), "administrator"))
    policy = db.session.scalars(select(Policy)).one()
    policy.rests_since = monday("12:00")
    db.session.commit()
    assert "Stopped by the brake" in client.get(ROOT).text
    address = f"{ROOT}/policies/{policy.id}"
    assert "Let them go on" in client.get(address).text
    post(client, f"{address}/rouse", address)
    db.session.refresh(policy)
    assert db.session.scalar(select(Policy.rests_since)) is None
    assert "Let them go on" not in client.get(address).text
