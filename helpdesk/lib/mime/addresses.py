"""Address lists: the grammar of RFC 5322 and what is really written in From, To and Cc.

One pass over the characters, no recursion and no look-back, so that neither ten thousand nested
comments nor a header of recipients of 64 kB is special. The standard library's two parsers were
not used: one recurses in comments and takes a second for 5,000 recipients, the other one has read
`"attacker"@good, <real@bad>` differently from version to version.
"""

import re
from dataclasses import dataclass, field

from helpdesk.lib.mime.headers import decode_words
from helpdesk.lib.mime.model import Address
from helpdesk.lib.text import one_line

_SPACES = re.compile(r"\s+")
_ADDRESS = re.compile(r"[^\s<>,;:\"()]+@[^\s<>,;:\"()]+")
# Everything that has a meaning to the scanner; all other text is copied in one piece.
_PLAIN = re.compile(r'[^"(<>,;:\\]+')
_QUOTED = re.compile(r'((?:[^"\\]|\\.)*)"?', re.DOTALL)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_BRACKET = re.compile(r"\\.|[()]", re.DOTALL)
_LONGEST = 1_000  # characters of one name or address; no mail system accepts longer addresses


@dataclass(slots=True)
class _Entry:
    """One item of the list while it is read: words outside brackets, comments, the address."""

    words: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    angle: str | None = None
    quoted: bool = False

    @property
    def empty(self) -> bool:
        return self.angle is None and not "".join(self.words).strip() and not self.comments


def parse_addresses(value: str, most: int = 2_000) -> list[Address]:
    """Return the addresses of one header value, unfolded and not yet decoded. Never raises.

    Groups ("undisclosed-recipients:;") give their members. A display name without quotes that has
    a comma in it ("Doe, Jane <jane@x.org>") is put together again.
    """
    addresses: list[Address] = []
    held: list[str] = []
    for entry in _scan(value, most):
        words = "".join(entry.words).strip()
        if entry.angle is None and words and "@" not in words and "=?" not in words:
            # No address: a lone local name ("root"), or the first half of a name with a comma.
            held.append(words)
            continue
        if entry.angle is None or entry.quoted or not words:
            addresses.extend(map(_lone, held))
        else:
            words = ", ".join([*held, words])
        held = []
        addresses.extend(_addresses(entry, words))
    addresses.extend(map(_lone, held))
    if not any("@" in address.address for address in addresses) and "=?" in value:
        # The whole header was encoded, address and all; forbidden and not rare.
        decoded = decode_words(value)
        if "@" in decoded and "=?" not in decoded:
            return parse_addresses(decoded, most) or addresses
    return addresses[:most]


def _scan(value: str, most: int) -> list[_Entry]:
    entries: list[_Entry] = []
    entry = _Entry()
    pos, length = 0, len(value)
    comments_close = True

    while pos < length and len(entries) < most:
        char = value[pos]
        if char == '"':
            quoted = _QUOTED.match(value, pos + 1)
            assert quoted is not None
            if entry.angle is None:
                entry.words.append(_QUOTED_PAIR.sub(r"\1", quoted[1]))
                entry.quoted = True
            pos = quoted.end()
        elif char == "(":
            comment, pos = _comment(value, pos + 1) if comments_close else (None, pos + 1)
            if comment is None:
                # Never closed: only the bracket is skipped, the rest may hold the address.
                comments_close = False
            else:
                entry.comments.append(comment)
        elif char == "<":
            stop = value.find(">", pos)
            stop = length if stop < 0 else stop
            inside = value[pos + 1 : stop].lstrip("<")
            if entry.angle is None or "@" not in entry.angle:
                entry.angle = inside
            pos = stop + 1
        elif char in ",;":
            entries.append(entry)
            entry, pos = _Entry(), pos + 1
        elif char == ":":
            # The name of a group ends here, and so does a "mailto:".
            entry, pos = (_Entry(), pos + 1) if entry.angle is None else (entry, pos + 1)
        elif char in ">\\":
            pos += 1
        else:
            plain = _PLAIN.match(value, pos)
            assert plain is not None
            if entry.angle is None:
                entry.words.append(plain[0])
            pos = plain.end()
    entries.append(entry)
    return [entry for entry in entries if not entry.empty]


def _comment(value: str, pos: int) -> tuple[str | None, int]:
    """Read a comment from after its bracket, with the comments inside it."""
    depth, begin = 1, pos
    for match in _BRACKET.finditer(value, pos):
        if match[0] == "(":
            depth += 1
        elif match[0] == ")":
            depth -= 1
            if depth == 0:
                return value[begin : match.start()], match.end()
    return None, pos


def _addresses(entry: _Entry, words: str) -> list[Address]:
    """Return what one entry names: one address, or several that only spaces separate."""
    written = _ADDRESS.findall(words[: 50 * _LONGEST])
    if entry.angle is not None and ("@" in entry.angle or not written):
        # A source route: <@relay1,@relay2:jane@example.org>.
        address = entry.angle.rpartition(":")[2] if entry.angle[:1] == "@" else entry.angle
        name = words
    elif len(written) > 1:
        return [Address("", address) for address in written if len(address) <= _LONGEST]
    else:
        address = written[0] if written else ""
        name = entry.angle or words.replace(address, " ", 1).strip()
    if not name:
        name = " ".join(filter(None, (comment.strip() for comment in entry.comments)))
    address = _SPACES.sub("", one_line(address)).removeprefix("mailto:").strip("'\"<>")
    shown = decode_words(name[:_LONGEST])
    if len(shown) > 2 and shown[0] == shown[-1] and shown[0] in "'\"":
        shown = shown[1:-1].strip()
    if len(address) > _LONGEST:
        address = ""
    if shown == address:
        shown = ""
    return [Address(shown, address)] if shown or address else []


def _lone(name: str) -> Address:
    """An entry without "@": a local mailbox when it is one word, otherwise only a name."""
    name = decode_words(name[:_LONGEST])
    return Address("", name) if " " not in name else Address(name, "")
