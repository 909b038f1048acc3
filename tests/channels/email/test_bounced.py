"""Mail that comes back: the ticket says so, the address is marked, and nobody answers it."""

from datetime import timedelta
from email.message import EmailMessage

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select

from helpdesk.channels.email import addressing, importer
from helpdesk.channels.email.ingest import Fate
from helpdesk.channels.email.models import Mailbox, Plus, State
from helpdesk.channels.email.send import send_mail
from helpdesk.db import db, transaction
from helpdesk.lib.clock import now
from helpdesk.notify import notices, outbox
from helpdesk.notify.notices import Kind
from helpdesk.people.models import ContactPoint, Person
from helpdesk.tickets import services
from helpdesk.tickets.lifecycle import HoldReason, Outcome
from helpdesk.tickets.models import Entry, Ticket
from tests import factories
from tests.channels.email import post
from tests.people.browser import post as press
from tests.support import smtp

CUSTOMER = "mei-ling@customer.example"


def take(box: Mailbox, *messages: EmailMessage | bytes) -> list[Fate]:
    """Take messages in and return their fates."""
    found = [
        importer.Found(f"file{number}", 1, one if isinstance(one, bytes) else one.as_bytes())
        for number, one in enumerate(messages)
    ]
    fates = [one.fate for one in importer.take_in(found, box.queue)]
    return [fate for fate in fates if fate is not None]


def report(
    message_id: str,
    address: str = CUSTOMER,
    *,
    status: str = "5.1.1",
    action: str = "failed",
    said: str = "550 5.1.1 User unknown",
    number: int = 1,
) -> bytes:
    """Write what a mail system reports on a message of ours."""
    return (
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.customer.example\nTo: support@desk.example\n"
        f"Subject: Undelivered Mail Returned to Sender\nMessage-ID: <report{number}@mx.example>\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\n\nYour message could not be delivered.\n\n"
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.customer.example\n\n"
        f"Final-Recipient: rfc822; {address}\nAction: {action}\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; {said}\n\n"
        f"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: {message_id}\n"
        f"From: support@desk.example\nTo: {CUSTOMER}\n\n--b--\n"
    ).encode()


@pytest.fixture
def ticket(box: Mailbox, smtp_receiver: smtp.Receiver) -> Ticket:
    """A ticket that came by mail and was answered; the answer has left."""
    take(box, post.letter())
    (ticket,) = post.tickets()
    post.answer(ticket, "Try the other tray")
    with time_machine.travel(now() + timedelta(seconds=30), tick=False):
        send_mail.run()
    assert len(smtp_receiver.received) == 1
    return post.tickets()[0]


def sent() -> str:
    return post.outbox()[-1].message_id


def point(address: str = CUSTOMER) -> ContactPoint:
    db.session.expire_all()
    return db.session.scalars(select(ContactPoint).where(ContactPoint.value == address)).one()


def told(ticket: Ticket) -> list[str]:
    assert ticket.owner_id is not None
    owner = factories.actor(db.session.get_one(Person, ticket.owner_id))
    return [row.kind for row in notices.newest(owner)]


def test_a_report_that_quotes_nothing_finds_its_mail_by_the_return_path(
    box: Mailbox, ticket: Ticket
):
    with transaction():
        box.plus = Plus.ALL
    path = addressing.return_path(box, post.outbox()[-1].id)
    assert path != box.address
    forged = path.replace("+b", "+b1")

    def came_to(address: str, number: int) -> bytes:
        raw = report("<somebody-elses@id.example>", number=number)
        return b"Delivered-To: " + address.encode() + b"\n" + raw

    (fate,) = take(box, came_to(forged, 1))
    assert fate.state == State.IGNORED
    (fate,) = take(box, came_to(path, 2))
    assert (fate.state, fate.ticket) == (State.BOUNCE, ticket.id)


