"""S/MIME's encryption (CMS, RFC 5652 and 5083): opened with a key of ours.

``cryptography`` has a function for this that knows one of the ways in use (RSA with PKCS #1 v1.5,
AES-CBC, DER only). Mail programs of today also send OAEP, elliptic curves, AES-GCM and, still,
triple DES, and write BER; so the structure is read here and the mathematics is the library's.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import constant_time, hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from helpdesk.channels.email.secure.cms import AUTH_ENVELOPED, names
from helpdesk.channels.email.secure.model import SmimeKey
from helpdesk.lib import ber, der
from helpdesk.lib.ber import Malformed, Node

_MOST_RECIPIENTS = 200
_RSA = "1.2.840.113549.1.1.1"
_OAEP = "1.2.840.113549.1.1.7"
_MGF1 = "1.2.840.113549.1.1.8"
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "1.3.14.3.2.26": hashes.SHA1(),  # noqa: S303 - OAEP's default, where it is no weakness
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
}
_AGREEMENTS: dict[str, hashes.HashAlgorithm] = {
    "1.3.133.16.840.63.0.2": hashes.SHA1(),  # noqa: S303 - what OpenSSL 1 sends by default
    "1.3.132.1.11.1": hashes.SHA256(),
    "1.3.132.1.11.2": hashes.SHA384(),
    "1.3.132.1.11.3": hashes.SHA512(),
}
"""Diffie-Hellman on a curve, and the digest its shared secret becomes a key with (RFC 5753)."""
_TRIPLE_DES_WRAP = "1.2.840.113549.1.9.16.3.6"
_WRAPS = {
    "2.16.840.1.101.3.4.1.5": 16,
    "2.16.840.1.101.3.4.1.25": 24,
    "2.16.840.1.101.3.4.1.45": 32,
    _TRIPLE_DES_WRAP: 24,
}
_CBC = {
    "2.16.840.1.101.3.4.1.2": 16,
    "2.16.840.1.101.3.4.1.22": 24,
    "2.16.840.1.101.3.4.1.42": 32,
}
_GCM = {
    "2.16.840.1.101.3.4.1.6": 16,
    "2.16.840.1.101.3.4.1.26": 24,
    "2.16.840.1.101.3.4.1.46": 32,
}
_TRIPLE_DES = "1.2.840.113549.3.7"


class NoKey(Exception):
    """It was encrypted for others; the message lists whom, as far as it is known."""


@dataclass(frozen=True, slots=True)
class _Recipient:
    """One copy of the content's key, locked for one certificate."""

    identifier: Node
    algorithm: Node
    locked: bytes
    agreement: Node | None = None
    """What the other side contributed to an agreed key."""
    ukm: Node | None = None


def decrypt(kind: str, inside: Node, keys: Iterable[SmimeKey]) -> bytes:
    """Return the content of enveloped data. Raises NoKey, and Malformed for all that is broken."""
    parts = list(inside.only(ber.SEQUENCE))[1:]
    if parts and parts[0].tag == 0xA0:
        parts = parts[1:]
    if len(parts) < 2:
        raise Malformed("an element is missing")
    recipients = [one for info in parts[0].only(ber.SET)[:_MOST_RECIPIENTS] for one in _of(info)]
    content = parts[1]
    mac = next((part.octets() for part in parts[2:] if part.tag == ber.OCTETS), b"")
    for key in keys:
        certificate = x509.load_pem_x509_certificate(key.certificate)
        fitting = [one for one in recipients if names(one.identifier, certificate)]
        if fitting:
            try:
                return _open(kind, content, parts[2:], mac, _unlocked(fitting[0], key))
            except (ValueError, InvalidTag, InvalidUnwrap, UnsupportedAlgorithm) as error:
                said = str(error) or type(error).__name__
                raise Malformed(f"it can't be decrypted: {said[:200]}") from error
    raise NoKey(", ".join(_named(one.identifier) for one in recipients[:10]))


def _named(identifier: Node) -> str:
    if identifier.tag in (ber.OCTETS, 0x80, 0xA0):
        return identifier.octets().hex()[:64]
    return f"{identifier.at(1, ber.INTEGER).integer() & (1 << 160) - 1:x}"


def _of(info: Node) -> list[_Recipient]:
    """Return the locked keys of one recipient; kinds that need a shared password have none."""
    if info.tag == ber.SEQUENCE:
        return [_Recipient(info.at(1), info.at(2, ber.SEQUENCE), info.at(3).octets())]
    if info.tag != 0xA1:
        return []
    rest = info.children[1:]
    originator, rest = rest[0], rest[1:]
    ukm = rest.pop(0) if rest and rest[0].tag == 0xA1 else None
    algorithm, locked = rest[0], rest[1].only(ber.SEQUENCE)
    return [
        _Recipient(_key_agree_id(one.at(0)), algorithm, one.at(1).octets(), originator, ukm)
        for one in locked[:_MOST_RECIPIENTS]
    ]


def _key_agree_id(identifier: Node) -> Node:
    """Return whom a key was agreed with; by the key alone it stands one element deeper."""
    return identifier.at(0) if identifier.tag == 0xA0 else identifier


