"""S/MIME that comes in: what is said about a signature, and what an encrypted message becomes."""

import base64
import zlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from helpdesk.channels.email.secure.model import Flaw, Keyring, Sealed, SmimeKey
from helpdesk.channels.email.secure.opening import Opened, open_message
from helpdesk.lib import mime
from tests.channels.email.secure import makers
from tests.channels.email.secure.makers import ENTITY, Identity, head, identity

pytestmark = makers.needs_openssl
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def authority() -> Identity:
    return identity("Test authority", authority=True, days=1000)


@pytest.fixture(scope="module")
def jane(authority: Identity) -> Identity:
    return identity("Jane Doe", "jane@customer.example", by=authority)


@pytest.fixture(scope="module")
def desk(authority: Identity) -> Identity:
    return identity("Desk", "support@desk.example", by=authority)


def opened(raw: bytes, *trusted: Identity, key: Identity | None = None) -> Opened:
    keyring = Keyring(authorities=tuple(one.pem for one in trusted))
    if key is not None:
        keyring.smime.append(SmimeKey(key.pem, key.secret))
    return open_message(raw, keyring, NOW + timedelta(seconds=5))


def flaw(raw: bytes, *trusted: Identity) -> Flaw | None:
    signature = opened(raw, *trusted).security.signature
    assert signature is not None
    return signature.flaw


@pytest.mark.parametrize("opaque", [False, True])
@pytest.mark.parametrize("options", [(), ("-stream",), ("-keyopt", "rsa_padding_mode:pss")])
def test_a_good_signature_is_verified_and_out_of_the_way(
    authority: Identity, jane: Identity, opaque: bool, options: tuple[str, ...]
):
    raw = head() + makers.signed(jane, *options, opaque=opaque)
    found = opened(raw, authority)
    signature = found.security.signature
    assert signature is not None
    assert (signature.flaw, signature.detail) == (None, "")
    assert (signature.name, signature.address) == ("Jane Doe", "jane@customer.example")
    assert signature.issuer == "Test authority"
    assert signature.at is not None
    parsed = mime.parse(found.raw)
    assert parsed.subject == "Fire"
    assert parsed.text.strip() == "The printer is on fire."
    assert parsed.attachments == ()
    assert found.certificate == jane.pem


def test_a_mailbox_file_with_bare_line_ends_is_verified_too(authority: Identity, jane: Identity):
    raw = (head() + makers.signed(jane)).replace(b"\r\n", b"\n")
    assert flaw(raw, authority) is None


def test_what_was_changed_says_so(authority: Identity, jane: Identity):
    raw = (head() + makers.signed(jane)).replace(b"on fire", b"all well")
    found = opened(raw, authority)
    assert found.security.signature is not None
    assert found.security.signature.flaw == Flaw.CHANGED
    assert found.certificate is None
    assert mime.parse(found.raw).text.strip() == "The printer is all well."


def test_nobody_vouches_for_it(jane: Identity):
    other = identity("Other authority", authority=True)
    assert flaw(head() + makers.signed(jane), other) == Flaw.AUTHORITY
    assert flaw(head() + makers.signed(jane)) == Flaw.AUTHORITY


def test_a_person_is_no_authority(authority: Identity, jane: Identity):
    forged = identity("Boss", "boss@customer.example", by=jane)
    raw = head("boss@customer.example") + makers.openssl(
        *("cms", "-sign", "-in", "entity", "-signer", "cert", "-inkey", "key", "-binary"),
        *("-certfile", "chain"),
        entity=ENTITY,
        cert=forged.pem,
        key=forged.secret,
        chain=jane.pem,
    )
    assert flaw(raw, authority) == Flaw.AUTHORITY


@pytest.mark.parametrize(
    "sender",
    [
        "Jane Doe <jane@elsewhere.example>",
        '"jane@customer.example" <boss@customer.example>',
        "jane@customer.example, boss@customer.example",
    ],
)
def test_another_address_is_not_the_signers(authority: Identity, jane: Identity, sender: str):
    assert flaw(head(sender) + makers.signed(jane), authority) == Flaw.ADDRESS


def test_expired_and_meant_for_something_else(authority: Identity):
    old = identity("Jane", "jane@customer.example", by=authority, days=10, age=20)
    assert flaw(head() + makers.signed(old), authority) == Flaw.EXPIRED
    server = identity(
        "Jane", "jane@customer.example", by=authority, usage=ExtendedKeyUsageOID.SERVER_AUTH
    )
    assert flaw(head() + makers.signed(server), authority) == Flaw.PURPOSE


def test_a_weak_digest_is_not_believed(authority: Identity, jane: Identity):
    assert flaw(head() + makers.signed(jane, "-md", "sha1"), authority) == Flaw.WEAK


def test_signed_in_part_is_not_signed(authority: Identity, jane: Identity):
    inner = makers.signed(jane)
    raw = head() + (
        b'Content-Type: multipart/mixed; boundary="list"\r\n\r\n--list\r\n' + inner + b"\r\n--list"
        b"\r\nContent-Type: text/plain\r\n\r\nSend your password to mallory.\r\n--list--\r\n"
    )
    assert flaw(raw, authority) == Flaw.PARTLY