def test_a_bounce_is_said_in_the_ticket_and_marks_the_address(box: Mailbox, ticket: Ticket):
    before = (ticket.version, ticket.status_class, ticket.waiting_since, ticket.contacts)
    (fate,) = take(box, report(sent()))
    assert (fate.state, fate.reason, fate.ticket) == (State.BOUNCE, "user-unknown", ticket.id)
    (ticket,) = post.tickets()
    assert before == (ticket.version, ticket.status_class, ticket.waiting_since, ticket.contacts)
    (entry,) = post.entries(ticket, "bounce")
    assert not entry.public
    assert entry.changes is not None
    assert CUSTOMER in str(entry.changes["undelivered"])
    assert ticket.undelivered_at is not None
    assert told(ticket) == [Kind.UNDELIVERED]
    marked = point()
    assert marked.undeliverable_since is not None
    assert marked.undeliverable_why == "user-unknown"
    (answer,) = post.entries(ticket, "reply")
    assert outbox.deliveries([answer.id])[answer.id].returned
    # Nobody was made a customer of it, and nothing was answered.
    assert db.session.scalar(select(ContactPoint).where(ContactPoint.value.like("mailer%"))) is None
    assert len(post.outbox()) == 1


def test_a_full_mailbox_is_only_noted(box: Mailbox, ticket: Ticket):
    take(box, report(sent(), status="5.2.2", said="552 5.2.2 Over quota"))
    (ticket,) = post.tickets()
    assert ticket.undelivered_at is not None
    assert point().undeliverable_since is None


def test_a_late_mail_is_a_line_of_the_journal_and_no_more(box: Mailbox, ticket: Ticket):
    (fate,) = take(box, report(sent(), status="4.4.1", action="delayed", said="timed out"))
    (ticket,) = post.tickets()
    assert (fate.state, fate.reason) == (State.BOUNCE, "delayed")
    assert len(post.entries(ticket, "bounce")) == 1
    assert ticket.undelivered_at is None
    assert told(ticket) == []
    assert point().undeliverable_since is None


def test_a_bounce_wakes_and_reopens_nothing(box: Mailbox, ticket: Ticket):
    name = sent()
    with transaction():
        services.hold(factories.actor(), ticket, HoldReason.CUSTOMER)
    take(box, report(name))
    assert post.tickets()[0].status_class == "pending"
    with transaction():
        services.resolve(
            factories.actor(), post.tickets()[0], outcome=Outcome.WITHDRAWN, solution="Toner"
        )
    take(box, report(name, number=2))
    assert post.tickets()[0].status_class == "resolved"


def test_a_report_on_mail_that_nobody_sent_goes_nowhere(box: Mailbox):
    (fate,) = take(box, report("<forged@desk.example>"))
    assert (fate.state, fate.reason) == (State.IGNORED, "bounce-unknown")
    assert post.tickets() == []
    assert post.outbox() == []


def test_a_report_without_an_author_is_understood_all_the_same(box: Mailbox, ticket: Ticket):
    raw = report(sent()).replace(b"MAILER-DAEMON@mx.customer.example", b"<>")
    (fate,) = take(box, raw)
    assert fate.state == State.BOUNCE


def test_nobody_marks_an_address_that_the_mail_was_not_for(box: Mailbox, ticket: Ticket):
    with transaction():
        factories.person("Ada", email="ada@other.example")
    take(box, report(sent(), address="ada@other.example"))
    assert point("ada@other.example").undeliverable_since is None


def test_a_person_who_writes_about_a_bounce_gets_a_ticket(box: Mailbox):
    (fate,) = take(
        box,
        post.letter(
            "Mail delivery failed",
            "My mail could not be delivered to bo@other.example: user unknown.",
            sender="Administrator <admin@customer.example>",
        ),
    )
    assert fate.state == State.FILED


def test_nobody_fills_a_journal_with_reports(box: Mailbox, ticket: Ticket):
    fates = take(box, *(report(sent(), number=number) for number in range(24)))
    assert {fate.state for fate in fates} == {State.BOUNCE}
    assert len(post.entries(ticket, "bounce")) == 20


