"""Steps that leave the house: mail to an address or the leads, calls of another program."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.lib import clock
from helpdesk.notify import calls
from helpdesk.notify.models import OutboxMessage, Webhook, WebhookCall
from helpdesk.people.access import SYSTEM
from helpdesk.setup.services import webhooks
from helpdesk.sla import escalation, saving
from helpdesk.sla.clocks import Promise
from helpdesk.sla.policy import Do, Scope, Step, Terms
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.models import Entry, Ticket
from tests import factories
from tests.sla.desk import monday, office, terms
from tests.support.web import WebReceiver, receiving

pytestmark = pytest.mark.usefixtures("session")

SECRET = "a secret of some length"


@pytest.fixture
def receiver() -> Iterator[WebReceiver]:
    with receiving() as found:
        yield found


def hook(receiver: WebReceiver) -> Webhook:
    factories.desk()
    wanted = {"name": "Pager", "url": receiver.url, "private": True, "secret": SECRET}
    row = webhooks.add(SYSTEM, wanted)
    db.session.commit()
    return row


def promised(*steps: Step) -> None:
    saving.add_policy(SYSTEM, "Standard", Scope.TICKET, terms(office(), steps=steps, fix=4))


def logged(queue: Queue, subject: str = "VPN drops") -> Ticket:
    with clock.at(monday("09:00")):
        return factories.ticket(subject, by=SYSTEM, queue_=queue)


def sweep(at: str) -> None:
    db.session.commit()
    with clock.at(monday(at)):
        escalation.escalate.run()


def mails() -> list[OutboxMessage]:
    found = select(OutboxMessage).where(OutboxMessage.kind == "escalation")
    return list(db.session.scalars(found.order_by(OutboxMessage.id)))


def made() -> list[WebhookCall]:
    db.session.expire_all()
    return list(db.session.scalars(select(WebhookCall).order_by(WebhookCall.id)))


def at_75(do: Do, target: str = "") -> Step:
    return Step(Promise.FIX, 75, None, do, None, target)


def test_a_stored_step_keeps_its_target() -> None:
    step = at_75(Do.MAIL, "ops@example.net")
    said = Terms(1, {(Promise.FIX, 1): timedelta(hours=4)}, steps=(step, at_75(Do.MAIL)))
    assert Terms.from_json(json.loads(json.dumps(said.to_json()))).steps == said.steps
    assert len({one.key for one in said.steps}) == 2
    assert all(len(one.key) <= 40 for one in said.steps)


def test_mail_goes_to_the_leads_or_to_an_address_once() -> None:
    queue = factories.queue()
    lead = factories.technician("Karen Chan", queues=[queue], lead=True)
    factories.account(lead, "lead")
    promised(at_75(Do.MAIL), at_75(Do.MAIL, "ops@example.net"))
    ticket = logged(queue)
    sweep("12:00")
    sweep("12:01")
    to_ops, to_lead = sorted(mails(), key=lambda row: row.person_id or 0)
    assert to_lead.person_id == lead.id
    assert to_lead.subject == f"The promise to fix it is in danger: #{ticket.id}"
    assert "VPN drops" in (to_lead.text or "")
    assert "13:00" in (to_lead.text or "")
    # Of who reads that address we know nothing, so the mail does not say what it is about.
    assert to_ops.recipients == ["ops@example.net"]
    assert "VPN drops" not in (to_ops.text or "")
    said = db.session.scalars(select(Entry.changes).where(Entry.verb == "promise-warned")).all()
    assert {one["promise"][1]["to"] for one in said} == {"", "ops@example.net"}  # type: ignore[index]


def test_of_restricted_tickets_nobody_outside_hears(receiver: WebReceiver) -> None:
    row = hook(receiver)
    secret = factories.queue("People matters", restricted=True)
    promised(at_75(Do.MAIL, "ops@example.net"), at_75(Do.WEBHOOK, str(row.id)))
    logged(secret)
    sweep("12:00")
    assert (mails(), made()) == ([], [])


def test_a_program_is_called_with_a_signature_and_says_that_it_has_it(
    receiver: WebReceiver,
) -> None:
    row = hook(receiver)
    promised(at_75(Do.WEBHOOK, str(row.id)))
    ticket = logged(factories.queue())
    sweep("12:00")
    with clock.at(monday("12:01")):
        calls.call_webhooks.run()
        calls.call_webhooks.run()
    assert len(receiver.heard) == 1
    _path, headers, body = receiver.heard[0]
    said = json.loads(body)
    assert said["ticket"]["number"] == ticket.id
    assert said["ticket"]["link"].endswith(f"/tickets/{ticket.id}")
    assert (said["event"], said["promise"], said["missed"]) == ("promise.in-danger", "fix", False)
    assert said["due"] == monday("13:00").isoformat()
    moment, _comma, signature = headers["Hearth-Signature"].removeprefix("t=").partition(",v1=")
    right = hmac.new(SECRET.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    assert signature == right
    assert headers["Hearth-Delivery"] == said["id"]
    (call,) = made()
    assert (call.state, call.status, call.said) == ("sent", 200, "thanks")


def test_a_call_that_fails_is_tried_again_with_the_same_name(receiver: WebReceiver) -> None:
    row = hook(receiver)
    calls.call(row, "promise.missed", {})
    db.session.commit()
    receiver.status = 503
    calls.call_webhooks.run()
    (call,) = made()
    assert (call.state, call.status, call.attempts) == ("queued", 503, 1)
    calls.call_webhooks.run()
    assert len(receiver.heard) == 1, "not before its time"
    receiver.status = 204
    call.next_try_at = clock.now()
    db.session.commit()
    calls.call_webhooks.run()
    assert made()[0].state == "sent"
    assert len({headers["Hearth-Delivery"] for _path, headers, _body in receiver.heard}) == 1


def test_a_private_address_is_not_called_unless_that_is_allowed(receiver: WebReceiver) -> None:
    row = hook(receiver)
    row.private = False
    row.url = row.url.replace("http:", "https:")
    calls.call(row, "promise.missed", {})
    db.session.commit()
    calls.call_webhooks.run()
    (call,) = made()
    assert (call.state, call.said) == ("failed", "private-address")
    assert receiver.heard == []
