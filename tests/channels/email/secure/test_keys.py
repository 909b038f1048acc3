"""Keys in Set up and on people's pages."""

from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from sqlalchemy import select

from helpdesk.channels.email.models import Mailbox
from helpdesk.channels.email.secrets import open_sealed
from helpdesk.channels.email.secure import keys
from helpdesk.channels.email.secure.models import MailAuthority, MailKey, PersonKey
from helpdesk.db import db
from helpdesk.people.models import Person
from helpdesk.tickets.desk import Queue
from tests import factories
from tests.channels.email import post
from tests.channels.email.secure import makers
from tests.channels.email.secure.makers import identity
from tests.setup.makers import Visitor, visitor


@pytest.fixture
def admin(client) -> Visitor:
    return visitor(client)


@pytest.fixture
def box(session, queue: Queue) -> Mailbox:
    return post.mailbox(queue=queue)


def file(data: bytes, name: str = "key.p12") -> tuple[BytesIO, str]:
    return BytesIO(data), name


def own(kind: type[MailKey] | type[PersonKey] | type[MailAuthority]) -> list:
    db.session.expire_all()
    return list(db.session.scalars(select(kind)))


def test_a_pkcs12_file_becomes_a_key_and_its_secret_is_stored_encrypted(
    admin: Visitor, box: Mailbox
):
    ours = identity("Northline IT", "support@desk.example", days=20)
    given = {"mailbox_id": box.id, "file": file(ours.p12("geheim")), "signs": "y"}
    wrong = admin.send("/setup/mail/keys", **{**given, "password": "wrong"})
    assert wrong.status_code == 422
    assert "the password is wrong" in wrong.text
    given["file"] = file(ours.p12("geheim"))
    assert admin.send("/setup/mail/keys", **given, password="geheim").status_code == 303
    (key,) = own(MailKey)
    assert "PRIVATE" not in key.secret
    assert open_sealed(key.secret).encode() == ours.secret
    assert key.signs
    page = admin.get("/setup/mail/keys")
    assert "Northline IT" in page
    assert "Ends soon" in page
    assert "PRIVATE" not in page
    assert admin.send(f"/setup/mail/keys/{key.id}/sign", signs="0").status_code == 303
    assert not own(MailKey)[0].signs
    assert admin.send(f"/setup/mail/keys/{key.id}/remove").status_code == 303
    assert own(MailKey) == []


@makers.needs_gpg
def test_an_openpgp_key_with_its_password(admin: Visitor, box: Mailbox):
    ours = makers.pgp_identity("Desk <support@desk.example>", "geh eim")
    for password, code in (("wrong", 422), ("geh eim", 303)):
        answer = admin.send(
            "/setup/mail/keys",
            mailbox_id=box.id,
            file=file(ours.secret, "key.asc"),
            password=password,
        )
        assert answer.status_code == code
    (key,) = own(MailKey)
    assert (key.kind, key.fingerprint) == ("openpgp", ours.fingerprint)
    assert key.addresses == ["support@desk.example"]
    assert key.numbers


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"0" * 300_000, b"-----BEGIN PGP PRIVATE KEY BLOCK-----\nx", b"\x30\x80"],
)
def test_other_files_are_refused_with_words(admin: Visitor, box: Mailbox, data: bytes):
    answer = admin.send("/setup/mail/keys", mailbox_id=box.id, file=file(data), password="")
    assert answer.status_code == 422
    assert own(MailKey) == []
    answer = admin.send("/setup/mail/keys/authorities", certificate=file(data, "ca.pem"))
    assert answer.status_code == 422


def test_a_key_for_another_address_does_not_sign(admin: Visitor, box: Mailbox):
    ours = identity("Other", "other@desk.example")
    answer = admin.send(
        "/setup/mail/keys",
        mailbox_id=box.id,
        file=file(ours.pem + ours.secret, "key.pem"),
        password="",
        signs="y",
    )
    assert answer.status_code == 422
    assert "the key is not for that address" in answer.text


def test_an_authority_is_added_and_nobody_else_passes_for_one(admin: Visitor):
    person = identity("Jane", "jane@customer.example")
    refused = admin.send("/setup/mail/keys/authorities", certificate=file(person.pem, "ca.pem"))
    assert refused.status_code == 422
    assert "belongs to no authority" in refused.text
    root = identity("Own root", authority=True)
    assert (
        admin.send("/setup/mail/keys/authorities", certificate=file(root.pem, "ca.pem")).status_code
        == 303
    )
    (row,) = own(MailAuthority)
    assert "Own root" in admin.get("/setup/mail/keys")
    assert admin.send(f"/setup/mail/keys/authorities/{row.id}/remove").status_code == 303
    assert own(MailAuthority) == []


def test_a_mailbox_that_is_removed_takes_its_keys_along(admin: Visitor, box: Mailbox):
    ours = identity("Northline IT", "support@desk.example")
    whole = file(ours.pem + ours.secret, "key.pem")
    admin.send("/setup/mail/keys", mailbox_id=box.id, file=whole, password="")
    assert own(MailKey)
    assert admin.send(f"/setup/mail/mailboxes/{box.id}/remove").status_code == 303
    assert own(MailKey) == []


def test_keys_are_for_administrators(client):
    technician = visitor(client, "technician")
    assert technician.client.get("/setup/mail/keys").status_code == 403


@pytest.fixture
def jane(session) -> Person:
    return factories.person("Jane Doe", email="jane@customer.example")


@makers.needs_gpg
def test_somebodys_public_key_is_added_by_a_technician(client, jane: Person):
    technician = visitor(client, "technician")
    theirs = makers.pgp_identity("Jane Doe <jane@customer.example>")
    stranger = makers.pgp_identity("Boss <boss@customer.example>")
    at = f"/people/{jane.id}/keys"
    technician.send(at, file=file(stranger.public, "a.asc"))
    technician.send(at, file=file(theirs.secret, "a.asc"))
    assert own(PersonKey) == []
    technician.send(at, file=file(theirs.public, "a.asc"))
    (key,) = own(PersonKey)
    assert (key.address, key.learned) == ("jane@customer.example", False)
    page = technician.get(f"/people/{jane.id}")
    assert theirs.fingerprint[:4] in page
    assert "Added by staff" in page
    technician.send(f"{at}/{key.id}/remove")
    assert own(PersonKey) == []


def test_administrators_are_written_to_before_a_key_ends(admin: Visitor, box: Mailbox):
    ours = identity("Northline IT", "support@desk.example", days=7)
    admin.send(
        "/setup/mail/keys",
        mailbox_id=box.id,
        file=file(ours.pem + ours.secret, "key.pem"),
        password="",
    )
    keys.warn_of_keys.run()
    keys.warn_of_keys.run()
    told = [row.subject for row in post.outbox() if "key" in row.subject]
    assert len(told) == len(set(told)) > 0
    (key,) = own(MailKey)
    assert key.expires_at < datetime.now(UTC) + timedelta(days=7)
