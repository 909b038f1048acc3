"""The machine-readable part of a report: RFC 3464 (delivery), RFC 5965 (complaint).

It is read wherever it stands: in a part of its own, or, when a gateway broke the message's
structure, in the middle of the text.
"""

import re
from dataclasses import dataclass

MAX_BYTES = 256 * 1024
"""Read of one part; a report about a thousand recipients has about 200 KB."""
MAX_RECIPIENTS = 200
"""Recipients of one report that are looked at."""

_LINE_ENDS = re.compile(r"\r\n?")
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]{1,60})[ \t]*:[ \t]*(.{0,4000})")
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"'@]{1,128}@[^\s<>(),;:\"']{1,255}")
_QUOTED_ADDRESS = re.compile(r"\"[^\"\r\n@<>]{1,64}\"@[^\s<>(),;:\"']{1,255}")
# What stands at the end of an address in a sentence and is not of it.
_AFTER = ".!?]}>"


@dataclass(frozen=True, slots=True)
class Recipient:
    """What a report says of one recipient; what it does not say is empty."""

    address: str
    action: str
    """failed, delayed, delivered, relayed, expanded; complaint for RFC 5965."""
    status: str
    said: str


def text_of(content: bytes, most: int = MAX_BYTES) -> str:
    """Return bytes as text with plain line ends; what is no UTF-8 is read byte by byte."""
    cut = content[:most]
    if b"\x1b$" in cut:
        # Domino writes Japanese into fields that should be plain.
        return _LINE_ENDS.sub("\n", cut.decode("iso2022_jp", "replace"))
    try:
        text = cut.decode("utf-8")
    except UnicodeDecodeError:
        text = cut.decode("latin-1")
    return _LINE_ENDS.sub("\n", text) if "\r" in text else text


def address_in(text: str) -> str:
    """Return the first address in a text, empty when there is none."""
    return next(iter(addresses_in(text)), "")


def addresses_in(text: str) -> list[str]:
    """Return the addresses in a text in order, as they are written."""
    if "@" not in text:
        return []
    found = [match[0] for match in _ADDRESS.finditer(text)]
    if not found:
        found = [match[0] for match in _QUOTED_ADDRESS.finditer(text)]
    # Dots in place of letters are how archives hide an address.
    return [
        a for one in found if (a := _tidy(one)) and "@" in a and ("..." not in a or a[0] == '"')
    ]


def recipients_in(text: str) -> list[Recipient]:
    """Return what the fields in a text say of each recipient.

    A report's first block is about the message, each further one about a recipient. Some systems
    write no empty line in between, so a recipient's field that comes again begins the next block.
    """
    found: list[Recipient] = []
    block: dict[str, str] = {}
    for name, value in _fields(text):
        if name == "" or (name in _BEGINS and name in block):
            _take(block, found)
            block = {}
        if name:
            block.setdefault(name, value)
        if len(found) >= MAX_RECIPIENTS:
            break
    _take(block, found)
    return found[:MAX_RECIPIENTS]


def complaint_in(text: str) -> Recipient | None:
    """Return what a feedback report says; None when it is about authentication only."""
    block = dict(reversed(_fields(text)))
    kind = block.get("feedback-type", "").strip().lower()
    if not kind:
        return None
    address = ""
    for name in ("original-rcpt-to", "removal-recipient", "final-recipient"):
        address = address or address_in(block.get(name, ""))
    return Recipient(address, "complaint", "", kind)


_BEGINS = frozenset({"final-recipient", "action"})


def _take(block: dict[str, str], found: list[Recipient]) -> None:
    recipient = block.get("final-recipient", "")
    original = block.get("original-recipient", "") or block.get("x-original-recipient", "")
    action = block.get("action", "").split("(")[0].strip().lower()
    if not (recipient or original or (action and "status" in block)):
        return
    address = next(
        (
            one
            for value in (original, recipient, block.get("x-actual-recipient", ""))
            if (one := address_in(value.partition(";")[2] or value))
        ),
        "",
    )
    said = block.get("diagnostic-code", "")
    kind, semicolon, words = said.partition(";")
    if semicolon and len(kind) < 30:
        said = words
    found.append(
        Recipient(address, action, block.get("status", "").strip(), " ".join(said.split()))
    )


def _fields(text: str) -> list[tuple[str, str]]:
    """Return the fields in order, lines that go on joined; an empty name is an empty line."""
    found: list[tuple[str, str]] = []
    for line in text.split("\n"):
        if not line.strip():
            found.append(("", ""))
        elif line[0] in " \t" and found and found[-1][0]:
            name, value = found[-1]
            if len(value) < 4000:
                found[-1] = (name, f"{value} {line.strip()}")
        else:
            match = _FIELD.match(line)
            if match is not None:
                found.append((match[1].lower(), match[2].strip()))
    return found


def _tidy(address: str) -> str:
    address = address.rstrip(_AFTER).lstrip(".`{<").removeprefix("mailto:")
    # Old systems write everything in capitals, and nobody has such an address.
    return address.lower() if address.isupper() else address
