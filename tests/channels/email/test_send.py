"""Answers out: what is written, to whom, when, and what happens when a server says no."""

from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
import time_machine
from flask import Flask

from helpdesk import blobs
from helpdesk.channels.email import importer
from helpdesk.channels.email.compose import compose
from helpdesk.channels.email.models import Mailbox
from helpdesk.channels.email.outgoing import new_message_id
from helpdesk.channels.email.secrets import seal
from helpdesk.channels.email.send import send_mail
from helpdesk.db import db, transaction
from helpdesk.events import publish
from helpdesk.lib import mime
from helpdesk.lib.clock import now
from helpdesk.notify import outbox
from helpdesk.notify.models import OutboxMessage, Sending
from helpdesk.people.access import SYSTEM
from helpdesk.people.events import PasswordResetAsked
from helpdesk.people.models import ContactPoint, Desk, Person
from helpdesk.tickets import services
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.queries.access import NotFound
from helpdesk.tickets.services import NewFile, Said
from tests import factories
from tests.channels.email import post
from tests.support import smtp


@pytest.fixture
def queue(session) -> Queue:
    return factories.queue(is_default=True)


@pytest.fixture
def box(queue: Queue, smtp_receiver: smtp.Receiver) -> Mailbox:
    return post.mailbox(None, smtp_receiver, queue=queue)


@pytest.fixture
def ticket(queue: Queue) -> Ticket:
    customer = factories.person("Ho Mei-Ling", email="mei@customer.example")
    return factories.ticket(customer=customer, queue_=queue)


def answer(ticket: Ticket, body: str = "Hello", **options) -> Entry:
    with transaction():
        return services.reply(factories.actor(), ticket, Said(body=body), **options)


def states() -> list[str]:
    return [row.state for row in post.outbox()]


def composed(row: OutboxMessage, box: Mailbox) -> EmailMessage:
    message = message_from_bytes(compose(row, box), policy=default)
    assert isinstance(message, EmailMessage)
    return message


# ---- When ----


def test_an_answer_waits_until_it_can_no_longer_be_taken_back(
    box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver
):
    entry = answer(ticket, hold=8)
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
    answer(ticket)
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
    answer(ticket)
    assert post.outbox()[0].recipients == ["bo@home.example"]


def test_who_has_no_address_is_named_in_the_ticket_and_reached_later(
    box: Mailbox, queue: Queue, smtp_receiver: smtp.Receiver
):
    person = factories.person("No Mail")
    for point in person.contact_points:
        point.retired_at = now()
    db.session.commit()
    ticket = factories.ticket(customer=person, queue_=queue)
    entry = answer(ticket)
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
    answer(factories.ticket(queue_=other))
    answer(factories.ticket(queue_=factories.queue()))
    assert [row.mailbox_id for row in post.outbox()] == [sales.id, box.id]


def test_without_a_mailbox_answers_wait_and_say_so(
    ticket: Ticket, queue: Queue, smtp_receiver: smtp.Receiver
):
    entry = answer(ticket)
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
    answer(ticket)
    post.mailbox(None, None, queue=queue, smtp_host="mail.desk.example")
    answer(ticket)
    assert post.outbox() == []


# ---- What ----


def test_threading_headers_name_only_what_the_customer_knows(
    queue: Queue, box: Mailbox, smtp_receiver: smtp.Receiver
):
    factories.person("Priya", email="priya@desk.example", is_technician=True)
    mails = [
        post.letter(Message_ID="<a@x.example>"),
        post.letter(
            sender="priya@desk.example", In_Reply_To="<a@x.example>", Message_ID="<note@x>"
        ),
        post.letter(In_Reply_To="<a@x.example>", Message_ID="<b@x.example>"),
    ]
    list(
        importer.take_in(
            [importer.Found(str(i), 1, m.as_bytes()) for i, m in enumerate(mails)], queue
        )
    )
    answer(post.tickets()[0])
    send_mail.run()
    message = smtp_receiver.received[0].message
    assert message["In-Reply-To"] == "<b@x.example>"
    assert str(message["References"]).split() == ["<a@x.example>", "<b@x.example>"]


