"""Addresses of our own that carry a word with them: ``support+t48213.k3xq7w2mab@desk.example``.

Answers to what we send come back to such an address, and bounces to another, so that they find
their ticket when everything else about them was lost on the way. The word is signed with the
desk's secret: a number alone proves nothing. It is short, survives being written in capitals, and
a tail of it may be cut off.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from flask import current_app

from config import Settings
from helpdesk.channels.email.models import Mailbox, Plus
from helpdesk.notify import by_mail
from helpdesk.notify.models import OutboxMessage
from helpdesk.tickets.side_talks import WRITE as WRITE_ASIDE

LENGTH = 10
SHORTEST = 8
"""Characters of a signature, 5 bits each, and how many have to be left of one that was cut."""
MAX_LOCAL = 64
"""Characters before the @ of an address (RFC 5321); longer ones get refused."""
_WORD = re.compile(r"\+([tb])(\d{1,15})\.([a-z2-7]{8,10})(?:@|$)", re.IGNORECASE)
_PURPOSE = b"hearth addresses "


class About(StrEnum):
    """What the number in an address is."""

    TICKET = "t"
    MAIL = "b"
    """A row of the outbox: bounces of it come back there."""


@dataclass(frozen=True, slots=True)
class Token:
    """What an address of ours says, proven to be of ours."""

    about: About
    number: int


def answers_to(message: OutboxMessage, mailbox: Mailbox) -> str | None:
    """Return where answers to a message go; None when the mailbox takes no such addresses.

    What suppliers and others write is told from what customers do by the mail they answer. A
    notice goes to one member of staff, and so does its address: who writes there has read that
    notice.
    """
    if mailbox.plus == Plus.NONE or message.ticket_id is None:
        return None
    aside = message.entry is not None and message.entry.verb == WRITE_ASIDE
    if message.supplier_id is not None or aside or message.kind == by_mail.KIND:
        return _address(mailbox, About.MAIL, message.id)
    return _address(mailbox, About.TICKET, message.ticket_id)


def return_path(mailbox: Mailbox, message_id: int) -> str:
    """Return where bounces of a row of the outbox go: an address of its own, where that works."""
    found = _address(mailbox, About.MAIL, message_id) if mailbox.plus == Plus.ALL else None
    return found or mailbox.address


def token_of(address: str) -> Token | None:
    """Return what an address carries; None for any other address and for a forged one."""
    if "+" not in address:
        return None
    found = _WORD.search(address)
    if found is None:
        return None
    token = Token(About(found[1].lower()), int(found[2]))
    signature = _signature(_secret(), token.about, token.number)
    given = found[3].lower()
    return token if hmac.compare_digest(signature[: len(given)], given) else None


def _address(mailbox: Mailbox, about: About, number: int) -> str | None:
    local, _at, domain = mailbox.address.rpartition("@")
    word = f"{local}+{about}{number}.{_signature(_secret(), about, number)}"
    return f"{word}@{domain}" if len(word) <= MAX_LOCAL else None


def _secret() -> str:
    settings: Settings = current_app.config["SETTINGS"]
    return settings.secret_key


@lru_cache(maxsize=1024)
def _signature(secret: str, about: str, number: int) -> str:
    said = _PURPOSE + f"{about}{number}".encode()
    digest = hmac.new(secret.encode(), said, hashlib.sha256).digest()
    return base64.b32encode(digest).decode().lower()[:LENGTH]
