"""Answers out: what is written, to whom, when, and what happens when a server says no."""

from datetime import timedelta

import pytest
import time_machine

from helpdesk.channels.email import importer
from helpdesk.channels.email.models import Mailbox
from helpdesk.channels.email.secrets import seal
from helpdesk.channels.email.send import send_mail
from helpdesk.db import db, transaction
from helpdesk.lib.clock import now
from helpdesk.notify import outbox
from helpdesk.notify.models import Sending
from helpdesk.people.access import SYSTEM
from helpdesk.people.models import ContactPoint, Desk
from helpdesk.tickets import services
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import NotFound
from helpdesk.tickets.services import Said
from tests import factories
from tests.channels.email import post
from tests.support import smtp


def states() -> list[str]:
    return [row.state for row in post.outbox()]


# ---- When ----


def test_an_answer_waits_until_it_can_no_longer_be_taken_back(
    box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver
):
    entry = post.answer(ticket, hold=8)
    send_mail.run()
    assert smtp_receiver.received == []
    assert outbox.deliveries([entry.id])[entry.id].state == Sending.QUEUED
    with time_machine.travel(now() + timedelta(seconds=9), tick=False):
        send_mail.run()
    assert len(smtp_receiver.received) == 1
    delivery = outbox.deliveries([entry.id])[entry.id]
    assert delivery.state == Sending.SENT
    assert delivery.recipients == ["mei@customer.example"]


def test_an_answer_taken_back_never_leaves(
    box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver
):
    actor = factories.actor()
    with transaction():
        services.reply(actor, ticket, Said(body="Oops"), hold=8)
        group = services.latest_group(actor)
    assert group is not None
    with transaction():
        services.undo(actor, group)
    with time_machine.travel(now() + timedelta(minutes=5), tick=False):
        send_mail.run()
    assert smtp_receiver.received == []
    assert states() == [Sending.CANCELLED]


def test_an_answer_that_left_cannot_be_taken_back(
    box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver
):
    actor = factories.actor()
    with transaction():
        services.reply(actor, ticket, Said(body="Oops"), hold=8)
        group = services.latest_group(actor)
    for row in post.outbox():
        row.next_try_at = now()
    db.session.commit()
    send_mail.run()
    assert group is not None
    with pytest.raises(services.Refused) as refused, transaction():
        services.undo(actor, group)
    assert refused.value.code == "already-sent"


# ---- To whom ----


def test_copies_go_to_participants_and_never_to_ourselves(
    box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver
):
    amy = factories.person("Amy, née O'Neil", email="amy@customer.example")
    us = factories.person("Support", email="support+tag@desk.example")
    with transaction():
        services.add_participant(ticket, amy)
        services.add_participant(ticket, us)
    post.answer(ticket)
    send_mail.run()
    (received,) = smtp_receiver.received
    assert received.recipients == ["mei@customer.example", "amy@customer.example"]
    assert received.message["Cc"] == '"Amy, née O\'Neil" <amy@customer.example>'


def test_the_answer_goes_where_the_customer_last_wrote_from(
    queue: Queue, box: Mailbox, smtp_receiver: smtp.Receiver
):
    person = factories.person("Bo", email="bo@work.example")
    db.session.add(
        ContactPoint(person_id=person.id, kind="email", value="bo@home.example", position=1)
    )
    db.session.commit()
    raw = post.letter(sender="bo@home.example", Reply_To="evil@elsewhere.example").as_bytes()
    list(importer.take_in([importer.Found("f", 1, raw)], queue))
    (ticket,) = post.tickets()
    post.answer(ticket)
    assert post.outbox()[0].recipients == ["bo@home.example"]


def test_who_has_no_address_is_named_in_the_ticket_and_reached_later(
    box: Mailbox, queue: Queue, smtp_receiver: smtp.Receiver
):
    person = factories.person("No Mail")
    for point in person.contact_points:
        point.retired_at = now()
    db.session.commit()
    ticket = factories.ticket(customer=person, queue_=queue)
    entry = post.answer(ticket)
    send_mail.run()
    delivery = outbox.deliveries([entry.id])[entry.id]
    assert delivery.state == Sending.FAILED
    assert "no e-mail address" in delivery.error
    db.session.add(ContactPoint(person_id=person.id, kind="email", value="now@customer.example"))
    db.session.commit()
    with transaction():
        outbox.retry(factories.actor(), delivery.failed_ids[0])
    send_mail.run()
    assert smtp_receiver.received[0].recipients == ["now@customer.example"]


