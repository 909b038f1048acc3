"""Signing and encrypting what leaves: one step between writing a mail and sending it.

What has to be encrypted is refused when somebody has no key, never sent in clear instead: when it
is written, so that its author reads it at once, and again when it leaves.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key, pkcs7
from flask_babel import lazy_gettext as _l
from sqlalchemy import Exists, exists, or_, select

from helpdesk.channels.email.models import Mailbox
from helpdesk.channels.email.secrets import Unreadable, open_sealed
from helpdesk.channels.email.secure import chain, enveloping, gnupg
from helpdesk.channels.email.secure.gnupg import Unavailable
from helpdesk.channels.email.secure.keyring import keys_of
from helpdesk.channels.email.secure.model import Kind, Sealed
from helpdesk.channels.email.secure.models import MailKey, PersonKey
from helpdesk.channels.email.secure.wrapping import (
    pgp_encrypted,
    pgp_signed,
    smime_encrypted,
    smime_signed,
    with_subject,
    without_version,
)
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.notify.models import OutboxMessage
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services import Refused

_SUBJECT = re.compile(rb"^Subject: ((?:.*\r\n[ \t])*.*)\r\n", re.MULTILINE)
_NUMBER = re.compile(rb"\[#\d{1,18}\]")


class CannotProtect(Exception):
    """A mail can't leave as it has to: signed, or encrypted. In words for people."""


@dataclass(frozen=True, slots=True)
class Recipients:
    """Keys for everybody a mail goes to; ``missing`` are the addresses without one."""

    kind: Kind
    keys: tuple[PersonKey, ...] = ()
    missing: tuple[str, ...] = ()


def came_encrypted(ticket_id: int) -> bool:
    """Whether somebody wrote about a ticket in a mail that was encrypted for the desk."""
    return bool(db.session.scalar(select(is_sealed(ticket_id))))


def is_sealed(ticket_id: int) -> Exists:
    """Return the condition of ``came_encrypted``, tickets merged into that one included."""
    is_or_was = or_(Ticket.id == ticket_id, Ticket.merged_into_id == ticket_id)
    tickets = select(Ticket.id).where(is_or_was)
    return exists().where(
        Entry.ticket_id.in_(tickets),
        Entry.inbound,
        Entry.envelope["security"]["sealed"].as_string() == str(Sealed.OPENED),
    )


def keys_for(addresses: Sequence[str], prefer: Kind | None = None) -> Recipients:
    """Return keys to encrypt for these addresses: one kind for all, or who has none."""
    rows = keys_of(addresses, valid_at=now())
    found: list[Recipients] = []
    for kind in sorted(Kind, key=lambda one: one != prefer):
        newest: dict[str, PersonKey] = {}
        for row in rows:
            if row.kind == kind and row.address not in newest and _encrypts(row):
                newest[row.address] = row
        missing = tuple(one for one in addresses if one not in newest)
        found.append(Recipients(kind, tuple(newest.values()), missing))
    return min(found, key=lambda one: len(one.missing))


def _encrypts(row: PersonKey) -> bool:
    """Whether mail can be encrypted for a key."""
    if row.kind != Kind.SMIME:
        return True
    certificate = x509.load_pem_x509_certificate(row.public.encode())
    return enveloping.can_encrypt(certificate) and chain.may_receive_mail(certificate)


def without_key(missing: Sequence[str]) -> Refused:
    """Return the refusal for recipients that nothing can be encrypted for."""
    words = _l(
        "This answer has to be encrypted, and there is no valid key of %(who)s. Add it on their"
        " page, take them off, or switch “Encrypt” off.",
        who=", ".join(missing),
    )
    return Refused("no-key", words, "to")


def check(ticket: Ticket, entry: Entry, addresses: Sequence[str]) -> None:
    """Look at an answer that was just written. Raises Refused when it can't leave encrypted."""
    if addresses and _has_to_be_encrypted(entry, ticket.id):
        found = keys_for(addresses)
        if found.missing:
            raise without_key(found.missing)


