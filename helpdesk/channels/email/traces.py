"""By what else a mail shows which conversation it belongs to, when servers changed its ids.

Exchange, Gmail and Amazon SES give a message another Message-ID on its way and some keep the old
one beside it; Outlook counts conversations by itself (Thread-Index); a gateway may have encoded
References as if they were text. Nothing here asks the database.
"""

import base64
import binascii
import quopri
import re
from dataclasses import dataclass

from helpdesk.lib.mime import ParsedMessage

_ORIGINALS = frozenset(
    {
        *("x-original-message-id", "x-microsoft-original-message-id"),
        *("x-google-original-message-id", "x-ms-exchange-original-message-id"),
        *("original-message-id", "x-mailgun-original-message-id", "x-ses-original-message-id"),
    }
)
_DELIVERED = frozenset(
    {"delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to"}
)
_REFERS = frozenset({"references", "in-reply-to"})
_ENCODED = re.compile(r"=(?:3C|3E|40|20|2E|2D|5F|\s)", re.IGNORECASE)
_ID = re.compile(r"<([^<>\s]{1,900})>")
_ADDRESS = re.compile(r"[^\s<>\",;:]{1,200}@[^\s<>\",;:]{1,253}")
MOST = 20
CONVERSATION = 22
"""Bytes of a Thread-Index that all messages of a conversation share; each answer adds five."""


@dataclass(frozen=True, slots=True)
class Traces:
    """What the headers of a message say beyond the usual."""

    originals: tuple[str, ...] = ()
    """Message-IDs that it had before, with their brackets."""
    references: tuple[str, ...] = ()
    """Ids it refers to that had to be repaired."""
    conversation: str = ""
    """Outlook's name for the conversation; empty without one."""
    is_answer: bool = False
    """Whether Outlook counts it as an answer within that conversation."""
    delivered: tuple[str, ...] = ()
    """Addresses under which servers delivered it, the one nearest to us first."""


def traces_of(parsed: ParsedMessage) -> Traces:
    """Read them from the headers, in one pass."""
    originals: list[str] = []
    references: list[str] = []
    delivered: list[str] = []
    conversation, is_answer = "", False
    for name, value in parsed.headers:
        key = name.lower()
        if key == "thread-index":
            conversation, is_answer = _conversation(value)
        elif key in _DELIVERED:
            delivered += [one.lower() for one in _ADDRESS.findall(value[:2000])[:MOST]]
        elif key in _ORIGINALS:
            originals += [f"<{one}>" for one in _ID.findall(value[:2000])[:MOST]]
        elif key in _REFERS and "=" in value and _ENCODED.search(value[:20_000]):
            references += _repaired(value[:20_000])
    return Traces(
        tuple(originals), tuple(references), conversation, is_answer, tuple(delivered[:MOST])
    )


def _repaired(value: str) -> list[str]:
    """Read references that somebody encoded as quoted-printable, soft line ends and all."""
    text = re.sub(r"=[ \t]*\r?\n[ \t]*|=[ \t]+", "", value)
    decoded = quopri.decodestring(text.encode("utf-8", "replace")).decode("utf-8", "replace")
    return [f"<{one}>" for one in _ID.findall(decoded)[-MOST:] if "@" in one]


def _conversation(value: str) -> tuple[str, bool]:
    """Return the part of a Thread-Index that names the conversation, and whether more follows.

    The first six bytes are a moment and sixteen are random; it is compared as a whole.
    """
    try:
        index = base64.b64decode("".join(value.split())[:4000], validate=True)
    except (binascii.Error, ValueError):
        return "", False
    if len(index) < CONVERSATION or not any(index[6:CONVERSATION]):
        return "", False
    return "outlook:" + index[:CONVERSATION].hex(), len(index) > CONVERSATION