def test_notes_and_other_channels_send_nothing(box: Mailbox, ticket: Ticket):
    with transaction():
        services.note(factories.actor(), ticket, Said(body="secret"))
        services.log_call(factories.actor(), ticket, Said(body="rang"), inbound=False)
        services.reply(factories.actor(), ticket, Said(body="chat"), channel="chat")
    assert post.outbox() == []


def test_the_mailbox_a_ticket_came_through_answers(
    queue: Queue, box: Mailbox, smtp_receiver: smtp.Receiver
):
    other = factories.queue()
    sales = post.mailbox(
        None, smtp_receiver, queue=other, addresses=["sales@desk.example"], name="Sales"
    )
    assert (box.is_default, sales.is_default) == (True, False)
    post.answer(factories.ticket(queue_=other))
    post.answer(factories.ticket(queue_=factories.queue()))
    assert [row.mailbox_id for row in post.outbox()] == [sales.id, box.id]


def test_without_a_mailbox_answers_wait_and_say_so(
    ticket: Ticket, queue: Queue, smtp_receiver: smtp.Receiver
):
    entry = post.answer(ticket)
    send_mail.run()
    delivery = outbox.deliveries([entry.id])[entry.id]
    assert delivery.state == Sending.QUEUED
    assert delivery.error == "No mailbox is set up to send mail."
    post.mailbox(None, smtp_receiver, queue=queue)
    with time_machine.travel(now() + timedelta(minutes=2), tick=False):
        send_mail.run()
    assert len(smtp_receiver.received) == 1


def test_no_mail_leaves_a_demo_desk(queue: Queue, ticket: Ticket, smtp_receiver: smtp.Receiver):
    db.session.get_one(Desk, 1).is_demo = True
    db.session.commit()
    post.answer(ticket)
    post.mailbox(None, None, queue=queue, smtp_host="mail.desk.example")
    post.answer(ticket)
    assert post.outbox() == []


# ---- When a server says no ----


def test_a_refusal_for_good_is_shown_in_the_ticket(
    box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver
):
    smtp_receiver.behaviour = "refuse"
    entry = post.answer(ticket)
    send_mail.run()
    delivery = outbox.deliveries([entry.id])[entry.id]
    assert delivery.state == Sending.FAILED
    assert delivery.error == "550 5.1.1 No such mailbox here"
    attempts = smtp_receiver.attempts
    with time_machine.travel(now() + timedelta(days=1), tick=False):
        send_mail.run()
    assert smtp_receiver.attempts == attempts

    smtp_receiver.behaviour = "accept"
    with transaction():
        outbox.retry(factories.actor(), delivery.failed_ids[0])
    send_mail.run()
    assert outbox.deliveries([entry.id])[entry.id].state == Sending.SENT


def test_who_was_reached_is_not_written_to_again(
    box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver
):
    for name in ("amy", "bob"):
        with transaction():
            services.add_participant(
                ticket, factories.person(name, email=f"{name}@customer.example")
            )
    smtp_receiver.refused = {"amy@customer.example"}
    entry = post.answer(ticket)
    send_mail.run()
    reached, refused = post.outbox()
    assert (reached.state, refused.state) == (Sending.SENT, Sending.FAILED)
    assert reached.recipients == ["mei@customer.example", "bob@customer.example"]
    assert refused.recipients == ["amy@customer.example"]
    assert outbox.deliveries([entry.id])[entry.id].state == Sending.FAILED
    smtp_receiver.refused = set()
    with transaction():
        outbox.retry(SYSTEM, refused.id)
    send_mail.run()
    assert [one.recipients for one in smtp_receiver.received] == [
        ["mei@customer.example", "bob@customer.example"],
        ["amy@customer.example"],
    ]
    first, second = (one.message["Message-ID"] for one in smtp_receiver.received)
    assert first == second


