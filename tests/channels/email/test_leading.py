"""Mail that staff pass on, addresses with queues of their own, and the brake on loops."""

from datetime import timedelta
from email.message import EmailMessage

import pytest
import time_machine
from flask.testing import FlaskClient

from helpdesk.channels.email import aliases, handling, ledger
from helpdesk.channels.email.aliases import Leads
from helpdesk.channels.email.handling import Handling
from helpdesk.channels.email.models import Mailbox, State
from helpdesk.channels.email.outgoing import new_message_id
from helpdesk.channels.email.send import send_mail
from helpdesk.channels.email.thread_models import MailAlias
from helpdesk.db import db, transaction
from helpdesk.lib.clock import now
from helpdesk.notify import customers
from helpdesk.notify.models import Notice, OutboxMessage, Sending
from helpdesk.notify.telling import SETTING, Tell, Telling
from helpdesk.notify.views import sentence
from helpdesk.people.access import SYSTEM
from helpdesk.people.models import Channel, Person
from helpdesk.tickets.lifecycle import DEFAULT_MATRIX
from helpdesk.tickets.models import Ticket
from tests import factories
from tests.channels.email import post
from tests.channels.email.test_threading import take
from tests.setup.makers import visitor
from tests.support import smtp

BLOCKS = {
    "en": "---------- Forwarded message ---------\nFrom: Ho Mei-Ling <mei@customer.example>\n"
    "Date: Mon, 2 Mar 2026 at 09:12\nSubject: Projector\nTo: Ada <ada@desk.example>\n\n",
    "de": "-----Ursprüngliche Nachricht-----\nVon: Ho Mei-Ling <mei@customer.example>\n"
    "Gesendet: Montag, 2. März 2026 09:12\nAn: Ada <ada@desk.example>\nBetreff: Projector\n\n",
    "fr": "-------- Message transféré --------\nSujet : Projector\nDate : lundi 2 mars 2026\n"
    "De : Ho Mei-Ling <mei@customer.example>\nPour : ada@desk.example\n\n",
    "es": "---------- Mensaje reenviado ---------\nDe: Ho Mei-Ling <mei@customer.example>\n"
    "Fecha: lun, 2 mar 2026\nAsunto: Projector\nPara: <ada@desk.example>\n\n",
    "zh": "-----邮件原件-----\n发件人: Ho Mei-Ling <mei@customer.example>\n"
    "发送时间: 2026年3月2日 9:12\n收件人: ada@desk.example\n主题: Projector\n\n",
    "ja": "---------- 転送メッセージ ---------\n差出人: Ho Mei-Ling <mei@customer.example>\n"
    "日時: 2026年3月2日\n件名: Projector\n宛先: ada@desk.example\n\n",
}


@pytest.fixture
def ada(box: Mailbox) -> Person:
    return factories.person("Ada", email="ada@desk.example", is_technician=True)


def forward(language: str, above: str = "Please look, it is urgent.\n\n") -> EmailMessage:
    body = f"{above}{BLOCKS[language]}It shows only blue.\n"
    return post.letter("Fwd: Projector", body, sender="Ada <ada@desk.example>")


def ticket_of(number: int | None) -> Ticket:
    return db.session.get_one(Ticket, number)


@pytest.mark.parametrize("language", BLOCKS)
def test_a_forwarded_mail_is_a_ticket_of_who_wrote_it(
    client: FlaskClient, box: Mailbox, ada: Person, language: str
):
    (row,) = take(box, forward(language))
    ticket = ticket_of(row.ticket_id)
    assert (ticket.customer.name, ticket.subject) == ("Ho Mei-Ling", "Projector")
    (said,) = post.entries(ticket, "log")
    assert said.body.strip() == "It shows only blue."
    assert said.author_id == ticket.customer_id
    assert (said.envelope or {})["passed_on_by"] == "Ada"
    page = visitor(client).get(f"/tickets/{ticket.id}")
    assert "passed on by Ada" in page
    (words,) = post.entries(ticket, "note")
    assert (words.body, words.author_id, words.public) == (
        "Please look, it is urgent.",
        ada.id,
        False,
    )


def test_a_mail_forwarded_as_a_file_counts_too_and_knows_its_author(box: Mailbox, ada: Person):
    mei = factories.person("Mei", email="mei@customer.example")
    inner = post.letter("Projector", "Only blue.\n", sender="Mei <mei@customer.example>")
    outer = post.letter("Fwd: Projector", "See below.\n", sender="ada@desk.example")
    outer.add_attachment(inner)
    row, _other = take(box, outer, post.letter())
    ticket = ticket_of(row.ticket_id)
    assert ticket.customer_id == mei.id
    (said,) = post.entries(ticket, "log")
    assert said.body.strip() == "Only blue."
    assert [one.content_type for one in said.attachments] == ["message/rfc822"]


