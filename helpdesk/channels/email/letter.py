"""A raw message read for filing: who wrote it, what it says, and what makes it the same message.

Everything here happens before the database is asked: reading a message can take a while, and
nobody else's work should wait for it.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from helpdesk.channels.email.authentication import Stated, stated_in
from helpdesk.channels.email.automatic import auto_reply_of, why_automatic
from helpdesk.channels.email.reports import Bounce, read_report
from helpdesk.channels.email.spam_headers import spam_of
from helpdesk.channels.email.store import keep
from helpdesk.channels.email.traces import Traces, traces_of
from helpdesk.channels.inbound import Correspondent
from helpdesk.lib import html, mime
from helpdesk.lib.quoting import fold, fold_html
from helpdesk.lib.text import one_line, ticket_number
from helpdesk.people import contact_values
from helpdesk.tickets.services import NewFile

SHOWN_ADDRESSES = 50
"""Addresses of one kind that the journal keeps of a message."""
MAX_ID = 255
"""Characters of a Message-ID that fit into its column."""


class Unfit(Exception):
    """The message can't become a ticket by itself. ``reason`` is for programs."""

    def __init__(self, reason: str, detail: str) -> None:
        """Say why, for the quarantine."""
        super().__init__(detail)
        self.reason = reason


@dataclass(slots=True)
class Letter:
    """A message as far as it could be understood; ``unfit`` says why it can't be filed."""

    identity: str
    message_id: str | None = None
    author: Correspondent | None = None
    subject: str = ""
    body: str = ""
    html: str | None = None
    files: list[NewFile] = field(default_factory=list)
    copies: list[Correspondent] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    quoted: int | None = None
    envelope: dict[str, object] = field(default_factory=dict)
    stated: tuple[tuple[Stated, ...], ...] = ()
    """What mail servers on the way state about its sender; not all of them are to be believed."""
    traces: Traces = field(default_factory=Traces)
    # Every address it came to: under which servers delivered it, then To and Cc.
    recipients: tuple[str, ...] = ()
    unfit: Unfit | None = None
    # What a mail system reports with it, or which kind of answer it is that nobody wrote.
    bounce: Bounce | None = None
    auto_reply: str = ""
    # The sender's, from a signature that is verified; see channels.email.secure.
    certificate: bytes | None = None


def read(raw: bytes, store: Callable[[bytes], str] = keep) -> Letter:
    """Read a raw message and put its files into the store. Raises Trouble when that has no room.

    ``store`` takes each file and returns its hash. What is in the message never makes it raise.
    """
    parsed = mime.parse(raw)
    author = _author(parsed)
    message_id = key_of(parsed.message_id) if parsed.message_id else None
    traces = traces_of(parsed)
    letter = Letter(
        identity=_identity(raw, parsed, author),
        message_id=message_id,
        author=author,
        subject=one_line(parsed.subject, 300),
        references=[key_of(one) for one in (*traces.references, *parsed.references)],
        quoted=ticket_number(parsed.subject),
        bounce=read_report(parsed),
        auto_reply=auto_reply_of(parsed),
        traces=traces,
    )
    broken = next((defect for defect in parsed.defects if defect.code == "not-parsed"), None)
    if broken is not None:
        letter.unfit = Unfit("not-parsed", broken.detail)
    elif author is None:
        shown = ", ".join(str(one) for one in parsed.authors[:3])
        letter.unfit = Unfit("no-sender", f"There is no address to answer to: {shown[:200]}")
    else:
        _take_contents(letter, parsed, store)
    return letter


def key_of(message_id: str) -> str:
    """Return a Message-ID as it is kept and compared: itself, or the hash of a very long one."""
    if len(message_id) <= MAX_ID:
        return message_id
    return "sha256:" + hashlib.sha256(message_id.encode()).hexdigest()


def _take_contents(
    letter: Letter, parsed: mime.ParsedMessage, store: Callable[[bytes], str]
) -> None:
    letter.body = parsed.text
    letter.html = html.clean(parsed.html) if parsed.html else None
    letter.files = [
        NewFile(
            sha256=store(part.content),
            name=part.name,
            content_type=part.type,
            size=part.size,
            content_id=part.content_id[:255] if part.content_id and part.inline else None,
        )
        for part in parsed.attachments
    ]
    copies = _correspondents((*parsed.to, *parsed.cc))
    letter.recipients = (*letter.traces.delivered, *(one.address for one in copies))
    letter.copies = [
        one for one in copies if one.address not in letter.traces.delivered and one != letter.author
    ]
    letter.envelope = _envelope(parsed)
    letter.stated = stated_in(parsed)
    spam = spam_of(parsed)
    if spam:
        letter.envelope["spam"] = spam
    folds = _folds(letter)
    if folds:
        letter.envelope["folds"] = folds
    automatic = why_automatic(parsed, letter.author.address if letter.author else "")
    if automatic or letter.bounce is not None:
        letter.envelope["automatic"] = automatic or "report"


def _folds(letter: Letter) -> dict[str, object]:
    """Return what of the text, and of the HTML, the timeline shows closed: kind, start, end."""
    sender = letter.author.address if letter.author else ""
    found = {
        "text": fold(letter.body, sender).folds,
        "html": fold_html(letter.html, sender) if letter.html else (),
    }
    return {
        name: [[str(one.kind), one.start, one.end] for one in folds]
        for name, folds in found.items()
        if folds
    }


def _author(parsed: mime.ParsedMessage) -> Correspondent | None:
    """Return who wrote it: the author, else the sender, else where answers or bounces go."""
    returned = (parsed.header("Return-Path") or "").strip().strip("<>")
    named = [*parsed.authors, *([parsed.sender] if parsed.sender else []), *parsed.reply_to]
    for one in [*named, mime.Address("", returned)]:
        try:
            return Correspondent(contact_values.email(one.address), one.name)
        except ValueError:
            continue
    return None


def _correspondents(addresses: tuple[mime.Address, ...]) -> list[Correspondent]:
    found: dict[str, Correspondent] = {}
    for one in addresses:
        try:
            address = contact_values.email(one.address)
        except ValueError:
            continue
        found.setdefault(address, Correspondent(address, one.name))
    return list(found.values())


def identity_of_bytes(raw: bytes) -> str:
    """Return the identity of a message without a Message-ID."""
    return hashlib.sha256(raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")).hexdigest()


def _identity(raw: bytes, parsed: mime.ParsedMessage, author: Correspondent | None) -> str:
    """Return what is the same for every copy of one message, and for no other.

    The Message-ID alone is not enough: some programs use one again and again, and a message must
    not be lost because somebody else's has its id. Without one, every byte counts but line ends.
    """
    if parsed.message_id:
        who = author.address if author is not None else ""
        when = parsed.date.isoformat() if parsed.date else ""
        text = f"{parsed.message_id}\n{who}\n{when}".encode("utf-8", "replace")
        return hashlib.sha256(text).hexdigest()
    return identity_of_bytes(raw)


def _envelope(parsed: mime.ParsedMessage) -> dict[str, object]:
    shown = {
        "to": [str(one) for one in parsed.to[:SHOWN_ADDRESSES]],
        "cc": [str(one) for one in parsed.cc[:SHOWN_ADDRESSES]],
        "from": str(parsed.from_ or ""),
        "subject": one_line(parsed.subject, 300),
        "reply_to": [str(one) for one in parsed.reply_to[:SHOWN_ADDRESSES]],
        "date": parsed.date.isoformat() if parsed.date else "",
    }
    return {key: value for key, value in shown.items() if value}
