"""The pages about mail, as a browser without scripts gets them."""

import re

import pytest
from flask.testing import FlaskClient

from helpdesk.channels.email import importer
from helpdesk.channels.email.models import Mailbox, MailMessage, State
from helpdesk.channels.email.secrets import open_sealed
from helpdesk.channels.email.send import send_mail
from helpdesk.channels.email.store import keep
from helpdesk.db import db, transaction
from helpdesk.notify.models import Sending
from helpdesk.tickets import services
from helpdesk.tickets.desk import Queue
from tests import factories
from tests.channels.email import post
from tests.setup.makers import Visitor, last_log, visitor
from tests.support import dovecot, smtp


@pytest.fixture
def admin(client: FlaskClient) -> Visitor:
    return visitor(client)


@pytest.fixture
def queue(session) -> Queue:
    return factories.queue("Service desk", is_default=True)


def form(queue: Queue, **changes: object) -> dict[str, object]:
    """Return the fields of the form of a mailbox, filled in."""
    return {
        "name": "Support",
        "addresses": "support@desk.example\nhelp@desk.example",
        "queue_id": queue.id,
        "active": "y",
        "imap_host": "127.0.0.1",
        "imap_port": "1",
        "imap_tls": "none",
        "imap_user": "desk",
        "imap_password": "geheim",
        "folder": "INBOX",
        "move_to": "",
        "smtp_host": "",
        "smtp_port": "587",
        "smtp_tls": "starttls",
        **changes,
    }


def boxes() -> list[Mailbox]:
    db.session.expire_all()
    return db.session.query(Mailbox).order_by(Mailbox.id).all()


def quarantine_one(queue: Queue, subject: str = "Lost") -> MailMessage:
    raw = post.letter(subject, "<script>alert(1)</script>\n", sender="nobody").as_bytes()
    list(importer.take_in([importer.Found("f.eml", 1, raw)], queue))
    return post.ledger()[-1]


@pytest.mark.parametrize("path", ["", "mailboxes/new", "quarantine", "outbox", "outbox?show=sent"])
def test_every_page_opens_and_stands_in_set_up(admin: Visitor, path: str):
    page = admin.get(f"/setup/mail/{path}")
    assert len(re.findall("<h1", page)) == 1
    assert "Mailboxes" in page
    assert 'aria-current="page"' in page


@pytest.mark.parametrize("path", ["", "mailboxes/new", "quarantine", "outbox"])
def test_they_are_for_administrators(client: FlaskClient, path: str):
    technician = visitor(client, "technician")
    assert technician.client.get(f"/setup/mail/{path}").status_code == 403


def test_a_mailbox_is_added_changed_and_removed(admin: Visitor, queue: Queue):
    assert admin.send("/setup/mail/mailboxes", **form(queue)).status_code == 303
    (box,) = boxes()
    assert box.addresses == ["support@desk.example", "help@desk.example"]
    assert box.is_default
    assert last_log()[:2] == ("mailbox-added", "Support")
    assert "geheim" not in str(last_log())
    assert "Support" in admin.get("/setup/mail/")

    page = admin.get(f"/setup/mail/mailboxes/{box.id}")
    assert "geheim" not in page
    version = box.version
    changed = form(queue, name="Service", imap_password="", version=version, folder="Desk")
    assert admin.send(f"/setup/mail/mailboxes/{box.id}", **changed).status_code == 303
    (box,) = boxes()
    assert (box.name, box.folder, open_sealed(box.imap_secret)) == ("Service", "Desk", "geheim")
    assert last_log()[0] == "mailbox-changed"

    # The same form again was opened before that change.
    again = admin.send(f"/setup/mail/mailboxes/{box.id}", **changed)
    assert again.status_code == 409
    assert "Somebody changed this mailbox meanwhile" in again.text

    assert admin.send(f"/setup/mail/mailboxes/{box.id}/remove").status_code == 303
    assert boxes() == []


def test_what_cannot_be_right_is_said_beside_the_field(admin: Visitor, queue: Queue):
    answer = admin.send("/setup/mail/mailboxes", **form(queue, addresses="nonsense", name=""))
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    answer = admin.send("/setup/mail/mailboxes", **form(queue, addresses="nonsense"))
    assert "nonsense is not an e-mail address." in answer.text
    assert boxes() == []


def test_the_test_says_in_words_what_is_wrong(admin: Visitor, queue: Queue):
    answer = admin.send("/setup/mail/test", **form(queue))
    assert answer.status_code == 200
    assert "127.0.0.1 is there, but nothing answers on port 1." in answer.text
    assert boxes() == []
    unfinished = admin.send("/setup/mail/test", **form(queue, imap_host=""))
    assert "Fill in what is needed first." in unfinished.text


