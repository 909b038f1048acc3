"""Who is believed: what trusted servers state, what is held back, and what is put aside as spam."""

from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from helpdesk.channels.email import accepted, ingest, spam
from helpdesk.channels.email.accepted_models import AcceptedSender
from helpdesk.channels.email.addressing import answers_to, return_path, token_of
from helpdesk.channels.email.authentication import Proof, aligned, check, stated_in
from helpdesk.channels.email.models import Mailbox, MailMessage, Plus, State
from helpdesk.channels.email.spam_headers import spam_of
from helpdesk.channels.email.spam_models import SpamSender
from helpdesk.channels.email.store import keep
from helpdesk.db import db, transaction
from helpdesk.lib.clock import now
from helpdesk.lib.mime import parse
from helpdesk.notify import by_mail
from helpdesk.notify.models import Notice, OutboxMessage
from helpdesk.people.models import AuditEntry, OrganisationDomain
from helpdesk.tickets import services
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.lifecycle import BinReason
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services import Refused
from tests import factories
from tests.channels.email import post
from tests.setup.makers import visitor

OURS = "mx.desk.example"
PASS = f"{OURS}; spf=pass smtp.mailfrom=customer.example; dmarc=pass header.from=customer.example"
FAIL = f"{OURS}; spf=fail smtp.mailfrom=evil.example; dmarc=fail header.from=customer.example"


@pytest.fixture
def queue(session) -> Queue:
    return factories.queue("Service desk", is_default=True)


@pytest.fixture
def box(queue: Queue) -> Mailbox:
    mailbox = post.mailbox(None, queue=queue)
    with transaction():
        mailbox.trusts = OURS
    return mailbox


def bring(box: Mailbox, mail: EmailMessage, stated: str = "") -> MailMessage:
    """File a message as if it had been fetched; its trusted server stated something."""
    head = f"Authentication-Results: {stated}\r\n".encode() if stated else b""
    raw = head + b"Received: from x by mx\r\n" + mail.as_bytes()
    with transaction():
        row = MailMessage(
            mailbox_id=box.id,
            queue_id=box.queue_id,
            raw_sha256=keep(raw),
            size=len(raw),
            received_at=now(),
        )
        db.session.add(row)
        db.session.flush()
        key = row.id
    ingest.file_stored([key])
    return db.session.get_one(MailMessage, key)


def proof_of(entry: Entry) -> str | None:
    noted: Any = (entry.envelope or {}).get("sender_check", {})
    return str(noted["proof"]) if noted else None


# ---- What is stated ----


@pytest.mark.parametrize(
    ("stated", "proof"),
    [
        (PASS, Proof.PASS),
        (FAIL, Proof.FAIL),
        (f"{OURS} 1; dkim=pass (2048-bit key; a=b) header.i=@mail.customer.example", Proof.PASS),
        (f"{OURS}; dkim=pass header.d=evil.example", Proof.NONE),
        (f"{OURS}; spf=fail (not allowed) smtp.mailfrom=ho@customer.example", Proof.FAIL),
        (f"{OURS}; spf=softfail smtp.mailfrom=customer.example; dmarc=none", Proof.NONE),
        (f"{OURS}; none", Proof.NONE),
        ("mx.evil.example; dmarc=pass header.from=customer.example", None),
        (f"{OURS}; auth=pass smtp.auth=ho@customer.example", Proof.PASS),
        # About somebody else than whom we show.
        (f"{OURS}; dmarc=pass header.from=evil.example", Proof.NONE),
        # Two that differ: somebody put words into the server's mouth.
        (f"{OURS}; dmarc=fail; dmarc=pass header.from=customer.example", Proof.FAIL),
        # What a sender chooses is no result: in quotes, and in comments within comments.
        (f'{OURS}; spf=fail smtp.mailfrom="a;dmarc=pass"@customer.example', Proof.FAIL),
        (rf'{OURS}; dmarc=fail smtp.mailfrom="\"; dmarc=pass"@evil.example', Proof.FAIL),
        (f"{OURS}; dmarc=none (a (b (c; dmarc=pass) d; dmarc=pass) e; dmarc=pass)", Proof.NONE),
        (f"{OURS}; dmarc=none (" + "x" * 600 + "; dmarc=pass)", Proof.NONE),
        # Without an end it states nothing.
        (f"{OURS}; dmarc=pass (never closed", Proof.NONE),
    ],
)
def test_the_word_of_a_trusted_server_decides(stated: str, proof: Proof | None):
    groups = stated_in(parse(f"Authentication-Results: {stated}\n\nx".encode()))
    found = check(groups, [OURS], "ho@customer.example")
    assert (found.proof if found else None) == proof


