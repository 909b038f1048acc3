"""What becomes of a message: new ticket, reply, note, duplicate, quarantine. Without a server."""

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from flask import Flask
from sqlalchemy import update

from helpdesk import blobs
from helpdesk.channels.email import deciding, importer, ledger
from helpdesk.channels.email.ingest import Fate
from helpdesk.channels.email.models import State
from helpdesk.channels.inbound import How
from helpdesk.db import db, transaction
from helpdesk.lib.clock import now
from helpdesk.people.access import SYSTEM
from helpdesk.people.models import Person
from helpdesk.tickets import services
from helpdesk.tickets.companions import CopyRecipient, Link
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.lifecycle import Outcome
from helpdesk.tickets.models import Ticket
from tests import factories
from tests.channels.email import post


@pytest.fixture
def queue(session) -> Queue:
    """The queue that mail goes to, with the mailbox support@desk.example."""
    row = factories.queue(is_default=True)
    post.mailbox(queue=row)
    return row


def take(queue: Queue, *messages: EmailMessage | bytes) -> list[Fate]:
    """Take messages in and return their fates."""
    found = [
        importer.Found(f"file{number}", 1, one if isinstance(one, bytes) else one.as_bytes())
        for number, one in enumerate(messages)
    ]
    fates = [one.fate for one in importer.take_in(found, queue)]
    assert None not in fates
    return [fate for fate in fates if fate is not None]


def ticket_of(fate: Fate) -> Ticket:
    assert fate.ticket is not None
    return db.session.get_one(Ticket, fate.ticket)


def copies(ticket: Ticket) -> set[str]:
    rows = db.session.query(Person).join(CopyRecipient, CopyRecipient.person_id == Person.id)
    return {
        person.contact_points[0].value
        for person in rows.filter(CopyRecipient.ticket_id == ticket.id)
    }


def linked(ticket: Ticket) -> set[int]:
    rows = db.session.query(Link).filter((Link.from_id == ticket.id) | (Link.to_id == ticket.id))
    return {row.to_id if row.from_id == ticket.id else row.from_id for row in rows}


def test_the_first_mail_of_somebody_makes_them_known(queue: Queue):
    (fate,) = take(queue, post.letter(sender='"Ho, Mei-Ling" <Mei@Customer.example>'))
    ticket = ticket_of(fate)
    assert ticket.customer.name == "Ho, Mei-Ling"
    assert ticket.customer.provisional
    (again,) = take(queue, post.letter("Another matter", sender="mei@customer.example"))
    assert ticket_of(again).customer_id == ticket.customer_id
    assert again.ticket != fate.ticket


def test_a_mail_without_subject_is_named_by_its_first_words(queue: Queue):
    first, second = take(
        queue, post.letter("", "The lift is stuck.\nAgain."), post.letter("", " \n")
    )
    assert ticket_of(first).subject.startswith("The lift is stuck.")
    assert ticket_of(second).subject == "(no subject)"


def test_people_in_copy_take_part_and_our_own_addresses_do_not(queue: Queue):
    (fate,) = take(
        queue,
        post.letter(
            to="Support <support@desk.example>, boss@customer.example",
            Cc="support+vip@desk.example, noreply@customer.example, Amy <amy@customer.example>",
        ),
    )
    assert copies(ticket_of(fate)) == {"boss@customer.example", "amy@customer.example"}


def test_the_alias_under_which_a_mail_was_delivered_is_nobody(queue: Queue):
    (fate,) = take(
        queue, post.letter(to="help@old-name.example", Delivered_To="help@old-name.example")
    )
    assert copies(ticket_of(fate)) == set()


def test_a_mailing_to_many_adds_nobody(queue: Queue):
    many = ", ".join(f"p{number}@elsewhere.example" for number in range(40))
    (fate,) = take(queue, post.letter(Cc=many))
    assert copies(ticket_of(fate)) == set()


def test_a_reply_joins_by_what_it_refers_to(queue: Queue):
    first, second, third = take(
        queue,
        post.letter(Message_ID="<a@customer.example>"),
        post.letter("Re: it", In_Reply_To="<a@customer.example>", Message_ID="<b@x.example>"),
        post.letter("no word of it", References="<unknown@x> <b@x.example>"),
    )
    assert first.ticket == second.ticket == third.ticket
    assert (first.reason, second.reason, third.reason) == (How.OPENED, How.JOINED, How.JOINED)
    assert len(post.tickets()) == 1


