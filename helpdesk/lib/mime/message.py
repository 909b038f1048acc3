"""The way in: raw bytes to a `ParsedMessage`."""

import hashlib
import re
from datetime import datetime

from helpdesk.lib.mime.addresses import parse_addresses
from helpdesk.lib.mime.body import Collector
from helpdesk.lib.mime.charsets import codec_for, decode, detect
from helpdesk.lib.mime.headers import (
    decode_header,
    decode_raw,
    first_message_id,
    message_ids,
    parse_date,
)
from helpdesk.lib.mime.model import Address, Attachment, Defect, Limits, ParsedMessage
from helpdesk.lib.mime.params import unfold
from helpdesk.lib.mime.tree import Part, Splitter
from helpdesk.lib.text import one_line

_DEFAULT = Limits()
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SUBJECT = re.compile(rb"^subject:[ \t]*([^\r\n]+)", re.IGNORECASE | re.MULTILINE)
_ENCRYPTED = ("multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")
_ONCE = ("from", "sender", "subject", "date", "message-id")


def parse(raw: bytes, limits: Limits = _DEFAULT) -> ParsedMessage:
    """Return what a message says. Never raises; what was wrong is in the defects.

    The content of every attachment is in the result, so its size is about that of the message.
    """
    try:
        return _parse(raw, limits)
    except Exception as error:  # noqa: BLE001 - one bad message must never stop the next
        return _last_resort(raw[: limits.total_bytes], error)


def _parse(raw: bytes, limits: Limits) -> ParsedMessage:
    defects: list[Defect] = []
    if len(raw) > limits.total_bytes:
        defects.append(Defect("message-too-long", f"{len(raw)} bytes, the rest is not read"))
        raw = raw[: limits.total_bytes]
    if raw.startswith(_OLE):
        return _not_mail(raw, "message.msg", "application/vnd.ms-outlook", "an Outlook file")
    raw = _straighten(raw, defects)

    root = Splitter(limits, defects).split(raw)
    hint = _hint(root)
    read = _Headers(root, hint, limits, defects)
    if root.type in _ENCRYPTED:
        defects.append(Defect("encrypted", f"{root.type} is kept as it is"))
    body = Collector(limits, defects, hint).collect(root)
    references, in_reply_to = read.thread()
    return ParsedMessage(
        subject=read.text("subject"),
        authors=read.addresses("from"),
        sender=next(iter(read.addresses("sender")), None),
        reply_to=read.addresses("reply-to"),
        to=read.addresses("to"),
        cc=read.addresses("cc"),
        date=read.date(),
        message_id=read.message_id(),
        references=references,
        in_reply_to=in_reply_to,
        text=body.text,
        html=body.html,
        attachments=body.attachments,
        defects=tuple(defects),
        headers=tuple((name, decode_header(value, hint)) for name, value in root.headers),
    )


def _straighten(raw: bytes, defects: list[Defect]) -> bytes:
    """Undo what happened to the whole message on its way: a wrong encoding, doubled line ends."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        defects.append(Defect("utf-16", "the message itself was saved as UTF-16"))
        return raw.decode("utf-16", "replace").encode("utf-8", "replace")
    if b"\r\r\n" in raw[:2048]:
        defects.append(Defect("line-ends", "doubled carriage returns"))
        return raw.replace(b"\r\r\n", b"\r\n")
    return raw


def _hint(root: Part) -> str | None:
    """Return the codec for headers and parts that declare no charset.

    It is the charset of the message's first text. Where that says nothing and there are eight-bit
    headers, all of them and the text are looked at together: a subject alone is too short to tell.
    """
    part = root
    while part.children:
        part = part.children[0]
    codec = codec_for(part.params.get("charset", ""))
    if codec not in (None, "utf-8", "cp1252"):
        return codec
    raw = b"\n".join(value for _, value in root.headers if not value.isascii())
    if not raw or _is_utf8(raw):
        return codec
    return detect(raw + b"\n" + part.body[:8192])


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


class _Headers:
    """Reads the headers of the message that mean something to us."""

    def __init__(self, root: Part, hint: str | None, limits: Limits, defects: list[Defect]) -> None:
        self.hint = hint
        self.limits = limits
        self.defects = defects
        self.values: dict[str, list[bytes]] = {}
        for name, value in root.headers:
            if value.strip():
                self.values.setdefault(name.lower(), []).append(value)
        for name in _ONCE:
            if len(self.values.get(name, ())) > 1:
                self.defects.append(Defect("duplicate-header", f"{name}, the first one counts"))

    def text(self, name: str) -> str:
        """Return a header's first value as text, empty when there is none."""
        values = self.values.get(name)
        return decode_header(values[0], self.hint) if values else ""

    def addresses(self, name: str) -> tuple[Address, ...]:
        """Return the addresses of a header; To and Cc may be there several times."""
        values = self.values.get(name, [])
        most = self.limits.addresses
        found: list[Address] = []
        for value in values[:1] if name in _ONCE else values:
            if len(found) <= most:
                found += parse_addresses(decode_raw(unfold(value), self.hint), most + 1)
        if len(found) > most:
            self.defects.append(Defect("too-many-addresses", f"{name}, only {most} are read"))
        return tuple(found[:most])

    def date(self) -> datetime | None:
        """Return the first Date header that names a moment."""
        for value in self.values.get("date", ()):
            text = decode_header(value, self.hint)
            moment = parse_date(text)
            if moment is not None:
                return moment
            self.defects.append(Defect("date", f"not understood: {text[:80]!r}"))
        return None

    def message_id(self) -> str | None:
        """Return the id of the message itself."""
        return first_message_id(self.text("message-id"))

    def thread(self) -> tuple[tuple[str, ...], str | None]:
        """Return the ids of the messages before this one, and the one it answers."""
        answered = message_ids(self.text("in-reply-to"), self.limits.references)
        before = [
            found
            for value in self.values.get("references", ())
            for found in message_ids(decode_header(value, self.hint), self.limits.references)
        ]
        every = list(dict.fromkeys(before + answered))
        if len(every) > self.limits.references:
            every = every[:1] + every[1 - self.limits.references :]
        return tuple(every), answered[0] if answered else None


def _attachment(raw: bytes, name: str, kind: str) -> Attachment:
    digest = hashlib.sha256(raw).hexdigest()
    return Attachment(name=name, type=kind, size=len(raw), sha256=digest, content=raw)


def _not_mail(raw: bytes, name: str, kind: str, what: str) -> ParsedMessage:
    return ParsedMessage(
        attachments=(_attachment(raw, name, kind),), defects=(Defect("not-mail", what),)
    )


def _last_resort(raw: bytes, error: Exception) -> ParsedMessage:
    """What can be said about a message that broke the parser: its subject, and the whole of it."""
    subject = _SUBJECT.search(raw[:65_536])
    return ParsedMessage(
        subject=one_line(decode(subject[1], None)[0]) if subject else "",
        attachments=(_attachment(raw, "message.eml", "message/rfc822"),),
        defects=(Defect("not-parsed", f"{type(error).__name__}: {str(error)[:200]}"),),
    )
