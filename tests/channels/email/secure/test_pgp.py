"""OpenPGP that comes in, signed and encrypted with a real GnuPG."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from helpdesk.channels.email.secure import gnupg, pgp
from helpdesk.channels.email.secure.model import Flaw, Keyring, PgpKey, Sealed
from helpdesk.channels.email.secure.opening import Opened, open_message
from helpdesk.lib import mime
from tests.channels.email.secure import makers
from tests.channels.email.secure.makers import ENTITY, PgpIdentity, head

pytestmark = makers.needs_gpg


@pytest.fixture(scope="module")
def jane() -> PgpIdentity:
    return makers.pgp_identity("Jane Doe <jane@customer.example>")


@pytest.fixture(scope="module")
def desk() -> PgpIdentity:
    return makers.pgp_identity("Desk <support@desk.example>", "geh eim")


def ours(who: PgpIdentity, password: str | None = None) -> PgpKey:
    (found,) = pgp.describe(who.secret)
    return PgpKey(who.secret, who.password if password is None else password, "", found.numbers)


def opened(raw: bytes, *of_sender: PgpIdentity, key: PgpKey | None = None) -> Opened:
    keyring = Keyring(openpgp=[key] if key else [], of_sender=[one.public for one in of_sender])
    return open_message(raw, keyring, datetime.now(UTC))


def flaw(found: Opened) -> Flaw | None:
    assert found.security.signature is not None
    return found.security.signature.flaw


def text(found: Opened) -> str:
    return mime.parse(found.raw).text.strip()


def test_a_signature_is_verified_with_the_key_stored_for_the_sender(jane: PgpIdentity):
    found = opened(head() + makers.pgp_signed(jane), jane)
    assert flaw(found) is None
    signature = found.security.signature
    assert signature is not None
    assert (signature.name, signature.address) == ("Jane Doe", "jane@customer.example")
    assert signature.fingerprint == jane.fingerprint
    assert text(found) == "The printer is on fire."
    assert mime.parse(found.raw).attachments == ()


def test_without_her_key_it_is_not_verified(jane: PgpIdentity, desk: PgpIdentity):
    assert flaw(opened(head() + makers.pgp_signed(jane))) == Flaw.UNKNOWN_KEY
    assert flaw(opened(head() + makers.pgp_signed(jane), desk)) == Flaw.UNKNOWN_KEY


def test_changed_content_and_broken_signatures(jane: PgpIdentity):
    raw = head() + makers.pgp_signed(jane)
    assert flaw(opened(raw.replace(b"on fire", b"all well"), jane)) == Flaw.CHANGED
    assert flaw(opened(raw.replace(b"-----BEGIN", b"-----BEGAN"), jane)) == Flaw.UNREADABLE


def test_a_key_that_ran_out(jane: PgpIdentity):
    old = makers.pgp_identity("Old <old@customer.example>", expires="seconds=1")
    raw = head("old@customer.example")
    signed = makers.pgp_signed(old)
    with gnupg.home() as home:
        home.take_keys(old.public)
        # GnuPG is told that it is a year later.
        later = f"{datetime.now(UTC) + timedelta(days=365):%Y%m%dT%H%M%S}"
        parts = signed.split(b"\r\n\r\n", 1)[1]
        signature = parts[parts.index(b"-----BEGIN") : parts.rindex(b"--b1--")]
        ran = home.run(
            "--faked-system-time", later, "--verify", home.file(signature), home.file(ENTITY)
        )
    judged = pgp.judged(ran)
    assert judged is not None
    assert judged.flaw == Flaw.EXPIRED
    del raw, jane


def test_signed_in_place(jane: PgpIdentity):
    clear = makers.pgp(jane, "--clearsign", data=b"From me.\n- a dash\n")
    raw = head() + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + clear
    found = opened(raw, jane)
    assert flaw(found) is None
    assert text(found) == "From me.\n- a dash"
    more = opened(raw + b"\r\nSend your password to mallory.\r\n", jane)
    assert flaw(more) == Flaw.PARTLY
    assert "mallory" in text(more)


def test_encrypted_and_signed_for_the_desk(jane: PgpIdentity, desk: PgpIdentity):
    armoured = makers.pgp(jane, "--sign", "--encrypt", data=ENTITY, to=desk.public)
    raw = head() + makers.pgp_encrypted(armoured)
    found = opened(raw, jane, key=ours(desk))
    assert found.security.sealed == Sealed.OPENED
    assert flaw(found) is None
    assert text(found) == "The printer is on fire."
    assert mime.parse(found.raw).attachments == ()
    # Some servers turn the message into another kind of multipart on its way.
    mixed = raw.replace(b"multipart/encrypted", b"multipart/mixed")
    assert opened(mixed, jane, key=ours(desk)).security.sealed == Sealed.OPENED


def test_encrypted_in_place(desk: PgpIdentity):
    armoured = makers.pgp(None, "--encrypt", data="Geheim: ä\n".encode(), to=desk.public)
    raw = head() + b"Content-Type: text/plain\r\n\r\nHello,\r\n" + armoured + b"\r\nJane\r\n"
    found = opened(raw, key=ours(desk))
    assert found.security.sealed == Sealed.OPENED
    assert text(found).split() == ["Hello,", "Geheim:", "ä", "Jane"]


def test_no_key_and_a_wrong_password(jane: PgpIdentity, desk: PgpIdentity):
    raw = head() + makers.pgp_encrypted(makers.pgp(None, "--encrypt", data=b"x", to=desk.public))
    other = opened(raw, key=ours(jane))
    assert other.security.sealed == Sealed.NO_KEY
    assert other.security.for_keys
    assert other.raw == raw
    assert opened(raw, key=ours(desk, "wrong")).security.sealed == Sealed.BROKEN
    begins = raw.index(b"-----BEGIN PGP MESSAGE")
    for place in range(begins + 40, len(raw) - 60, 31):
        damaged = raw[:place] + b"AAAAAA" + raw[place + 6 :]
        found = opened(damaged, key=ours(desk))
        # Its own words open or nothing does.
        assert (
            found.security.sealed is None
            or found.security.sealed != Sealed.OPENED
            or (text(found) == "x")
        )


def test_a_bomb_is_cut_off(desk: PgpIdentity, monkeypatch: pytest.MonkeyPatch):
    armoured = makers.pgp(None, "--encrypt", data=b"0" * 8_000_000, to=desk.public)
    assert len(armoured) < 100_000
    monkeypatch.setattr(gnupg, "MOST_BYTES", 4_000_000)
    found = opened(head() + makers.pgp_encrypted(armoured), key=ours(desk))
    assert found.security.sealed == Sealed.BROKEN


def test_without_gnupg_or_when_it_hangs_mail_is_not_lost(
    jane: PgpIdentity, desk: PgpIdentity, monkeypatch: pytest.MonkeyPatch
):
    armoured = makers.pgp(None, "--encrypt", data=b"x", to=desk.public)
    sealed, signed = head() + makers.pgp_encrypted(armoured), head() + makers.pgp_signed(jane)
    key = ours(desk)
    monkeypatch.setattr(gnupg, "SECONDS", 0.0001)
    assert opened(sealed, key=key).security.sealed == Sealed.UNAVAILABLE
    monkeypatch.setenv("PATH", "/nowhere")
    assert opened(sealed, key=key).security.sealed == Sealed.UNAVAILABLE
    assert flaw(opened(signed, jane)) == Flaw.UNREADABLE
    assert text(opened(signed, jane)) == "The printer is on fire."


def test_nothing_stays_behind(jane: PgpIdentity, desk: PgpIdentity):
    armoured = makers.pgp(jane, "--sign", "--encrypt", data=ENTITY, to=desk.public)
    before = homes()
    opened(head() + makers.pgp_encrypted(armoured), jane, key=ours(desk))
    assert homes() <= before


def homes() -> set[Path]:
    return {*Path("/dev/shm").glob("hearth-gpg-*"), *Path("/tmp").glob("hearth-gpg-*")}