def test_a_participant_joins_by_the_number_in_the_subject(queue: Queue):
    (fate,) = take(queue, post.letter(Cc="amy@customer.example"))
    mine, copied = take(
        queue,
        post.letter(f"AW: Printer [#{fate.ticket}]"),
        post.letter(f"[#{fate.ticket}] me too", sender="amy@customer.example"),
    )
    assert mine.ticket == copied.ticket == fate.ticket


def test_a_stranger_who_names_a_number_gets_a_linked_ticket_of_their_own(queue: Queue):
    (fate,) = take(queue, post.letter())
    (strange,) = take(
        queue, post.letter(f"Re: Printer [#{fate.ticket}]", sender="eve@elsewhere.example")
    )
    assert strange.ticket != fate.ticket
    assert linked(ticket_of(strange)) == {fate.ticket}
    assert not [entry for entry in post.entries(ticket_of(fate)) if entry.inbound][1:]


def test_a_stranger_learns_nothing_of_a_restricted_ticket(queue: Queue):
    secret = factories.queue(restricted=True)
    ticket = factories.ticket("Salary of the director", queue_=secret)
    (strange,) = take(queue, post.letter(f"Re: [#{ticket.number}]", sender="eve@elsewhere.example"))
    assert linked(ticket_of(strange)) == set()


def test_who_got_hold_of_a_message_adds_to_the_ticket_but_brings_nobody_along(queue: Queue):
    (fate,) = take(queue, post.letter(Message_ID="<a@customer.example>"))
    (strange,) = take(
        queue,
        post.letter(
            sender="eve@elsewhere.example",
            In_Reply_To="<a@customer.example>",
            Cc="mallory@elsewhere.example",
        ),
    )
    assert strange.ticket == fate.ticket
    assert copies(ticket_of(fate)) == set()


def test_a_number_that_is_none_of_ours_is_part_of_the_subject(queue: Queue):
    (fate,) = take(queue, post.letter("Order [#99999999] is late"))
    assert ticket_of(fate).subject == "Order [#99999999] is late"
    assert linked(ticket_of(fate)) == set()


def test_a_technicians_mail_about_a_ticket_is_a_note(queue: Queue):
    (fate,) = take(queue, post.letter(Message_ID="<a@customer.example>"))
    factories.person("Priya Nair", email="priya@desk.example", is_technician=True)
    before = ticket_of(fate).status_class
    (noted,) = take(
        queue,
        post.letter(
            "Re: Printer",
            "The customer is wrong.",
            sender="priya@desk.example",
            In_Reply_To="<a@customer.example>",
        ),
    )
    assert noted.reason == How.NOTED
    (entry,) = post.entries(ticket_of(fate), "note")
    assert entry.body.strip() == "The customer is wrong."
    assert not entry.public
    assert entry.author is not None
    assert entry.author.name == "Priya Nair"
    assert ticket_of(fate).status_class == before
    assert post.outbox() == []


def test_a_technician_who_is_the_customer_is_heard_as_one(queue: Queue):
    factories.person("Priya Nair", email="priya@desk.example", is_technician=True)
    (fate,) = take(queue, post.letter(sender="priya@desk.example", Message_ID="<p@desk.example>"))
    (again,) = take(queue, post.letter(sender="priya@desk.example", In_Reply_To="<p@desk.example>"))
    assert again.reason == How.JOINED
    assert post.entries(ticket_of(fate), "hear")[0].public


def test_a_merged_tickets_mail_goes_to_the_survivor(queue: Queue):
    first, second = take(
        queue, post.letter(Message_ID="<a@x.example>"), post.letter(Message_ID="<b@x.example>")
    )
    with transaction():
        services.merge(factories.actor(), ticket_of(first), ticket_of(second))
    (answer,) = take(queue, post.letter(In_Reply_To="<b@x.example>"))
    assert answer.ticket == first.ticket


def test_a_late_reply_opens_a_ticket_that_is_linked(queue: Queue):
    (fate,) = take(queue, post.letter(Message_ID="<a@x.example>"))
    ticket = ticket_of(fate)
    with transaction():
        services.resolve(
            SYSTEM, ticket, cause=factories.cause(), solution="New toner.", outcome=Outcome.SOLVED
        )
        services.close(SYSTEM, ticket)
    db.session.execute(update(Ticket).values(closed_at=now() - timedelta(days=30)))
    db.session.commit()
    (late,) = take(queue, post.letter("Again", In_Reply_To="<a@x.example>"))
    assert late.reason == How.FOLLOWED_UP
    assert late.ticket != fate.ticket
    assert linked(ticket_of(late)) == {fate.ticket}


