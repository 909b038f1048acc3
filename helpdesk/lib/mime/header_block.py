"""The headers of a message or a part, as raw bytes."""

import re
from collections.abc import Callable, Iterator
from itertools import islice

from helpdesk.lib.mime.model import Limits

RawHeader = tuple[str, bytes]
Report = Callable[[str, str], None]

_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r)?")
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:[ \t]*")
_BLANK_LINE = re.compile(rb"(?:\r\n|\n|\r)[ \t]*(?:\r\n|\n|\r)")

# Headers that show that a header block goes on after a line that is none.
_WELL_KNOWN = re.compile(
    rb"(?:content-(?:type|transfer-encoding|disposition|id|description|language)|mime-version|from"
    rb"|to|cc|subject|date|message-id|received|reply-to|references|in-reply-to|return-path|sender"
    rb"|dkim-signature|x-[a-z0-9-]+|list-[a-z]+)[ \t]*:",
    re.IGNORECASE,
)


def read_headers(
    buffer: bytes, head: int, end: int, most: int, limits: Limits, report: Report
) -> tuple[list[RawHeader], int]:
    """Return the headers that begin at `head`, and where the body begins.

    At most `most` bytes are looked at. Values keep their folding. `report` is called with the code
    and the detail of each defect.
    """
    block = _Block(buffer, head, end, most)
    # What nobody reads is not taken apart either: a million headers are a million objects.
    fields = list(islice(block.fields(report), limits.header_count))
    if not block.over:
        block.skip_rest("too-many-headers", f"only {limits.header_count} are read", report)
    headers: list[RawHeader] = []
    for name, pieces in fields:
        value = b"".join(pieces)
        if len(value) > limits.header_value:
            report("header-too-long", f"{name[:60]} has {len(value)} bytes")
            value = value[: limits.header_value]
        headers.append((name, value))
    return headers, block.body


class _Block:
    """Walks over the lines of one header block. `body` is set when the walk is over."""

    def __init__(self, buffer: bytes, head: int, end: int, most: int) -> None:
        self.buffer = buffer
        self.pos = head
        self.end = end
        self.limit = min(end, head + most)
        self.body = end
        self.over = False

    def fields(self, report: Report) -> Iterator[tuple[str, list[bytes]]]:
        """Yield (name, lines of the value) until the block is over."""
        name, pieces = "", list[bytes]()
        while self.pos < self.limit:
            match = _LINE.match(self.buffer, self.pos, self.end)
            assert match is not None
            line, self.body = match[0], match.end()
            bare = line.rstrip(b"\r\n")
            field = _FIELD.match(bare)
            if self._is_blank(bare, bool(name)):
                break
            if line[:1] in (b" ", b"\t") and name:
                pieces.append(line)
            elif field is not None:
                if name:
                    yield name, pieces
                name, pieces = field[1].decode("ascii"), [line[field.end() :]]
            elif not name and line.startswith(b"From "):
                pass  # The envelope line of a mailbox file.
            elif name and (bare.startswith(b"=?") or self._goes_on()):
                report("broken-header", f"a line of {name[:60]} is not indented")
                pieces.extend((b" ", line))
            else:
                if name:
                    report("no-blank-line", "the headers end without an empty line")
                self.body = self.pos
                break
            self.pos = self.body
        else:
            self.skip_rest("headers-too-long", "what is beyond the limit is not read", report)
        self.over = True
        if name:
            yield name, pieces

    def _goes_on(self) -> bool:
        return _WELL_KNOWN.match(self.buffer, self.body, self.end) is not None

    def _is_blank(self, bare: bytes, begun: bool) -> bool:
        """Whether a line ends the block.

        A line of white space only goes on for the standard, but ends the headers in the mail of
        careless gateways; real folding never leaves a line empty.
        """
        if not bare:
            return True
        if bare.strip() or not begun:
            return False
        return _FIELD.match(self.buffer, self.body, self.end) is None

    def skip_rest(self, code: str, detail: str, report: Report) -> None:
        """Find the body behind headers that are beyond a limit, and report that there were some."""
        self.body = self.pos
        if self.pos < self.end:
            report(code, detail)
            blank = _BLANK_LINE.search(self.buffer, max(self.pos - 2, 0), self.end)
            self.body = blank.end() if blank else self.end