def test_a_server_that_asks_to_come_again_is_asked_less_and_less_often(
    box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver
):
    smtp_receiver.behaviour = "defer"
    entry = post.answer(ticket)
    waits = []
    moment = now()
    for _attempt in range(5):
        with time_machine.travel(moment, tick=False):
            send_mail.run()
            (row,) = post.outbox()
            assert row.state == Sending.QUEUED
            waits.append((row.next_try_at - now()).total_seconds())
            send_mail.run()
            assert post.outbox()[0].attempts == len(waits)
        moment = row.next_try_at
    assert waits == [30, 120, 300, 900, 1800]
    assert "451" in outbox.deliveries([entry.id])[entry.id].error
    smtp_receiver.behaviour = "accept"
    with time_machine.travel(moment, tick=False):
        send_mail.run()
    assert len(smtp_receiver.received) == 1


def test_after_days_of_being_put_off_it_has_failed(
    box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver
):
    smtp_receiver.behaviour = "defer"
    post.answer(ticket)
    moment = started = now()
    for _attempt in range(60):
        with time_machine.travel(moment, tick=False):
            send_mail.run()
        (row,) = post.outbox()
        if row.state == Sending.FAILED:
            break
        moment = row.next_try_at
    assert row.reason == "gave-up"
    assert timedelta(days=2) < moment - started < timedelta(days=4)


def test_a_connection_lost_after_the_text_is_tried_again_with_the_same_id(
    box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver
):
    smtp_receiver.behaviour = "drop"
    post.answer(ticket)
    send_mail.run()
    (row,) = post.outbox()
    assert row.state == Sending.QUEUED
    smtp_receiver.behaviour = "accept"
    with time_machine.travel(row.next_try_at, tick=False):
        send_mail.run()
    assert smtp_receiver.received[0].message["Message-ID"] == row.message_id


def test_a_server_that_is_away_is_left_alone_and_nothing_counts_as_tried(
    box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver
):
    port = box.smtp_port
    box.smtp_port = 1
    db.session.commit()
    first, second = post.answer(ticket, "One"), post.answer(ticket, "Two")
    send_mail.run()
    send_mail.run()
    assert [row.attempts for row in post.outbox()] == [0, 0]
    row = db.session.get_one(Mailbox, box.id)
    assert row.send_failures == 1
    assert "nothing answers on port 1" in row.send_error
    row.smtp_port = port
    db.session.commit()
    with time_machine.travel(now() + timedelta(minutes=1), tick=False):
        send_mail.run()
    assert len(smtp_receiver.received) == 2
    assert db.session.get_one(Mailbox, box.id, populate_existing=True).send_error == ""
    assert set(outbox.deliveries([first.id, second.id])) == {first.id, second.id}


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_signing_in(queue: Queue, ticket: Ticket):
    with smtp.smtp_server("desk", "geheim") as receiver:
        box = post.mailbox(None, receiver, queue=queue, smtp_user="desk", smtp_password="geheim")
        post.answer(ticket)
        send_mail.run()
        assert len(receiver.received) == 1
        box = db.session.get_one(Mailbox, box.id)
        box.smtp_secret = seal("falsch")
        db.session.commit()
        post.answer(ticket)
        send_mail.run()
        assert len(receiver.received) == 1
        assert (
            "refused the user name or the password"
            in db.session.get_one(Mailbox, box.id, populate_existing=True).send_error
        )


def test_a_claim_of_a_process_that_died_runs_out(
    box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver
):
    post.answer(ticket)
    with transaction():
        assert outbox.claim("email", box.id) is not None
    send_mail.run()
    assert smtp_receiver.received == []
    with time_machine.travel(now() + timedelta(minutes=4), tick=False):
        send_mail.run()
    assert len(smtp_receiver.received) == 1
    # Whether it had left before is not known, and that is said.
    (row,) = post.outbox()
    assert row.entry_id is not None
    delivery = outbox.deliveries([row.entry_id])[row.entry_id]
    assert (delivery.state, delivery.repeated) == (Sending.SENT, True)


def test_only_who_may_see_the_ticket_retries(box: Mailbox, smtp_receiver: smtp.Receiver):
    secret = factories.queue(restricted=True)
    member = factories.actor(queues=[secret])
    with transaction():
        ticket = factories.ticket(queue_=secret)
    smtp_receiver.behaviour = "refuse"
    post.answer(ticket)
    send_mail.run()
    (row,) = post.outbox()
    with pytest.raises(NotFound), transaction():
        outbox.retry(factories.actor(), row.id)
    with transaction():
        outbox.retry(member, row.id)
