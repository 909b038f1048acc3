"""One mail in, one answer out, over a real IMAP server and a real SMTP receiver."""

import pytest
from flask import Flask

from helpdesk.channels.email.models import State
from helpdesk.channels.email.send import send_mail
from helpdesk.channels.email.watch import fetch_once
from helpdesk.db import transaction
from helpdesk.notify.models import Sending
from helpdesk.tickets import services
from tests import factories
from tests.channels.email import post
from tests.support import dovecot, smtp

pytestmark = pytest.mark.imap


def test_a_mail_becomes_a_ticket_and_the_answer_reaches_its_author(
    own_desk: Flask, imap_account: dovecot.Account, smtp_receiver: smtp.Receiver
):
    with own_desk.app_context():
        box = post.mailbox(imap_account, smtp_receiver)
        address = box.address
        imap_account.deliver(
            post.letter("Label printer", "Half a label.\n", Message_ID="<first@customer.example>")
        )

        fetch_once(box.id)

        (ticket,) = post.tickets()
        assert ticket.subject == "Label printer"
        assert ticket.queue_id == box.queue_id
        assert ticket.customer.name == "Ho Mei-Ling"
        assert ticket.status_class == "new"
        (said,) = post.entries(ticket, "log")
        assert said.body.strip() == "Half a label."
        assert said.public
        assert said.inbound

        technician = factories.actor()
        with transaction():
            services.reply(technician, ticket, services.Said(body="Turn it **off** and on."))
        send_mail.run()

        (received,) = smtp_receiver.received
        answer = received.message
        assert received.sender == address
        assert received.recipients == ["mei-ling@customer.example"]
        assert answer["From"] == f"Northline IT <{address}>"
        assert answer["To"] == "Ho Mei-Ling <mei-ling@customer.example>"
        assert answer["Subject"] == f"Re: Label printer [#{ticket.number}]"
        assert answer["In-Reply-To"] == "<first@customer.example>"
        assert answer["References"] == "<first@customer.example>"
        assert answer["Auto-Submitted"] is None
        text = answer.get_body(("plain",))
        html = answer.get_body(("html",))
        assert text is not None
        assert html is not None
        assert text.get_content().strip() == "Turn it **off** and on."
        assert "<strong>off</strong>" in html.get_content()
        assert [row.state for row in post.outbox()] == [Sending.SENT]

        imap_account.deliver(
            post.letter(
                "AW: something else altogether",
                "That did it, but now it beeps.\n",
                In_Reply_To=str(answer["Message-ID"]),
            )
        )
        fetch_once(box.id)

        assert post.tickets() == [ticket]
        assert [entry.body.strip() for entry in post.entries(ticket, "hear")] == [
            "That did it, but now it beeps."
        ]
        assert [row.state for row in post.ledger()] == [State.FILED, State.FILED]

        with transaction():
            services.reply(technician, ticket, services.Said(body="Press the red button."))
        send_mail.run()
        second = smtp_receiver.received[1].message
        assert second["In-Reply-To"] == post.ledger()[1].message_id
        assert str(second["References"]).split() == [
            "<first@customer.example>",
            str(answer["Message-ID"]),
            post.ledger()[1].message_id,
        ]