def test_files_and_pictures_come_along(queue: Queue):
    message = post.letter()
    message.set_content("See below.")
    message.add_alternative(
        '<p>See <img src="cid:shot@x"> <script>alert(1)</script></p>', subtype="html"
    )
    html = list(message.iter_parts())[1]
    html.add_related(b"\x89PNG\r\n\x1a\n...", "image", "png", cid="<shot@x>", filename="s.png")
    message.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="a.pdf")
    (fate,) = take(queue, message)
    (entry,) = post.entries(ticket_of(fate), "log")
    files = {file.name: file for file in entry.attachments}
    assert set(files) == {"s.png", "a.pdf"}
    assert files["s.png"].content_id == "shot@x"
    assert files["a.pdf"].content_id is None
    assert entry.html is not None
    assert 'data-cid="shot@x"' in entry.html
    assert "script" not in entry.html


def test_the_same_message_twice_is_one_ticket_and_two_fates(queue: Queue):
    message = post.letter(Message_ID="<a@x.example>")
    copy = post.letter(Message_ID="<a@x.example>", Received="from elsewhere", Date=message["Date"])
    first, second = take(queue, message, copy)
    assert (first.state, second.state) == (State.FILED, State.DUPLICATE)
    assert second.ticket == first.ticket
    assert len(post.tickets()) == 1
    assert len(post.entries(post.tickets()[0])) == 1


def test_another_message_with_a_used_id_is_not_lost(queue: Queue):
    yesterday = "Mon, 05 Jan 2026 09:00:00 +0000"
    first, second = take(
        queue,
        post.letter(Message_ID="<scanner@x.example>"),
        post.letter("Page 2", Message_ID="<scanner@x.example>", Date=yesterday),
    )
    assert (first.state, second.state) == (State.FILED, State.FILED)


def test_without_message_id_equal_bytes_are_the_same_message(queue: Queue):
    message = post.letter()
    del message["Message-ID"]
    unix = message.as_bytes()
    first, second = take(queue, unix, unix.replace(b"\n", b"\r\n"))
    assert (first.state, second.state) == (State.FILED, State.DUPLICATE)


def test_our_own_mail_never_becomes_a_ticket(queue: Queue):
    (fate,) = take(queue, post.letter(sender="Desk <support+x@desk.example>"))
    assert (fate.state, fate.reason) == (State.IGNORED, "own-address")
    assert post.tickets() == []


def test_our_own_message_that_comes_back_is_ignored(queue: Queue):
    (fate,) = take(queue, post.letter())
    with transaction():
        services.reply(factories.actor(), ticket_of(fate), services.Said(body="Hello"))
    (sent,) = post.outbox()
    (back,) = take(queue, post.letter(Message_ID=sent.message_id, sender="list@x.example"))
    assert (back.state, back.reason) == (State.IGNORED, "own-message")


def test_a_message_from_nobody_waits_for_a_person_and_stops_nothing(queue: Queue):
    nobody = post.letter("Lost", sender="undisclosed")
    before, bad, after = take(queue, post.letter(), nobody, post.letter())
    assert [fate.state for fate in (before, bad, after)] == [
        State.FILED,
        State.QUARANTINED,
        State.FILED,
    ]
    assert bad.reason == "no-sender"
    (row,) = ledger.quarantined(SYSTEM)
    assert ledger.source(SYSTEM, row) == nobody.as_bytes()
    with transaction():
        ledger.dismiss(SYSTEM, row)
    assert ledger.quarantined(SYSTEM) == []
    with pytest.raises(services.Refused), transaction():
        ledger.retry(SYSTEM, row)