def test_what_a_sender_writes_in_our_name_below_our_servers_line_is_not_believed():
    raw = (
        f"Received: by store\nAuthentication-Results: {FAIL}\nReceived: by {OURS}\n"
        f"Authentication-Results: {PASS}\n\nx"
    )
    found = check(stated_in(parse(raw.encode())), [OURS], "ho@customer.example")
    assert found is not None
    assert found.proof == Proof.FAIL
    assert not aligned("com", "customer.com")


def test_a_broken_header_of_our_server_hides_those_below_it():
    for top in (f"{OURS}; spf=pass (never closed", f"{OURS}; " + "x" * 9000):
        raw = f"Authentication-Results: {top}\nReceived: by {OURS}\n"
        raw += f"Authentication-Results: {PASS}\n\nx"
        found = check(stated_in(parse(raw.encode())), [OURS], "ho@customer.example")
        assert found is not None
        assert found.proof == Proof.NONE


def test_a_server_without_a_name_is_understood():
    stated = (
        "spf=fail (sender IP is 192.0.2.9) smtp.mailfrom=customer.example; dkim=none (message not"
        " signed) header.d=none;dmarc=fail action=quarantine header.from=customer.example;"
        "compauth=fail reason=000"
    )
    groups = stated_in(parse(f"Authentication-Results: {stated}\n\nx".encode()))
    found = check(groups, ["-"], "ho@customer.example")
    assert found is not None
    assert found.proof == Proof.FAIL
    assert check(groups, [OURS], "ho@customer.example") is None


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ("X-Spam-Status: Yes, score=15.2 required=5.0", {"marked": True, "score": 15.2}),
        ("X-Spam-Status: No, hits=-2.4 required=5", {"marked": False, "score": -2.4}),
        ("X-Spam-Flag: YES\nX-Spam-Score: 7.1", {"marked": True, "score": 7.1}),
        ("X-MS-Exchange-Organization-SCL: 6", {"marked": True, "score": 6.0}),
        ("X-Forefront-Antispam-Report: CIP:1.2.3.4;SCL:1;SRV:", {"marked": False, "score": 1.0}),
        ("X-Spam-Status: what?", {}),
        ("Subject: x", {}),
    ],
)
def test_what_spam_filters_say_is_understood(headers: str, found: dict[str, object]):
    assert spam_of(parse(f"{headers}\n\nx".encode())) == found


def test_other_peoples_mail_is_read_without_an_error(shared_data: Path):
    said = 0
    for file in sorted((shared_data / "email" / "spamassassin").rglob("*")):
        if file.is_file():
            parsed = parse(file.read_bytes())
            said += bool(spam_of(parsed))
            stated_in(parsed)
    assert said


# ---- What it does ----


def test_a_proven_sender_is_shown_as_verified(client: FlaskClient, box: Mailbox):
    row = bring(box, post.letter(), PASS)
    entry = row.entry
    assert entry is not None
    assert proof_of(entry) == "pass"
    page = visitor(client).get(f"/tickets/{row.ticket_id}")
    assert "Sender verified" in page
    assert "DMARC pass customer.example" in page


def test_nobody_is_marked_where_no_server_is_trusted(client: FlaskClient, box: Mailbox):
    with transaction():
        box.trusts = ""
    row = bring(box, post.letter(), FAIL)
    assert row.entry is not None
    assert proof_of(row.entry) is None
    assert row.reason == "opened"


