"""Beginning carefully: a dry run, a cut-off date, copies, and mailboxes that are muted."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from helpdesk.channels.email import dry_run, importer, set_up
from helpdesk.channels.email.dry_words import counted, in_words
from helpdesk.channels.email.mailbox_commands import mailbox
from helpdesk.channels.email.models import Mailbox, State
from helpdesk.channels.email.send import send_mail
from helpdesk.channels.email.watch import fetch_once
from helpdesk.db import db, transaction
from helpdesk.lib.clock import now
from helpdesk.notify import customers
from helpdesk.notify.models import OutboxMessage, Sending
from helpdesk.notify.telling import SETTING, Tell, Telling
from helpdesk.people.access import SYSTEM
from helpdesk.people.models import Person
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.models import Entry
from tests import factories
from tests.channels.email import post
from tests.channels.email.test_fetch import settings_of
from tests.setup.makers import visitor
from tests.support import dovecot, smtp


@pytest.fixture
def desk(own_desk: Flask) -> Iterator[Flask]:
    with own_desk.app_context():
        factories.desk()
        yield own_desk


def say(box: Mailbox, *, drop_waiting: bool = False, **changes: object) -> None:
    with transaction():
        row = db.session.get_one(Mailbox, box.id)
        set_up.edit(SYSTEM, row, settings_of(row, **changes), drop_waiting=drop_waiting)


# ---- Dry runs ----


@pytest.mark.imap
def test_a_dry_run_says_what_would_be_and_touches_nothing(
    desk: Flask, imap_account: dovecot.Account
) -> None:
    queue = factories.queue("Service desk", is_default=True)
    box = post.mailbox(imap_account, queue=queue, active=False, move_to="Filed")
    customer = factories.person("Ho Mei-Ling", email="mei-ling@customer.example")
    ticket = factories.ticket(customer=customer, queue_=queue)
    first = post.letter("One", sender="new@customer.example", Message_ID="<one@customer.example>")
    imap_account.deliver(
        first,
        first,
        post.letter("Re: One", sender="new@customer.example", In_Reply_To="<one@customer.example>"),
        post.letter(f"Toner [#{ticket.number}]"),
        post.letter("Ours", sender="support@desk.example"),
        post.letter("Nobody", sender="nobody"),
    )
    before = imap_account.flags()
    people, entries = db.session.query(Person).count(), db.session.query(Entry).count()
    would = dry_run.look(db.session.get_one(Mailbox, box.id))
    assert [in_words(one) for one in would] == [
        "A new ticket",
        "A copy of a message that is here, or stands above",
        "A reply to the ticket of message 1",
        f"A reply to #{ticket.number}",
        "Ignored: from one of our own addresses",
        "Quarantine: there is nobody to answer to",
    ]
    assert counted(would) == {
        "ticket": 1,
        "reply": 2,
        "quarantined": 1,
        "ignored": 1,
        "duplicate": 1,
    }
    assert [one.subject for one in would][:1] == ["One"]
    assert post.ledger() == []
    assert post.outbox() == []
    assert db.session.query(Person).count() == people
    assert db.session.query(Entry).count() == entries
    assert imap_account.flags() == before
    assert imap_account.messages("Filed") == []
    assert not any((desk.config["SETTINGS"].blobs_dir).rglob("*.eml"))
    # Not even a number was used up.
    assert factories.ticket(queue_=queue).number == ticket.number + 1
    # And it was right.
    say(box, active=True)
    assert [fate.state for fate in fetch_once(box.id) or []] == [
        State.FILED,
        State.DUPLICATE,
        State.FILED,
        State.FILED,
        State.IGNORED,
        State.QUARANTINED,
    ]
    again = dry_run.look(db.session.get_one(Mailbox, box.id))
    assert [in_words(one) for one in again] == ["Here already, nothing is done"]


@pytest.mark.imap
def test_the_page_and_the_command_show_the_newest(
    desk: Flask, imap_account: dovecot.Account
) -> None:
    queue = factories.queue("Service desk", is_default=True)
    box = post.mailbox(imap_account, queue=queue)
    imap_account.deliver(*(post.letter(f"Number {one}") for one in range(4)))
    admin = visitor(desk.test_client())
    page = admin.send(f"/setup/mail/mailboxes/{box.id}/dry-run", newest="2")
    assert page.status_code == 200
    assert "Number 3" in page.text
    assert "Number 2" in page.text
    assert "Number 1" not in page.text
    assert "A new ticket" in page.text
    done = CliRunner().invoke(
        mailbox, ["dry-run", str(box.id), "--newest", "1", "--json"], obj=lambda: desk
    )
    assert json.loads(done.output)["words"] == "A new ticket"
    assert json.loads(done.output)["fate"] == "ticket"
    imap_account.deliver(post.letter("Ours", sender="support@desk.example"), post.letter("Last"))
    order = ["Last", "Number 3", "Ours"]
    for way, expected in (("newest", ["Last", "Ours", "Number 3"]), ("fate", order)):
        page = admin.send(f"/setup/mail/mailboxes/{box.id}/dry-run", newest="3", order=way)
        places = [page.text.index(f'scope="row" class="m">{one}<') for one in expected]
        assert places == sorted(places)
        assert '<b class="num">2</b> New ticket' in page.text
    done = CliRunner().invoke(
        mailbox, ["dry-run", str(box.id), "--newest", "3", "--by-fate"], obj=lambda: desk
    )
    assert "2 New ticket, 1 Ignored" in done.output
    assert done.output.index("Last") < done.output.index("Ours")
    assert post.ledger() == []


@pytest.mark.imap
def test_mail_to_a_restricted_queue_stays_closed_to_others(
    desk: Flask, imap_account: dovecot.Account
) -> None:
    box = post.mailbox(imap_account, queue=factories.queue("Personnel", restricted=True))
    imap_account.deliver(post.letter("About my salary"))
    page = visitor(desk.test_client()).send(f"/setup/mail/mailboxes/{box.id}/dry-run")
    assert "To a restricted queue" in page.text
    assert "salary" not in page.text
    assert "mei-ling" not in page.text


# ---- What came before, and copies ----


@pytest.mark.imap
def test_what_came_before_the_cut_off_is_ignored_and_not_downloaded(
    desk: Flask, imap_account: dovecot.Account
) -> None:
    imap_account.deliver(post.letter("Old"), post.letter("Older"))
    box = post.mailbox(imap_account, not_before=now() + timedelta(days=1))
    assert {in_words(one) for one in dry_run.look(box)} == {
        "Ignored: it came before the cut-off date"
    }
    fates = fetch_once(box.id)
    assert [(row.state, row.reason, row.raw_sha256) for row in post.ledger()] == [
        (State.IGNORED, "before-cut-off", None)
    ] * 2
    assert fates == []
    assert db.session.query(Person).count() == 0
    say(box, not_before=now() - timedelta(days=1))
    imap_account.deliver(post.letter("New"))
    fetch_once(box.id)
    assert [ticket.subject for ticket in post.tickets()] == ["New"]


@pytest.mark.imap
def test_a_copy_goes_to_the_folder_and_the_mailbox_stays_as_it_is(
    desk: Flask, imap_account: dovecot.Account
) -> None:
    box = post.mailbox(imap_account, move_to="Seen by the desk", copies=True)
    imap_account.deliver(post.letter("One"), post.letter("Two"))
    fetch_once(box.id)
    fetch_once(box.id)
    assert len(imap_account.messages()) == 2
    assert len(imap_account.messages("Seen by the desk")) == 2
    assert not any("Seen" in flags for flags in imap_account.flags())


# ---- Muted ----


@pytest.fixture
def told(queue: Queue, box: Mailbox) -> Mailbox:
    row = factories.desk()
    row.settings = {SETTING: Telling(kinds=frozenset(Tell), quiet=None).stored()}
    db.session.commit()
    return box


def take(box: Mailbox) -> None:
    raw = post.letter(sender=f"m{id(raw_of)}@customer.example").as_bytes()
    list(importer.take_in([importer.Found("f.eml", 1, raw)], box.queue))


def raw_of() -> None:
    """Only its identity is used."""


def run(seconds: int = 30) -> None:
    with time_machine.travel(now() + timedelta(seconds=seconds), tick=False):
        customers.tell_customers.run()
        send_mail.run()


def test_a_muted_mailbox_sends_what_people_write_and_no_receipts(
    told: Mailbox, smtp_receiver: smtp.Receiver
) -> None:
    say(told, speaks="people")
    take(told)
    run()
    assert smtp_receiver.received == []
    assert [(row.state, row.reason) for row in post.outbox()] == [(Sending.HELD, "muted")]
    (ticket,) = post.tickets()
    post.answer(ticket)
    run()
    assert len(smtp_receiver.received) == 1
    # News no more after a day and a half.
    run(40 * 3600)
    assert post.outbox()[0].state == Sending.CANCELLED
    assert len(smtp_receiver.received) == 1


def test_receipts_leave_when_the_mailbox_is_let_speak_in_time(
    told: Mailbox, smtp_receiver: smtp.Receiver
) -> None:
    say(told, speaks="nothing")
    take(told)
    run()
    say(told, speaks="all")
    run()
    assert [one.message["Subject"].split(":")[0] for one in smtp_receiver.received] == ["Received"]


@pytest.mark.parametrize("drop", [False, True])
def test_answers_wait_in_a_mailbox_that_says_nothing_until_somebody_decides(
    told: Mailbox, smtp_receiver: smtp.Receiver, client: FlaskClient, drop: bool
) -> None:
    say(told, speaks="nothing")
    ticket = factories.ticket(
        customer=factories.person(email="mei@customer.example"), queue_=told.queue
    )
    admin = visitor(client)
    assert "still muted" in admin.get(f"/tickets/{ticket.number}")
    post.answer(ticket)
    for seconds in (30, 3600, 3 * 86400):
        run(seconds)
    assert smtp_receiver.received == []
    row = db.session.query(OutboxMessage).filter_by(kind="").one()
    assert (row.state, row.reason) == (Sending.QUEUED, "muted")
    assert "is muted" in row.last_error
    page = admin.get(f"/setup/mail/mailboxes/{told.id}")
    assert "This mailbox is muted." in page
    assert "1 message waits" in page
    say(told, speaks="all", drop_waiting=drop)
    run()
    db.session.expire_all()
    assert row.state == (Sending.CANCELLED if drop else Sending.SENT)


@pytest.mark.imap
@pytest.mark.one_database
def test_what_is_too_large_to_be_tried_is_shown_by_its_headers(
    desk: Flask, imap_account: dovecot.Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dry_run, "MOST_BYTES", 1500)
    imap_account.deliver(post.letter("Large", "x " * 1000), post.letter("Small"))
    would = dry_run.look(post.mailbox(imap_account))
    assert [(one.subject, one.state) for one in would] == [
        ("Large", "untried"),
        ("Small", State.FILED),
    ]
