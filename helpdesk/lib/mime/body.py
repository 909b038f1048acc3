"""From a tree of parts to what a person reads and the files that came with it."""

import hashlib
import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from helpdesk.lib.html import bare_text, text_to_html, to_text
from helpdesk.lib.mime.calendar import invitation_text
from helpdesk.lib.mime.charsets import decode
from helpdesk.lib.mime.flowed import unflow
from helpdesk.lib.mime.headers import decode_header
from helpdesk.lib.mime.model import Attachment, Defect, Limits
from helpdesk.lib.mime.names import attachment_name, type_for
from helpdesk.lib.mime.params import Params, parse_params
from helpdesk.lib.mime.tnef import BEGIN as TNEF_BEGIN
from helpdesk.lib.mime.tnef import TYPES as TNEF_TYPES
from helpdesk.lib.mime.tnef import NotTnef, Tnef, open_tnef
from helpdesk.lib.mime.transfer import decode_transfer, extract_uuencoded
from helpdesk.lib.mime.tree import Part

# Text that is data for programs rather than something to read in a message.
_TEXT_FILES = {
    "text/calendar",
    "text/css",
    "text/csv",
    "text/directory",
    "text/javascript",
    "text/rfc822-headers",
    "text/rtf",
    "text/tab-separated-values",
    "text/vcard",
    "text/x-amp-html",
    "text/x-vcard",
    "text/xml",
}
_MOST_BYTES = 4  # a character has in any charset of mail
_MOST_COMPARED = 8  # alternatives that a text is looked for in
_MOST_PLAIN = 200_000  # characters of plain text put between pieces of HTML
_META_CHARSET = re.compile(
    rb"<meta\b[^>]{0,200}?charset\s*=\s*[\"']?([\w.:-]{2,40})", re.IGNORECASE
)
_MOST_INVITATION = 500_000  # bytes of a calendar's file that are read
_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,100}")
_CID = re.compile(r"cid:([^\s\"'<>)]{1,500})", re.IGNORECASE)


@dataclass(slots=True)
class _Piece:
    """One stretch of the body: the same words as text, as HTML, or both."""

    text: str = ""
    html: str = ""


@dataclass(slots=True)
class _File:
    """An attachment before it is known whether the HTML shows it."""

    name: str
    type: str
    content: bytes
    content_id: str | None = None


@dataclass(slots=True)
class Body:
    """What `collect` returns."""

    text: str
    html: str | None
    attachments: tuple[Attachment, ...]


