"""Answers that leave signed and encrypted, judged by openssl and gpg as a server received them."""

import pytest
from cryptography.hazmat.primitives import hashes

from helpdesk import blobs
from helpdesk.channels.email import importer
from helpdesk.channels.email.models import Mailbox
from helpdesk.channels.email.secrets import seal
from helpdesk.channels.email.secure import gnupg
from helpdesk.channels.email.secure.model import Kind
from helpdesk.channels.email.secure.models import MailKey, PersonKey
from helpdesk.channels.email.send import send_mail
from helpdesk.db import db, transaction
from helpdesk.notify.models import OutboxMessage, Sending
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services import NewFile, Refused, Said, reply
from tests import factories
from tests.channels.email import post
from tests.channels.email.secure import makers
from tests.channels.email.secure.makers import Identity, PgpIdentity, identity
from tests.setup.makers import visitor
from tests.support import smtp

pytestmark = makers.needs_openssl
TEXT = "From now on: **löschen**.\n\nFrom the desk \n.\n"


@pytest.fixture(scope="module")
def desk() -> Identity:
    return identity("Northline IT", "support@desk.example")


@pytest.fixture(scope="module", params=[False, True], ids=["rsa", "curve"])
def mei(request: pytest.FixtureRequest) -> Identity:
    return identity("Ho Mei-Ling", "mei@customer.example", curve=request.param)


def sign_with(box: Mailbox, ours: Identity | PgpIdentity) -> None:
    kind, fingerprint, public = facts(ours)
    with transaction():
        db.session.add(
            MailKey(
                mailbox_id=box.id,
                kind=kind,
                name="Desk",
                addresses=["support@desk.example"],
                fingerprint=fingerprint,
                public=public,
                secret=seal(ours.secret.decode()),
                password=seal(ours.password if isinstance(ours, PgpIdentity) else ""),
                signs=True,
            )
        )


def facts(one: Identity | PgpIdentity) -> tuple[Kind, str, str]:
    """Return the kind, the fingerprint and the public half of a key."""
    if isinstance(one, PgpIdentity):
        return Kind.OPENPGP, one.fingerprint, one.public.decode()
    return Kind.SMIME, one.certificate.fingerprint(hashes.SHA256()).hex(), one.pem.decode()


def know(address: str, theirs: Identity | PgpIdentity) -> None:
    kind, fingerprint, public = facts(theirs)
    with transaction():
        db.session.add(
            PersonKey(
                address=address, kind=kind, name=address, fingerprint=fingerprint, public=public
            )
        )


def sent(receiver: smtp.Receiver) -> smtp.Received:
    send_mail.run()
    (received,) = receiver.received
    return received


def test_a_signed_answer_verifies_as_it_was_received(
    box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver, desk: Identity
):
    sign_with(box, desk)
    with transaction():
        file = NewFile(blobs.put(b"\x00\r\n.\r\n" * 99), "ä.bin", "application/x-thing", 495)
        reply(factories.actor(), ticket, Said(TEXT, [file]))
    received = sent(smtp_receiver)
    assert received.message["Subject"].endswith(f"[#{ticket.number}]")
    content = makers.openssl(
        *(
            "cms",
            "-verify",
            "-in",
            "mail",
            "-CAfile",
            "ca",
            "-purpose",
            "any",
            "-out",
            "/dev/stdout",
        ),
        mail=received.raw,
        ca=desk.pem,
    )
    assert b"multipart/mixed" in content
    # One byte changed on its way, and it no longer does.
    with pytest.raises(Exception, match="returned non-zero"):
        makers.openssl(
            *("cms", "-verify", "-in", "mail", "-CAfile", "ca", "-purpose", "any"),
            mail=received.raw.replace(b"now on", b"now off"),
            ca=desk.pem,
        )


def test_an_encrypted_answer_is_readable_to_its_recipient_alone(
    box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver, desk: Identity, mei: Identity
):
    sign_with(box, desk)
    know("mei@customer.example", mei)
    with transaction():
        reply(factories.actor(), ticket, Said(TEXT), encrypt=True)
    received = sent(smtp_receiver)
    assert received.message["Subject"] == f"[...] [#{ticket.number}]"
    for secret in (b"now on", ticket.subject.encode()):
        assert secret not in received.raw
    signed = makers.openssl(
        *("cms", "-decrypt", "-in", "mail", "-recip", "cert", "-inkey", "key"),
        mail=received.raw,
        cert=mei.pem,
        key=mei.secret,
    )
    content = makers.openssl(
        *(
            "cms",
            "-verify",
            "-in",
            "mail",
            "-CAfile",
            "ca",
            "-purpose",
            "any",
            "-out",
            "/dev/stdout",
        ),
        mail=signed,
        ca=desk.pem,
    )
    assert b"now on" in content
    assert ticket.subject.encode() in content


