"""The keys that one message may be opened with, from the database, and what was learned of it."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from flask_babel import force_locale
from sqlalchemy import select

from helpdesk.channels.email import letter as letters
from helpdesk.channels.email.letter import Letter
from helpdesk.channels.email.mailboxes import desk_language
from helpdesk.channels.email.models import Mailbox, MailMessage
from helpdesk.channels.email.secrets import Unreadable, open_sealed
from helpdesk.channels.email.secure import chain, words
from helpdesk.channels.email.secure.layers import is_wrapped
from helpdesk.channels.email.secure.model import Keyring, Kind, PgpKey, Sealed, SmimeKey
from helpdesk.channels.email.secure.models import MailAuthority, MailKey, PersonKey
from helpdesk.channels.email.secure.opening import Opened, open_message, sender_of
from helpdesk.db import db
from helpdesk.lib.clock import now

log = logging.getLogger(__name__)


def read(key: int, raw: bytes, release: Callable[[], None]) -> Letter:
    """Read a stored message, without its layers if it has any. Raises Trouble, see ``letter``.

    The database is asked only for a message that is signed or encrypted, and let go of by
    ``release`` before that is looked at, which can take a while.
    """
    row = db.session.get(MailMessage, key) if is_wrapped(raw) else None
    if row is None:
        return letters.read(raw)
    keyring, present = _keyring(row, sender_of(raw)), min(row.received_at, now())
    language = desk_language()
    release()
    found = open_message(raw, keyring, present)
    letter = letters.read(found.raw)
    _note(found, letter, language)
    if letter.message_id is None:
        letter.identity = letters.identity_of_bytes(raw)
    return letter


def _note(found: Opened, letter: Letter, language: str) -> None:
    """Put what is known of a message's protection into its letter."""
    security = found.security
    said = security.as_json()
    if said:
        letter.envelope["security"] = said
    if security.sealed is not None and security.sealed != Sealed.OPENED:
        with force_locale(language):
            letter.body = words.in_place_of_text(security)
        letter.html = None
    letter.certificate = found.certificate


def _keyring(row: MailMessage, sender: str) -> Keyring:
    """Return what may open a message.

    Only keys of the mailbox that it came to are tried (of an imported message, those of its
    queue's mailboxes): what was encrypted for one queue must not be read by sending it to another.
    """
    chosen = select(MailKey).order_by(MailKey.id.desc())
    if row.mailbox_id is not None:
        chosen = chosen.where(MailKey.mailbox_id == row.mailbox_id)
    else:
        chosen = chosen.join(Mailbox).where(
            Mailbox.queue_id == row.queue_id, Mailbox.retired_at.is_(None)
        )
    keyring = Keyring(authorities=authorities())
    for key in db.session.scalars(chosen):
        try:
            _add(keyring, key)
        except Unreadable:
            log.error("Key %d can't be used: the secret key of the desk was changed", key.id)
    keyring.of_sender = [one.public.encode() for one in keys_of([sender], Kind.OPENPGP) if sender]
    return keyring


def _add(keyring: Keyring, key: MailKey) -> None:
    secret = open_sealed(key.secret).encode()
    if key.kind == Kind.SMIME:
        keyring.smime.append(SmimeKey(key.public.encode(), secret))
    else:
        password = open_sealed(key.password)
        keyring.openpgp.append(PgpKey(secret, password, key.fingerprint, tuple(key.numbers)))


def authorities() -> tuple[bytes, ...]:
    """Return the authorities that were added in Set up, PEM."""
    rows = db.session.scalars(select(MailAuthority.public).order_by(MailAuthority.id))
    return tuple(pem.encode() for pem in rows)


def keys_of(
    addresses: Iterable[str], kind: Kind | None = None, *, valid_at: datetime | None = None
) -> list[PersonKey]:
    """Return the keys of these addresses, the newest first; only valid ones if a moment is said."""
    chosen = (
        select(PersonKey)
        .where(PersonKey.address.in_(sorted(set(addresses))))
        .order_by(PersonKey.added_at.desc(), PersonKey.id.desc())
    )
    if kind is not None:
        chosen = chosen.where(PersonKey.kind == kind)
    rows = db.session.scalars(chosen)
    return [
        row
        for row in rows
        if valid_at is None or row.expires_at is None or row.expires_at > valid_at
    ]


def learn(letter: Letter) -> None:
    """Keep the certificate of a signature that was verified, to encrypt what we answer."""
    if letter.certificate is None or letter.author is None:
        return
    certificate = x509.load_pem_x509_certificate(letter.certificate)
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex().upper()
    known = db.session.scalar(
        select(PersonKey.id).where(
            PersonKey.address == letter.author.address,
            PersonKey.kind == Kind.SMIME,
            PersonKey.fingerprint == fingerprint,
        )
    )
    if known is None:
        db.session.add(
            PersonKey(
                address=letter.author.address,
                kind=Kind.SMIME,
                name=chain.name_of(certificate.subject)[:300] or letter.author.address[:300],
                fingerprint=fingerprint,
                expires_at=certificate.not_valid_after_utc,
                public=letter.certificate.decode("ascii"),
                learned=True,
            )
        )
        db.session.flush()