def test_the_number_stands_in_the_subject_once(queue: Queue, box: Mailbox):
    ticket = factories.ticket("Re: AW: Printer [#10001] smells", queue_=queue)
    answer(ticket)
    (row,) = post.outbox()
    assert composed(row, box)["Subject"] == f"Re: Printer smells [#{ticket.number}]"


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("Eve\r\nBcc: all@x.example", "Hi\r\nBcc: all@x.example"),
        ('"quoted" \\ back', "a" * 280),
        ("何美玲，採購部" * 10, "打印机坏了" * 40),
        ("Ünï, Cödé <x@y>", "Zwölf Boxkämpfer jagen Viktor " * 8),
        ("", "=?utf-8?q?trick=0D=0ABcc:_x?="),
        ("x\u2028Bcc: y\x85Bcc: z", "\x0b\x1f"),
    ],
)
def test_hostile_and_foreign_names_stay_where_they_belong(
    queue: Queue, box: Mailbox, name: str, subject: str
):
    customer = factories.person(name or "x", email="mei@customer.example")
    ticket = factories.ticket(f"Problem {subject}", customer=customer, queue_=queue)
    answer(ticket)
    (row,) = post.outbox()
    raw = compose(row, box)
    head, _, _body = raw.partition(b"\r\n\r\n")
    assert all(len(line) < 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert head.isascii()
    for line in head.split(b"\r\n"):
        assert not line.lower().startswith(b"bcc")
    parsed = mime.parse(raw)
    assert [one.address for one in parsed.to] == ["mei@customer.example"]
    assert parsed.subject.endswith(f"[#{ticket.number}]")
    assert parsed.defects == ()


def test_files_and_pasted_pictures_travel(queue: Queue, box: Mailbox, ticket: Ticket):
    files = [
        NewFile(blobs.put(b"\x89PNG..."), "shot.png", "image/png", 7, "abc@hearth"),
        NewFile(blobs.put(b"report"), "Bericht für März.pdf", "application/pdf", 6),
        NewFile(blobs.put(b"From: x"), "mail.eml", "message/rfc822", 7),
        NewFile(blobs.put(b"x"), "odd", "text/html\r\nX-Evil: 1", 1),
    ]
    with transaction():
        services.reply(
            factories.actor(), ticket, Said(body="See ![shot.png](cid:abc@hearth)", files=files)
        )
    (row,) = post.outbox()
    message = composed(row, box)
    text = message.get_body(("plain",))
    html = message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().strip() == "See [shot.png]"
    assert 'src="cid:abc@hearth"' in html.get_content()
    parts = {part.get_filename(): part for part in message.walk() if part.get_filename()}
    assert set(parts) == {"shot.png", "Bericht für März.pdf", "mail.eml", "odd"}
    assert parts["shot.png"]["Content-ID"] == "<abc@hearth>"
    assert parts["shot.png"].get_content_disposition() == "inline"
    assert parts["Bericht für März.pdf"].get_content_disposition() == "attachment"
    assert parts["mail.eml"].get_content_type() == "application/octet-stream"
    assert parts["odd"].get_content_type() == "application/octet-stream"
    assert b"X-Evil" not in compose(row, box)


def test_long_lines_and_every_script_arrive_as_typed(
    box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver
):
    body = "x" * 5000 + "\n.\n..dots\nFrom here\n打印机\nZwölf = 12 %\n"
    answer(ticket, body)
    send_mail.run()
    parsed = mime.parse(smtp_receiver.received[0].raw)
    assert parsed.text.strip() == body.strip()


def test_a_message_id_cannot_be_guessed(box: Mailbox):
    first, second = new_message_id(box, 7), new_message_id(box, 7)
    assert first != second
    assert first.endswith("@desk.example>")
    assert len(first.split(".")[2].partition("@")[0]) == 32


# ---- When a server says no ----


def test_a_refusal_for_good_is_shown_in_the_ticket(
    box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver
):
    smtp_receiver.behaviour = "refuse"
    entry = answer(ticket)
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
    entry = answer(ticket)
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
    entry = answer(ticket)
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
    answer(ticket)
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
    answer(ticket)
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
    first, second = answer(ticket, "One"), answer(ticket, "Two")
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
        answer(ticket)
        send_mail.run()
        assert len(receiver.received) == 1
        box = db.session.get_one(Mailbox, box.id)
        box.smtp_secret = seal("falsch")
        db.session.commit()
        answer(ticket)
        send_mail.run()
        assert len(receiver.received) == 1
        assert (
            "refused the user name or the password"
            in db.session.get_one(Mailbox, box.id, populate_existing=True).send_error
        )


def test_a_claim_of_a_process_that_died_runs_out(
    box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver
):
    answer(ticket)
    with transaction():
        assert outbox.claim("email", box.id) is not None
    send_mail.run()
    assert smtp_receiver.received == []
    with time_machine.travel(now() + timedelta(minutes=4), tick=False):
        send_mail.run()
    assert len(smtp_receiver.received) == 1


def test_only_who_may_see_the_ticket_retries(box: Mailbox, smtp_receiver: smtp.Receiver):
    secret = factories.queue(restricted=True)
    member = factories.actor(queues=[secret])
    with transaction():
        ticket = factories.ticket(queue_=secret)
    smtp_receiver.behaviour = "refuse"
    answer(ticket)
    send_mail.run()
    (row,) = post.outbox()
    with pytest.raises(NotFound), transaction():
        outbox.retry(factories.actor(), row.id)
    with transaction():
        outbox.retry(member, row.id)


# ---- Redaction and notices ----


def test_redaction_stops_what_has_not_left(
    box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver
):
    entry = answer(ticket, "My card is 4111", hold=60)
    with transaction():
        services.redact(factories.actor(role="administrator"), ticket, entry, "card")
    with time_machine.travel(now() + timedelta(minutes=5), tick=False):
        send_mail.run()
    assert smtp_receiver.received == []
    assert states() == [Sending.CANCELLED]


def test_the_link_for_a_new_password_is_mailed_in_the_persons_language(
    app: Flask, box: Mailbox, smtp_receiver: smtp.Receiver
):
    person = factories.person("何美玲", language="zh_Hant_TW", email="mei@customer.example")
    link = "https://desk.example/password/abc"
    with transaction():
        publish(
            PasswordResetAsked(
                db.session.get_one(Person, person.id),
                "mei@customer.example",
                link,
                now() + timedelta(hours=1),
            )
        )
    (row,) = post.outbox()
    assert link in (row.text or "")
    send_mail.run()
    (received,) = smtp_receiver.received
    assert received.recipients == ["mei@customer.example"]
    assert received.message["Auto-Submitted"] == "auto-generated"
    assert link in mime.parse(received.raw).text
    # The link works once; it is not kept where others could read it.
    assert post.outbox()[0].text is None


def test_a_link_that_works_no_longer_is_not_sent(
    box: Mailbox, smtp_receiver: smtp.Receiver, queue: Queue
):
    person = factories.person()
    with transaction():
        publish(
            PasswordResetAsked(
                db.session.get_one(Person, person.id),
                "x@customer.example",
                "https://desk.example/p",
                now() + timedelta(minutes=10),
            )
        )
    with time_machine.travel(now() + timedelta(hours=1), tick=False):
        send_mail.run()
    assert smtp_receiver.received == []
    assert states() == [Sending.FAILED]
