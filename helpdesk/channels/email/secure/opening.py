"""Taking the layers off a message: what is said about it, and the message that was inside.

Whatever comes in, something is said about it: a signature that is broken, hostile or of a kind
nobody knows is "not verified" with a reason, and a message that can't be decrypted stays as it
came. The raw message is kept by others and never touched.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from helpdesk.channels.email.secure import chain, cms, enveloped, pgp
from helpdesk.channels.email.secure.gnupg import Unavailable
from helpdesk.channels.email.secure.layers import Layer, Wrap, outermost, replaced, unwrapped
from helpdesk.channels.email.secure.model import (
    Flaw,
    Keyring,
    Kind,
    Sealed,
    Security,
    Signature,
)
from helpdesk.lib import mime
from helpdesk.lib.ber import Malformed

log = logging.getLogger(__name__)

MOST_LAYERS = 3
"""Signed, encrypted, signed again is what careful mail programs send; more is a trick."""
_BARE_LINE_END = re.compile(rb"(?<!\r)\n|\r(?!\n)")


@dataclass(slots=True)
class Opened:
    """A message without its layers."""

    raw: bytes
    security: Security
    certificate: bytes | None = None
    """PEM; the sender's, good for encrypting what we answer, from a signature that is verified."""


@dataclass(slots=True)
class _Work:
    """What is known while the layers come off."""

    sender: str
    keyring: Keyring
    present: datetime
    security: Security
    certificate: bytes | None = None

    def say(self, signature: Signature) -> None:
        """Remember a signature; of several, one that is not right is what people have to know."""
        known = self.security.signature
        if known is None or known.flaw is None:
            self.security.signature = signature


def open_message(raw: bytes, keyring: Keyring, present: datetime) -> Opened:
    """Take a message's layers off with these keys. Never raises for what is in the message."""
    work = _Work(sender_of(raw), keyring, present, Security())
    entity = raw
    for _layer in range(MOST_LAYERS):
        try:
            layer = outermost(entity)
            inner = _TAKEN[layer.wrap](work, layer) if layer is not None else None
        except Exception:
            # A mistake of ours may cost what is said about a message, never the message.
            log.exception("A layer of a message can't be taken off")
            work.say(Signature(_kind_of(entity), Flaw.UNREADABLE, detail="not understood"))
            break
        if inner is None:
            break
        entity = inner
    verified = work.security.signature is not None and work.security.signature.flaw is None
    return Opened(entity, work.security, work.certificate if verified else None)


def sender_of(raw: bytes) -> str:
    """Return the address in From, in lower case; empty when it is not exactly one."""
    end = re.search(rb"\r?\n\r?\n", raw)
    head = raw[: end.end()] if end else raw
    authors = mime.parse(head[: 512 * 1024]).authors
    return authors[0].address.lower() if len(authors) == 1 else ""


def _kind_of(entity: bytes) -> Kind:
    return Kind.SMIME if b"pkcs7" in entity[:65_536].lower() else Kind.OPENPGP


# ---- S/MIME ----


def _cms(work: _Work, layer: Layer) -> bytes | None:
    try:
        kind, inside = cms.content_of(layer.data)
        if kind == cms.SIGNED:
            signed = cms.verify(inside)
            _judge(work, signed)
            return unwrapped(layer.root, signed.content, was_secret=False)
        if kind == cms.COMPRESSED:
            return unwrapped(layer.root, cms.decompressed(inside), was_secret=False)
        if kind not in (cms.ENVELOPED, cms.AUTH_ENVELOPED):
            raise Malformed(f"a structure of kind {kind}")
    except Malformed as error:
        _not_read(work, layer, str(error))
        return None
    work.security.sealed_kind = Kind.SMIME
    try:
        plain = enveloped.decrypt(kind, inside, work.keyring.smime)
    except enveloped.NoKey as error:
        work.security.sealed = Sealed.NO_KEY
        work.security.for_keys = str(error).split(", ")
        return None
    except (Malformed, IndexError) as error:
        log.info("An encrypted message stays closed: %s", error)
        work.security.sealed = Sealed.BROKEN
        return None
    work.security.sealed = Sealed.OPENED
    return unwrapped(layer.root, plain, was_secret=True)


