"""Rules that name people and things which are merged, deactivated or retired."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.notify.models import Sending, Webhook, WebhookCall
from helpdesk.people.access import SYSTEM
from helpdesk.people.services import accounts, merge
from helpdesk.rules import listed
from helpdesk.tickets import services
from helpdesk.tickets.companions import Link
from helpdesk.tickets.services import Refused
from tests import factories
from tests.rules.desk import about, rule


@pytest.mark.usefixtures("session")
def test_a_merged_person_is_read_as_the_one_who_stays() -> None:
    kept, other = factories.person("Mei Ling Ho"), factories.person("M. Ho")
    row = rule(
        "Hers", {"do": "set-priority", "priority": 1}, if_=about("customer", "is-one-of", other.id)
    )
    merged = merge.merge(SYSTEM, kept, other)
    db.session.commit()
    assert factories.ticket(customer=kept).priority == 1
    assert listed.rules(SYSTEM)[0].gone == ()
    merge.undo(SYSTEM, merged)
    db.session.commit()
    assert factories.ticket(customer=kept).priority != 1
    assert factories.ticket(customer=other).priority == 1
    assert row.version == 1


def test_what_is_gone_is_marked_and_stays_chosen(client: FlaskClient, session: Any) -> None:
    factories.queue("Service desk", is_default=True)
    old = factories.queue("Old queue")
    sam, peter = factories.technician("Sam Porter"), factories.technician("Peter Wong")
    factories.sign_in(client, factories.account(sam, "administrator"))
    leaving = factories.account(peter)
    row = rule(
        "Theirs",
        {"do": "set-queue", "queue": old.id},
        {"do": "tell", "whom": "person", "technician": peter.id},
        if_=about("owner", "is-one-of", peter.id),
    )
    assert "Names what is gone" not in client.get("/setup/rules").text
    old.retired_at = now()
    accounts.deactivate(SYSTEM, leaving)
    session.commit()
    assert "Names what is gone: Peter Wong, Old queue" in client.get("/setup/rules").text
    page = client.get(f"/setup/rules/{row.id}").text
    assert "Names what is gone: Peter Wong, Old queue" in page
    # Were it not offered, the browser would choose another and saving would change the rule.
    assert f'<option value="{old.id}" selected>Old queue (gone)</option>' in page
    assert f'<option value="{peter.id}" selected>Peter Wong (gone)</option>' in page
    assert "give it to <b>Old queue</b>" in page


@pytest.mark.usefixtures("session")
def test_undoing_what_a_rule_went_on_from_says_which_rule() -> None:
    rule(
        "Louder",
        {"do": "add-tags", "tags": ["loud"]},
        when={"on": "updated", "fields": ["priority"]},
    )
    queue = factories.queue()
    ticket, actor = factories.ticket(queue_=queue), factories.actor(queues=[queue])
    services.set_priority(actor, ticket, 1, undo_for=8)
    db.session.commit()
    group = services.latest_group(actor)
    assert group is not None
    with pytest.raises(Refused) as refusal:
        services.undo(actor, group)
    assert str(refusal.value) == f"The rule “Louder” acted on {ticket.id} since."


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize("way", ["duplicate", "child"])
def test_mails_of_one_trouble_are_linked_to_the_first(way: str) -> None:
    then = {"do": "gather-link", "hours": 2, "way": way}
    rule("Link", then)
    probe = factories.person()
    first = factories.ticket("PROBLEM: disk full on db-01 at 10:01", customer=probe)
    second = factories.ticket("RECOVERY: disk full on db-01 at 10:07", customer=probe)
    assert second.merged_into_id is None
    links = db.session.scalars(select(Link)).all()
    wanted = (second.id, first.id) if way == "duplicate" else (first.id, second.id)
    kind = "duplicate" if way == "duplicate" else "parent"
    assert [(one.from_id, one.to_id, one.type) for one in links] == [(*wanted, kind)]


def test_a_program_that_takes_no_calls_is_named_at_the_rule(
    client: FlaskClient, session: Any
) -> None:
    factories.queue("Service desk", is_default=True)
    factories.sign_in(client, factories.account(factories.technician(), "administrator"))
    program = Webhook(name="Wallboard", url="https://wall.example/hook", secret="sealed")
    session.add(program)
    session.flush()
    row = rule("Show it", {"do": "call-webhook", "webhook": program.id})
    assert "The last call of" not in client.get(f"/setup/rules/{row.id}").text
    factories.ticket()
    call = session.scalars(select(WebhookCall)).one()
    call.state = Sending.FAILED
    session.commit()
    assert "The last call of Wallboard failed." in client.get(f"/setup/rules/{row.id}").text