@pytest.mark.parametrize(
    ("curve", "options"),
    [
        (False, ("-aes256",)),
        (False, ("-aes128", "-stream")),
        (False, ("-des3",)),
        (False, ("-aes-256-gcm",)),
        (False, ("-aes256", "-keyid")),
        (True, ("-aes256",)),
        (True, ("-aes-256-gcm", "-stream")),
        (True, ("-aes128", "-keyid")),
    ],
)
def test_what_is_encrypted_for_us_opens(curve: bool, options: tuple[str, ...]):
    ours = identity("Desk", "support@desk.example", curve=curve)
    found = opened(head() + makers.encrypted(ours, *options), key=ours)
    assert found.security.sealed == Sealed.OPENED
    assert found.security.signature is None
    assert mime.parse(found.raw).text.strip() == "The printer is on fire."


def test_oaep_opens(desk: Identity):
    raw = head() + makers.openssl(
        *("cms", "-encrypt", "-in", "entity", "-binary", "-aes256", "-recip", "cert"),
        *("-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"),
        entity=ENTITY,
        cert=desk.pem,
    )
    assert opened(raw, key=desk).security.sealed == Sealed.OPENED


def test_signed_and_then_encrypted(authority: Identity, jane: Identity, desk: Identity):
    raw = head(subject="...") + makers.encrypted(desk, entity=makers.signed(jane))
    found = opened(raw, authority, key=desk)
    assert found.security.sealed == Sealed.OPENED
    assert found.security.signature is not None
    assert found.security.signature.flaw is None
    assert mime.parse(found.raw).text.strip() == "The printer is on fire."


def test_a_subject_that_was_encrypted_is_the_real_one(desk: Identity):
    entity = b'Subject: Layoffs\r\nTo: boss@x.example\r\nContent-Type: text/plain; hp="cipher"\r\n'
    raw = head(subject="[...]") + makers.encrypted(desk, entity=entity + b"\r\nSecret.\r\n")
    parsed = mime.parse(opened(raw, key=desk).raw)
    assert parsed.subject == "Layoffs"
    # Nobody is brought along by headers that only the inside has.
    assert [one.address for one in parsed.to] == ["support@desk.example"]


def test_for_somebody_else(jane: Identity, desk: Identity):
    raw = head() + makers.encrypted(jane)
    found = opened(raw, key=desk)
    assert found.security.sealed == Sealed.NO_KEY
    assert found.security.for_keys == [f"{jane.certificate.serial_number:x}"]
    assert found.raw == raw


def cms_message(structure: bytes, kind: str = "enveloped-data") -> bytes:
    start = f"Content-Type: application/pkcs7-mime; smime-type={kind}; name=smime.p7m\r\n"
    encoded = base64.encodebytes(structure).replace(b"\n", b"\r\n")
    return head() + start.encode() + b"Content-Transfer-Encoding: base64\r\n\r\n" + encoded


def der(tag: int, content: bytes) -> bytes:
    size = len(content).to_bytes(4, "big")
    return bytes((tag, 0x84)) + size + content


def compressed(content: bytes) -> bytes:
    """Return compressed data (RFC 3274) around a content."""
    data = bytes.fromhex("06092a864886f70d010701")
    zipped = bytes.fromhex("060b2a864886f70d0109100308")
    inner = der(0x30, data + der(0xA0, der(0x04, zlib.compress(content, 9))))
    body = der(0x30, bytes.fromhex("020100") + der(0x30, zipped) + inner)
    return der(0x30, bytes.fromhex("060b2a864886f70d0109100109") + der(0xA0, body))


def test_compressed_data_opens_and_a_bomb_does_not():
    found = opened(cms_message(compressed(ENTITY), "compressed-data"))
    assert mime.parse(found.raw).text.strip() == "The printer is on fire."
    bomb = opened(cms_message(compressed(b"0" * 50_000_000), "compressed-data"))
    assert bomb.security.sealed == Sealed.BROKEN


@pytest.mark.parametrize(
    "structure",
    [
        b"",
        b"\x30",
        b"\x30\x80" * 3000,
        b"\x30\x84\xff\xff\xff\xff",
        b"\xbf\xff\xff\xff\xff\xff",
        der(0x30, bytes.fromhex("06092a864886f70d010702") + der(0xA0, der(0x30, b""))),
        der(0x30, bytes.fromhex("06092a864886f70d010703") + der(0xA0, der(0x30, b"\x02\x01\x00"))),
        der(0x30, b"\x05\x00" * 200_000),
    ],
)
def test_hostile_structures_are_named_and_nothing_breaks(structure: bytes):
    found = opened(cms_message(structure))
    assert found.security.sealed == Sealed.BROKEN
    called_signed = opened(cms_message(structure, "signed-data")).security
    signature = called_signed.signature
    broken = signature.flaw == Flaw.UNREADABLE if signature else called_signed.sealed
    assert broken


def test_damage_anywhere_in_a_signed_and_encrypted_message_is_survived(
    authority: Identity, jane: Identity, desk: Identity
):
    whole = makers.openssl(
        *("cms", "-sign", "-in", "entity", "-signer", "cert", "-inkey", "key", "-nodetach"),
        *("-outform", "DER"),
        entity=ENTITY,
        cert=jane.pem,
        key=jane.secret,
    )
    for place in range(0, len(whole), 7):
        damaged = whole[:place] + bytes((whole[place] ^ 0x55,)) + whole[place + 1 :]
        signature = opened(cms_message(damaged, "signed-data"), authority, key=desk).security
        # Bytes that nothing depends on may differ; what was signed may not.
        if signature.signature is not None and signature.signature.flaw is None:
            inner = mime.parse(opened(cms_message(damaged, "signed-data"), authority).raw)
            assert inner.text.strip() == "The printer is on fire."
