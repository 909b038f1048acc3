"""Plus-addresses from end to end: dovecot takes them in, we fetch, and each finds its place."""

from email import message_from_bytes
from email.policy import default

import pytest

from helpdesk.channels.email import aliases
from helpdesk.channels.email.addressing import About, token_of
from helpdesk.channels.email.aliases import Leads
from helpdesk.channels.email.models import MailMessage, Plus, State
from helpdesk.channels.email.send import send_mail
from helpdesk.channels.email.watch import fetch_once
from helpdesk.channels.inbound import How
from helpdesk.db import db, transaction
from helpdesk.people.access import SYSTEM
from helpdesk.tickets.models import Ticket
from tests import factories
from tests.channels.email import post
from tests.support import dovecot, smtp

pytestmark = [
    pytest.mark.imap,
    pytest.mark.skipif(dovecot.delivery_agent() is None, reason="no dovecot-lda here"),
]


def test_answers_bounces_and_queues_are_told_by_what_stands_behind_the_plus(
    session, imap_account: dovecot.Account, smtp_receiver: smtp.Receiver
):
    queue, network = factories.queue("Service desk", is_default=True), factories.queue("Network")
    box = post.mailbox(imap_account, smtp_receiver, queue=queue, plus=str(Plus.ALL))
    with transaction():
        to_network = Leads(network.id, urgency=1)
        aliases.add(SYSTEM, box, "support+network*@desk.example", to_network)
    customer = factories.person("Ho Mei-Ling", email="mei@customer.example")
    ticket = factories.ticket("Lamp", customer=customer, queue_=queue)
    post.answer(ticket)
    send_mail.run()
    answer = smtp_receiver.received[-1]
    head = message_from_bytes(answer.raw, policy=default)
    told = str(head["Reply-To"].addresses[0].addr_spec)
    token = token_of(told)
    assert token is not None
    assert (token.about, token.number) == (About.TICKET, ticket.id)
    assert told.startswith(f"support+t{ticket.id}.")

    def bring(address: str, subject: str, **headers: str) -> None:
        imap_account.bring(address, post.letter(subject, **headers))

    other = {"sender": "mei@private.example", "to": "mei@private.example"}
    # Nothing but the address that the server delivered to leads anywhere.
    bring(told, "It flickers", **other)
    bring(told.upper(), "AND HUMS", **other)
    bring(answer.sender, "I am away", Auto_Submitted="auto-replied", **other)
    bring("support+network-office4@desk.example", "No Wi-Fi", **other)
    bring("support+48213@desk.example", "A number is no proof", **other)
    bring(told.replace(f"t{ticket.id}.", f"t{ticket.id + 1}."), "Let me in", **other)
    fates = fetch_once(box.id) or []
    assert {one.state for one in fates} == {State.FILED}

    def row(subject: str) -> MailMessage:
        return next(one for one in post.ledger() if one.subject == subject)

    def queue_of(subject: str) -> int:
        return db.session.get_one(Ticket, row(subject).ticket_id).queue_id

    assert [(row(one).ticket_id, row(one).reason) for one in ("It flickers", "AND HUMS")] == [
        (ticket.id, How.JOINED)
    ] * 2
    assert (row("I am away").ticket_id, row("I am away").reason) == (ticket.id, How.NOTED)
    assert (row("No Wi-Fi").reason, queue_of("No Wi-Fi")) == (How.OPENED, network.id)
    assert db.session.get_one(Ticket, row("No Wi-Fi").ticket_id).urgency == 1
    for forged in ("A number is no proof", "Let me in"):
        assert (row(forged).reason, queue_of(forged)) == (How.OPENED, queue.id)
    # And a mail that came back, to the return path that only this answer had.
    imap_account.bring(answer.sender, REPORT)
    fetch_once(box.id)
    assert post.ledger()[-1].state == State.BOUNCE
    assert post.ledger()[-1].ticket_id == ticket.id


REPORT = b"""\
Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.example.net>
To: undisclosed-recipients:;
Subject: Undelivered Mail Returned to Sender
Date: Mon, 23 Nov 2026 10:00:00 +0000
Message-ID: <report-1@mx.example.net>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b

Your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; mei@customer.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--b--
"""