def test_who_writes_from_the_address_again_is_alive(box: Mailbox, ticket: Ticket):
    take(box, report(sent()))
    assert point().undeliverable_since is not None
    take(box, post.letter("Toner", "More of it"), post.letter("Paper", "Less of it"))
    assert point().undeliverable_since is None
    assert point().undeliverable_why == ""


def test_the_next_answer_takes_the_mark_from_the_ticket(box: Mailbox, ticket: Ticket):
    take(box, report(sent()))
    post.answer(post.tickets()[0], "Again")
    assert post.tickets()[0].undelivered_at is None


def test_the_page_warns_and_is_told_that_it_is_dealt_with(
    box: Mailbox, ticket: Ticket, client: FlaskClient
):
    take(box, report(sent()))
    who = factories.technician("Priya Nair", queues=[box.queue])
    factories.sign_in(client, factories.account(who, "technician"))
    db.session.commit()
    page = client.get(f"/tickets/{ticket.id}").text
    assert "could not be delivered: there is no such address (status 5.1.1, permanent)" in page
    assert "A mail of ours came back (" in page
    assert "comes back: there is no such address" in page
    assert "came back</span>" in page
    assert "Mail came back" in client.get("/queue").text
    press(client, f"/tickets/{ticket.id}/undelivered", f"/tickets/{ticket.id}")
    assert post.tickets()[0].undelivered_at is None


def test_the_owner_s_notice_says_whom_it_did_not_reach(
    box: Mailbox, ticket: Ticket, client: FlaskClient
):
    take(box, report(sent()))
    owner = db.session.get_one(Person, post.tickets()[0].owner_id)
    factories.sign_in(client, factories.account(owner, "technician"))
    db.session.commit()
    page = client.get("/notices").text
    assert f"Mail to <b>{CUSTOMER}</b> could not be delivered: there is no such address" in page


def test_the_person_s_page_shows_it_and_clears_it_by_hand(
    box: Mailbox, ticket: Ticket, client: FlaskClient
):
    take(box, report(sent()))
    who = factories.technician("Priya Nair", queues=[box.queue])
    factories.sign_in(client, factories.account(who, "technician"))
    db.session.commit()
    marked = point()
    assert "there is no such address" in client.get(f"/people/{marked.person_id}").text
    person = f"/people/{marked.person_id}"
    press(client, f"{person}/contacts/{marked.id}/deliverable", person)
    assert point().undeliverable_since is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"X_Autoreply": "yes"},
        {"subject": "Automatic reply: The printer is out of toner"},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_an_automatic_answer_says_nothing_for_its_owner(
    box: Mailbox, ticket: Ticket, headers: dict[str, str]
):
    with transaction():
        services.hold(factories.actor(), ticket, HoldReason.CUSTOMER)
    before = post.tickets()[0]
    was = (before.waiting_since, before.unanswered_since, before.contacts)
    (fate,) = take(
        box,
        post.letter(
            **{"subject": "Out", "body": "Back on Monday", "References": sent(), **headers}
        ),
    )
    (after,) = post.tickets()
    assert (fate.state, fate.ticket) == (State.FILED, after.id)
    assert was == (after.waiting_since, after.unanswered_since, after.contacts)
    assert after.status_class == "pending"
    assert not after.customer_replied
    (entry,) = post.entries(after, "hear-automatic")
    assert entry.body.strip() == "Back on Monday"
    assert not entry.public
    assert told(after) == []


def test_redacting_the_answer_removes_the_copy_that_came_back(box: Mailbox, ticket: Ticket):
    take(box, report(sent()))
    (answer,) = post.entries(ticket, "reply")
    with transaction():
        entry = db.session.get_one(Entry, answer.id)
        services.redact(
            factories.actor(role="administrator"), post.tickets()[0], entry, "A password"
        )
    line = post.ledger()[-1]
    assert line.state == State.BOUNCE
    assert line.raw_sha256 is None
