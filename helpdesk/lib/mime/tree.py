"""A raw message taken apart into headers and parts, without ever copying a body.

The standard library's parser was measured first: it descends by recursion (RecursionError at a few
hundred multiparts inside each other, and the same for forwarded messages), reads line by line
(25 MB of empty lines take 9 s) and gives a forwarded message back rewritten. This one looks for
boundaries with one regular expression a multipart, keeps a budget while it splits, and hands every
part out as a slice of the original bytes. On well-formed mail it finds the same tree; the tests
compare the two.
"""

import re
from dataclasses import dataclass, field

from helpdesk.lib.mime.header_block import read_headers
from helpdesk.lib.mime.model import Defect, Limits
from helpdesk.lib.mime.params import Params, parse_params
from helpdesk.lib.mime.transfer import decode_transfer

_ENVELOPE = re.compile(rb">?From [^\r\n]*(?:\r\n|\n|\r)")
_COUNT_LINE = re.compile(rb"\d{1,10}[ \t]*\r?\n(?=[!-9;-~]+:)")

# The line a lost boundary may be recovered from: dashes, then headers of a part.
_LINE_REST = re.compile(rb"(--)?[ \t]*(?:\r\n|\n|\r|\Z)")
_LIKE_BOUNDARY = re.compile(
    rb"(?:\A|\r\n|\n|\r)--([^\r\n]{1,200})(?:\r\n|\n|\r)(?=content-[a-z-]{2,40}[ \t]?:)",
    re.IGNORECASE,
)
_LIKE_HTML = re.compile(
    rb"\s{0,200}<(?:!doctype\s+html|html|head|body|div|p|table)\b", re.IGNORECASE
)
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}")


@dataclass(slots=True)
class Part:
    """One node: its headers as raw bytes, its body as a slice of `buffer`."""

    path: str
    """Where it stands: "" is the message, "2.1" the first part of its second part."""
    headers: list[tuple[str, bytes]]
    buffer: bytes
    head: int
    """Where the headers begin in the buffer."""
    start: int
    end: int
    type: str = "text/plain"
    params: Params = field(default_factory=dict)
    children: list["Part"] = field(default_factory=list)
    unsplit: bool = False
    """A limit was reached: what is inside stays together as one attachment."""

    def get(self, name: str) -> bytes | None:
        """Return the first header of that name (lower case)."""
        for key, value in self.headers:
            if key.lower() == name:
                return value
        return None

    @property
    def body(self) -> bytes:
        """The body as it was sent, not decoded."""
        return self.buffer[self.start : self.end]

    @property
    def is_multipart(self) -> bool:
        """Whether it consists of parts and was taken apart."""
        return bool(self.children)