def test_only_staff_pass_mail_on_and_only_where_it_is_wanted(box: Mailbox, ada: Person):
    outsider = post.letter("Fwd: Projector", BLOCKS["en"] + "Blue.\n", sender="bob@x.example")
    own = post.letter(
        "Fwd: Projector",
        BLOCKS["en"].replace("mei@customer.example", "ada@desk.example") + "Blue.\n",
        sender="ada@desk.example",
    )
    customers_of = [ticket_of(row.ticket_id).customer for row in take(box, outsider, own)]
    addresses = [one.contact_points[0].value for one in customers_of]
    assert addresses == ["bob@x.example", "ada@desk.example"]
    with transaction():
        handling.choose(SYSTEM, Handling(passed_on=False))
    (row,) = take(box, forward("en"))
    assert ticket_of(row.ticket_id).customer_id == ada.id


@pytest.mark.parametrize("wanted", [False, True])
def test_the_customer_gets_a_receipt_only_if_the_desk_says_so(
    box: Mailbox, ada: Person, smtp_receiver: smtp.Receiver, wanted: bool
):
    desk = factories.desk()
    desk.settings = {
        SETTING: Telling(kinds=frozenset(Tell), quiet=None).stored(),
        handling.SETTING: Handling(receipt_for_passed_on=wanted).stored(),
    }
    db.session.commit()
    take(box, forward("en"))
    with time_machine.travel(now() + timedelta(seconds=30), tick=False):
        customers.tell_customers.run()
        send_mail.run()
    assert [one.recipients for one in smtp_receiver.received] == (
        [["mei@customer.example"]] if wanted else []
    )


def test_mail_to_an_alias_goes_to_its_queue_and_the_most_precise_counts(box: Mailbox):
    printers, rest, exact = (factories.queue(name) for name in ("Printers", "Rest", "Exact"))
    category = factories.category("Printing")
    with transaction():
        to_printers = Leads(printers.id, category.id, impact=1)
        aliases.add(SYSTEM, box, " Support+Printer*@desk.example", to_printers)
        aliases.add(SYSTEM, box, "*@old.example", Leads(rest.id, urgency=3))
        aliases.add(SYSTEM, box, "help@old.example", Leads(exact.id, impact=1, urgency=1))
    rows = take(
        box,
        post.letter("1", to="support+printer3@desk.example"),
        post.letter("2", to="support@desk.example", Delivered_To="x@old.example"),
        post.letter("3", to="support+printer@desk.example", X_Original_To="<help@old.example>"),
        post.letter("4", to="support@desk.example", Cc="support+other@desk.example"),
    )
    found = [ticket_of(row.ticket_id) for row in rows]
    assert [one.queue_id for one in found] == [printers.id, rest.id, exact.id, box.queue_id]
    assert found[0].category_id == category.id
    assert [(one.impact, one.urgency) for one in found] == [(1, 2), (3, 3), (1, 1), (3, 2)]
    assert [one.priority for one in found] == [
        DEFAULT_MATRIX[one.impact, one.urgency] for one in found
    ]
    assert found[2].priority == 1


@pytest.mark.parametrize(
    ("pattern", "address", "fits"),
    [
        ("support+*@a.example", "support+x@a.example", True),
        ("support+*@a.example", "support@a.example", False),
        ("*@a.example", "x@b.example", False),
        ("a*b*c@x.example", "a1b2c@x.example", True),
        ("ab*ba@x.example", "aba@x.example", False),
    ],
)
def test_patterns(pattern: str, address: str, fits: bool):
    assert aliases.matches(pattern, address) is fits


def flood(count: int) -> list[EmailMessage]:
    return [post.letter(f"Alarm {n}", sender="robot@other.example") for n in range(count)]