def _not_read(work: _Work, layer: Layer, detail: str) -> None:
    """Say of a structure that is broken what it claims to be."""
    claimed = layer.root.params.get("smime-type", "").lower()
    if "signed" in claimed:
        work.say(Signature(Kind.SMIME, Flaw.UNREADABLE, detail=detail))
    else:
        work.security.sealed, work.security.sealed_kind = Sealed.BROKEN, Kind.SMIME


def _cms_detached(work: _Work, layer: Layer) -> bytes | None:
    inside = unwrapped(layer.root, layer.content, was_secret=False)
    try:
        kind, structure = cms.content_of(layer.data)
        if kind != cms.SIGNED:
            raise Malformed(f"a structure of kind {kind}")
        signed = cms.verify(structure, layer.content)
        changed = any(one.flaw == Flaw.CHANGED for one in signed.signers)
        if signed.content is not layer.content:
            raise Malformed("it has a content of its own")
        if changed and _BARE_LINE_END.search(layer.content):
            # Signed as it travels, with CR LF; a mailbox file keeps LF.
            signed = cms.verify(structure, _BARE_LINE_END.sub(b"\r\n", layer.content))
    except Malformed as error:
        work.say(Signature(Kind.SMIME, Flaw.UNREADABLE, detail=str(error)))
        return inside
    _judge(work, signed)
    return inside


def _judge(work: _Work, signed: cms.Signed) -> None:
    """Judge all signers; one of them has to be the sender, and every one has to be right."""
    judged = [(_signature(work, signed, one), one) for one in signed.signers]
    if not judged:
        # Certificates without a signature: how they are sent around, or a trick.
        work.say(Signature(Kind.SMIME, Flaw.UNREADABLE, detail="nobody signed"))
        return
    for signature, signer in judged:
        if signature.flaw is None and signer.certificate is not None:
            work.certificate = _for_answers(work, signer.certificate, signed)
        work.say(signature)


def _signature(work: _Work, signed: cms.Signed, signer: cms.Signer) -> Signature:
    certificate = signer.certificate
    if certificate is None:
        return Signature(Kind.SMIME, signer.flaw or Flaw.UNREADABLE, detail=signer.detail)
    addresses = chain.addresses_of(certificate)
    address = work.sender if work.sender in addresses else next(iter(addresses), "")
    found = Signature(
        Kind.SMIME,
        signer.flaw,
        name=chain.name_of(certificate.subject) or address,
        address=address,
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex().upper(),
        issuer=chain.name_of(certificate.issuer),
        at=signer.at,
        detail=signer.detail,
    )
    if signer.flaw is not None:
        return found
    flaw, detail = chain.flaw_of(
        certificate,
        signed.certificates,
        at=chain.moment_of(signer.at, work.present),
        authorities=work.keyring.authorities,
    )
    if flaw is None and (not work.sender or work.sender not in addresses):
        flaw, detail = Flaw.ADDRESS, f"the mail comes from {work.sender or 'several addresses'}"
    return replace(found, flaw=flaw, detail=detail)


def _for_answers(work: _Work, signer: x509.Certificate, signed: cms.Signed) -> bytes | None:
    """Return the certificate to encrypt answers for: the signer's, or one that came along.

    Some authorities give people two, one to sign with and one to receive.
    """
    for certificate in (signer, *signed.certificates):
        try:
            fits = chain.may_receive_mail(certificate)
        except ValueError:
            continue
        if not fits or work.sender not in chain.addresses_of(certificate):
            continue
        flaw, _detail = chain.flaw_of(
            certificate,
            signed.certificates,
            at=work.present,
            authorities=work.keyring.authorities,
            fits=chain.may_receive_mail,
        )
        if flaw is None:
            return certificate.public_bytes(chain.PEM)
    return None


