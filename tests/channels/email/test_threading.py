"""How mail finds its ticket when its ids, its subject or its sender are not what they should be."""

import base64
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
import time_machine

from helpdesk.channels.email import delivered
from helpdesk.channels.email.addressing import About, Token, token_of
from helpdesk.channels.email.models import Mailbox, MailMessage, Plus
from helpdesk.channels.email.send import send_mail
from helpdesk.channels.email.thread_models import MailTrace
from helpdesk.channels.inbound import How
from helpdesk.db import db, transaction
from helpdesk.lib.clock import now
from helpdesk.people.access import SYSTEM
from helpdesk.tickets import services
from helpdesk.tickets.companions import Link
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.lifecycle import Outcome
from helpdesk.tickets.models import Ticket
from tests import factories
from tests.channels.email import post
from tests.support import smtp


@pytest.fixture
def box(queue: Queue, smtp_receiver: smtp.Receiver) -> Mailbox:
    return post.mailbox(None, smtp_receiver, queue=queue, plus=str(Plus.ALL))


def take(box: Mailbox, *messages: EmailMessage | bytes) -> list[MailMessage]:
    """Let an MTA bring messages to a mailbox, and file them together."""
    lines = len(post.ledger())
    with transaction():
        for one in messages:
            raw = one if isinstance(one, bytes) else one.as_bytes()
            delivered.take(raw, queue_id=box.queue_id, mailbox_id=box.id, source="pipe")
    delivered.file_delivered_mail.run()
    return post.ledger()[lines:]


def sent(receiver: smtp.Receiver) -> tuple[EmailMessage, str]:
    """Send what is due; return the last message and its return path."""
    send_mail.run()
    last = receiver.received[-1]
    return message_from_bytes(last.raw, policy=default), last.sender


def reply_to(message: EmailMessage) -> str:
    return str(message["Reply-To"].addresses[0].addr_spec)


def solve(ticket: Ticket) -> None:
    with transaction():
        services.resolve(
            SYSTEM, ticket, cause=factories.cause(), solution="Done.", outcome=Outcome.SOLVED
        )


def linked(ticket_id: int | None) -> set[int]:
    rows = db.session.query(Link).filter((Link.from_id == ticket_id) | (Link.to_id == ticket_id))
    return {row.to_id if row.from_id == ticket_id else row.from_id for row in rows}


def outlook(more: bytes = b"", conversation: bytes = b"\x01\xda" * 11) -> str:
    return base64.b64encode(conversation + more).decode()


def test_an_answer_finds_its_ticket_by_the_address_it_was_told(
    box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver
):
    post.answer(ticket)
    message, came_from = sent(smtp_receiver)
    told = reply_to(message)
    assert token_of(told) == Token(About.TICKET, ticket.id)
    returned = token_of(came_from)
    assert returned is not None
    assert returned.about == About.MAIL

    # Everything else about it is lost, it comes from another address and shouts.
    row, autoreply = take(
        box,
        post.letter("Re: hello", sender="mei@private.example", to=told.upper()),
        post.letter("I am away", sender="mei@private.example", to=came_from),
    )
    assert (row.ticket_id, row.reason) == (ticket.id, How.JOINED)
    assert autoreply.ticket_id == ticket.id


@pytest.mark.parametrize("cut", [1, 2])
def test_a_signature_may_lose_its_tail_but_not_be_guessed(
    box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver, cut: int
):
    post.answer(ticket)
    told = reply_to(sent(smtp_receiver)[0])
    local, _at, domain = told.partition("@")
    assert token_of(f"{local[:-cut]}@{domain}") == Token(About.TICKET, ticket.id)
    assert token_of(f"{local[:-3]}@{domain}") is None
    forged = told.replace(f"t{ticket.id}.", f"t{ticket.id + 1}.")
    other = factories.ticket(customer=ticket.customer)
    assert other.id == ticket.id + 1
    (row,) = take(box, post.letter("Let me in", sender="eve@evil.example", to=forged))
    assert row.reason == How.OPENED


