"""S/MIME's encryption (CMS, RFC 5652): written for RSA certificates and those of curves.

``cryptography`` writes envelopes for RSA alone. With a certificate of an elliptic curve nothing
can be encrypted for its key directly: both sides agree on a key by Diffie-Hellman, with a key of
ours that is made for this one message and this one recipient (RFC 5753), and the content's key is
wrapped with that. What each step computes is the library's; only the structure is written here,
and what it reads like is the same as ``enveloped`` opens.
"""

import secrets
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from helpdesk.lib import ber, der

_ENVELOPED = "1.2.840.113549.1.7.3"
_DATA = "1.2.840.113549.1.7.1"
_RSA = "1.2.840.113549.1.1.1"
_EC = "1.2.840.10045.2.1"
_AES256_CBC = "2.16.840.1.101.3.4.1.42"
_AES256_WRAP = "2.16.840.1.101.3.4.1.45"
_KEY = 32
"""Bytes of the content's key, and of the key it is wrapped with (AES-256)."""
_BLOCK = 16
_AGREEMENTS: dict[str, tuple[str, hashes.HashAlgorithm]] = {
    "secp256r1": ("1.3.132.1.11.1", hashes.SHA256()),
    "secp384r1": ("1.3.132.1.11.2", hashes.SHA384()),
    "secp521r1": ("1.3.132.1.11.3", hashes.SHA512()),
    "brainpoolP256r1": ("1.3.132.1.11.1", hashes.SHA256()),
    "brainpoolP384r1": ("1.3.132.1.11.2", hashes.SHA384()),
    "brainpoolP512r1": ("1.3.132.1.11.3", hashes.SHA512()),
}
"""Curves, with how the key is agreed on there (one pass, no cofactor) and the digest for it."""


def can_encrypt(certificate: x509.Certificate) -> bool:
    """Whether the key of a certificate is of a kind that can be encrypted for here."""
    public = certificate.public_key()
    if isinstance(public, ec.EllipticCurvePublicKey):
        return public.curve.name in _AGREEMENTS
    return isinstance(public, rsa.RSAPublicKey)


def encrypt(
    content: bytes, certificates: Sequence[x509.Certificate], material: bytes = b""
) -> bytes:
    """Return content encrypted (AES-256-CBC) for the holders of certificates, in DER.

    ``material`` is mixed into agreed keys by both sides; with a new key for each message nothing
    needs it. Raises ValueError for nobody, and for a key that ``can_encrypt`` does not know.
    """
    if not certificates:
        raise ValueError("nobody to encrypt for")
    key, vector = secrets.token_bytes(_KEY), secrets.token_bytes(_BLOCK)
    padder = PKCS7(_BLOCK * 8).padder()
    locking = Cipher(algorithms.AES256(key), modes.CBC(vector)).encryptor()
    padded = padder.update(content) + padder.finalize()
    locked = locking.update(padded) + locking.finalize()
    recipients = [_for(certificate, key, material) for certificate in certificates]
    body = der.sequence(
        # Version 2 as soon as one recipient agrees on a key, else 0.
        der.integer(2 if any(one[0] == _AGREED for one in recipients) else 0),
        der.set_of(*recipients),
        der.sequence(
            der.oid(_DATA),
            der.sequence(der.oid(_AES256_CBC), der.octets(vector)),
            der.element(0x80, locked),
        ),
    )
    return der.sequence(der.oid(_ENVELOPED), der.element(0xA0, body))


_AGREED = 0xA1


def _for(certificate: x509.Certificate, key: bytes, material: bytes) -> bytes:
    public = certificate.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        return der.sequence(
            der.integer(0),
            _named(certificate),
            der.sequence(der.oid(_RSA), der.NULL),
            der.octets(public.encrypt(key, padding.PKCS1v15())),
        )
    if isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name in _AGREEMENTS:
        return _by_agreement(certificate, public, key, material)
    raise ValueError("a certificate whose key nothing can be encrypted for")


def _named(certificate: x509.Certificate) -> bytes:
    """Return a certificate's issuer and number, byte for byte as they stand in it."""
    parts = ber.read(certificate.tbs_certificate_bytes).children
    number = 1 if parts[0].tag == 0xA0 else 0
    return der.sequence(parts[number + 2].raw, parts[number].raw)


def _by_agreement(
    certificate: x509.Certificate, public: ec.EllipticCurvePublicKey, key: bytes, material: bytes
) -> bytes:
    agreement, digest = _AGREEMENTS[public.curve.name]
    ours = ec.generate_private_key(public.curve)
    wrap = der.sequence(der.oid(_AES256_WRAP))
    mixed_in = [wrap]
    if material:
        mixed_in.append(der.element(0xA0, der.octets(material)))
    mixed_in.append(der.element(0xA2, der.octets((_KEY * 8).to_bytes(4, "big"))))
    shared = ours.exchange(ec.ECDH(), public)
    wrapping = X963KDF(digest, _KEY, der.sequence(*mixed_in)).derive(shared)
    point = ours.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    originator = der.element(0xA1, der.sequence(der.oid(_EC)), der.bits(point))
    return der.element(
        _AGREED,
        der.integer(3),
        der.element(0xA0, originator),
        *([der.element(0xA1, der.octets(material))] if material else []),
        der.sequence(der.oid(agreement), wrap),
        der.sequence(der.sequence(_named(certificate), der.octets(aes_key_wrap(wrapping, key)))),
    )