def test_a_forged_sender_adds_nothing_silently_until_somebody_believes(
    client: FlaskClient, box: Mailbox
):
    first = bring(box, post.letter("Lamp", Message_ID="<lamp@customer.example>"), PASS)
    ticket = db.session.get_one(Ticket, first.ticket_id)
    owner = factories.actor()
    with transaction():
        services.set_owner(
            owner, ticket, db.session.get_one(type(ticket.customer), owner.person_id)
        )
    before = (ticket.status_id, ticket.customer_replied, ticket.waiting_since)
    forged = bring(
        box,
        post.letter(
            "Re: Lamp",
            "Please send me the password",
            In_Reply_To="<lamp@customer.example>",
            Cc="friend@evil.example",
        ),
        FAIL,
    )
    assert (forged.state, forged.reason, forged.ticket_id) == (State.FILED, "doubted", ticket.id)
    (note,) = post.entries(ticket, "hear-doubted")
    assert not note.public
    assert (ticket.status_id, ticket.customer_replied, ticket.waiting_since) == before
    assert not services.is_participant(ticket, factories.person(email="friend@evil.example"))
    told = db.session.query(Notice).filter_by(person_id=owner.person_id, kind="answered").all()
    assert [bool(notice.data.get("doubted")) for notice in told] == [True]

    reader = visitor(client)
    page = reader.get(f"/tickets/{ticket.id}")
    assert "This may not be from" in page
    answer = reader.send(f"/setup/mail/doubted/{ticket.id}/{note.id}/believe")
    assert answer.status_code == 303
    (heard,) = post.entries(ticket, "hear")
    assert (heard.body, (heard.envelope or {})["believed"]) == (note.body, note.id)
    assert "said that it is from them" in reader.get(f"/tickets/{ticket.id}")
    # Nobody decides twice.
    reader.send(f"/setup/mail/doubted/{ticket.id}/{note.id}/disbelieve")
    assert len(post.entries(ticket, "hear")) == 1
    assert "said that it is from them" in reader.get(f"/tickets/{ticket.id}")


def test_a_forged_first_mail_opens_a_ticket_and_gets_no_receipt(box: Mailbox):
    row = bring(box, post.letter(), FAIL)
    assert row.reason == "opened"
    assert db.session.query(OutboxMessage).filter_by(ticket_id=row.ticket_id).count() == 0


def test_a_technicians_mail_is_an_answer_only_where_it_is_wanted_and_proven(box: Mailbox):
    first = bring(box, post.letter("Lamp", Message_ID="<lamp@customer.example>"), PASS)
    ticket = db.session.get_one(Ticket, first.ticket_id)
    who = factories.person(is_technician=True, email="sam@desk.example")
    factories.account(who, "technician")
    quote = (
        "Try the switch.\n\nOn Mon, 1 Jan 2026, Hearth <h@desk.example> wrote:\n> A secret\n> x\n"
    )

    def answer(stated: str) -> MailMessage:
        mail = post.letter("Re: Lamp", quote, sender="sam@desk.example",
                           In_Reply_To="<lamp@customer.example>")  # fmt: skip
        return bring(box, mail, stated)

    proven = f"{OURS}; dmarc=pass header.from=desk.example"
    assert answer(proven).reason == "noted"
    assert answer("").reason == "doubted"
    with transaction():
        box.staff_answers = True
    assert answer(f"{OURS}; dmarc=none").reason == "doubted"
    assert answer(f"{OURS}; dmarc=fail header.from=desk.example").reason == "doubted"
    assert answer(proven).reason == "answered"
    (reply,) = post.entries(ticket, "reply")
    assert (reply.body, reply.author_id, reply.public) == ("Try the switch.", who.id, True)
    assert ticket.owner_id == who.id


