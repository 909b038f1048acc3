"""The ledger answers what became of every message, finds gaps, and lets messages be refiled."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from helpdesk.channels.email import alarms, counting, importer, refiling, spam, watching
from helpdesk.channels.email.models import Mailbox, MailMessage, State
from helpdesk.channels.email.refiling import Target, refile
from helpdesk.channels.email.spam_models import SpamSender
from helpdesk.channels.email.watch import fetch_once
from helpdesk.db import db, transaction
from helpdesk.lib.clock import now
from helpdesk.notify.models import OutboxMessage
from helpdesk.people.access import SYSTEM
from helpdesk.people.models import OrganisationDomain
from helpdesk.tickets import services
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services import Refused
from tests import factories
from tests.channels.email import post
from tests.setup.makers import visitor
from tests.support import dovecot


@pytest.fixture
def queue(session) -> Queue:
    return factories.queue("Service desk", is_default=True)


def take(queue: Queue, subject: str, **headers: str) -> MailMessage:
    found = importer.Found("a.eml", 1, post.letter(subject, **headers).as_bytes())
    (one,) = importer.take_in([found], queue)
    assert one.fate is not None
    return db.session.get_one(MailMessage, one.fate.id)


def test_every_message_is_found_by_what_is_known_of_it(client: FlaskClient, queue: Queue):
    lamp = take(queue, "Lamp", Message_ID="<lamp@customer.example>")
    take(queue, "Re: Lamp", In_Reply_To="<lamp@customer.example>")
    take(queue, "Nobody", sender="undisclosed")
    take(queue, "Door", sender="jo@other.example")
    admin = visitor(client)

    def subjects(query: str) -> list[str]:
        page = admin.get(f"/setup/mail/ledger?{query}")
        return [name for name in ("Re: Lamp", "Nobody", "Door", ">Lamp<") if name in page]

    assert subjects("") == ["Re: Lamp", "Nobody", "Door", ">Lamp<"]
    assert subjects("fate=reply") == ["Re: Lamp"]
    assert subjects("fate=quarantined") == ["Nobody"]
    assert subjects("sender=Jo@other.example") == ["Door"]
    assert subjects("words=lamp") == ["Re: Lamp", ">Lamp<"]
    assert subjects("words=LA") == ["Re: Lamp", ">Lamp<"]
    assert subjects("words=lamp+re") == ["Re: Lamp"]
    assert subjects("words=lamp&fate=reply") == ["Re: Lamp"]
    assert subjects("words=lamp&sender=jo@other.example") == []
    assert subjects("words=amp") == []
    assert subjects("words=%21") == []
    assert subjects("words=%3Clamp@customer.example%3E") == [">Lamp<"]
    assert subjects(f"ticket=%23{lamp.ticket_id}") == ["Re: Lamp", ">Lamp<"]
    assert subjects("mailbox=imported&day=2020-01-01") == []
    assert "No message is like that" in admin.get("/setup/mail/ledger?fate=bounce")
    page = admin.get(f"/setup/mail/quarantine/{lamp.id}")
    assert "opened a ticket" in page
    assert "File elsewhere" in page


def test_spam_is_said_on_the_pages_of_mail_and_taken_back(client: FlaskClient, queue: Queue):
    opened = take(queue, "Win!", sender="Ad <ad@shop.example>")
    answer = take(queue, "Re: Win!", sender="ad@shop.example",
                  In_Reply_To=str(opened.message_id))  # fmt: skip
    held = take(queue, "Nobody", sender="undisclosed")
    admin = visitor(client)
    page = admin.get("/setup/mail/ledger")
    # What opened a ticket, and what waits: an answer is not all that its ticket holds.
    offered = [f'id="spam-{row.id}"' in page for row in (opened, answer, held)]
    assert offered == [True, False, True]
    path = "/setup/mail/ledger/{}/{}"
    said = admin.send(path.format(opened.id, "spam"), reason="spam-sender",
                      back="/setup/mail/ledger?fate=ticket")  # fmt: skip
    assert said.headers["Location"] == "/setup/mail/ledger?fate=ticket"
    binned = select(Ticket.hidden_at).where(Ticket.id == opened.ticket_id)
    assert db.session.scalar(binned) is not None
    assert db.session.query(SpamSender.value).all() == [("ad@shop.example",)]
    more = take(queue, "Win more!", sender="ad@shop.example")
    assert (more.state, more.reason) == (State.IGNORED, "spam")
    assert "It is no spam" in admin.get(f"/setup/mail/quarantine/{opened.id}")
    admin.send(path.format(opened.id, "no-spam"))
    db.session.expire_all()
    assert db.session.scalar(binned) is None
    assert db.session.query(SpamSender).count() == 0

    # What the list put aside is filed once somebody says that it is none.
    with transaction():
        spam.add(SYSTEM, "shop.example")
        spam.add(SYSTEM, "ad@shop.example")
    admin.send(path.format(more.id, "no-spam"))
    db.session.expire_all()
    assert more.state == State.FILED
    assert db.session.query(SpamSender).count() == 0


def test_what_waits_in_the_quarantine_is_spam_and_waits_again(client: FlaskClient, queue: Queue):
    held = take(queue, "Nobody", sender="undisclosed")
    with transaction():
        held.sender, held.error = "ad@shop.example", "why"
    before = (held.state, held.reason, held.error)
    admin = visitor(client)
    asked = admin.get(f"/setup/mail/ledger/{held.id}/spam")
    assert "Mistake" not in asked
    path = f"/setup/mail/ledger/{held.id}"
    elsewhere = admin.send(f"{path}/spam", reason="spam-sender", back="//evil.example")
    assert elsewhere.headers["Location"] == "/setup/mail/quarantine"
    db.session.expire_all()
    assert (held.state, held.reason) == (State.IGNORED, "spam")
    assert db.session.query(SpamSender.value).all() == [("ad@shop.example",)]
    assert "Nothing waits here" in admin.get("/setup/mail/quarantine")
    # As the toast does it.
    assert admin.send(f"{path}/no-spam").status_code == 303
    db.session.expire_all()
    assert (held.state, held.reason, held.error) == before
    assert db.session.query(SpamSender).count() == 0
    # A sender who was on the list before stays there.
    with transaction():
        spam.add(SYSTEM, "ad@shop.example")
    admin.send(f"{path}/spam", reason="spam-sender")
    admin.send(f"{path}/no-spam")
    assert db.session.query(SpamSender).count() == 1


def test_spam_is_not_said_of_colleagues_and_only_once_of_customers(
    client: FlaskClient, queue: Queue
):
    factories.person(is_technician=True, email="sam@desk.example")
    with transaction():
        theirs = factories.organisation("Northline")
        db.session.add(OrganisationDomain(organisation_id=theirs.id, domain="northline.example"))
    ours = take(queue, "Hello", sender="sam@desk.example")
    admin = visitor(client)
    answer = admin.send(f"/setup/mail/ledger/{ours.id}/spam", reason="spam-sender")
    assert answer.status_code == 422
    assert "sam@desk.example works here" in answer.get_data(as_text=True)
    customer = take(queue, "Win!", sender="ad@northline.example")
    path = f"/setup/mail/ledger/{customer.id}/spam"
    answer = admin.send(path, reason="spam-domain")
    assert answer.status_code == 422
    assert "Yes, everybody there" in answer.get_data(as_text=True)
    assert admin.send(path, reason="spam-domain", sure="1").status_code == 303
    assert db.session.query(SpamSender.value).all() == [("@northline.example",)]


def test_spam_in_a_restricted_queue_is_nobody_elses_business(client: FlaskClient, session):
    secret = take(factories.queue("Secret", restricted=True), "Win!")
    admin = visitor(client)
    assert f'id="spam-{secret.id}"' not in admin.get("/setup/mail/ledger")
    path = f"/setup/mail/ledger/{secret.id}"
    assert admin.client.get(f"{path}/spam").status_code == 404
    assert admin.send(f"{path}/spam", reason="spam").status_code == 404
    assert admin.send(f"{path}/no-spam").status_code == 404


def test_nobody_finds_by_its_words_what_they_may_not_read(client: FlaskClient, session):
    take(factories.queue("Secret", restricted=True), "Dismissal of Jo")
    admin = visitor(client)
    assert "To a restricted queue" in admin.get("/setup/mail/ledger")
    assert "To a restricted queue" not in admin.get("/setup/mail/ledger?words=dismissal")


def test_a_message_goes_to_another_queue_and_back(queue: Queue):
    row = take(queue, "Invoice")
    old = db.session.get_one(Ticket, row.ticket_id)
    other = factories.queue("Finance")
    with transaction():
        new = refile(SYSTEM, row, Target(queue=other))
    assert (new.queue_id, new.subject, row.ticket_id) == (other.id, "Invoice", new.id)
    # It was all there was in the old ticket.
    assert old.hidden_at is not None
    assert post.entries(old, "refile")[0].changes["refiled"][1]["id"] == new.id  # type: ignore[index]
    with transaction():
        again = refile(SYSTEM, row, Target(ticket=old.id))
    assert again.id == old.id
    assert [ticket.hidden_at is None for ticket in post.tickets()] == [True, False]


def test_a_message_joins_another_ticket_and_may_be_somebody_elses(queue: Queue):
    row = take(queue, "Lamp")
    target = factories.ticket(queue_=queue)
    with transaction():
        services.note(factories.actor(), row.ticket, services.Said("Mine"))  # type: ignore[arg-type]
        refile(SYSTEM, row, Target(ticket=target.id, author="jo@other.example"))
    (heard,) = post.entries(target, "hear")
    assert heard.author is not None
    assert [point.value for point in heard.author.contact_points] == ["jo@other.example"]
    assert (row.reason, row.sender) == (refiling.REFILED, "jo@other.example")
    # Something else was said in the old ticket: it stays.
    assert post.tickets()[0].hidden_at is None
    with pytest.raises(Refused):
        refile(SYSTEM, row, Target(ticket=target.id))


def test_the_form_says_what_is_wrong(client: FlaskClient, queue: Queue):
    row = take(queue, "Lamp")
    admin, path = visitor(client), f"/setup/mail/ledger/{row.id}/refile"
    assert "A new ticket in this queue" in admin.get(path)
    for typed in ({"to": "ticket", "ticket": "x"}, {"to": "ticket", "ticket": "999999"},
                  {"to": "queue", "queue": "0"},
                  {"to": "queue", "queue": str(queue.id), "author": "nobody"}):  # fmt: skip
        assert admin.send(path, **typed).status_code == 422
    assert admin.send(path, to="queue", queue=str(queue.id)).status_code == 303


@pytest.mark.imap
def test_what_the_server_holds_and_the_ledger_lacks_is_found_and_fetched(
    client: FlaskClient, session, imap_account: dovecot.Account
):
    mailbox = post.mailbox(imap_account)
    imap_account.deliver(*(post.letter(f"Number {n}") for n in range(3)))
    fetch_once(mailbox.id)
    assert (mailbox.server_count, mailbox.missing_count) == (3, 0)
    # A line that is gone, as after a backup of last night was put back.
    lost = post.ledger()[1]
    with transaction():
        db.session.delete(lost)
        mailbox.counted_at = now() - counting.EVERY - timedelta(seconds=1)
    fetch_once(mailbox.id)
    assert (mailbox.server_count, mailbox.missing_count, mailbox.missing_uids) == (3, 1, [2])
    (alarm,) = alarms.alarms()
    assert alarm.is_grave
    admin = visitor(client)
    assert "1 message that is not in the ledger" in admin.get(
        f"/setup/mail/ledger?mailbox={mailbox.id}"
    )
    assert admin.send(f"/setup/mail/mailboxes/{mailbox.id}/fetch-missing").status_code == 303
    fetch_once(mailbox.id)
    assert [row.state for row in post.ledger() if row.uid == 2] == [State.FILED]
    assert mailbox.missing_count == 0
    assert alarms.alarms() == []


def test_silence_and_failing_for_long_are_said_once(client: FlaskClient, session):
    factories.queue(is_default=True)
    mailbox = post.mailbox(None)
    visitor(client)
    assert watching.wrong_with(mailbox) is None
    with transaction():
        mailbox.silent_hours, mailbox.created_at = 4, now() - timedelta(hours=5)
    assert "No mail has come since" in alarms.alarms()[0].words
    before = db.session.query(OutboxMessage).count()
    alarms.keep_access.run()
    alarms.keep_access.run()
    told = db.session.query(OutboxMessage).count() - before
    with transaction():
        mailbox.failing_since, mailbox.last_error = now() - timedelta(minutes=3), "closed"
        mailbox.silent_hours = 0
    assert alarms.alarms() == []
    with transaction():
        mailbox.failing_since = now() - timedelta(minutes=16)
    (alarm,) = alarms.alarms()
    assert alarm.is_grave
    assert "closed" in alarm.words
    assert told <= 1


def test_a_mailbox_that_wanted_only_new_mail_lacks_nothing(session, imap_account: dovecot.Account):
    imap_account.deliver(post.letter("Old"))
    mailbox: Mailbox = post.mailbox(imap_account, only_new=True)
    fetch_once(mailbox.id)
    assert (mailbox.begun_uid, mailbox.server_count, mailbox.missing_count) == (1, 0, 0)
