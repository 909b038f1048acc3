"""S/MIME's signatures (CMS, RFC 5652): what was signed, and with which certificate.

``cryptography`` does the mathematics and reads the certificates. It makes such signatures and does
not check them, so the few structures around them are read here, with ``helpdesk.lib.ber``. The
alternative, asn1crypto, had no release since 2022; OpenSSL's command would be a process more and
tells what it found in prose.
"""

import warnings
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from helpdesk.channels.email.secure.model import Flaw
from helpdesk.lib import ber
from helpdesk.lib.ber import Malformed, Node

SIGNED = "1.2.840.113549.1.7.2"
ENVELOPED = "1.2.840.113549.1.7.3"
COMPRESSED = "1.2.840.113549.1.9.16.1.9"
AUTH_ENVELOPED = "1.2.840.113549.1.9.16.1.23"
MOST_BYTES = 32 * 1024 * 1024
"""Of one CMS structure, and of what comes out of a compressed one."""
MOST_CERTIFICATES = 30
MOST_SIGNERS = 5
LEAST_RSA_BITS = 2048

_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_SIGNING_TIME = "1.2.840.113549.1.9.5"
_PSS = "1.2.840.113549.1.1.10"
_ED25519 = "1.3.101.112"
DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
    "2.16.840.1.101.3.4.2.8": hashes.SHA3_256(),
    "2.16.840.1.101.3.4.2.9": hashes.SHA3_384(),
    "2.16.840.1.101.3.4.2.10": hashes.SHA3_512(),
}
_BROKEN_DIGESTS = frozenset({"1.3.14.3.2.26", "1.2.840.113549.2.5", "1.2.840.113549.2.2"})
"""SHA-1, MD5, MD2: two contents can be made that share one."""
# Names of signature algorithms that say the digest again.
_WITH_DIGEST = {
    "1.2.840.113549.1.1.11": hashes.SHA256(),
    "1.2.840.113549.1.1.12": hashes.SHA384(),
    "1.2.840.113549.1.1.13": hashes.SHA512(),
    "1.2.840.10045.4.3.2": hashes.SHA256(),
    "1.2.840.10045.4.3.3": hashes.SHA384(),
    "1.2.840.10045.4.3.4": hashes.SHA512(),
}


@dataclass(frozen=True, slots=True)
class Signer:
    """Whoever signed, as far as the bytes alone can tell."""

    certificate: x509.Certificate | None
    at: datetime | None = None
    flaw: Flaw | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signature says, before anybody asked who vouches for its certificates."""

    content: bytes = field(repr=False)
    signers: tuple[Signer, ...]
    certificates: tuple[x509.Certificate, ...]
    """All that came along: the signers' and those of authorities in between."""


def content_of(data: bytes) -> tuple[str, Node]:
    """Return the kind of a structure (its object identifier) and its inside. Raises Malformed."""
    if len(data) > MOST_BYTES:
        raise Malformed("too large")
    whole = ber.read(data)
    kind = whole.at(0, ber.OID).oid() if whole.tag == ber.SEQUENCE else ""
    return kind, whole.at(1, 0xA0).at(0, ber.SEQUENCE)


def verify(inside: Node, detached: bytes | None = None) -> Signed:
    """Check signatures over the content inside, or over a detached one. Raises Malformed."""
    parts = inside.only(ber.SEQUENCE)
    encapsulated = inside.at(2, ber.SEQUENCE)
    content_type = encapsulated.at(0, ber.OID).oid()
    content = detached
    if len(encapsulated.children) > 1:
        content = encapsulated.at(1, 0xA0).at(0).octets()
    if content is None:
        raise Malformed("nothing is signed")
    certificates = tuple(
        found for part in parts[3:] if part.tag == 0xA0 for found in _certificates(part)
    )
    infos = parts[-1].only(ber.SET)[:MOST_SIGNERS]
    signers = tuple(_judge(info, content_type, content, certificates) for info in infos)
    return Signed(content, signers, certificates)


def _certificates(part: Node) -> list[x509.Certificate]:
    found: list[x509.Certificate] = []
    for child in part.children[:MOST_CERTIFICATES]:
        if child.tag == ber.SEQUENCE and child.end - child.start < 100_000:
            certificate = _certificate(child.raw)
            if certificate is not None:
                found.append(certificate)
    return found


def _certificate(der: bytes) -> x509.Certificate | None:
    try:
        with warnings.catch_warnings():
            # What a stranger's certificate does wrong is no business of our log.
            warnings.simplefilter("ignore")
            return x509.load_der_x509_certificate(der)
    except (ValueError, UnsupportedAlgorithm):
        return None


def _judge(
    info: Node, content_type: str, content: bytes, certificates: tuple[x509.Certificate, ...]
) -> Signer:
    certificate: x509.Certificate | None = None
    at: datetime | None = None
    try:
        info.only(ber.SEQUENCE)
        certificate = _signed_with(info.at(1), certificates)
        if certificate is None:
            return Signer(None, flaw=Flaw.UNREADABLE, detail="its certificate is not in it")
        digest_id = info.at(2, ber.SEQUENCE).at(0).oid()
        rest = info.children[3:]
        attributes = rest.pop(0) if rest and rest[0].tag == 0xA0 else None
        algorithm, signature = rest[0], rest[1].octets()
        if digest_id in _BROKEN_DIGESTS:
            return Signer(certificate, flaw=Flaw.WEAK, detail="SHA-1 or MD5")
        digest = DIGESTS.get(digest_id)
        if digest is None:
            return Signer(certificate, flaw=Flaw.UNREADABLE, detail=f"digest {digest_id}")
        signed = content
        if attributes is None and content[:1] == b"\x31":
            # Somebody's signed attributes, given out as a content that they signed.
            return Signer(certificate, at, Flaw.CHANGED, "the content is a set of attributes")
        if attributes is not None:
            known = _attributes(attributes)
            at = _time(known.get(_SIGNING_TIME))
            stated = known.get(_CONTENT_TYPE)
            if stated is None or stated.oid() != content_type:
                return Signer(certificate, at, Flaw.CHANGED, "its content type is another")
            stated = known.get(_MESSAGE_DIGEST)
            if stated is None or stated.octets() != _digest(digest, content):
                return Signer(certificate, at, Flaw.CHANGED, "the digest is another")
            # They are signed as the set they are, not under the tag they travel with.
            signed = b"\x31" + attributes.raw[1:]
        return _check(certificate, at, algorithm, digest, signature, signed)
    except (Malformed, IndexError, ValueError, UnsupportedAlgorithm) as error:
        return Signer(certificate, at, Flaw.UNREADABLE, str(error))