def test_who_answers_what_only_they_got_from_us_is_believed(client: FlaskClient, box: Mailbox):
    first = bring(box, post.letter("Lamp", Message_ID="<lamp@customer.example>"), PASS)
    ticket = db.session.get_one(Ticket, first.ticket_id)
    who = factories.person(is_technician=True, email="sam@desk.example")
    factories.account(who, "technician")
    with transaction():
        for name, others in {"mine": [], "all": [["B", "b@desk.example"]]}.items():
            db.session.add(
                OutboxMessage(
                    channel="email",
                    ticket_id=ticket.id,
                    to=[["Sam", "sam@desk.example"], *others],
                    recipients=[],
                    message_id=f"<{name}@desk.example>",
                    state="sent",
                )
            )

    def answer(name: str) -> str:
        mail = post.letter("Re: Lamp", "On it.", sender="sam@desk.example",
                           In_Reply_To=f"<{name}@desk.example>")  # fmt: skip
        return bring(box, mail).reason

    assert answer("all") == "doubted"
    page = visitor(client).get(f"/tickets/{ticket.id}")
    assert "Sender unproven" in page
    assert "Who writes as a colleague has to be verified" in page
    assert answer("mine") == "noted"
    with transaction():
        box.staff_answers = True
        box.trusts = ""
    assert answer("all") == "noted"
    assert answer("mine") == "answered"
    # A colleague who is believed has their note; the customer hears nothing.
    held = post.entries(ticket, "hear-doubted")[0]
    with transaction():
        assert services.believe(factories.actor(), ticket, held, reopen_days=5) is held
    assert post.entries(ticket, "hear") == []


def test_a_notice_has_an_address_that_only_its_reader_knows(box: Mailbox, lamp: Ticket):
    who = factories.person(is_technician=True, email="sam@desk.example")
    factories.account(who, "technician")
    with transaction():
        box.plus = str(Plus.ALL)
        box.staff_answers = True
        rows = [
            OutboxMessage(
                channel="email",
                kind=kind,
                ticket_id=lamp.id,
                to=[["Sam", "sam@desk.example"], *others],
                recipients=[],
                message_id=f"<{number}@desk.example>",
                state="sent",
            )
            for number, (kind, others) in enumerate(
                [(by_mail.KIND, []), ("", [["Mei", "mei@customer.example"]]), ("", [])]
            )
        ]
        db.session.add_all(rows)
        db.session.flush()
        mine, shared, answer = (str(answers_to(row, box)) for row in rows)
        returned = return_path(box, rows[1].id)

    def sent_to(address: str, sender: str = "sam@desk.example") -> str:
        return bring(box, post.letter("Done", "Fixed it.", sender=sender, to=address)).reason

    # Everybody who is written to about a ticket has its address: it is no proof.
    assert shared == answer
    assert sent_to(shared) == "doubted"
    # Nor is the return path of a mail that others got, too.
    assert sent_to(returned) == "doubted"
    assert mine not in (shared, returned)
    assert sent_to(mine) == "answered"
    # It is personal: somebody else who got hold of it is not the one it was given to.
    other = factories.person(is_technician=True, email="ada@desk.example")
    factories.account(other, "technician")
    assert sent_to(mine, "ada@desk.example") == "doubted"
    # A number alone, or another's signature, is nothing.
    token = token_of(mine)
    assert token is not None
    assert sent_to(mine.replace(f"b{token.number}.", f"b{rows[2].id}.")) == "opened"


def test_the_id_of_a_forged_message_opens_no_ticket_to_its_sender(box: Mailbox):
    first = bring(box, post.letter("Lamp", Message_ID="<lamp@customer.example>"), PASS)
    forged = post.letter("Re: Lamp", "x", In_Reply_To="<lamp@customer.example>",
                         Message_ID="<forged@evil.example>")  # fmt: skip
    assert bring(box, forged, FAIL).reason == "doubted"
    stated = f"{OURS}; dmarc=pass header.from=evil.example"
    own = post.letter("Hi", sender="e@evil.example", In_Reply_To="<forged@evil.example>")
    assert bring(box, own, stated).ticket_id != first.ticket_id


def test_redacting_what_was_believed_takes_its_raw_mail_along(box: Mailbox):
    first = bring(box, post.letter("Lamp", Message_ID="<lamp@customer.example>"), PASS)
    ticket = db.session.get_one(Ticket, first.ticket_id)
    row = bring(box, post.letter("Re: Lamp", "1234", In_Reply_To="<lamp@customer.example>"), FAIL)
    admin = factories.actor(role="administrator")
    with transaction():
        held = db.session.get_one(Entry, row.entry_id)
        heard = services.believe(admin, ticket, held, reopen_days=5)
    with transaction():
        services.redact(admin, ticket, heard, "a card number")
    db.session.expire_all()
    assert db.session.get_one(MailMessage, row.id).raw_sha256 is None