def _has_to_be_encrypted(entry: Entry | None, ticket_id: int) -> bool:
    """Say what its author chose; without a choice it is as the customer wrote."""
    chosen = (entry.envelope or {}).get("encrypt") if entry is not None else None
    return bool(chosen) if chosen is not None else came_encrypted(ticket_id)


def protected(
    message: OutboxMessage, mailbox: Mailbox, about: int | None, head: bytes, entity: bytes
) -> bytes:
    """Return a written mail as it leaves: signed and encrypted as it has to be.

    ``about`` is the ticket whose customer it goes to; None for mail to staff and suppliers.
    ``entity`` is the body with the headers about it, in lines that end with CR LF. Raises
    CannotProtect.
    """
    encrypt = about is not None and _has_to_be_encrypted(message.entry, about)
    signer = _signer(mailbox) if message.entry is not None else None
    if not encrypt and signer is None:
        return head + entity
    try:
        if not encrypt:
            assert signer is not None
            return head + _VERSION + _signed(signer, without_version(entity))
        prefer = Kind(signer.kind) if signer is not None else None
        found = keys_for(message.recipients, prefer)
        if found.missing:
            raise CannotProtect(str(without_key(found.missing)))
        head, entity = _hide_subject(head, without_version(entity))
        return head + _VERSION + _encrypted(found, signer, entity)
    except Unreadable as error:
        words = _l("The key of the mailbox can't be read: the secret key of the desk was changed.")
        raise CannotProtect(str(words)) from error
    except (Unavailable, ValueError, gnupg.Failed) as error:
        words = _l("It could not be signed or encrypted: %(said)s", said=str(error)[:300])
        raise CannotProtect(str(words)) from error


_VERSION = b"MIME-Version: 1.0\r\n"


def _signer(mailbox: Mailbox) -> MailKey | None:
    """Return the key that signs the answers of a mailbox, while it is valid."""
    key = db.session.scalars(
        select(MailKey).where(MailKey.mailbox_id == mailbox.id, MailKey.signs).limit(1)
    ).first()
    if key is None or (key.expires_at is not None and key.expires_at <= now()):
        return None
    return key if mailbox.address in key.addresses else None


def _signed(signer: MailKey, entity: bytes) -> bytes:
    secret = open_sealed(signer.secret).encode()
    if signer.kind == Kind.OPENPGP:
        return pgp_signed(entity, secret, open_sealed(signer.password), signer.fingerprint)
    key = load_pem_private_key(secret, None)
    assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    first, *others = x509.load_pem_x509_certificates(signer.public.encode())
    builder = pkcs7.PKCS7SignatureBuilder().set_data(entity).add_signer(first, key, SHA256())
    for other in others:
        builder = builder.add_certificate(other)
    how = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary]
    return smime_signed(entity, builder.sign(Encoding.DER, how))


def _encrypted(found: Recipients, signer: MailKey | None, entity: bytes) -> bytes:
    if signer is not None and signer.kind != found.kind:
        # Hardly any mail program reads one kind inside the other.
        signer = None
    publics = [row.public.encode() for row in found.keys]
    if found.kind == Kind.OPENPGP:
        if signer is None:
            return pgp_encrypted(entity, publics)
        secret, password = open_sealed(signer.secret).encode(), open_sealed(signer.password)
        return pgp_encrypted(entity, publics, secret, password, signer.fingerprint)
    inner = _signed(signer, entity) if signer is not None else entity
    certificates = [x509.load_pem_x509_certificate(public) for public in publics]
    return smime_encrypted(enveloping.encrypt(inner, certificates))


def _hide_subject(head: bytes, entity: bytes) -> tuple[bytes, bytes]:
    """Move the subject inside; outside stays the number, by which the answer finds its way."""
    found = _SUBJECT.search(head)
    if found is None:
        return head, entity
    number = _NUMBER.search(found[1])
    outside = b"Subject: [...]" + (b" " + number[0] if number else b"") + b"\r\n"
    head = head[: found.start()] + outside + head[found.end() :]
    return head, with_subject(entity, found[1])
