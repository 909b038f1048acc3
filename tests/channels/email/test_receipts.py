"""Mail in, a receipt out: to people, once, and never to programs or lists."""

from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime

import pytest
import time_machine

from helpdesk.channels.email import importer
from helpdesk.channels.email.models import Mailbox
from helpdesk.channels.email.send import send_mail
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.notify import customers
from helpdesk.notify.telling import SETTING, Tell, Telling
from tests import factories
from tests.channels.email import post
from tests.support import smtp

LATER = timedelta(seconds=30)


@pytest.fixture(autouse=True)
def telling(box: Mailbox) -> None:
    desk = factories.desk()
    desk.settings = {SETTING: Telling(kinds=frozenset(Tell), quiet=None).stored()}
    db.session.commit()


def take(box: Mailbox, *messages: EmailMessage) -> None:
    found = [
        importer.Found(f"file{number}", 1, one.as_bytes()) for number, one in enumerate(messages)
    ]
    list(importer.take_in(found, box.queue))


def tell() -> None:
    with time_machine.travel(now() + LATER, tick=False):
        customers.tell_customers.run()
        send_mail.run()


def test_who_writes_gets_one_receipt_that_says_it_is_one(
    box: Mailbox, smtp_receiver: smtp.Receiver
) -> None:
    take(box, post.letter(Message_ID="<first@customer.example>"))
    tell()
    tell()
    (received,) = smtp_receiver.received
    sent = received.message
    (ticket,) = post.tickets()
    assert sent["Subject"] == f"Received: The printer is out of toner [#{ticket.number}]"
    assert sent["Auto-Submitted"] == "auto-replied"
    assert sent["X-Auto-Response-Suppress"] == "All"
    assert sent["In-Reply-To"] == "<first@customer.example>"
    # An answer to the receipt finds its ticket, whatever became of the subject.
    take(box, post.letter("Toner", "More of it", References=sent["Message-ID"]))
    assert len(post.tickets()) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"List_Id": "<all.customer.example>"},
        {"X_Auto_Response_Suppress": "DR, OOF, AutoReply"},
        {"Return_Path": "<>"},
        {"sender": "no-reply@customer.example"},
        {"sender": "MAILER-DAEMON@customer.example"},
        {"Date": format_datetime(now() - timedelta(days=30))},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_programs_lists_and_archives_get_none(
    box: Mailbox, smtp_receiver: smtp.Receiver, headers: dict[str, str]
) -> None:
    take(box, post.letter(**headers))
    tell()
    assert len(post.tickets()) == 1
    assert smtp_receiver.received == []


def test_a_message_that_says_no_program_wrote_it_is_a_persons(
    box: Mailbox, smtp_receiver: smtp.Receiver
) -> None:
    take(box, post.letter(Auto_Submitted="no"))
    tell()
    assert len(smtp_receiver.received) == 1