# ---- Accepting a sender from now on ----


def through(mailer: str, *, by: str = "dkim") -> str:
    """Return what our server says of mail that a firm sends in the customer's name."""
    found = {
        "dkim": f"dkim=pass header.d={mailer}; spf=fail smtp.mailfrom=x@{mailer}",
        "spf": f"dkim=none; spf=pass smtp.mailfrom=bounce@{mailer}",
    }
    return f"{OURS}; {found[by]}; dmarc=fail header.from=customer.example"


@pytest.fixture
def lamp(box: Mailbox) -> Ticket:
    row = bring(box, post.letter("Lamp", Message_ID="<lamp@customer.example>"), PASS)
    return db.session.get_one(Ticket, row.ticket_id)


def about_lamp(box: Mailbox, stated: str, **headers: str) -> str:
    mail = post.letter("Re: Lamp", "It flickers", In_Reply_To="<lamp@customer.example>", **headers)
    return bring(box, mail, stated).reason


@pytest.mark.parametrize("by", ["dkim", "spf"])
def test_a_sender_is_accepted_from_now_on_with_what_was_verified_and_nothing_less(
    client: FlaskClient, box: Mailbox, lamp: Ticket, by: str
):
    stated = through("mailer.example", by=by)
    assert about_lamp(box, stated) == "doubted"
    (note,) = post.entries(lamp, "hear-doubted")
    reader = visitor(client)
    page = reader.get(f"/tickets/{lamp.id}")
    assert "From now on, where" in page
    assert "mailer.example" in page
    path = f"/setup/mail/doubted/{lamp.id}/{note.id}/believe"
    assert reader.send(path, remember="1").status_code == 303
    assert "Their mail is accepted where" in reader.get(f"/tickets/{lamp.id}")

    assert about_lamp(box, stated) == "joined"
    # Its DMARC fails still: nothing else in it says that it is from them.
    assert "Accepted: s" in reader.get(f"/tickets/{lamp.id}")
    assert about_lamp(box, FAIL) == "doubted"
    assert about_lamp(box, through("evil.example", by=by)) == "doubted"
    assert about_lamp(box, through("mail.mailer.example", by=by)) == "doubted"
    assert about_lamp(box, through("mailer.example", by=by).replace("=pass", "=fail")) == "doubted"
    other = {"dkim": "spf", "spf": "dkim"}[by]
    assert about_lamp(box, through("mailer.example", by=other)) == "doubted"
    forged = f"{OURS}; dmarc=fail header.from=customer.example"
    not_ours = "Authentication-Results: " + stated.replace(OURS, "mx.evil.example")
    assert about_lamp(box, f"{forged}\r\n{not_ours}") == "doubted"
    # Somebody else there is somebody else.
    who = factories.person(email="boss@customer.example")
    with transaction():
        services.add_participant(lamp, who)
    assert about_lamp(box, stated, sender="boss@customer.example") == "doubted"

    listed = reader.get("/setup/mail/accepted?q=MAILER")
    assert "1 message accepted" in listed
    (row,) = db.session.query(AcceptedSender).all()
    assert (row.method, row.domain) == (by, "mailer.example")
    assert reader.send(f"/setup/mail/accepted/{row.id}/forget").status_code == 303
    assert about_lamp(box, stated) == "doubted"
    said = select(AuditEntry.action).where(AuditEntry.action.startswith("sender-accepted"))
    assert sorted(db.session.scalars(said)) == ["sender-accepted", "sender-accepted-no-more"]


