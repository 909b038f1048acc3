"""Certificates, keys and protected messages, made on the fly with the tools that others use."""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from helpdesk.channels.email.secure import gnupg
from helpdesk.channels.email.secure.models import MailAuthority
from helpdesk.db import db, transaction

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

needs_gpg = pytest.mark.skipif(shutil.which("gpg") is None, reason="GnuPG is not installed")
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")


@dataclass(frozen=True)
class Identity:
    """Somebody's certificate with its secret key."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def secret(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def p12(self, password: str) -> bytes:
        locked = BestAvailableEncryption(password.encode())
        return pkcs12.serialize_key_and_certificates(
            b"key", self.key, self.certificate, None, locked
        )


def identity(
    name: str,
    *addresses: str,
    by: Identity | None = None,
    authority: bool = False,
    days: int = 100,
    age: int = 1,
    curve: bool | ec.EllipticCurve = False,
    agrees: bool | None = None,
    usage: x509.ObjectIdentifier | None = ExtendedKeyUsageOID.EMAIL_PROTECTION,
) -> Identity:
    """Make a certificate, issued by ``by`` or by itself.

    ``agrees`` says in its KeyUsage whether keys may be agreed on with it, or only signed.
    """
    key: PrivateKey
    if curve:
        key = ec.generate_private_key(ec.SECP256R1() if curve is True else curve)
    else:
        key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime.now(UTC) - timedelta(days=age)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )
    if addresses:
        names = [x509.RFC822Name(one) for one in addresses]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    if usage is not None and not authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    if agrees is not None:
        rest = dict.fromkeys(
            (
                *("content_commitment", "key_encipherment", "data_encipherment", "crl_sign"),
                *("key_cert_sign", "encipher_only", "decipher_only"),
            ),
            False,
        )
        usages = x509.KeyUsage(digital_signature=True, key_agreement=agrees, **rest)
        builder = builder.add_extension(usages, critical=True)
    return Identity(builder.sign(by.key if by else key, hashes.SHA256()), key)


def trust(authority: Identity) -> None:
    """Let the desk trust an authority."""
    row = MailAuthority(
        name="Test authority",
        fingerprint=authority.certificate.fingerprint(hashes.SHA256()).hex().upper(),
        expires_at=authority.certificate.not_valid_after_utc,
        public=authority.pem.decode(),
    )
    with transaction():
        db.session.add(row)


def openssl(*arguments: str, **files: bytes) -> bytes:
    """Run openssl in a folder with these files (``signer`` is the file "signer")."""
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            (Path(folder) / name).write_bytes(data)
        done = subprocess.run(
            ["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=30
        )
        return done.stdout


ENTITY = b"Content-Type: text/plain; charset=utf-8\r\n\r\nThe printer is on fire.\r\n"


def head(sender: str = "Jane Doe <jane@customer.example>", subject: str = "Fire") -> bytes:
    """Return headers of a message, without those about its content."""
    return (
        f"From: {sender}\r\nTo: support@desk.example\r\nSubject: {subject}\r\n"
        f"Date: {datetime.now(UTC):%a, %d %b %Y %H:%M:%S} +0000\r\n"
        f"Message-ID: <{x509.random_serial_number():x}@customer.example>\r\n"
    ).encode()


def signed(who: Identity, *options: str, entity: bytes = ENTITY, opaque: bool = False) -> bytes:
    """Return a signed entity as openssl writes it: multipart/signed, or all in one."""
    how = ["-nodetach"] if opaque else []
    return openssl(
        *("cms", "-sign", "-in", "entity", "-signer", "cert", "-inkey", "key", "-binary"),
        *("-crlfeol", *how, *options),
        entity=entity,
        cert=who.pem,
        key=who.secret,
    )


def encrypted(whom: Identity, *options: str, entity: bytes = ENTITY) -> bytes:
    """Return an entity encrypted for somebody as openssl writes it."""
    return openssl(
        *("cms", "-encrypt", "-in", "entity", "-binary", "-crlfeol", *options, "-recip", "cert"),
        entity=entity,
        cert=whom.pem,
    )


@dataclass(frozen=True)
class PgpIdentity:
    """Somebody's OpenPGP key."""

    fingerprint: str
    secret: bytes
    public: bytes
    password: str


def pgp_identity(owner: str, password: str = "", expires: str = "1y") -> PgpIdentity:
    """Make an OpenPGP key (``expires``: how long it lasts, as GnuPG takes it)."""
    with gnupg.home() as home:
        made = home.run(
            "--quick-gen-key", owner, "future-default", "default", expires, password=password
        )
        fingerprint = made.all("KEY_CREATED")[0].split()[1]
        secret = home.run("--armor", "--export-secret-keys", fingerprint, password=password)
        public = home.run("--armor", "--export", fingerprint)
    return PgpIdentity(fingerprint, secret.output, public.output, password)


def pgp(who: PgpIdentity | None, *arguments: str, data: bytes, to: bytes = b"") -> bytes:
    """Run gpg as somebody over some data, for a recipient if it has to be encrypted."""
    with gnupg.home() as home:
        if who is not None:
            home.take_keys(who.secret)
        recipient = ("--recipient-file", home.file(to)) if to else ()
        password = who.password if who is not None else None
        done = home.run("--armor", *recipient, *arguments, home.file(data), password=password)
    assert done.code == 0, done.said
    return done.output


def pgp_signed(who: PgpIdentity, entity: bytes = ENTITY) -> bytes:
    """Return a multipart/signed of an entity (RFC 3156)."""
    signature = pgp(who, "--detach-sign", data=entity)
    return (
        b'Content-Type: multipart/signed; protocol="application/pgp-signature";'
        b' micalg=pgp-sha256; boundary="b1"\r\n\r\n--b1\r\n' + entity + b"\r\n--b1\r\n"
        b'Content-Type: application/pgp-signature; name="signature.asc"\r\n\r\n'
        + signature.replace(b"\n", b"\r\n")
        + b"\r\n--b1--\r\n"
    )


def pgp_encrypted(armoured: bytes) -> bytes:
    """Return a multipart/encrypted with this inside (RFC 3156)."""
    return (
        b'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted";'
        b' boundary="b2"\r\n\r\n--b2\r\nContent-Type: application/pgp-encrypted\r\n\r\n'
        b"Version: 1\r\n\r\n--b2\r\n"
        b'Content-Type: application/octet-stream; name="encrypted.asc"\r\n\r\n'
        + armoured.replace(b"\n", b"\r\n")
        + b"\r\n--b2--\r\n"
    )
