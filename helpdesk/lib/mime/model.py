"""What a message is to the rest of the house once it has been understood."""

import re
from dataclasses import dataclass, field
from datetime import datetime

# An e-mail name may hold anything; these characters need quotes to be read back the same way.
_SPECIAL = re.compile(r'[()<>\[\]:;@\\,"]')


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of one message is looked at. What lies beyond is named in the defects.

    The raw message is kept by whoever stored it, so a limit never loses anything; a part that is
    not taken apart is an attachment instead.
    """

    total_bytes: int = 64 * 1024 * 1024
    """Size of the raw message; the rest of a larger one is not read."""
    header_bytes: int = 256 * 1024
    """Size of the headers of the message, and of each part."""
    header_count: int = 1_000
    """Headers of the message, and of each part."""
    header_value: int = 64 * 1024
    """Bytes of one header's value."""
    depth: int = 20
    """Multiparts inside each other."""
    parts: int = 1_000
    """Parts of the whole message."""
    addresses: int = 2_000
    """Addresses of one kind, for instance all of Cc."""
    references: int = 500
    """Message-IDs in References and In-Reply-To; the first and the latest are kept."""
    text_chars: int = 1_000_000
    """Characters of text to read; a longer text is cut and its whole kept as an attachment."""
    html_chars: int = 600_000
    """Characters of HTML; a longer one becomes an attachment and only its text is shown."""
    html_tags: int = 60_000
    """Tags of all HTML; what has more becomes an attachment and only its text is shown."""


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox: a name for people and an address for machines. Either may be empty."""

    name: str
    address: str

    def __str__(self) -> str:
        if not self.name or not self.address:
            return self.address or self.name
        name = self.name
        if _SPECIAL.search(name):
            name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
        return f"{name} <{self.address}>"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a message. The name is safe to show and to save under."""

    name: str
    type: str
    """What the sender claims, for instance "image/png"; lower case, no parameters."""
    size: int
    sha256: str
    """Of the decoded content, hexadecimal."""
    content: bytes = field(repr=False)
    content_id: str | None = None
    """Without angle brackets; the HTML names it in `cid:` links."""
    inline: bool = False
    """True when the HTML of this message shows it, so that it needs no place in a file list."""


@dataclass(frozen=True, slots=True)
class Defect:
    """Something in the message that was not as it should be, and what was made of it."""

    code: str
    """For programs: lower case with hyphens, for instance "charset-unknown"."""
    detail: str = ""
    """For people who look into one message; English, may quote the message."""

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}" if self.detail else self.code


@dataclass(frozen=True, slots=True)
class ParsedMessage:
    """A message as understood. Every text is Unicode, without controls or lone surrogates."""

    subject: str = ""
    authors: tuple[Address, ...] = ()
    """The From header; more than one author is allowed and rare."""
    sender: Address | None = None
    """The Sender header: who sent it for the author."""
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    date: datetime | None = None
    """When the sender says it was sent, aware and in UTC."""
    message_id: str | None = None
    """With its angle brackets, as it goes into In-Reply-To."""
    references: tuple[str, ...] = ()
    """References and In-Reply-To, oldest first, each once, with angle brackets."""
    in_reply_to: str | None = None
    text: str = ""
    """Readable text; made from the HTML when the message has nothing else."""
    html: str | None = field(default=None, repr=False)
    """HTML as it came. Hostile: show it only after `html.clean`."""
    attachments: tuple[Attachment, ...] = ()
    defects: tuple[Defect, ...] = ()
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Every header of the message in order, decoded."""

    @property
    def from_(self) -> Address | None:
        """Who wrote it: the first author that has an address, else the first author."""
        for author in self.authors:
            if "@" in author.address:
                return author
        return self.authors[0] if self.authors else None

    def header(self, name: str) -> str | None:
        """Return the first header of that name (any case), for instance "Auto-Submitted"."""
        name = name.lower()
        return next((value for key, value in self.headers if key.lower() == name), None)

    def header_all(self, name: str) -> tuple[str, ...]:
        """Return every header of that name (any case), in order."""
        name = name.lower()
        return tuple(value for key, value in self.headers if key.lower() == name)
