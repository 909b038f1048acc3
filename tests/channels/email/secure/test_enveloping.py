"""Encrypting for certificates of all kinds, judged by openssl; and opening what openssl wrote."""

import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk.channels.email.secure import chain
from helpdesk.channels.email.secure.cms import content_of
from helpdesk.channels.email.secure.enveloped import NoKey, decrypt
from helpdesk.channels.email.secure.enveloping import can_encrypt, encrypt
from helpdesk.channels.email.secure.model import SmimeKey
from helpdesk.lib import ber, der
from tests.channels.email.secure import makers
from tests.channels.email.secure.makers import ENTITY, Identity, identity

pytestmark = makers.needs_openssl

CURVES = (
    *(ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()),
    *(ec.BrainpoolP256R1(), ec.BrainpoolP384R1(), ec.BrainpoolP512R1()),
)


@pytest.fixture(scope="module")
def old() -> Identity:
    return identity("Ho Mei-Ling", "mei@customer.example")


@pytest.fixture(scope="module", params=CURVES, ids=lambda curve: curve.name)
def modern(request: pytest.FixtureRequest) -> Identity:
    return identity("Yip", "yip@customer.example", curve=request.param, agrees=True)


def as_openssl_opens(structure: bytes, who: Identity) -> bytes:
    return makers.openssl(
        *("cms", "-decrypt", "-inform", "DER", "-in", "mail", "-recip", "cert", "-inkey", "key"),
        *("-binary", "-out", "/dev/stdout"),
        mail=structure,
        cert=who.pem,
        key=who.secret,
    )


def as_we_open(structure: bytes, who: Identity) -> bytes:
    kind, inside = content_of(structure)
    return decrypt(kind, inside, [SmimeKey(who.pem, who.secret)])


@pytest.mark.parametrize("material", [b"", b"m" * 8, b"m" * 200])
def test_openssl_opens_what_we_encrypt_for_a_curve(modern: Identity, material: bytes):
    structure = encrypt(ENTITY, [modern.certificate], material)
    assert as_openssl_opens(structure, modern) == ENTITY
    assert as_we_open(structure, modern) == ENTITY


@pytest.mark.parametrize("options", [(), ("-aes256",), ("-aes-128-gcm",), ("-des3", "-stream")])
@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha384", "sha512"])
def test_we_open_what_openssl_encrypts_for_a_curve(
    modern: Identity, options: tuple[str, ...], digest: str
):
    structure = makers.openssl(
        *("cms", "-encrypt", "-in", "entity", "-binary", *options, "-outform", "DER"),
        *("-recip", "cert", "-keyopt", f"ecdh_kdf_md:{digest}"),
        entity=ENTITY,
        cert=modern.pem,
    )
    assert as_we_open(structure, modern) == ENTITY


def test_several_recipients_of_both_kinds_each_open_it_and_nobody_else(old: Identity):
    one, two = (identity(name, curve=curve) for name, curve in zip("ab", CURVES, strict=False))
    structure = encrypt(ENTITY, [old.certificate, one.certificate, two.certificate])
    for who in (old, one, two):
        assert as_openssl_opens(structure, who) == ENTITY
        assert as_we_open(structure, who) == ENTITY
    other = identity("c", curve=True)
    with pytest.raises(NoKey):
        as_we_open(structure, other)
    with pytest.raises(subprocess.CalledProcessError):
        as_openssl_opens(structure, other)


def test_openssl_reads_the_whole_structure(old: Identity):
    one = identity("a", curve=True)
    for certificates in ([old.certificate], [old.certificate, one.certificate]):
        structure = encrypt(b"x" * 100_000, certificates)
        said = makers.openssl(
            "cms", "-cmsout", "-print", "-inform", "DER", "-in", "mail", mail=structure
        )
        assert b"aes-256-cbc" in said
        # What it reads it writes again as it was: every byte is DER.
        again = makers.openssl(
            *("cms", "-cmsout", "-inform", "DER", "-outform", "DER", "-in", "mail"), mail=structure
        )
        assert again == structure


def test_no_two_messages_have_a_key_in_common():
    who = identity("a", curve=True)
    parts = [content_of(encrypt(ENTITY, [who.certificate]))[1].children for _time in range(2)]
    points = {one[1].at(0).at(1).at(0).at(1).value for one in parts}
    vectors = {one[2].at(1).at(1).value for one in parts}
    assert [len(points), len(vectors)] == [2, 2]


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 4096])
def test_any_length(size: int):
    who = identity("a", curve=True)
    structure = encrypt(b"z" * size, [who.certificate])
    assert as_openssl_opens(structure, who) == b"z" * size
    assert as_we_open(structure, who) == b"z" * size


def test_certificates_that_only_sign_are_no_keys_to_encrypt_with(old: Identity):
    signs = identity("a", curve=True, agrees=False)
    assert can_encrypt(signs.certificate)
    assert not chain.may_receive_mail(signs.certificate)
    assert chain.may_receive_mail(identity("a", curve=True, agrees=True).certificate)
    assert chain.may_receive_mail(identity("a", curve=True).certificate)
    # An RSA key is encrypted for; agreeing is nothing it can do.
    assert not chain.may_receive_mail(identity("a", agrees=True).certificate)
    assert can_encrypt(old.certificate)
    assert not can_encrypt(identity("a", curve=ec.SECP256K1()).certificate)
    with pytest.raises(ValueError, match="nothing can be encrypted"):
        encrypt(ENTITY, [identity("a", curve=ec.SECP256K1()).certificate])
    with pytest.raises(ValueError, match="nobody"):
        encrypt(ENTITY, [])


def test_one_damaged_byte_is_noticed_or_harmless(old: Identity):
    who = identity("a", curve=True)
    structure = encrypt(ENTITY, [who.certificate])
    for place in range(0, len(structure), 5):
        damaged = structure[:place] + bytes((structure[place] ^ 0x21,)) + structure[place + 1 :]
        try:
            as_we_open(damaged, who)
        except (ber.Malformed, NoKey):
            continue


# ---- DER ----


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=70_000), st.integers(0, 2**200))
def test_what_is_written_is_read_again(data: bytes, number: int):
    written = der.sequence(der.octets(data), der.integer(number), der.set_of(der.NULL, der.NULL))
    node = ber.read(written)
    assert node.raw == written
    assert node.at(0).octets() == data
    assert int.from_bytes(node.at(1).value, "big") == number


@given(st.integers(0, 2), st.integers(0, 39), st.lists(st.integers(0, 2**40), max_size=6))
def test_object_identifiers(first: int, second: int, others: list[int]):
    dotted = ".".join(map(str, (first, second, *others)))
    assert ber.read(der.oid(dotted)).oid() == dotted