@pytest.mark.imap
def test_the_test_really_connects_with_what_is_typed_or_stored(
    admin: Visitor, queue: Queue, imap_account: dovecot.Account, smtp_receiver: smtp.Receiver
):
    server = imap_account.server
    given = form(
        queue,
        imap_port=server.port,
        imap_user=imap_account.user,
        imap_password=imap_account.password,
        move_to="Filed",
        smtp_host="127.0.0.1",
        smtp_port=smtp_receiver.port,
        smtp_tls="none",
    )
    imap_account.deliver(post.letter(), post.letter())
    answer = admin.send("/setup/mail/test", **given)
    assert "Does not work" not in answer.text
    assert "Messages in INBOX: 2." in answer.text
    assert "Filed will be made." in answer.text

    admin.send("/setup/mail/mailboxes", **given)
    (box,) = boxes()
    stored = admin.send(f"/setup/mail/test?mailbox={box.id}", **{**given, "imap_password": ""})
    assert "Messages in INBOX: 2." in stored.text
    wrong = admin.send(f"/setup/mail/test?mailbox={box.id}", **{**given, "imap_password": "x"})
    assert "refused the user name or the password" in wrong.text


def test_the_quarantine_shows_what_waits_and_why(admin: Visitor, queue: Queue):
    row = quarantine_one(queue)
    page = admin.get("/setup/mail/quarantine")
    assert "Lost" in page
    assert "There is nobody to answer to" in page
    page = admin.get(f"/setup/mail/quarantine/{row.id}")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    download = admin.client.get(f"/setup/mail/quarantine/{row.id}/source")
    assert download.content_type == "application/octet-stream"
    assert download.headers["Content-Disposition"].startswith("attachment")
    assert b"Subject: Lost" in download.data

    assert admin.send(f"/setup/mail/quarantine/{row.id}/retry").status_code == 303
    assert post.ledger()[-1].state == State.QUARANTINED
    assert "It did not work again" in admin.get("/setup/mail/quarantine")
    admin.send(f"/setup/mail/quarantine/{row.id}/dismiss")
    assert post.ledger()[-1].state == State.DISMISSED
    assert "Nothing waits here" in admin.get("/setup/mail/quarantine")
    assert admin.client.get("/setup/mail/quarantine/99999").status_code == 404


def test_a_retry_that_works_leads_to_a_ticket(admin: Visitor, queue: Queue):
    row = quarantine_one(queue)
    row.raw_sha256 = keep(post.letter("Found again").as_bytes())
    db.session.commit()
    admin.send(f"/setup/mail/quarantine/{row.id}/retry")
    (ticket,) = post.tickets()
    assert f"It is in ticket {ticket.number} now." in admin.get("/setup/mail/quarantine")


def test_mail_to_a_restricted_queue_stays_closed_to_others(admin: Visitor, session):
    secret = factories.queue("Personnel", restricted=True)
    row = quarantine_one(secret, "About my salary")
    listed = admin.get("/setup/mail/quarantine")
    assert "About my salary" not in listed
    assert "To a restricted queue" in listed
    assert "About my salary" not in admin.get(f"/setup/mail/quarantine/{row.id}")
    assert admin.client.get(f"/setup/mail/quarantine/{row.id}/source").status_code == 404


def test_the_outbox_shows_what_failed_and_sends_it_again(
    admin: Visitor, queue: Queue, smtp_receiver: smtp.Receiver
):
    post.mailbox(None, smtp_receiver, queue=queue)
    smtp_receiver.behaviour = "refuse"
    with transaction():
        services.reply(factories.actor(), factories.ticket(queue_=queue), services.Said("Hello"))
    send_mail.run()
    page = admin.get("/setup/mail/outbox")
    assert "550 5.1.1 No such mailbox here" in page
    (row,) = post.outbox()
    smtp_receiver.behaviour = "accept"
    assert admin.send(f"/setup/mail/outbox/{row.id}/retry").status_code == 303
    send_mail.run()
    assert [one.state for one in post.outbox()] == [Sending.SENT]
    assert "Everything has left" in admin.get("/setup/mail/outbox")
    assert "Answer on ticket" in admin.get("/setup/mail/outbox?show=sent")


def test_answers_on_restricted_tickets_stay_closed_to_others(admin: Visitor, session):
    secret = factories.queue("Personnel", restricted=True)
    customer = factories.person("Whistle Blower", email="whistle@customer.example")
    with transaction():
        ticket = factories.ticket(queue_=secret, customer=customer)
        services.reply(factories.actor(queues=[secret]), ticket, services.Said("Hello"))
    page = admin.get("/setup/mail/outbox")
    assert "About a restricted ticket" in page
    assert "whistle@customer.example" not in page