@dataclass(slots=True)
class Collector:
    """Walks the tree of one message and gathers its text and files."""

    limits: Limits
    defects: list[Defect]
    hint: str | None
    """A codec the message uses elsewhere, tried on text without a charset."""
    files: list[_File] = field(default_factory=list)
    seen_text: bool = False
    text_left: int = 0
    html_left: int = 0
    tags_left: int = 0

    def __post_init__(self) -> None:
        self.text_left = self.limits.text_chars
        self.html_left = self.limits.html_chars
        self.tags_left = self.limits.html_tags

    def collect(self, root: Part) -> Body:
        """Return the body of a message."""
        pieces = [piece for piece in self._walk(root) if piece.text.strip() or piece.html.strip()]
        html = self._html(pieces)
        text = self._text(pieces) or self._invitation()
        wanted = {unquote(found).strip() for found in _CID.findall(html)} if html else set()
        attachments = []
        for file in self.files[: self.limits.parts]:
            digest = hashlib.sha256(file.content).hexdigest()
            shown = file.content_id is not None and file.content_id in wanted
            attachments.append(
                Attachment(
                    name=file.name,
                    type=file.type,
                    size=len(file.content),
                    sha256=digest,
                    content=file.content,
                    content_id=file.content_id,
                    inline=shown,
                )
            )
        return Body(text, html, tuple(attachments))

    # The tree: at most `Limits.depth` deep, so that recursion is safe here.

    def _walk(self, part: Part, *, related: bool = False) -> list[_Piece]:
        if part.unsplit:
            self._keep_unsplit(part)
            return []
        if part.is_multipart:
            if part.type == "multipart/alternative":
                return self._alternative(part)
            if part.type == "multipart/related":
                return self._related(part)
            return [piece for child in part.children for piece in self._walk(child)]
        if part.type.startswith("multipart/"):
            return []
        return self._leaf(part, related=related)

    def _alternative(self, part: Part) -> list[_Piece]:
        """The same content several times: keep the best HTML, and each different text."""
        text: list[str] = []
        html = ""
        for child in part.children:
            # Every alternative is the first text of its own.
            before, self.seen_text = self.seen_text, False
            pieces = self._walk(child)
            self.seen_text = self.seen_text or before
            with_html = [piece for piece in pieces if piece.html.strip()]
            if with_html:
                html = "\n".join(piece.html or text_to_html(piece.text) for piece in pieces)
            for piece in pieces:
                words = piece.text.strip()
                # A footer or a whole second body: what another alternative says is not said twice.
                if words and not any(words in other for other in text[:_MOST_COMPARED]):
                    text.append(words)
        return [_Piece("\n\n".join(text), html)]

    def _related(self, part: Part) -> list[_Piece]:
        """One document and what it needs: the root is read, the others are its images."""
        start = part.params.get("start", "").strip("<> ")
        root = next(
            (child for child in part.children if start and _content_id(child) == start),
            part.children[0],
        )
        pieces: list[_Piece] = []
        for child in part.children:
            pieces.extend(self._walk(child, related=child is not root))
        return pieces

    def _leaf(self, part: Part, *, related: bool) -> list[_Piece]:
        disposition, params = self._disposition(part)
        if self._is_read(part, disposition, params, related=related):
            self.seen_text = True
            return [self._read(part)]
        return self._keep(part, params)

    def _is_read(self, part: Part, disposition: str, params: Params, *, related: bool) -> bool:
        """Whether a part is body rather than attachment."""
        if not part.type.startswith("text/") or part.type in _TEXT_FILES:
            return False
        if disposition == "attachment":
            return False
        named = "filename" in params or "name" in part.params
        if related:
            return not named and _content_id(part) is None
        # Some programs name even the text of the message: the first text is read nevertheless.
        return not named or not (self.seen_text or self.files)

    def _disposition(self, part: Part) -> tuple[str, Params]:
        value = part.get("content-disposition")
        if value is None:
            return "", {}
        kind, params = parse_params(value)
        kind = kind.lower()
        # Anything unknown is to be treated as an attachment (RFC 2183).
        return (kind if kind in ("inline", "") else "attachment"), params

    def _read(self, part: Part) -> _Piece:
        data = self._decoded(part)
        declared = part.params.get("charset") or None
        if part.type == "text/html":
            if declared is None and (meta := _META_CHARSET.search(data[:4096])) is not None:
                declared = meta[1].decode("ascii")
            return self._read_html(part, data, declared)
        files, data = extract_uuencoded(data)
        for raw_name, content in files[: self.limits.parts]:
            name = attachment_name(decode_header(raw_name, self.hint), "", str(len(self.files) + 1))
            self.files.append(_File(name, type_for(name), content))
        text = self._characters(part, data[: _MOST_BYTES * self.text_left], declared)
        if len(text) > self.text_left or len(data) > _MOST_BYTES * self.text_left:
            self._keep_whole(part, data, "text-too-long", "txt")
            text = text[: self.text_left]
        if part.params.get("format", "").strip().lower() == "flowed":
            text = unflow(text, delsp=part.params.get("delsp", "").strip().lower() == "yes")
        self.text_left -= len(text)
        return _Piece(text=text)

    def _read_html(self, part: Part, data: bytes, declared: str | None) -> _Piece:
        html = self._characters(part, data[: _MOST_BYTES * self.limits.html_chars], declared)
        tags = html.count("<")
        is_long = len(html) > self.html_left or len(data) > _MOST_BYTES * self.limits.html_chars
        if is_long or tags > self.tags_left:
            self._keep_whole(part, data, "html-too-long", "html")
            text = bare_text(html[: 2 * self.text_left])[: self.text_left]
            self.text_left -= len(text)
            return _Piece(text=text)
        self.html_left -= len(html)
        self.tags_left -= tags
        return _Piece(html=html)

    def _keep_whole(self, part: Part, data: bytes, code: str, ending: str) -> None:
        """Attach a text that is too long to be shown."""
        self._defect(part, code, f"{len(data)} bytes, the whole is in an attachment")
        kind = "text/html" if ending == "html" else "text/plain"
        name = f"message-{len(self.files) + 1}.{ending}"
        self.files.append(_File(name, kind, data, _content_id(part)))

    def _characters(self, part: Part, data: bytes, declared: str | None) -> str:
        text, problem = decode(data, declared, self.hint)
        if problem:
            self._defect(part, "charset", problem)
        return text

    def _decoded(self, part: Part) -> bytes:
        encoding = part.get("content-transfer-encoding")
        if encoding is None:
            return part.body
        name = encoding.decode("ascii", "replace").partition(";")[0].split("(")[0]
        data, problem = decode_transfer(part.body, name, readable=part.type.startswith("text/"))
        if problem:
            self._defect(part, "transfer-encoding", problem)
        return data

    def _keep(self, part: Part, disposition: Params) -> list[_Piece]:
        """Keep a leaf as a file; returns the text of one that wraps a message."""
        content = self._decoded(part)
        wrapped: list[_Piece] = []
        if part.type in TNEF_TYPES or content[:4] == TNEF_BEGIN:
            wrapped, whole = self._unwrap(part, content)
            if whole:
                return wrapped
        raw_name = disposition.get("filename") or part.params.get("name") or ""
        if not raw_name and part.type == "message/rfc822":
            raw_name = _subject_of(content)
        name = attachment_name(
            decode_header(raw_name.encode("utf-8", "surrogateescape"), self.hint),
            part.type,
            part.path or "1",
        )
        self.files.append(_File(name, part.type, content, _content_id(part)))
        return wrapped

    def _unwrap(self, part: Part, content: bytes) -> tuple[list[_Piece], bool]:
        """Keep the files of a winmail.dat; its text counts where the message has none.

        False with it says that not everything could be read: the whole is to be kept, too.
        """
        try:
            wrapped = open_tnef(content)
        except NotTnef as error:
            self._defect(part, "winmail", str(error))
            return [], False
        if not wrapped.whole:
            self._defect(part, "winmail", "it is incomplete, or of a kind that is not known")
        for number, file in enumerate(wrapped.files[: self.limits.parts], 1):
            name = attachment_name(file.name, file.type, f"{part.path or 1}-{number}")
            kind = file.type if _TYPE.fullmatch(file.type) else type_for(name)
            self.files.append(_File(name, kind, file.content, file.content_id or None))
        return self._text_of(part, wrapped), wrapped.whole

    def _text_of(self, part: Part, wrapped: Tnef) -> list[_Piece]:
        if self.seen_text:
            return []
        if wrapped.html:
            self.seen_text = True
            return [self._read_html(part, wrapped.html, None)]
        if not wrapped.text and wrapped.rtf:
            self.files.append(_File("message.rtf", "text/rtf", wrapped.rtf))
        text = wrapped.text[: self.text_left]
        self.text_left -= len(text)
        return [_Piece(text=text)] if text else []

    def _keep_unsplit(self, part: Part) -> None:
        """Keep what a limit left together, headers and all, as a message of its own."""
        content = part.buffer[part.head : part.end]
        kind = "message/rfc822" if part.headers else "application/octet-stream"
        self.files.append(
            _File(
                f"part-{part.path}.eml" if part.headers else f"part-{part.path}.bin", kind, content
            )
        )

    def _text(self, pieces: list[_Piece]) -> str:
        texts: dict[str, None] = {}
        for piece in pieces:
            text = piece.text if piece.text.strip() else to_text(piece.html)
            # Careless programs put two alternatives beside each other; the words are kept once.
            texts[_strip_blank_lines(text)] = None
        text = "\n\n".join(filter(None, texts))
        return text[: self.limits.text_chars]

    def _invitation(self) -> str:
        """Return what an invitation says, when the message says nothing else."""
        for file in self.files[: self.limits.parts]:
            if file.type == "text/calendar":
                content, _problem = decode(file.content[:_MOST_INVITATION], None, self.hint)
                return invitation_text(content)[: self.text_left]
        return ""

    @staticmethod
    def _html(pieces: list[_Piece]) -> str | None:
        if not any(piece.html.strip() for piece in pieces):
            return None
        if sum(len(piece.text) for piece in pieces if not piece.html.strip()) > _MOST_PLAIN:
            return None  # Mostly plain text, for instance a log; it is shown as text.
        return "\n".join(
            piece.html if piece.html.strip() else text_to_html(piece.text) for piece in pieces
        )

    def _defect(self, part: Part, code: str, detail: str) -> None:
        if len(self.defects) < 100:
            where = f"part {part.path}: " if part.path else ""
            self.defects.append(Defect(code, where + detail))


def _content_id(part: Part) -> str | None:
    value = part.get("content-id")
    if value is None:
        return None
    return decode_header(value)[:500].strip("<> ") or None


def _subject_of(message: bytes) -> str:
    """The subject of a forwarded message, as the beginning of its file name."""
    match = re.search(rb"^subject:[ \t]*([^\r\n]+)", message[:20_000], re.IGNORECASE | re.MULTILINE)
    subject = decode_header(match[1]) if match else ""
    return f"{subject[:80]}.eml" if subject else ""


def _strip_blank_lines(text: str) -> str:
    """Without empty lines at both ends, the indentation of the first line kept."""
    lines = text.rstrip()
    first = 0
    while (stop := lines.find("\n", first)) >= 0 and not lines[first:stop].strip():
        first = stop + 1
    return lines[first:]