def _unlocked(recipient: _Recipient, key: SmimeKey) -> bytes:
    secret = load_pem_private_key(key.secret, None)
    kind = recipient.algorithm.at(0, ber.OID).oid()
    if isinstance(secret, rsa.RSAPrivateKey) and kind in (_RSA, _OAEP):
        how: padding.AsymmetricPadding = padding.PKCS1v15()
        if kind == _OAEP:
            how = _oaep(recipient.algorithm)
        return secret.decrypt(recipient.locked, how)
    if isinstance(secret, ec.EllipticCurvePrivateKey) and kind in _AGREEMENTS:
        return _agreed(recipient, secret, _AGREEMENTS[kind])
    raise Malformed(f"its key is locked in a way we don't know ({kind})")


def _oaep(algorithm: Node) -> padding.AsymmetricPadding:
    digest: hashes.HashAlgorithm = hashes.SHA1()  # noqa: S303 - the standard's default
    mask: hashes.HashAlgorithm = hashes.SHA1()  # noqa: S303 - and its mask's
    label: bytes | None = None
    parameters = algorithm.children[1].children if len(algorithm.children) > 1 else []
    for part in parameters:
        stated = part.at(0)
        if part.tag == 0xA0:
            digest = _hash(stated)
        elif part.tag == 0xA1:
            if stated.at(0, ber.OID).oid() != _MGF1:
                raise Malformed("OAEP with an unknown mask")
            mask = _hash(stated.at(1))
        elif part.tag == 0xA2:
            label = stated.at(1).octets() or None
    return padding.OAEP(padding.MGF1(mask), digest, label)


def _hash(algorithm: Node) -> hashes.HashAlgorithm:
    found = _HASHES.get(algorithm.at(0, ber.OID).oid())
    if found is None:
        raise Malformed("an unknown digest")
    return found


def _agreed(
    recipient: _Recipient, secret: ec.EllipticCurvePrivateKey, digest: hashes.HashAlgorithm
) -> bytes:
    """Return the key that was locked with one agreed on by Diffie-Hellman (RFC 5753)."""
    assert recipient.agreement is not None
    wrap = recipient.algorithm.at(1, ber.SEQUENCE)
    kind = wrap.at(0, ber.OID).oid()
    size = _WRAPS.get(kind)
    public = recipient.agreement.at(0) if recipient.agreement.tag == 0xA0 else None
    if size is None or public is None or public.tag != 0xA1:
        raise Malformed("an agreement we don't know")
    point = public.at(1).value[1:]
    other = ec.EllipticCurvePublicKey.from_encoded_point(secret.curve, point)
    # What both sides mix in: how the key is wrapped, their random bytes, its length in bits.
    mixed_in = [wrap.raw]
    if recipient.ukm is not None:
        mixed_in.append(der.element(0xA0, der.octets(recipient.ukm.at(0).octets())))
    mixed_in.append(der.element(0xA2, der.octets((size * 8).to_bytes(4, "big"))))
    shared = secret.exchange(ec.ECDH(), other)
    wrapping = X963KDF(digest, size, der.sequence(*mixed_in)).derive(shared)
    if kind == _TRIPLE_DES_WRAP:
        return _unwrapped_by_triple_des(wrapping, recipient.locked)
    return aes_key_unwrap(wrapping, recipient.locked)


def _unwrapped_by_triple_des(wrapping: bytes, locked: bytes) -> bytes:
    """Return a key that OpenSSL 3.0 locks by default for a curve (RFC 3217): twice, and backwards.

    Raises InvalidUnwrap.
    """
    if len(locked) != 40:
        raise InvalidUnwrap
    once = _decrypted(wrapping, bytes.fromhex("4adda22c79e82105"), locked)[::-1]
    key = _decrypted(wrapping, once[:8], once[8:])
    digest = hashes.Hash(hashes.SHA1())  # noqa: S303 - what the standard says; no secret rests on it
    digest.update(key[:24])
    if not constant_time.bytes_eq(digest.finalize()[:8], key[24:]):
        raise InvalidUnwrap
    return key[:24]


def _decrypted(key: bytes, vector: bytes, data: bytes) -> bytes:
    opening = Cipher(TripleDES(key), modes.CBC(vector)).decryptor()
    return opening.update(data) + opening.finalize()


def _open(kind: str, content: Node, rest: list[Node], mac: bytes, key: bytes) -> bytes:
    algorithm = content.at(1, ber.SEQUENCE)
    cipher = algorithm.at(0, ber.OID).oid()
    data = content.at(2).octets()
    if kind == AUTH_ENVELOPED:
        if _GCM.get(cipher) != len(key):
            raise Malformed(f"a cipher we don't know ({cipher})")
        nonce = algorithm.at(1, ber.SEQUENCE).at(0, ber.OCTETS).value
        bound = next((b"\x31" + part.raw[1:] for part in rest if part.tag == 0xA1), b"")
        return AESGCM(key).decrypt(nonce, data + mac, bound)
    vector = algorithm.at(1, ber.OCTETS).value
    if _CBC.get(cipher) == len(key):
        block, bits = Cipher(algorithms.AES(key), modes.CBC(vector)), 128
    elif cipher == _TRIPLE_DES:
        block, bits = Cipher(TripleDES(key), modes.CBC(vector)), 64
    else:
        raise Malformed(f"a cipher we don't know ({cipher})")
    opening, unpadding = block.decryptor(), PKCS7(bits).unpadder()
    plain = unpadding.update(opening.update(data) + opening.finalize())
    return plain + unpadding.finalize()