def _signed_with(sid: Node, certificates: tuple[x509.Certificate, ...]) -> x509.Certificate | None:
    """Return the certificate that a signer names: by issuer and number, or by its key."""
    for certificate in certificates:
        if names(sid, certificate):
            return certificate
    return None


def names(identifier: Node, certificate: x509.Certificate) -> bool:
    """Whether an identifier of a signer or recipient means a certificate. Raises Malformed."""
    if identifier.tag in (ber.OCTETS, 0x80, 0xA0):
        return identifier.octets() == key_identifier(certificate)
    issuer, serial = identifier.at(0, ber.SEQUENCE), identifier.at(1, ber.INTEGER)
    return (
        serial.integer() == certificate.serial_number
        and issuer.raw == certificate.issuer.public_bytes()
    )


def key_identifier(certificate: x509.Certificate) -> bytes:
    """Return the identifier of a certificate's key: as it says itself, else as is customary."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        return extension.value.digest
    except (x509.ExtensionNotFound, ValueError):
        return x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest


def _attributes(attributes: Node) -> dict[str, Node]:
    """Return signed attributes by their kind; one that is there twice counts for none."""
    found: dict[str, Node] = {}
    for attribute in attributes.children[:100]:
        kind = attribute.at(0, ber.OID).oid()
        values = attribute.at(1, ber.SET).children
        if kind in found or len(values) != 1:
            raise Malformed(f"attribute {kind} is there more than once")
        found[kind] = values[0]
    return found


def _time(value: Node | None) -> datetime | None:
    if value is None:
        return None
    text = value.value.decode("ascii", "replace")
    try:
        if value.tag == 0x17:  # UTCTime: years from 1950 to 2049
            year = int(text[:2])
            text = f"{19 if year >= 50 else 20}{text}"
        return datetime.strptime(text[:14] + "Z", "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _digest(algorithm: hashes.HashAlgorithm, content: bytes) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(content)
    return digest.finalize()


def _check(
    certificate: x509.Certificate,
    at: datetime | None,
    algorithm: Node,
    digest: hashes.HashAlgorithm,
    signature: bytes,
    signed: bytes,
) -> Signer:
    kind = algorithm.at(0, ber.OID).oid()
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < LEAST_RSA_BITS:
        return Signer(certificate, at, Flaw.WEAK, f"a key of {key.key_size} bits")
    stated = _WITH_DIGEST.get(kind, digest)
    if stated.name != digest.name:
        return Signer(certificate, at, Flaw.UNREADABLE, "two digests")
    try:
        _verify(key, kind, algorithm, digest, signature, signed)
    except InvalidSignature:
        return Signer(certificate, at, Flaw.CHANGED, "the signature does not fit")
    return Signer(certificate, at)


def _verify(
    key: PublicKeyTypes,
    kind: str,
    algorithm: Node,
    digest: hashes.HashAlgorithm,
    signature: bytes,
    signed: bytes,
) -> None:
    """Raise InvalidSignature for a wrong one, Malformed for what we don't know."""
    if isinstance(key, rsa.RSAPublicKey):
        if kind == _PSS:
            salt = _salt_length(algorithm, digest)
            pss = padding.PSS(padding.MGF1(digest), salt)
            key.verify(signature, signed, pss, digest)
        elif kind.startswith("1.2.840.113549.1.1."):
            key.verify(signature, signed, padding.PKCS1v15(), digest)
        else:
            raise Malformed(f"algorithm {kind}")
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, signed, ec.ECDSA(digest))
    elif isinstance(key, ed25519.Ed25519PublicKey) and kind == _ED25519:
        key.verify(signature, signed)
    else:
        raise Malformed(f"algorithm {kind}")


def _salt_length(algorithm: Node, digest: hashes.HashAlgorithm) -> int:
    """Return the salt's length; its digest and that of the mask must be the message's."""
    parameters = algorithm.at(1, ber.SEQUENCE)
    found = {part.tag: part.at(0) for part in parameters.children}
    hash_of = found.get(0xA0)
    mask = found.get(0xA1)
    for one in (hash_of, mask.at(1) if mask is not None else None):
        if one is None or getattr(DIGESTS.get(one.at(0).oid()), "name", "") != digest.name:
            raise Malformed("PSS with another digest")
    salt = found.get(0xA2)
    return salt.integer() if salt is not None else 20


def decompressed(inside: Node) -> bytes:
    """Return the content of compressed data. Raises Malformed, also for what grows too large."""
    content = inside.at(2, ber.SEQUENCE).at(1, 0xA0).at(0).octets()
    unpacking = zlib.decompressobj()
    try:
        unpacked = unpacking.decompress(content, MOST_BYTES)
    except zlib.error as error:
        raise Malformed(f"damaged: {error}") from error
    if unpacking.unconsumed_tail or not unpacking.eof:
        raise Malformed("cut off, or larger than is taken")
    return unpacked