def test_a_mailbox_whose_server_takes_no_plus_says_nothing_of_it(
    queue: Queue, ticket: Ticket, smtp_receiver: smtp.Receiver
):
    post.mailbox(None, smtp_receiver, queue=queue)
    post.answer(ticket)
    message, came_from = sent(smtp_receiver)
    assert message["Reply-To"] is None
    assert came_from == "support@desk.example"


@pytest.mark.parametrize(
    "header",
    [
        {"In_Reply_To": "Your message of Monday <first@customer.example> (was: printer)"},
        {"In_Reply_To": "<unknown@x.example> <first@customer.example>"},
        {"References": "=3Cother@x.example=3E =\r\n =3Cfirst=40customer.example=3E"},
        {"References": "<0102-amazon@eu-west-1.amazonses.com>\r\n <first@customer.\r\n example>"},
    ],
)
def test_references_are_read_however_they_are_written(box: Mailbox, header: dict[str, str]):
    first = post.letter(Message_ID="<first@customer.example>").as_bytes()
    name, value = next(iter(header.items()))
    answer = post.letter("Something else").as_bytes()
    answer = f"{name.replace('_', '-')}: {value}\r\n".encode() + answer
    one, two = take(box, first, answer)
    assert (two.reason, two.ticket_id) == (How.JOINED, one.ticket_id)


def test_a_mail_is_found_by_the_id_it_had_before_a_server_changed_it(box: Mailbox):
    (first,) = take(
        box,
        post.letter(
            Message_ID="<0100018@email.amazonses.com>",
            X_Original_Message_ID="<mine@customer.example>",
        ),
    )
    (second,) = take(box, post.letter("Re: it", In_Reply_To="<mine@customer.example>"))
    assert second.ticket_id == first.ticket_id


def test_outlooks_conversation_counts_for_who_takes_part_and_for_answers_only(box: Mailbox):
    (first,) = take(box, post.letter("VPN", Thread_Index=outlook()))
    (again,) = take(box, post.letter("AW: VPN", Thread_Index=outlook(b"12345")))
    assert (again.reason, again.ticket_id) == (How.JOINED, first.ticket_id)
    stranger, anew = take(
        box,
        post.letter("VPN", sender="eve@evil.example", Thread_Index=outlook(b"12345")),
        post.letter("VPN again", Thread_Index=outlook()),
    )
    assert stranger.reason == How.OPENED
    assert linked(stranger.ticket_id) == {first.ticket_id}
    assert anew.reason == How.OPENED
    assert db.session.query(MailTrace).count() == 1


def test_an_old_address_used_for_something_new_opens_a_ticket_of_its_own(
    box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver
):
    post.answer(ticket)
    told = reply_to(sent(smtp_receiver)[0])
    sender = "mei@customer.example"
    (open_still,) = take(box, post.letter("Parking permit", sender=sender, to=told))
    assert open_still.ticket_id == ticket.id
    solve(ticket)
    (row,) = take(box, post.letter("My badge does not open", sender=sender, to=told))
    assert row.reason == How.OPENED
    assert linked(row.ticket_id) == {ticket.id}
    (same,) = take(box, post.letter(f"Re: {ticket.subject}", sender=sender, to=told))
    assert same.ticket_id == ticket.id


def test_an_answer_to_an_old_mail_about_something_else_is_another_matter(box: Mailbox):
    (first,) = take(box, post.letter("Printer is out of toner", Message_ID="<a@customer.example>"))
    ticket = db.session.get_one(Ticket, first.ticket_id)
    solve(ticket)
    refers = {"In_Reply_To": "<a@customer.example>"}
    (soon,) = take(box, post.letter("Still nothing", **refers))
    assert soon.ticket_id == ticket.id
    solve(ticket)
    with time_machine.travel(now() + timedelta(days=9), tick=False):
        (other,) = take(box, post.letter("答复: 会议室投影仪坏了", **refers))
        (same,) = take(box, post.letter("回复: 转发: Printer out of toner", **refers))
    assert other.reason == How.OPENED
    assert same.ticket_id == ticket.id