def test_whatever_goes_wrong_with_one_message_concerns_it_alone(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
):
    real = services.log_entry

    def log(actor, new, **options):
        if new.subject == "Cursed":
            real(actor, new, **options)
            db.session.execute(db.text("SELECT no_such_column FROM ticket"))
        return real(actor, new, **options)

    monkeypatch.setattr(services, "log_entry", log)
    fates = take(queue, post.letter("One"), post.letter("Cursed"), post.letter("Two"))
    assert [fate.state for fate in fates] == [State.FILED, State.QUARANTINED, State.FILED]
    assert [ticket.subject for ticket in post.tickets()] == ["One", "Two"]
    (row,) = ledger.quarantined(SYSTEM)
    assert "no_such_column" in row.error

    monkeypatch.setattr(services, "log_entry", real)
    with transaction():
        fate = ledger.retry(SYSTEM, ledger.message_for(SYSTEM, row.id, lock=True))
    assert fate.state == State.FILED
    assert [ticket.subject for ticket in post.tickets()] == ["One", "Two", "Cursed"]


def test_a_retry_that_fails_leaves_it_in_the_quarantine(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
):
    def broken(actor, new, **options):
        raise RuntimeError("still broken")

    monkeypatch.setattr(services, "log_entry", broken)
    (fate,) = take(queue, post.letter())
    with transaction():
        again = ledger.retry(SYSTEM, ledger.message_for(SYSTEM, fate.id, lock=True))
    assert again.state == State.QUARANTINED
    assert post.tickets() == []


def test_a_message_that_kills_its_reader_is_put_aside(queue: Queue):
    (fate,) = take(queue, post.letter("Deadly"))
    row = post.ledger()[0]
    row.state, row.identity, row.attempts = State.STORED, None, 5
    db.session.commit()
    raw = ledger.source(SYSTEM, row)
    (again,) = take(queue, raw)
    assert (again.state, again.reason) == (State.QUARANTINED, "crashed")
    assert fate.id == again.id


def test_old_mail_keeps_its_date(queue: Queue):
    (fate,) = take(queue, post.letter(Date="Wed, 02 Oct 2002 08:00:00 +0200"))
    assert ticket_of(fate).opened_at == datetime(2002, 10, 2, 6, 0, tzinfo=UTC)
    (future,) = take(queue, post.letter(Date="Wed, 02 Oct 2052 08:00:00 +0200"))
    assert ticket_of(future).opened_at <= now()


def test_what_a_sender_writes_into_headers_cannot_reach_ours(queue: Queue):
    (fate,) = take(
        queue,
        b"From: =?utf-8?q?Eve=0D=0ABcc:_all=40desk.example?= <eve@x.example>\r\n"
        b"To: support@desk.example\r\n"
        b"Subject: =?utf-8?q?Hi=0D=0ABcc:_all=40desk.example?=\r\n"
        b"Message-ID: <x\r\n@y>\r\n\r\nHello\r\n",
    )
    ticket = ticket_of(fate)
    assert "\n" not in ticket.subject
    assert "\r" not in ticket.customer.name


def test_redaction_reaches_the_raw_mail_and_every_copy(queue: Queue, app: Flask):
    message = post.letter("Card", "4111 1111 1111 1111", Message_ID="<card@x.example>")
    copy = post.letter(
        "Card",
        "4111 1111 1111 1111",
        Message_ID="<card@x.example>",
        Date=message["Date"],
        X_Copy="1",
    )
    fate, _second = take(queue, message, copy)
    ticket = ticket_of(fate)
    paths = [blobs.path(row.raw_sha256 or "") for row in post.ledger()]
    assert all(path.exists() for path in paths)
    (entry,) = post.entries(ticket, "log")
    with transaction():
        services.redact(factories.actor(role="administrator"), ticket, entry, "card number")
    assert not any(path.exists() for path in paths)
    assert [row.raw_sha256 for row in post.ledger()] == [None, None]
    assert [row.subject for row in post.ledger()] == ["", ""]


def test_somebody_whom_another_made_known_meanwhile_is_one_person(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
):
    factories.person("Ho Mei-Ling", email="mei@customer.example")
    db.session.commit()
    asked = []

    def people_as_they_were(addresses: object) -> dict[str, Person]:
        asked.append(addresses)
        return {}

    # What a transaction saw that began before the other one was committed.
    monkeypatch.setattr(deciding, "people_by_email", people_as_they_were)
    fates = take(
        queue,
        post.letter("One", sender="mei@customer.example"),
        post.letter("Two", sender="new@customer.example"),
        post.letter("Three", sender="new@customer.example"),
    )
    assert asked
    assert [fate.state for fate in fates] == [State.FILED] * 3
    first, second, third = (ticket_of(fate) for fate in fates)
    assert first.customer.name == "Ho Mei-Ling"
    assert second.customer_id == third.customer_id