def test_too_much_of_one_sender_is_held_and_can_be_let_go(box: Mailbox):
    administrator = factories.person("Root", email="root@desk.example")
    login = factories.account(administrator, "administrator").login
    with transaction():
        handling.choose(SYSTEM, Handling(per_sender=5))
    rows = take(box, *flood(4), post.letter("From a person")) + take(box, *flood(4))
    states = [row.state for row in rows]
    assert states == [State.FILED] * 6 + [State.QUARANTINED] * 3
    assert {row.reason for row in rows[6:]} == {"loop"}
    # Whoever sets up mail is told, once.
    assert [one.recipients for one in post.outbox()] == [[login]]
    with transaction():
        fate = ledger.retry(SYSTEM, rows[6])
    assert fate.state == State.FILED
    with time_machine.travel(now() + timedelta(minutes=11), tick=False):
        (later,) = take(box, *flood(1))
    assert later.state == State.FILED
    with transaction():
        handling.choose(SYSTEM, Handling(per_sender=5, unlimited=("robot@other.example",)))
    assert {row.state for row in take(box, *flood(9))} == {State.FILED}


def test_programs_that_answer_each_other_on_a_ticket_are_stopped(
    box: Mailbox, smtp_receiver: smtp.Receiver
):
    desk = factories.desk()
    desk.settings = {handling.SETTING: Handling(per_ticket=3).stored()}
    db.session.commit()
    owner = factories.technician("Mina")
    ticket = factories.ticket(technician=owner)
    for number in range(5):
        with transaction():
            notice(box, ticket, f"Notice {number}")
        send_mail.run()
    post.answer(ticket, "A person says so.")
    send_mail.run()
    assert len(smtp_receiver.received) == 4
    stopped = [one for one in post.outbox() if one.reason == "brake"]
    assert [one.state for one in stopped] == [Sending.CANCELLED] * 2
    # Whose ticket it is hears of it, once.
    told = db.session.query(Notice).filter_by(kind="braked").all()
    assert [(one.person_id, one.ticket_id) for one in told] == [(owner.id, ticket.id)]
    assert "held for an hour" in sentence(told[0])


def notice(box: Mailbox, ticket: Ticket, words: str) -> None:
    address = ticket.customer.contact_points[0].value
    db.session.add(
        OutboxMessage(
            channel=Channel.EMAIL,
            kind=str(Tell.TAKEN),
            ticket_id=ticket.id,
            mailbox_id=box.id,
            to=[["", address]],
            recipients=[address],
            message_id=new_message_id(box, ticket.number),
            subject=words,
            text=words,
        )
    )


def test_the_pages(client: FlaskClient, box: Mailbox):
    admin = visitor(client)
    page = f"/setup/mail/mailboxes/{box.id}/aliases"
    given = {"value": "nonsense", "queue_id": box.queue_id, "category_id": "0"}
    assert admin.send(page, **given).status_code == 422
    assert admin.send(page, **(given | {"value": "vip@desk.example"})).status_code == 303
    assert admin.send(page, **(given | {"value": "VIP@desk.example"})).status_code == 422
    assert "vip@desk.example" in admin.get(page)
    (row,) = db.session.query(MailAlias).all()
    assert (row.impact, row.urgency) == (None, None)
    urgent = given | {"value": "fire@desk.example", "impact": "1", "urgency": "1"}
    assert admin.send(page, **(urgent | {"impact": "7"})).status_code == 422
    assert admin.send(page, **urgent).status_code == 303
    assert "Impact: Everybody · Urgency: Work stops" in admin.get(page)
    assert admin.send(f"/setup/mail/aliases/{row.id}/remove").status_code == 303
    assert "vip@desk.example</span><span" not in admin.get(page)

    numbers = {"per_sender": "7", "per_ticket": "0", "passed_on": "y"}
    bad = admin.send("/setup/mail/handling", **(numbers | {"unlimited": "x@y.example\nnobody"}))
    assert bad.status_code == 422
    good = admin.send("/setup/mail/handling", **(numbers | {"unlimited": "X@y.example"}))
    assert good.status_code == 303
    assert handling.handling() == Handling(True, False, 7, 0, ("x@y.example",))
    assert 'value="7"' in admin.get("/setup/mail/handling")


def test_trying_a_mailbox_out_announces_a_letter_to_an_address_with_a_plus(
    client: FlaskClient, box: Mailbox, smtp_receiver: smtp.Receiver
):
    smtp_receiver.refused = {"support+test@desk.example"}
    admin = visitor(client)
    given = {
        "name": "Support",
        "addresses": "support@desk.example",
        "queue_id": box.queue_id,
        "kind": "pipe",
        "smtp_host": "127.0.0.1",
        "smtp_port": smtp_receiver.port,
        "smtp_tls": "none",
        "plus": "all",
    }
    assert "no: 550" in admin.send("/setup/mail/test", **given).text
    smtp_receiver.refused = set()
    assert "takes support+test@desk.example" in admin.send("/setup/mail/test", **given).text
    assert smtp_receiver.received == []
