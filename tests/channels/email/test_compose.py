"""What an answer looks like on the wire, and notices that carry a link."""

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
from helpdesk.channels.email.send import send_mail
from helpdesk.db import db, transaction
from helpdesk.events import publish
from helpdesk.lib import mime
from helpdesk.lib.clock import now
from helpdesk.notify.models import OutboxMessage, Sending
from helpdesk.people.events import PasswordResetAsked
from helpdesk.people.models import Person
from helpdesk.tickets import services
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services import NewFile, Said
from tests import factories
from tests.channels.email import post
from tests.support import smtp


def states() -> list[str]:
    return [row.state for row in post.outbox()]


def composed(row: OutboxMessage, box: Mailbox) -> EmailMessage:
    message = message_from_bytes(compose(row, box), policy=default)
    assert isinstance(message, EmailMessage)
    return message


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
    post.answer(post.tickets()[0])
    send_mail.run()
    message = smtp_receiver.received[0].message
    assert message["In-Reply-To"] == "<b@x.example>"
    assert str(message["References"]).split() == ["<a@x.example>", "<b@x.example>"]


def test_the_number_stands_in_the_subject_once(queue: Queue, box: Mailbox):
    ticket = factories.ticket("Re: AW: Printer [#10001] smells", queue_=queue)
    post.answer(ticket)
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
    post.answer(ticket)
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
    post.answer(ticket, body)
    send_mail.run()
    parsed = mime.parse(smtp_receiver.received[0].raw)
    assert parsed.text.strip() == body.strip()


def test_a_message_id_cannot_be_guessed(box: Mailbox):
    first, second = new_message_id(box, 7), new_message_id(box, 7)
    assert first != second
    assert first.endswith("@desk.example>")
    assert len(first.split(".")[2].partition("@")[0]) == 32


# ---- Redaction and notices ----


def test_redaction_stops_what_has_not_left(
    box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver
):
    entry = post.answer(ticket, "My card is 4111", hold=60)
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