@pytest.mark.parametrize(
    ("stated", "why"),
    [
        (FAIL, "anybody could write the next one"),
        (through("gmail.com"), "through which anybody may send"),
        (through("eu-west-1.amazonses.com", by="spf"), "through which anybody may send"),
    ],
)
def test_what_proves_nothing_can_not_be_remembered(
    client: FlaskClient, box: Mailbox, lamp: Ticket, stated: str, why: str
):
    assert about_lamp(box, stated) == "doubted"
    (note,) = post.entries(lamp, "hear-doubted")
    reader = visitor(client)
    page = reader.get(f"/tickets/{lamp.id}")
    assert why in page
    assert "From now on" not in page
    # Asked for all the same, nothing is decided.
    reader.send(f"/setup/mail/doubted/{lamp.id}/{note.id}/believe", remember="1")
    assert db.session.query(AcceptedSender).count() == 0
    assert post.entries(lamp, "hear") == []


def test_a_signature_counts_before_the_server_it_came_from(box: Mailbox, lamp: Ticket):
    stated = through("mailer.example").replace("spf=fail", "spf=pass")
    about_lamp(box, stated)
    (note,) = post.entries(lamp, "hear-doubted")
    assert accepted.offered(note) == accepted.Bond("dkim", "mailer.example")


def test_an_accepted_colleague_has_a_note_and_does_not_answer_customers(box: Mailbox, lamp: Ticket):
    who = factories.person(is_technician=True, email="sam@desk.example")
    factories.account(who, "technician")
    with transaction():
        box.staff_answers = True
    stated = f"{OURS}; dkim=pass header.d=mailer.example; dmarc=none"
    assert about_lamp(box, stated, sender="sam@desk.example") == "doubted"
    (note,) = post.entries(lamp, "hear-doubted")
    with transaction():
        assert accepted.remember(factories.actor(), note) is not None
    assert about_lamp(box, stated, sender="sam@desk.example") == "noted"
    assert post.entries(lamp, "reply") == []


def test_who_remembered_a_sender_may_take_it_back_and_nobody_else_without_the_right(
    client: FlaskClient, box: Mailbox, lamp: Ticket
):
    about_lamp(box, through("mailer.example"))
    (note,) = post.entries(lamp, "hear-doubted")
    with transaction():
        row = accepted.remember(factories.actor(), note)
        assert accepted.remember(factories.actor(), note) is None
        assert row is not None
        key = row.id
    path = f"/setup/mail/accepted/{key}/forget"
    technician = visitor(client, "technician")
    assert technician.send(path).status_code == 404
    with transaction():
        db.session.get_one(AcceptedSender, key).added_by_id = technician.person.id
    assert technician.send(path).status_code == 303
    assert db.session.query(AcceptedSender).count() == 0


# ---- Spam ----


def test_spam_is_put_aside_from_then_on_and_taken_back_as_easily(box: Mailbox):
    row = bring(box, post.letter("Win!", sender="Ad <ad@shop.example>"))
    ticket = db.session.get_one(Ticket, row.ticket_id)
    actor = factories.actor()
    with transaction():
        services.bin_ticket(actor, ticket, BinReason.SPAM, block="sender")
    again = bring(box, post.letter("Win more!", sender="Ad <ad@shop.example>"))
    assert (again.state, again.reason, again.ticket_id) == (State.IGNORED, "spam", None)
    assert db.session.query(SpamSender.hits).scalar() == 1
    assert bring(box, post.letter("Hi", sender="b@shop.example")).state == State.FILED

    with transaction():
        services.restore(actor, ticket)
    assert db.session.query(SpamSender).count() == 0
    assert bring(box, post.letter("Sorry", sender="ad@shop.example")).state == State.FILED


def test_a_whole_domain_is_put_aside_but_not_a_customers_nor_ours(box: Mailbox):
    row = bring(box, post.letter("Win!", sender="Ad <ad@mail.shop.example>"))
    ticket = db.session.get_one(Ticket, row.ticket_id)
    actor = factories.actor()
    with transaction():
        services.bin_ticket(actor, ticket, BinReason.SPAM, block="domain")
    assert bring(box, post.letter(sender="c@eu.mail.shop.example")).reason == "spam"
    with transaction():
        theirs = factories.organisation("Northline")
        db.session.add(OrganisationDomain(organisation_id=theirs.id, domain="northline.example"))
    for value in ("@gmail.com", f"@{box.address.rpartition('@')[2]}", box.address):
        for sure in (False, True):
            with pytest.raises(Refused):
                spam.check_may_block(value, sure=sure)
    with pytest.raises(Refused):
        spam.check_may_block("@northline.example")
    spam.check_may_block("@northline.example", sure=True)


