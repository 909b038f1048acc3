"""Writing a mail: bytes as they go over the wire, from a row of the outbox.

The header block is written here, line by line, and every value passes through ``_header``, which
lets no line end through. The body is put together by the standard library.
"""

import re
from collections.abc import Iterable
from email.charset import BASE64, QP, Charset
from email.encoders import encode_base64
from email.header import Header
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime
from html import escape

from helpdesk import blobs
from helpdesk.channels.email import added, asides, shared
from helpdesk.channels.email.addressing import answers_to
from helpdesk.channels.email.models import Mailbox
from helpdesk.channels.email.secure.protecting import protected
from helpdesk.channels.email.threads import Chain, chain
from helpdesk.lib.html import show_inline_images
from helpdesk.lib.text import bare_subject, one_line
from helpdesk.notify import by_mail, escalated
from helpdesk.notify.models import OutboxMessage
from helpdesk.notify.telling import Tell
from helpdesk.tickets.models import Attachment, Entry, Ticket
from helpdesk.tickets.services.talk import AUTO_REPLY
from helpdesk.tickets.side_talks import SideTalk

LINE_END = "\r\n"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}")
_MESSAGE_ID = re.compile(r"<[^<>\s\x00-\x1f\x7f]{1,250}>")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_SIGN = re.compile(r"\s*[\[【［]\s{0,3}[#＃]\s{0,3}\d{1,12}\s{0,3}[\]】］]")
# How a picture that was pasted into an answer stands in its text.
_PICTURE = re.compile(r"!\[([^\]\n]{0,200})\]\(cid:[^)\s]{1,200}\)")
_PAGE = (
    '<!doctype html><html><head><meta charset="utf-8"></head>'
    '<body style="font-family:system-ui,-apple-system,Segoe UI,Helvetica,Arial,sans-serif;'
    'font-size:14px;line-height:1.5">{}</body></html>'
)


def compose(message: OutboxMessage, mailbox: Mailbox) -> bytes:
    """Return the whole mail, signed and encrypted as it has to be.

    Raises BlobMissing when a file of it is gone, and CannotProtect.
    """
    entry = message.entry
    body = _answer(message, entry) if entry is not None else _notice(message)
    # What staff are told stands in no conversation with a customer, and a supplier knows nothing
    # of what the customer wrote, not even how it is named.
    aside = asides.talk_of(message)
    apart = message.kind in {by_mail.KIND, escalated.KIND} or message.supplier_id is not None
    about = message.ticket_id if not apart else None
    if aside is not None:
        thread = asides.chain(aside, message)
    else:
        thread = chain(about, message) if about is not None else Chain([], None)
    references = [one for one in thread.references if _MESSAGE_ID.fullmatch(one)]
    lines = [
        _header("From", _address(mailbox.name, mailbox.address)),
        _reply_to(message, mailbox),
        _addresses("To", message.to),
        _addresses("Cc", message.cc),
        _header("Subject", _words("Subject", _subject(message, aside, thread))),
        _header("Date", format_datetime(message.created_at)),
        _header("Message-ID", message.message_id),
    ]
    if thread.answered in references:
        lines.append(_header("In-Reply-To", str(thread.answered)))
    if references:
        lines.append(_header("References", *references))
    if entry is None or entry.verb == AUTO_REPLY:
        # A machine wrote this; nobody's out-of-office should answer it.
        answers = entry is not None or (message.kind == Tell.RECEIVED and bool(thread.answered))
        lines.append(_header("Auto-Submitted", "auto-replied" if answers else "auto-generated"))
        lines.append(_header("X-Auto-Response-Suppress", "All"))
    head = "".join(line for line in lines if line)
    entity = body.as_bytes(policy=compat32.clone(linesep=LINE_END))
    return protected(message, mailbox, about, head.encode("utf-8"), entity)


# ---- Headers ----


def _reply_to(message: OutboxMessage, mailbox: Mailbox) -> str:
    """Name the address of ours that leads answers to their ticket, where the mailbox has such."""
    found = answers_to(message, mailbox)
    return _header("Reply-To", _address(mailbox.name, found)) if found is not None else ""


def _header(name: str, *parts: str) -> str:
    """Return one header; its parts go on lines of their own, which are folded into one value.

    ``_words`` folds by itself, which is the one way a line end gets in, followed by a space.
    """
    for part in parts:
        if _CONTROL.search(part.replace(LINE_END + " ", "")):
            raise ValueError(f"a control character in {name}")
    return f"{name}: {(LINE_END + ' ').join(parts)}{LINE_END}"


def _addresses(name: str, people: Iterable[Iterable[str]]) -> str:
    shown = [_address(display, address) for display, address in people if address]
    if not shown:
        return ""
    return _header(name, *(f"{one}," for one in shown[:-1]), shown[-1])


