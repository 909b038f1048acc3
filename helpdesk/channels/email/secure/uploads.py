"""Reading files with keys that people upload: PKCS #12, PEM, OpenPGP.

Each function raises Refused with words for the person who chose the file.
"""

import re
import warnings
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from flask_babel import lazy_gettext as _l

from helpdesk.channels.email.secure import chain, gnupg, pgp
from helpdesk.channels.email.secure.gnupg import Unavailable
from helpdesk.channels.email.secure.model import Kind
from helpdesk.lib.clock import now
from helpdesk.tickets.services import Refused

MOST_BYTES = 256 * 1024
_MOST_CHAIN = 10
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_SECRET = re.compile(
    rb"-----BEGIN ((?:RSA |EC |ENCRYPTED )?PRIVATE KEY)-----.+?-----END \1-----", re.DOTALL
)
_PGP = b"-----BEGIN PGP "
# A binary OpenPGP key begins with the packet of a public or secret key.
_PGP_PACKETS = frozenset({0x94, 0x95, 0x98, 0x99, 0xC5, 0xC6})


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What a file held."""

    kind: Kind
    name: str
    addresses: list[str]
    fingerprint: str
    public: str
    begins_at: datetime | None = None
    expires_at: datetime | None = None
    secret: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    numbers: tuple[str, ...] = ()

    @property
    def has_expired(self) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now()


def _checked_size(data: bytes) -> None:
    if not data:
        raise Refused("file-missing", _l("Choose a file."), "file")
    if len(data) > MOST_BYTES:
        raise Refused("file-too-large", _l("A key has at most 256 kB; this is none."), "file")


def _is_pgp(data: bytes) -> bool:
    return _PGP in data or data[0] in _PGP_PACKETS


def _unknown() -> Refused:
    return Refused("file-unknown", _l("This file holds no key that can be read."), "file")


def own_key(data: bytes, password: str) -> Uploaded:
    """Return the secret key in a file."""
    _checked_size(data)
    try:
        return _own_pgp(data, password) if _is_pgp(data) else _own_smime(data, password)
    except Unavailable as error:
        raise Refused("gnupg", _l("GnuPG can't be used: %(said)s", said=str(error))) from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        words = _l("The file can't be opened: the password is wrong, or it is of an unknown kind.")
        raise Refused("file-locked", words, "password") from error


def _own_smime(data: bytes, password: str) -> Uploaded:
    locked = password.encode() or None
    certificates: list[x509.Certificate]
    if b"-----BEGIN" in data:
        found = _SECRET.search(data)
        certificates = _certificates(data)
        if found is None or not certificates:
            words = _l("A PEM file has to hold the certificate and its secret key.")
            raise Refused("file-halved", words, "file")
        secret = load_pem_private_key(found[0], locked if b"ENCRYPTED" in found[0] else None)
    else:
        loaded, certificate, more = pkcs12.load_key_and_certificates(data, locked)
        if loaded is None or certificate is None:
            raise _unknown()
        secret, certificates = loaded, [certificate, *more]
    if not isinstance(secret, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        words = _l("Keys for mail are RSA or of an elliptic curve.")
        raise Refused("key-kind", words, "file")
    mine = [one for one in certificates if one.public_key() == secret.public_key()]
    if not mine:
        words = _l("The certificate and the secret key don't belong together.")
        raise Refused("key-other", words, "file")
    (first, *_more) = mine
    others = [one for one in certificates if one != first][:_MOST_CHAIN]
    public = b"".join(one.public_bytes(Encoding.PEM) for one in (first, *others))
    plain = secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return _smime(first, public, plain.decode("ascii"))


def _smime(certificate: x509.Certificate, public: bytes, secret: str = "") -> Uploaded:
    addresses = chain.addresses_of(certificate)
    return Uploaded(
        kind=Kind.SMIME,
        name=(chain.name_of(certificate.subject) or ", ".join(addresses))[:300],
        addresses=addresses[:20],
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex().upper(),
        public=public.decode("ascii"),
        begins_at=certificate.not_valid_before_utc,
        expires_at=certificate.not_valid_after_utc,
        secret=secret,
    )


def _certificates(data: bytes) -> list[x509.Certificate]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if b"-----BEGIN CERTIFICATE-----" not in data:
            return [x509.load_der_x509_certificate(data)]
        blocks = _CERTIFICATE.findall(data)[: _MOST_CHAIN + 1]
        return [x509.load_pem_x509_certificate(block) for block in blocks]


def _own_pgp(data: bytes, password: str) -> Uploaded:
    described = pgp.describe(data)
    secrets = [one for one in described if one.secret]
    if len(secrets) != 1 or len(described) != 1:
        words = _l("The file has to hold one secret key and no other.")
        raise Refused("key-number", words, "file")
    with gnupg.home() as home:
        home.take_keys(data)
        number = secrets[0].fingerprint
        tried = home.run(
            "--detach-sign", "--local-user", number, home.file(b"?"), password=password
        )
        secret = home.run("--armor", "--export-secret-keys", number, password=password).output
        public = home.run("--armor", "--export", number).output
    if (tried.code and secrets[0].signs and not secrets[0].revoked) or not secret or not public:
        raise ValueError("the password does not fit")
    return _pgp(secrets[0], public, secret.decode("ascii"), password)


def _pgp(key: pgp.Described, public: bytes, secret: str = "", password: str = "") -> Uploaded:
    return Uploaded(
        kind=Kind.OPENPGP,
        name=next(iter(key.names), key.fingerprint)[:300],
        addresses=key.addresses[:20],
        fingerprint=key.fingerprint,
        public=public.decode("ascii", "replace"),
        begins_at=key.created,
        expires_at=key.expires,
        secret=secret,
        password=password,
        numbers=key.numbers[:20],
    )


def public_key(data: bytes) -> Uploaded:
    """Return the public key or certificate of somebody else, good for encrypting now."""
    _checked_size(data)
    try:
        found = _others_pgp(data) if _is_pgp(data) else _others_smime(data)
    except Unavailable as error:
        raise Refused("gnupg", _l("GnuPG can't be used: %(said)s", said=str(error))) from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _unknown() from error
    if found.has_expired:
        raise Refused("key-expired", _l("This key has expired."), "file")
    return found


def _others_pgp(data: bytes) -> Uploaded:
    described = pgp.describe(data)
    if any(one.secret for one in described):
        words = _l("This is a secret key. It belongs to its owner alone; ask for the public one.")
        raise Refused("key-secret", words, "file")
    if len(described) != 1:
        raise Refused("key-number", _l("The file has to hold one key and no other."), "file")
    if described[0].revoked:
        raise Refused("key-revoked", _l("This key was revoked by its owner."), "file")
    with gnupg.home() as home:
        home.take_keys(data)
        public = home.run("--armor", "--export", described[0].fingerprint).output
    return _pgp(described[0], public)


def _others_smime(data: bytes) -> Uploaded:
    if _SECRET.search(data):
        words = _l("This is a secret key. It belongs to its owner alone; ask for the public one.")
        raise Refused("key-secret", words, "file")
    certificate = _certificates(data)[0]
    if not chain.may_receive_mail(certificate) and not chain.may_sign_mail(certificate):
        raise Refused("key-purpose", _l("This certificate is not meant for mail."), "file")
    return _smime(certificate, certificate.public_bytes(Encoding.PEM))


def authority(data: bytes) -> Uploaded:
    """Return the certificate of an authority."""
    _checked_size(data)
    try:
        certificate = _certificates(data)[0]
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except (ValueError, IndexError, UnsupportedAlgorithm) as error:
        words = _l("This file holds no certificate that can be read.")
        raise Refused("file-unknown", words, "file") from error
    except x509.ExtensionNotFound:
        basic = None
    if basic is None or not basic.value.ca:
        words = _l("This certificate belongs to no authority: it may not vouch for others.")
        raise Refused("no-authority", words, "file")
    found = _smime(certificate, certificate.public_bytes(Encoding.PEM))
    if found.has_expired:
        raise Refused("key-expired", _l("This certificate has expired."), "file")
    return found