# ---- OpenPGP ----


def _pgp_detached(work: _Work, layer: Layer) -> bytes | None:
    keys = work.keyring.of_sender
    try:
        found = pgp.verify(layer.content, layer.data, keys)
        if found.flaw == Flaw.CHANGED and _BARE_LINE_END.search(layer.content):
            found = pgp.verify(_BARE_LINE_END.sub(b"\r\n", layer.content), layer.data, keys)
    except Unavailable as error:
        found = Signature(Kind.OPENPGP, Flaw.UNREADABLE, detail=str(error))
    work.say(_of_sender(work, found))
    return unwrapped(layer.root, layer.content, was_secret=False)


def _pgp_clear(work: _Work, layer: Layer) -> bytes | None:
    try:
        found, plain = pgp.verify_clear(layer.data, work.keyring.of_sender)
    except Unavailable as error:
        work.say(Signature(Kind.OPENPGP, Flaw.UNREADABLE, detail=str(error)))
        return None
    found = _of_sender(work, found)
    around = layer.text[: layer.start] + layer.text[layer.end :]
    if found.flaw is None and (around.strip() or layer.part is not layer.root):
        found = replace(found, flaw=Flaw.PARTLY)
    work.say(found)
    return replaced(layer, plain) if plain is not None else None


def _pgp_encrypted(work: _Work, layer: Layer) -> bytes | None:
    plain = _decrypted(work, layer)
    return unwrapped(layer.root, plain, was_secret=True) if plain is not None else None


def _pgp_inline(work: _Work, layer: Layer) -> bytes | None:
    plain = _decrypted(work, layer)
    if plain is None:
        return None
    around = layer.text[: layer.start] + layer.text[layer.end :]
    signature = work.security.signature
    is_alone = not around.strip() and layer.part is layer.root
    if signature is not None and not signature.flaw and not is_alone:
        work.security.signature = replace(signature, flaw=Flaw.PARTLY)
    return replaced(layer, plain)


def _decrypted(work: _Work, layer: Layer) -> bytes | None:
    work.security.sealed_kind = Kind.OPENPGP
    try:
        found = pgp.decrypt(layer.data, work.keyring.openpgp, work.keyring.of_sender)
    except Unavailable as error:
        log.warning("An encrypted message stays closed: %s", error)
        work.security.sealed = Sealed.UNAVAILABLE
        return None
    if found.signature is not None:
        work.say(_of_sender(work, found.signature))
    if found.content is not None:
        work.security.sealed = Sealed.OPENED
    elif found.fits or not found.for_keys:
        log.info("An encrypted message stays closed: %s", found.said)
        work.security.sealed = Sealed.BROKEN
    else:
        work.security.sealed = Sealed.NO_KEY
        work.security.for_keys = list(found.for_keys)
    return found.content


def _of_sender(work: _Work, found: Signature) -> Signature:
    """Say whose key it was: one that staff stored for the address it comes from, or none."""
    if found.flaw is None and not work.keyring.of_sender:
        return replace(found, flaw=Flaw.UNKNOWN_KEY)
    # What the key calls itself proves nothing: staff vouch for the address they stored it for.
    return replace(found, address=work.sender) if found.flaw is None else found


def _inner(work: _Work, layer: Layer) -> bytes | None:
    work.say(Signature(_kind_of(layer.root.buffer), Flaw.PARTLY))
    return None


_TAKEN: dict[Wrap, Callable[[_Work, Layer], bytes | None]] = {
    Wrap.CMS: _cms,
    Wrap.CMS_DETACHED: _cms_detached,
    Wrap.PGP_DETACHED: _pgp_detached,
    Wrap.PGP_CLEAR: _pgp_clear,
    Wrap.PGP_ENCRYPTED: _pgp_encrypted,
    Wrap.PGP_INLINE: _pgp_inline,
    Wrap.INNER: _inner,
}