def _address(name: str, address: str) -> str:
    """Return ``name <address>``, the name quoted or encoded as it needs to be."""
    name, address = one_line(name, 200), one_line(address)
    if not name or name == address:
        return address
    if not name.isascii():
        return f"{_words('To', name)} <{address}>"
    if not _ATOMS.fullmatch(name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{name} <{address}>"


def _words(name: str, text: str) -> str:
    """Return text for a header: as it is, or in encoded words of legal length."""
    text = _CONTROL.sub(" ", text)
    if text.isascii() and len(text) < 900:
        return text
    return Header(text, "utf-8", maxlinelen=74, header_name=name).encode(linesep=LINE_END)


def _subject(message: OutboxMessage, aside: SideTalk | None, thread: Chain) -> str:
    ticket = message.ticket
    if message.entry is None or ticket is None:
        return one_line(message.subject, 300)
    if aside is not None:
        # What begins a conversation answers nothing.
        words = one_line(_SIGN.sub("", aside.subject), 300)
        said = f"Re: {bare_subject(words)}" if thread.references else words
        return f"{said} [#{ticket.number}]".strip()
    return subject_of(ticket)


def subject_of(ticket: Ticket) -> str:
    """Return the subject of answers on a ticket: its own, once, with its number."""
    words = bare_subject(one_line(_SIGN.sub("", ticket.subject), 300))
    return f"Re: {words} [#{ticket.number}]"


# ---- Body ----


def _notice(message: OutboxMessage) -> MIMEBase:
    text = _text(message.text or "", "plain")
    return _alternative(text, message.html) if message.html else text


def _answer(message: OutboxMessage, entry: Entry) -> MIMEBase:
    html, inline = _with_pictures(entry)
    files = [row for row in entry.attachments if row not in inline and row.redacted_at is None]
    keys, until = shared.linked(message.linked)
    links = [row for row in files if row.id in keys]
    files = [row for row in files if row.id not in keys]
    below = added.below(entry, message.signature, links, until)
    text = _text(_PICTURE.sub(r"[\1]", entry.body) + below.plain, "plain")
    body: MIMEBase = _alternative(text, html + below.html) if html else text
    if inline:
        body = _multipart("related", body, *(_file(row, inline=True) for row in inline))
    if files:
        body = _multipart("mixed", body, *(_file(row) for row in files))
    return body


def _with_pictures(entry: Entry) -> tuple[str, list[Attachment]]:
    """Return the HTML of an answer, empty without any, and the pictures that stand in it."""
    shown = {row.content_id: row for row in entry.attachments if row.content_id}
    urls = {name: f"cid:{name}" for name in shown}
    html = _remote_shown(show_inline_images(entry.html, urls)) if entry.html else ""
    inline = [row for name, row in shown.items() if f'src="cid:{escape(name)}"' in html]
    return html, inline


def settle(message: OutboxMessage, mailbox: Mailbox) -> None:
    """Decide which files of an answer go as links, before it is written the first time."""
    entry = message.entry
    if entry is not None and not message.linked:
        message.linked = shared.settled(entry, mailbox, _with_pictures(entry)[1])


def _remote_shown(html: str) -> str:
    """Give images from elsewhere, which our own pages hold back, their address again."""
    return re.sub(r' data-remote-src="', ' src="', html)


def _alternative(text: MIMEBase, html: str) -> MIMEBase:
    return _multipart("alternative", text, _text(_PAGE.format(html), "html"))


def _multipart(kind: str, *parts: MIMEBase) -> MIMEBase:
    whole = MIMEMultipart(kind)
    for part in parts:
        del part["MIME-Version"]
        whole.attach(part)
    return whole


def _text(text: str, subtype: str) -> MIMEText:
    charset = Charset("utf-8")
    # Quoted-printable stays readable for people and filters, unless nearly every character
    # needs three times its room.
    wide = sum(1 for character in text[:2000] if character > "\x7f")
    charset.body_encoding = BASE64 if wide * 3 > len(text[:2000]) else QP
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return MIMEText(lines if lines.endswith("\n") else lines + "\n", subtype, charset)  # type: ignore[arg-type]


def _file(row: Attachment, *, inline: bool = False) -> MIMEBase:
    kind = row.content_type.lower()
    # Base64 is not allowed for whole messages, so a forwarded one travels as a plain file.
    if not _TYPE.fullmatch(kind) or kind.startswith(("message/", "multipart/")):
        kind = "application/octet-stream"
    part = MIMEBase(*kind.split("/", 1))
    part.set_payload(blobs.get(row.sha256))
    encode_base64(part)
    name = one_line(row.name, 200) or "file"
    filename = name if name.isascii() else ("utf-8", "", name)
    part.add_header("Content-Disposition", "inline" if inline else "attachment", filename=filename)
    if inline and row.content_id:
        part.add_header("Content-ID", f"<{_CONTROL.sub('', row.content_id).strip('<>')}>")
    return part
