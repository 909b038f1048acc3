"""Notices of staff by mail: gathered, held at night, and never of what they saw or may not see."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.lib import clock
from helpdesk.notify import by_mail, notices
from helpdesk.notify.models import OutboxMessage
from helpdesk.people.access import Actor
from helpdesk.people.models import Account, Person
from helpdesk.tickets import services
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.models import Ticket
from tests import factories
from tests.people.browser import post
from tests.sla.desk import monday

pytestmark = pytest.mark.usefixtures("session")

MINUTE = timedelta(minutes=1)


@pytest.fixture
def queue() -> Queue:
    return factories.queue("Network & VPN")


@pytest.fixture
def karen(queue: Queue) -> Actor:
    return factories.actor(factories.technician("Karen Chan", queues=[queue]))


@pytest.fixture
def priya(queue: Queue) -> Account:
    """A technician who wants mail of what is assigned to her, and of mentions only mail."""
    who = factories.technician("Priya Nair", queues=[queue])
    account = factories.account(who, "technician")
    account.preferences = {
        "mail_notices": ["assigned", "mentioned"],
        "no_notices": ["mentioned"],
        "mail_quiet": ["20:00", "08:00"],
    }
    db.session.commit()
    return account


def assign(karen: Actor, queue: Queue, to: Account, at: str, subject: str = "VPN drops") -> Ticket:
    with clock.at(monday(at)):
        ticket = factories.ticket(subject, by=karen, queue_=queue)
        who = db.session.get_one(Person, to.person_id)
        services.hand_over(karen, ticket, services.Target(queue, who))
    db.session.commit()
    return ticket


def mention(karen: Actor, ticket: Ticket, who: Account, at: str) -> None:
    with clock.at(monday(at)):
        named = f"@[Priya](person:{who.person_id}) look"
        services.note(karen, ticket, services.Said(body=named))
    db.session.commit()


def mail(at: str, days: int = 0) -> int:
    db.session.commit()
    with clock.at(monday(at, days)):
        return by_mail.mail_notices.run()  # type: ignore[return-value]


def mails() -> list[OutboxMessage]:
    found = select(OutboxMessage).where(OutboxMessage.kind == "notices")
    return list(db.session.scalars(found.order_by(OutboxMessage.id)))


def test_what_happens_within_minutes_is_one_mail(
    queue: Queue, karen: Actor, priya: Account
) -> None:
    first = assign(karen, queue, priya, "10:00")
    assert mail("10:02") == 0
    mention(karen, first, priya, "10:02")
    second = assign(karen, queue, priya, "10:02", "Printer is silent")
    assert mail("10:03") == 1
    (message,) = mails()
    assert message.subject == "3 notices on several tickets"
    assert message.ticket_id is None
    text = message.text or ""
    assert f"#{first.id} VPN drops\n10:00  Karen Chan assigned it to you\n10:02  Karen" in text
    assert f"/tickets/{second.id}" in text
    assert mail("10:30") == 0


def test_one_notice_says_in_the_subject_what_it_is(
    queue: Queue, karen: Actor, priya: Account, caplog: pytest.LogCaptureFixture
) -> None:
    ticket = assign(karen, queue, priya, "10:00")
    assert mail("10:03") == 1
    # Nobody is signed in where mails are written, and that is no error.
    assert not caplog.records
    assert mails()[0].subject == f"Karen Chan assigned it to you: #{ticket.id}"


def test_in_quiet_hours_mail_waits_until_they_are_over(
    queue: Queue, karen: Actor, priya: Account
) -> None:
    assign(karen, queue, priya, "21:00")
    assign(karen, queue, priya, "23:00")
    assert mail("23:30") == 0
    assert mail("07:59", days=1) == 0
    assert mail("08:00", days=1) == 1


def test_what_was_seen_or_may_not_be_seen_is_not_mailed(
    queue: Queue, karen: Actor, priya: Account
) -> None:
    seen = assign(karen, queue, priya, "10:00")
    who = db.session.get_one(Person, priya.person_id)
    notices.mark_seen(factories.actor(who), ticket_id=seen.id)
    assert mail("10:05") == 0
    secret = assign(karen, queue, priya, "11:00", "A secret")
    queue_ = factories.queue("People matters", restricted=True)
    lead = factories.actor(role="lead", queues=[queue_])
    services.hand_over(lead, secret, services.Target(queue_), reason="Not for all")
    secret.queue_id, secret.owner_id, secret.restricted = queue_.id, None, True
    for row in secret.assignments:
        row.technician_id, row.queue_id = None, queue_.id
    db.session.commit()
    assert mail("11:05") == 0
    assert mails() == []


def test_who_can_no_longer_sign_in_gets_no_mail(queue: Queue, karen: Actor, priya: Account) -> None:
    assign(karen, queue, priya, "10:00")
    priya.deactivated_at = clock.now()
    assert mail("10:05") == 0
    assert mail("10:10") == 0


def test_each_chooses_on_the_page_how_to_be_told(client: FlaskClient, priya: Account) -> None:
    factories.sign_in(client, priya)
    page = client.get("/notices").text
    assert "By mail" in page
    chosen = {
        "kind": ["assigned"],
        "mail": ["danger"],
        "quiet_from": "22:00",
        "quiet_until": "07:00",
    }
    assert post(client, "/notices/switches", "/notices", **chosen).status_code == 303
    db.session.refresh(priya)
    assert priya.preferences["mail_notices"] == ["danger"]
    assert priya.preferences["mail_quiet"] == ["22:00", "07:00"]
    assert "assigned" not in list(priya.preferences["no_notices"])  # type: ignore[call-overload]
    half = {**chosen, "mail": [], "quiet_until": ""}
    post(client, "/notices/switches", "/notices", **half)
    db.session.refresh(priya)
    assert priya.preferences["mail_notices"] == ["danger"]
