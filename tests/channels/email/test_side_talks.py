"""Side conversations: what is written to suppliers and colleagues, and what comes back."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from flask import Flask
from sqlalchemy import select

from helpdesk import blobs
from helpdesk.channels.email import delivered
from helpdesk.channels.email.models import Mailbox, MailMessage, Plus
from helpdesk.channels.email.send import send_mail
from helpdesk.db import db, transaction
from helpdesk.notify.models import Notice
from helpdesk.people.models import Person
from helpdesk.people.services import find_or_create_by_address
from helpdesk.tickets import services
from helpdesk.tickets.companions import CopyRecipient
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.lifecycle import EntryKind
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.queries import side_talks
from helpdesk.tickets.queries.timeline import as_seen_by, entries_page, journal_of
from helpdesk.tickets.services import Aside, NewFile, Refused, Said
from helpdesk.tickets.side_talks import SideState, SideTalk
from tests import factories
from tests.channels.email import post
from tests.support import smtp


@pytest.fixture
def box(queue: Queue, smtp_receiver: smtp.Receiver) -> Mailbox:
    return post.mailbox(None, smtp_receiver, queue=queue, plus=str(Plus.ALL))


@pytest.fixture
def plain_box(queue: Queue, smtp_receiver: smtp.Receiver) -> Mailbox:
    return post.mailbox(None, smtp_receiver, queue=queue)


def known(address: str, name: str) -> Person:
    with transaction():
        person, _new = find_or_create_by_address(address, name)
        return person


@pytest.fixture
def cables(session) -> Person:
    return known("service@cables.example", "Harbour Cables")


def write(
    ticket: Ticket, *to: Person, subject: str = "New cable", body: str = "Can you come?", **options
) -> Entry:
    with transaction():
        talk = options.pop("talk", None)
        aside = Aside(subject, to, options.pop("cc", ()))
        said = Said(body, options.pop("files", []))
        actor = options.pop("actor", None) or factories.actor()
        return services.write_aside(actor, ticket, aside, said, talk=talk, **options)


def sent(receiver: smtp.Receiver) -> EmailMessage:
    send_mail.run()
    return message_from_bytes(receiver.received[-1].raw, policy=default)


def take(box: Mailbox, *messages: EmailMessage) -> list[MailMessage]:
    lines = len(post.ledger())
    with transaction():
        for one in messages:
            delivered.take(one.as_bytes(), queue_id=box.queue_id, mailbox_id=box.id, source="pipe")
    delivered.file_delivered_mail.run()
    return post.ledger()[lines:]


def answer_to(message: EmailMessage, body: str = "On Thursday.", **headers: str) -> EmailMessage:
    headers = {"sender": "Harbour Cables <service@cables.example>", **headers}
    return post.letter(
        f"Re: {message['Subject']}",
        body,
        **{"In_Reply_To": message["Message-ID"], "References": message["Message-ID"], **headers},
    )


def talk_of(ticket: Ticket) -> SideTalk:
    db.session.expire_all()
    [talk] = side_talks.of_ticket(ticket)
    return talk


def test_a_supplier_is_written_to_and_the_customer_knows_nothing_of_it(
    box, ticket, cables, smtp_receiver
):
    entry = write(ticket, cables)
    message = sent(smtp_receiver)
    assert message["To"].addresses[0].addr_spec == "service@cables.example"
    assert message["Subject"] == f"New cable [#{ticket.number}]"
    assert "References" not in message
    assert smtp_receiver.received[-1].recipients == ["service@cables.example"]
    assert entry.kind == EntryKind.NOTE
    assert not entry.public
    assert talk_of(ticket).state == SideState.WAITING


def test_an_answer_comes_back_to_staff_and_moves_no_clock(box, ticket, cables, smtp_receiver):
    before = (ticket.status_id, ticket.unanswered_since, ticket.customer_replied)
    write(ticket, cables)
    [line] = take(box, answer_to(sent(smtp_receiver)))
    db.session.refresh(ticket)
    heard = post.entries(ticket, "hear-aside")
    assert line.reason == "noted"
    assert line.ticket_id == ticket.id
    assert [(entry.body.strip(), entry.public) for entry in heard] == [("On Thursday.", False)]
    assert (ticket.status_id, ticket.unanswered_since, ticket.customer_replied) == before
    assert talk_of(ticket).state == SideState.ANSWERED


def test_a_conversation_is_one_thread_of_its_own(box, ticket, cables, smtp_receiver):
    write(ticket, cables)
    first = sent(smtp_receiver)
    theirs = answer_to(first)
    take(box, theirs)
    write(ticket, cables, talk=talk_of(ticket), body="Good.")
    second = sent(smtp_receiver)
    assert second["Subject"] == f"Re: New cable [#{ticket.number}]"
    assert second["References"].split() == [first["Message-ID"], theirs["Message-ID"]]
    assert second["In-Reply-To"] == theirs["Message-ID"]


def test_the_customer_gets_no_reference_to_a_side_conversation(box, ticket, cables, smtp_receiver):
    write(ticket, cables)
    aside = sent(smtp_receiver)
    post.answer(ticket, "We ordered a cable.")
    answer = sent(smtp_receiver)
    assert answer["To"].addresses[0].addr_spec != "service@cables.example"
    assert aside["Message-ID"] not in str(answer["References"] or "")
    assert aside["Message-ID"] != answer["In-Reply-To"]


def test_whoever_answers_there_stays_there_even_the_customer(box, ticket, cables, smtp_receiver):
    """The supplier sent it on to the customer, who wrote back to us by it."""
    write(ticket, cables)
    customer = next(point.value for point in ticket.customer.contact_points)
    take(box, answer_to(sent(smtp_receiver), "Is this about me?", sender=customer))
    assert not post.entries(ticket, "hear")
    [entry] = post.entries(ticket, "hear-aside")
    assert not entry.public


def test_the_address_we_gave_suffices(box, ticket, cables, smtp_receiver):
    """Their system forgets what it answers and writes to where our mail said."""
    write(ticket, cables)
    reply_to = sent(smtp_receiver)["Reply-To"].addresses[0].addr_spec
    letter = post.letter(
        "Ihre Anfrage", "Donnerstag.", sender="service@cables.example", to=reply_to
    )
    take(box, letter)
    assert len(post.entries(ticket, "hear-aside")) == 1


def test_the_number_suffices_for_those_it_is_with(plain_box, ticket, cables, smtp_receiver):
    write(ticket, cables)
    sent(smtp_receiver)
    number = f"Cable [#{ticket.number}]"
    take(plain_box, post.letter(number, "Thursday.", sender="service@cables.example"))
    take(plain_box, post.letter(number, "Me too.", sender="stranger@elsewhere.example"))
    assert [entry.body.strip() for entry in post.entries(ticket, "hear-aside")] == ["Thursday."]
    assert len(post.tickets()) == 2


def test_several_go_on_side_by_side(box, ticket, cables, smtp_receiver):
    colleague = known("legal@northline.example", "Legal")
    write(ticket, cables, subject="Cable")
    to_cables = sent(smtp_receiver)
    write(ticket, colleague, subject="Contract")
    to_legal = sent(smtp_receiver)
    take(
        box,
        answer_to(to_legal, "Signed.", sender="legal@northline.example"),
        answer_to(to_cables, "Thursday."),
    )
    db.session.expire_all()
    said = {
        talk.subject: [
            entry.body.strip()
            for entry in entries_page(
                as_seen_by(factories.actor(), journal_of(ticket)), talk=talk.id
            ).entries
        ]
        for talk in side_talks.of_ticket(ticket)
    }
    assert said == {
        "Cable": ["Can you come?", "Thursday."],
        "Contract": ["Can you come?", "Signed."],
    }


def test_an_answer_to_an_answer_in_one_batch_finds_its_conversation(
    box, ticket, cables, smtp_receiver
):
    write(ticket, cables)
    first = answer_to(sent(smtp_receiver))
    second = post.letter(
        "Re: New cable",
        "Or Friday.",
        sender="bo@cables.example",
        In_Reply_To=first["Message-ID"],
        References=first["Message-ID"],
    )
    take(box, first, second)
    assert [entry.body.strip() for entry in post.entries(ticket, "hear-aside")] == [
        "On Thursday.",
        "Or Friday.",
    ]


def test_who_answers_for_them_is_written_to_as_well_from_then_on(
    box, ticket, cables, smtp_receiver
):
    write(ticket, cables)
    copy = {"Cc": "Depot <depot@cables.example>"}
    take(box, answer_to(sent(smtp_receiver), **copy))
    assert side_talks.names(talk_of(ticket)) == "Harbour Cables, Depot"
    assert not db.session.scalars(select(CopyRecipient)).all()


def test_whoever_wrote_and_the_owner_are_told(box, ticket, cables, smtp_receiver):
    owner, writer = factories.technician(), factories.technician()
    with transaction():
        services.set_owner(factories.actor(), ticket, owner)
    write(ticket, cables, actor=factories.actor(writer))
    take(box, answer_to(sent(smtp_receiver)))
    rows = db.session.scalars(select(Notice).where(Notice.kind == "answered")).all()
    assert {row.person_id for row in rows} == {owner.id, writer.id}
    assert {row.data.get("supplier") for row in rows} == {"Harbour Cables"}


def test_an_automatic_answer_stands_in_it_and_answers_nothing(box, ticket, cables, smtp_receiver):
    write(ticket, cables)
    take(box, answer_to(sent(smtp_receiver), "I am away.", Auto_Submitted="auto-replied"))
    talk = talk_of(ticket)
    assert talk.state == SideState.WAITING
    page = entries_page(journal_of(ticket), talk=talk.id)
    assert [entry.verb for entry in page.entries] == ["write-aside", "hear-automatic"]


def test_a_closed_one_is_opened_by_an_answer(box, ticket, cables, smtp_receiver):
    write(ticket, cables)
    message = sent(smtp_receiver)
    with transaction():
        services.close_aside(factories.actor(), ticket, talk_of(ticket))
    assert talk_of(ticket).state == SideState.CLOSED
    take(box, answer_to(message))
    talk = talk_of(ticket)
    assert (talk.state, talk.closed_at) == (SideState.ANSWERED, None)


def test_one_that_is_opened_again_stands_as_it_did(box, ticket, cables, smtp_receiver):
    write(ticket, cables)
    take(box, answer_to(sent(smtp_receiver)))
    for verb in (services.close_aside, services.reopen_aside):
        with transaction():
            verb(factories.actor(), ticket, talk_of(ticket))
    assert talk_of(ticket).state == SideState.ANSWERED


def test_what_is_taken_back_was_never_sent(box, ticket, cables, smtp_receiver):
    technician = factories.technician()
    actor = factories.actor(technician)
    write(ticket, cables, actor=actor, hold=8)
    group = services.latest_group(actor)
    with transaction():
        services.undo(actor, group or "")
    send_mail.run()
    assert not smtp_receiver.received
    assert side_talks.of_ticket(ticket) == []


def test_taking_back_a_second_message_leaves_the_first(box, ticket, cables, smtp_receiver):
    actor = factories.actor(factories.technician())
    write(ticket, cables, actor=actor)
    take(box, answer_to(sent(smtp_receiver)))
    write(ticket, cables, actor=actor, talk=talk_of(ticket), hold=8)
    with transaction():
        services.undo(actor, services.latest_group(actor) or "")
    assert talk_of(ticket).state == SideState.ANSWERED


def test_closing_is_taken_back(box, ticket, cables):
    actor = factories.actor(factories.technician())
    write(ticket, cables, actor=actor)
    with transaction():
        services.close_aside(actor, ticket, talk_of(ticket), undo_for=8)
    with transaction():
        services.undo(actor, services.latest_group(actor) or "")
    assert talk_of(ticket).state == SideState.WAITING


def test_the_customer_is_not_written_to_aside(ticket, cables):
    with pytest.raises(Refused, match="publicly"):
        write(ticket, cables, ticket.customer)
    with pytest.raises(Refused, match="to whom"):
        write(ticket)


def test_files_go_along(box, ticket, cables, smtp_receiver, app: Flask):

    file = NewFile(blobs.put(b"PDF"), "plan.pdf", "application/pdf", 3)
    write(ticket, cables, files=[file])
    [part] = list(sent(smtp_receiver).iter_attachments())
    assert part.get_filename() == "plan.pdf"


def test_an_answer_to_a_merged_ticket_goes_to_the_survivor(
    box, queue, ticket, cables, smtp_receiver
):
    survivor = factories.ticket(customer=ticket.customer, queue_=queue)
    write(ticket, cables)
    message = sent(smtp_receiver)
    with transaction():
        services.merge(factories.actor(), survivor, ticket)
    take(box, answer_to(message))
    assert len(post.entries(survivor, "hear-aside")) == 1
    assert side_talks.of_ticket(survivor)[0].state == SideState.ANSWERED


def test_redacting_its_first_message_takes_the_subject_along(box, ticket, cables):
    entry = write(ticket, cables, subject="Password is hunter2")
    with transaction():
        services.redact(factories.actor(role="administrator"), ticket, entry, "a password")
    assert talk_of(ticket).subject == ""