class Splitter:
    """Takes one message apart. Holds the budget of parts and the defects found on the way."""

    def __init__(self, limits: Limits, defects: list[Defect]) -> None:
        self.limits = limits
        self.defects = defects
        self.parts_left = limits.parts
        # Parts have headers too, and a thousand parts could have a thousand times the limit.
        self.header_bytes_left = 4 * limits.header_bytes

    def split(self, raw: bytes) -> Part:
        """Return the tree of a message. The buffer is cut to the limit by the caller."""
        start = _skip_envelope(raw)
        root = self._part(raw, start, len(raw), path="", default="text/plain")
        todo = [(root, 1)]
        # A list instead of recursion: a message may not decide how deep our stack grows.
        while todo:
            part, depth = todo.pop()
            if not part.type.startswith("multipart/"):
                continue
            if depth > self.limits.depth:
                part.unsplit = True
                self._defect("too-deep", f"part {part.path} is kept unopened")
                continue
            part.children = self._children(part)
            todo.extend((child, depth + 1) for child in part.children)
        return root

    def _defect(self, code: str, detail: str) -> None:
        # One hostile message can break the same rule ten thousand times.
        if len(self.defects) < 100:
            self.defects.append(Defect(code, detail))

    def _part(self, buffer: bytes, head: int, end: int, *, path: str, default: str) -> Part:
        most = min(self.limits.header_bytes, self.header_bytes_left)
        headers, start = read_headers(buffer, head, end, most, self.limits, self._defect)
        self.header_bytes_left -= min(start - head, most)
        part = Part(path, headers, buffer, head, start, end, type=default)
        value = part.get("content-type")
        if value is not None:
            name, part.params = parse_params(value)
            name = "".join(name.lower().split())
            if _TYPE.fullmatch(name):
                part.type = name
            elif name in ("text", "html"):
                part.type = "text/html" if name == "html" else "text/plain"
            elif name:
                part.type = _lenient_type(name) or "text/plain"
                self._defect("content-type", f"{name[:60]!r} read as {part.type}")
        return part

    def _children(self, part: Part) -> list[Part]:
        buffer, start, end = part.buffer, part.start, part.end
        encoding = (part.get("content-transfer-encoding") or b"").strip().lower()
        if encoding in (b"base64", b"quoted-printable"):
            # Forbidden by the standard and yet sent: the parts are inside the encoding.
            buffer, _ = decode_transfer(part.body, encoding.decode("ascii"))
            start, end = 0, len(buffer)
            self._defect("encoded-multipart", f"part {part.path or 'of the message'}")

        boundary = part.params.get("boundary", "").encode("utf-8", "surrogateescape").rstrip()
        marks = _marks(boundary, buffer, start, end, self.parts_left) if boundary else []
        if not marks:
            guess = _LIKE_BOUNDARY.search(buffer, start, end)
            if guess is not None:
                marks = _marks(guess[1].rstrip(), buffer, start, end, self.parts_left)
                self._defect("boundary", f"taken from the body: {guess[1][:70]!r}")
        if not marks and not buffer[start:end].strip():
            return []
        if not marks:
            self._defect("no-parts", f"{part.type} without parts, read as text")
            part.type = "text/html" if _LIKE_HTML.match(buffer, start, end) else "text/plain"
            return []
        return self._cut(part, buffer, end, marks)

    def _cut(
        self, part: Part, buffer: bytes, end: int, marks: list[tuple[int, int, bool]]
    ) -> list[Part]:
        default = "message/rfc822" if part.type == "multipart/digest" else "text/plain"
        children: list[Part] = []
        closed = False
        for index, (_, inside, closing) in enumerate(marks):
            if closing:
                closed = True
                continue
            if closed:
                self._defect("parts-after-end", f"part {part.path or 'of the message'}")
                closed = False
            last = index + 1 == len(marks)
            if not last and marks[index + 1][0] == inside:
                continue  # A boundary doubled by a careless program, not a part.
            stop = end if last else _before_newline(buffer, marks[index + 1][0], inside)
            path = f"{part.path}.{len(children) + 1}" if part.path else str(len(children) + 1)
            if self.parts_left <= 1:
                # The budget's last part takes everything that is left, whatever it is.
                rest = Part(path, [], buffer, inside, inside, end, "application/octet-stream")
                rest.unsplit = True
                self._defect("too-many-parts", f"part {path} and all after it stay together")
                children.append(rest)
                self.parts_left = 0
                return children
            if last and not closing:
                self._defect("no-end", f"part {part.path or 'of the message'} is cut off")
            self.parts_left -= 1
            children.append(self._part(buffer, inside, stop, path=path, default=default))
        return children


def _skip_envelope(raw: bytes) -> int:
    """Return where the headers begin after what mail stores put in front of a message."""
    start = len(raw) - len(raw.lstrip(b"\r\n")) if raw[:1] in (b"\r", b"\n") else 0
    if raw.startswith(b"\xef\xbb\xbf", start):
        start += 3
    for pattern in (_COUNT_LINE, _ENVELOPE):
        match = pattern.match(raw, start)
        if match is not None:
            start = match.end()
    return start


def _marks(
    boundary: bytes, buffer: bytes, start: int, end: int, budget: int
) -> list[tuple[int, int, bool]]:
    """Return for each boundary line: where it begins, where it is over, whether it closes."""
    # Looked for as plain bytes, which is ten times as fast as a pattern that would have to be
    # compiled for every message; what must be before and behind is looked at where it stands.
    line = b"--" + boundary
    found: list[tuple[int, int, bool]] = []
    # Closing lines cost no budget, so look a little further than the parts we may still open.
    most = 2 * max(budget, 0) + 2
    at = buffer.find(line, start, end)
    while at >= 0 and len(found) < most:
        rest = _LINE_REST.match(buffer, at + len(line), end)
        begins = at == 0 or buffer[at - 1] in b"\r\n"
        if begins and rest is not None:
            found.append((at, rest.end(), rest[1] is not None))
        at = buffer.find(line, rest.end() if begins and rest is not None else at + 1, end)
    return found


def _before_newline(buffer: bytes, pos: int, lowest: int) -> int:
    """The line end before a boundary belongs to the boundary, not to the part."""
    if pos - 2 >= lowest and buffer[pos - 2 : pos] == b"\r\n":
        return pos - 2
    return pos - 1 if pos - 1 >= lowest else max(pos, lowest)


def _lenient_type(name: str) -> str | None:
    """Return the type inside something like "text/html/utf-8" or "text/plain,charset=…"."""
    match = _TYPE.match(name.replace('"', "").replace("'", ""))
    return match[0] if match else None