def test_for_the_domain_of_a_customer_one_is_asked(client: FlaskClient, box: Mailbox):
    with transaction():
        theirs = factories.organisation("Northline")
        db.session.add(OrganisationDomain(organisation_id=theirs.id, domain="northline.example"))
    row = bring(box, post.letter("Win!", sender="Ad <ad@northline.example>"))
    ticket = db.session.get_one(Ticket, row.ticket_id)
    admin = visitor(client)
    chosen = {"reason": "spam-domain"}
    asked = client.post(
        f"/tickets/{ticket.id}/bin",
        data=chosen,
        headers={"X-CSRFToken": admin.token, "HX-Request": "true"},
    )
    assert asked.status_code == 422
    page = asked.get_data(as_text=True)
    assert "@northline.example belongs to Northline. Put aside what everybody there writes?" in page
    # What was chosen stands still, and nothing has happened.
    assert 'value="spam-domain" checked' in page
    db.session.expire_all()
    assert ticket.hidden_at is None
    assert db.session.query(SpamSender).count() == 0
    admin.send(f"/tickets/{ticket.id}/bin", **chosen, sure="1")
    assert db.session.query(SpamSender.value).scalar() == "@northline.example"
    admin.send(f"/tickets/{ticket.id}/restore")
    assert db.session.query(SpamSender).count() == 0

    answer = admin.send("/setup/mail/spam", sender="northline.example")
    assert answer.status_code == 422
    assert "Yes, everybody there" in answer.get_data(as_text=True)
    assert admin.send("/setup/mail/spam", sender="northline.example", sure="1").status_code == 303
    assert admin.send("/setup/mail/spam", sender=box.address, sure="1").status_code == 422
    assert db.session.query(SpamSender.value).all() == [("@northline.example",)]


def test_many_tickets_from_a_customers_domain_are_left_unless_somebody_is_sure(
    client: FlaskClient, box: Mailbox
):
    with transaction():
        theirs = factories.organisation("Northline")
        db.session.add(OrganisationDomain(organisation_id=theirs.id, domain="northline.example"))
    row = bring(box, post.letter("Win!", sender="Ad <ad@northline.example>"))
    ticket = db.session.get_one(Ticket, row.ticket_id)
    admin = visitor(client)
    chosen = {"ticket": str(ticket.id), "reason": "spam-domain"}
    admin.send("/queue/bulk/bin", **chosen)
    db.session.expire_all()
    assert ticket.hidden_at is None
    admin.send("/queue/bulk/bin", **chosen, sure="y")
    db.session.expire_all()
    assert ticket.hidden_at is not None


def test_the_list_is_kept_in_set_up(client: FlaskClient, box: Mailbox):
    admin = visitor(client)
    assert "Nobody is on the list" in admin.get("/setup/mail/spam")
    assert admin.send("/setup/mail/spam", sender="no address").status_code == 422
    assert admin.send("/setup/mail/spam", sender="Shop.example").status_code == 303
    assert admin.send("/setup/mail/spam", sender="@shop.example").status_code == 422
    assert "@shop.example" in admin.get("/setup/mail/spam?q=SHOP")
    row = db.session.query(SpamSender).one()
    assert admin.send(f"/setup/mail/spam/{row.id}/forget").status_code == 303
    assert db.session.query(SpamSender).count() == 0


def test_the_dialog_of_the_bin_says_whose_mail_is_put_aside(client: FlaskClient, box: Mailbox):
    row = bring(box, post.letter("Win!", sender="Ad <ad@shop.example>"))
    admin = visitor(client)
    assert "all mail of this sender" in admin.get(f"/tickets/{row.ticket_id}/bin")
    admin.send(f"/tickets/{row.ticket_id}/bin", reason="spam-sender")
    assert db.session.query(SpamSender.value).scalar() == "ad@shop.example"
    admin.send(f"/tickets/{row.ticket_id}/restore")
    assert db.session.query(SpamSender).count() == 0
