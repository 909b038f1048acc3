"""Address lists: the grammar of RFC 5322 and what is really written in From, To and Cc.

One pass over the characters, no recursion and no look-back, so that neither ten thousand nested
comments nor a header of recipients of 64 kB is special. The standard library's two parsers were
not used: one recurses in comments and takes a second for 5,000 recipients, the other one has read
`"attacker"@good, <real@bad>` differently from version to version.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from helpdesk.lib.mime.headers import decode_words
from helpdesk.lib.mime.model import Address
from helpdesk.lib.text import one_line

_SPACES = re.compile(r"\s+")
# Words are found first and looked at then: one pattern for both would try each beginning anew.
_WORD = re.compile(r"[^\s<>,;:\"()]+")
# Everything that has a meaning to the scanner; all other text is copied in one piece.
_PLAIN = re.compile(r'[^"(<>,;:\\]+')
_QUOTED = re.compile(r'((?:[^"\\]|\\.)*)"', re.DOTALL)
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
    for entry in _Scanner(value).entries(most):
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


class _Scanner:
    """Cuts a header value into entries. `pos` only ever moves forward."""

    def __init__(self, value: str) -> None:
        self.value = value
        self.pos = 0
        self.entry = _Entry()
        # Once one was found that never closes, no later one does; each look would cost a pass.
        self.quotes_close = self.comments_close = True

    def entries(self, most: int) -> Iterator[_Entry]:
        """Yield what stands between the commas, at most so many."""
        found = 0
        while self.pos < len(self.value) and found < most:
            char = self.value[self.pos]
            self.pos += 1
            if char in ",;":
                if not self.entry.empty:
                    found += 1
                    yield self.entry
                self.entry = _Entry()
            elif char == ":" and self.entry.angle is None:
                self.entry = _Entry()  # What was before is the name of a group, or "mailto".
            elif char == '"':
                self._quoted()
            elif char == "(":
                self._comment()
            elif char == "<":
                self._angle()
            elif (plain := _PLAIN.match(self.value, self.pos - 1)) is not None:
                self.pos = plain.end()
                self._word(plain[0])
        if found < most and not self.entry.empty:
            yield self.entry

    def _word(self, text: str) -> None:
        # What follows an address in brackets is no name, unless it ends the encoded word that the
        # address stands in: `=?utf-8?q?Jane_<jane@example.org>?=`.
        if self.entry.angle is None or text.strip() == "?=":
            self.entry.words.append(text)

    def _quoted(self) -> None:
        """Read a quoted string. A quote that is never closed stands for nothing."""
        match = _QUOTED.match(self.value, self.pos) if self.quotes_close else None
        if match is None:
            self.quotes_close = False
            return
        self.pos = match.end()
        self.entry.quoted = True
        self._word(_QUOTED_PAIR.sub(r"\1", match[1]))

    def _comment(self) -> None:
        """Read a comment and those inside it; one that is never closed may hold the address."""
        depth = 1
        for match in _BRACKET.finditer(self.value, self.pos) if self.comments_close else ():
            depth += {"(": 1, ")": -1}.get(match[0], 0)
            if depth == 0:
                self.entry.comments.append(self.value[self.pos : match.start()])
                self.pos = match.end()
                return
        self.comments_close = False

    def _angle(self) -> None:
        stop = self.value.find(">", self.pos)
        stop = len(self.value) if stop < 0 else stop
        if self.entry.angle is None or "@" not in self.entry.angle:
            self.entry.angle = self.value[self.pos : stop].lstrip("<")
        self.pos = stop + 1


def _addresses(entry: _Entry, words: str) -> list[Address]:
    """Return what one entry names: one address, or several that only spaces separate."""
    written = [one for one in _WORD.findall(words[: 50 * _LONGEST]) if "@" in one[1:-1]]
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
