"""What leaves first, how much of it, and what is done about what does not leave."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient

from helpdesk.channels.email import pace
from helpdesk.channels.email.models import Mailbox
from helpdesk.channels.email.send import send_mail
from helpdesk.db import db, transaction
from helpdesk.lib.clock import now
from helpdesk.notify.models import Notice, OutboxMessage, Rank, Sending
from helpdesk.people.access import SYSTEM
from helpdesk.tickets import services
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.models import Ticket
from tests import factories
from tests.channels.email import post
from tests.setup.makers import Visitor, last_log, visitor
from tests.support import smtp


@pytest.fixture
def admin(client: FlaskClient) -> Visitor:
    return visitor(client)


def at(seconds: float, start: datetime) -> Any:
    return time_machine.travel(start + timedelta(seconds=seconds), tick=False)


def notice(box: Mailbox, text: str, **more: Any) -> None:
    with transaction():
        db.session.add(
            OutboxMessage(
                channel="email",
                mailbox_id=box.id,
                to=[["Bo", "bo@customer.example"]],
                recipients=["bo@customer.example"],
                message_id=f"<{text}@desk.example>",
                subject=text,
                text=text,
                **more,
            )
        )


def test_what_people_write_leaves_before_what_the_desk_says_by_itself(
    box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver
):
    for number in range(3):
        notice(box, f"notice {number}")
    post.answer(ticket, "An answer")
    send_mail.run()
    assert b"An answer" in smtp_receiver.received[0].raw
    assert len(smtp_receiver.received) == 4


def test_a_ticket_with_many_messages_lets_the_others_through(
    box: Mailbox, queue: Queue, ticket: Ticket, smtp_receiver: smtp.Receiver
):
    other = factories.ticket(customer=factories.person("Bo", email="bo@x.example"), queue_=queue)
    for number in range(4):
        post.answer(ticket, f"mine {number}")
    post.answer(other, "theirs")
    send_mail.run()
    recipients = [one.recipients[0] for one in smtp_receiver.received]
    assert recipients.index("bo@x.example") == 1


def test_no_more_leaves_in_a_minute_or_an_hour_than_the_server_takes(
    box: Mailbox, queue: Queue, ticket: Ticket, smtp_receiver: smtp.Receiver
):
    with transaction():
        row = db.session.get_one(Mailbox, box.id)
        row.per_minute, row.per_hour = 3, 5
    for number in range(9):
        post.answer(ticket, f"answer {number}")
    start = now() + timedelta(seconds=1)
    left = {}
    for seconds in (0, 20, 59, 71, 200, 3500, 3700, 3800):
        with at(seconds, start):
            send_mail.run()
        left[seconds] = len(smtp_receiver.received)
    # The slots of the first minute are over after 70 seconds at the latest.
    assert left == {0: 3, 20: 3, 59: 3, 71: 5, 200: 5, 3500: 5, 3700: 8, 3800: 9}


def test_the_last_places_are_kept_for_people(
    box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver
):
    limits = pace.Limits(per_minute=20)
    with transaction():
        db.session.get_one(Mailbox, box.id).per_minute = 20
        for _message in range(18):
            pace.count(box.id, limits)
    with transaction():
        assert pace.room(box.id, limits) is Rank.PERSON
    notice(box, "by itself")
    post.answer(ticket, "by a person")
    send_mail.run()
    assert [b"by a person" in one.raw for one in smtp_receiver.received] == [True]


# ---- What does not leave ----


def fail(ticket: Ticket, receiver: smtp.Receiver, count: int = 1) -> list[OutboxMessage]:
    receiver.behaviour = "refuse"
    for number in range(count):
        post.answer(ticket, f"answer {number}")
    send_mail.run()
    receiver.behaviour = "accept"
    return post.outbox()


def put_right(admin: Visitor, what: str, rows: list[OutboxMessage], **more: Any) -> None:
    keys = [row.id for row in rows]
    answer = admin.send("/setup/mail/outbox/many", do=what, message=keys, show="failed", **more)
    assert answer.status_code == 303


def test_the_page_says_where_what_waits_and_why(
    admin: Visitor, box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver
):
    rows = fail(ticket, smtp_receiver, 2)
    page = admin.get("/setup/mail/outbox?show=failed")
    assert "2 failed" in page
    assert "No such mailbox here" in page
    here = admin.get(f"/setup/mail/outbox?show=failed&mailbox={box.id}")
    assert f"message-{rows[0].id}" in here
    assert f"message-{rows[0].id}" not in admin.get("/setup/mail/outbox?mailbox=default")
    assert "2 messages could not be sent" in admin.client.get("/", follow_redirects=True).text
    author = db.session.query(Notice).filter_by(kind="not-sent").all()
    assert {one.ticket_id for one in author} == {ticket.id}


def test_many_are_sent_again(
    admin: Visitor, box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver
):
    put_right(admin, "retry", fail(ticket, smtp_receiver, 3))
    send_mail.run()
    assert len(smtp_receiver.received) == 3
    assert "could not be sent" not in admin.client.get("/", follow_redirects=True).text


def test_what_is_given_up_rests_and_is_written_down(
    admin: Visitor, box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver
):
    (row,) = fail(ticket, smtp_receiver)
    put_right(admin, "give-up", [row])
    assert [one.state for one in post.outbox()] == [Sending.CANCELLED]
    assert "Given up" in admin.get("/setup/mail/outbox?show=dropped")
    assert last_log()[0] == "mail-given-up"


def test_it_goes_to_another_address_with_the_same_message_id(
    admin: Visitor, box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver
):
    (row,) = fail(ticket, smtp_receiver)
    put_right(admin, "readdress", [row], address="nonsense")
    assert post.outbox()[0].state == Sending.FAILED
    put_right(admin, "readdress", [row], address="Mei@Private.example")
    send_mail.run()
    (received,) = smtp_receiver.received
    assert received.recipients == ["mei@private.example"]
    assert received.message["To"] == "Ho Mei-Ling <mei@private.example>"
    assert received.message["Message-ID"] == row.message_id
    assert last_log()[0] == "mail-readdressed"


def test_what_stands_on_a_restricted_ticket_is_sent_nowhere_by_who_may_not_see_it(
    admin: Visitor, smtp_receiver: smtp.Receiver
):
    secret = factories.queue("Personnel", restricted=True)
    post.mailbox(None, smtp_receiver, queue=secret)
    customer = factories.person("Ho Mei-Ling", email="mei@customer.example")
    ticket = factories.ticket(customer=customer, queue_=secret)
    with transaction():
        smtp_receiver.behaviour = "refuse"
        services.reply(SYSTEM, ticket, services.Said(body="Secret"))
    send_mail.run()
    (row,) = post.outbox()
    answer = admin.send(
        "/setup/mail/outbox/many", do="readdress", message=[row.id], address="me@evil.example"
    )
    assert answer.status_code == 404
    assert post.outbox()[0].recipients == ["mei@customer.example"]


def test_limits_are_set_with_the_mailbox(admin: Visitor, box: Mailbox):
    page = admin.get(f"/setup/mail/mailboxes/{box.id}")
    assert "At most a minute" in page
    fields = {
        "version": box.version,
        "name": "IT",
        "addresses": "support@desk.example",
        "queue_id": box.queue_id,
        "active": "y",
        "imap_host": "127.0.0.1",
        "imap_port": 9,
        "imap_tls": "none",
        "imap_user": "desk",
        "smtp_tls": "none",
        "per_minute": 30,
        "link_megabytes": 5,
    }
    assert admin.send(f"/setup/mail/mailboxes/{box.id}", **fields).status_code == 303
    db.session.expire_all()
    assert (box.per_minute, box.per_hour, box.link_above) == (30, 0, 5 * 1024 * 1024)
    wrong = {**fields, "version": box.version, "per_minute": -1}
    assert admin.send(f"/setup/mail/mailboxes/{box.id}", **wrong).status_code == 422