@makers.needs_gpg
def test_openpgp_signed_and_encrypted(box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver):
    ours = makers.pgp_identity("Desk <support@desk.example>", "geh eim")
    theirs = makers.pgp_identity("Mei <mei@customer.example>")
    sign_with(box, ours)
    post.answer(ticket, TEXT)
    received = sent(smtp_receiver)
    whole, signature = received.raw.split(b"\r\n--=-hearth", 2)[1:]
    part = whole.split(b"\r\n", 1)[1]
    armour = signature[signature.index(b"-----BEGIN") :]
    with gnupg.home() as home:
        home.take_keys(ours.public)
        assert home.run("--verify", home.file(armour), home.file(part)).has("GOODSIG")

    smtp_receiver.received.clear()
    know("mei@customer.example", theirs)
    with transaction():
        reply(factories.actor(), ticket, Said(TEXT), encrypt=True)
    received = sent(smtp_receiver)
    assert b"now on" not in received.raw
    with gnupg.home() as home:
        home.take_keys(ours.public, theirs.secret)
        opened = home.run("--decrypt", home.file(received.raw), password="")
    assert opened.has("GOODSIG")
    assert b"now on" in opened.output


def test_without_a_key_it_is_refused_and_not_sent_in_clear(
    box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver
):
    with transaction(), pytest.raises(Refused, match="no valid key of mei"):
        reply(factories.actor(), ticket, Said("secret"), encrypt=True)
    db.session.rollback()
    send_mail.run()
    assert smtp_receiver.received == []


def test_a_key_that_goes_before_the_answer_leaves_keeps_it_back(
    box: Mailbox, ticket: Ticket, smtp_receiver: smtp.Receiver, mei: Identity
):
    know("mei@customer.example", mei)
    with transaction():
        reply(factories.actor(), ticket, Said("secret"), encrypt=True)
    with transaction():
        db.session.query(PersonKey).delete()
    send_mail.run()
    assert smtp_receiver.received == []
    (row,) = post.outbox()
    assert (row.state, row.reason) == (Sending.FAILED, "unprotected")
    assert "no valid key of mei@customer.example" in row.last_error


def test_who_wrote_encrypted_is_answered_encrypted_by_default(
    client, box: Mailbox, smtp_receiver: smtp.Receiver, desk: Identity, mei: Identity
):
    sign_with(box, desk)
    raw = makers.head("mei@customer.example") + makers.encrypted(desk)
    list(importer.take_in([importer.Found("f.eml", 1, raw)], box.queue))
    ticket = post.ledger()[-1].ticket
    assert ticket is not None
    admin = visitor(client)
    page = admin.get(f"/tickets/{ticket.number}")
    assert "The customer wrote encrypted." in page
    assert "No valid key of" in page
    seen = admin.send(
        f"/tickets/{ticket.number}/reply", body="Hello", encrypt_asked="1", encrypt="y"
    )
    assert seen.status_code == 422
    assert "has to be encrypted" in seen.text
    with transaction(), pytest.raises(Refused):
        reply(factories.actor(), ticket, Said("by a macro, which asks nobody"))
    db.session.rollback()

    know("mei@customer.example", mei)
    page = admin.get(f"/tickets/{ticket.number}")
    assert "stay readable" in page
    answer = admin.send(
        f"/tickets/{ticket.number}/reply",
        body="Top secret",
        encrypt_asked="1",
        encrypt="y",
        go="stay",
    )
    assert answer.status_code < 400, answer.text
    assert "Sent encrypted" in admin.get(f"/tickets/{ticket.number}")
    # Switched off by hand it leaves in clear: that is an act, no accident.
    admin.send(f"/tickets/{ticket.number}/reply", body="In clear", encrypt_asked="1", go="stay")
    for row in post.outbox():
        with transaction():
            db.session.get_one(OutboxMessage, row.id).next_try_at = row.created_at
    send_mail.run()
    first, second = (
        one.raw for one in smtp_receiver.received if one.message["Auto-Submitted"] is None
    )
    assert b"Top secret" not in first
    assert b"In clear" in second
