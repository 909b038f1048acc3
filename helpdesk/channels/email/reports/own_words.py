"""What a report says itself, apart from the mail it gives back.

Everything below a line like "--- Below this line is a copy of the message" was written by us or by
whoever wrote the mail: an address or a "user unknown" in there means nothing.
"""

import re

from helpdesk.channels.email.reports.fields import addresses_in, text_of
from helpdesk.channels.email.reports.model import Returned
from helpdesk.channels.email.reports.patterns import SIGNS
from helpdesk.lib.mime import Attachment, ParsedMessage

MAX_WORDS = 32 * 1024
"""Characters that are read of what a report says."""
MAX_HEADERS = 64 * 1024
"""Bytes that are read of the mail that came back: its headers."""

_RETURNED_TYPES = ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers")
# Said before the mail that came back. What stands before it in the line never reaches over its
# end: thousands of empty lines would be looked at again from each of them.
_COPY = re.compile(
    rf"^[ \t\f\v\r\xa0\u3000>*=_#+.|-]{{0,80}}(?:{SIGNS['copy'].pattern})",
    re.IGNORECASE | re.MULTILINE,
)
# A block of headers at the beginning of lines, as a mail has them and a report's words have not.
_HEADERS = re.compile(
    r"^>?(?:received|return-path|message-id|mime-version|x-[a-z][a-z0-9-]{2,40}|dkim-signature"
    r"|delivered-to|domainkey-signature|content-transfer-encoding)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_MESSAGE_ID = re.compile(
    r"^[>\s]{0,4}message-id[ \t]*:\s{0,4}(<[^<>\s]{3,900}>)", re.IGNORECASE | re.MULTILINE
)
_REFERENCES = re.compile(
    r"^>?(?:references|in-reply-to)[ \t]*:[ \t]*((?:[^\n]{0,2000}\n(?=[ \t]))*?[^\n]{0,2000})",
    re.IGNORECASE | re.MULTILINE,
)
_ID = re.compile(r"<[^<>\s]{3,900}>")
_TO = re.compile(
    r"^>?(?:to|x-original-to|envelope-to)[ \t]*:[ \t]*([^\n]{1,2000})", re.IGNORECASE | re.MULTILINE
)
_MARKER = re.compile(
    r"^>?(x-hearth-[a-z-]{1,40})[ \t]*:[ \t]*([^\n]{1,400})", re.IGNORECASE | re.MULTILINE
)


def words_of(parsed: ParsedMessage) -> tuple[str, str]:
    """Return what a report says, and what of its text is the mail that came back."""
    text = parsed.text
    if not text.strip():
        text = "\n\n".join(
            text_of(part.content, MAX_WORDS)
            for part in parsed.attachments[:5]
            if part.type == "text/plain"
        )
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text[: MAX_WORDS + MAX_HEADERS]
    cut = _end_of_words(text)
    return text[: min(cut, MAX_WORDS)], text[cut:]


def returned_of(parsed: ParsedMessage, rest: str) -> Returned:
    """Return what is known of the mail that came back, in a part of its own or in the text."""
    part = returned_part(parsed)
    if part is not None:
        head = text_of(part.content, MAX_HEADERS)
        found = _read(head.lstrip("\n").partition("\n\n")[0] + "\n")
        if found.message_id or found.markers or not rest:
            return found
    return _read(rest[:MAX_HEADERS])


def returned_part(parsed: ParsedMessage) -> Attachment | None:
    """Return the part with the mail that came back, or with its headers."""
    for part in parsed.attachments[:20]:
        if part.type in _RETURNED_TYPES:
            return part
    return None


def _end_of_words(text: str) -> int:
    ends = [len(text)]
    for match in _COPY.finditer(text):
        # The very first line may be "Your original message could not be delivered".
        if text[: match.start()].strip():
            ends.append(match.start())
            break
    block = _HEADERS.search(text)
    if block is not None:
        # Its first lines may be To and Subject, which a report's words have, too.
        ends.append(_back_to_empty_line(text, block.start()))
    return min(ends)


def _back_to_empty_line(text: str, at: int) -> int:
    empty = text.rfind("\n\n", max(0, at - 2000), at)
    between = text[empty + 2 : at] if empty >= 0 else ""
    if between and all(":" in line[:40] or line[:1] in " \t" for line in between.splitlines()):
        return empty + 2
    return at


def _read(head: str) -> Returned:
    if not head.strip():
        return Returned()
    own = _MESSAGE_ID.search(head)
    ids = [one for match in _REFERENCES.finditer(head) for one in _ID.findall(match[1])]
    named = [one for match in _TO.finditer(head) for one in addresses_in(match[1])]
    return Returned(
        message_id=own[1] if own is not None else None,
        references=tuple(dict.fromkeys(ids[:100])),
        recipients=tuple(dict.fromkeys(named[:20])),
        markers={name.lower(): value.strip() for name, value in _MARKER.findall(head)[:10]},
    )
