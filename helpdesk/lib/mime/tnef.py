"""Opening winmail.dat, in which Outlook wraps what it attaches (TNEF; [MS-OXTNEF], [MS-OXRTFCP]).

Only Outlook and Exchange can read it, so whoever gets such a mail from them sees one file
"winmail.dat" in place of three. This takes out the files with their names, and the text where the
mail has none. Everything is read forward with the lengths checked; nothing is executed.
"""

import codecs
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

BEGIN = b"\x78\x9f\x3e\x22"
TYPES = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})

_LEVEL = struct.Struct("<BII")
_MOST_ATTRIBUTES = 5_000
_MOST_PROPERTIES = 2_000
_MOST_VALUES = 10_000
_DEEPEST = 3
"""Messages attached to messages that are opened; deeper ones stay files."""
_MOST_RTF = 1_000_000
"""Bytes of compressed text that are unpacked of one winmail.dat, in all its messages."""

# Attributes: the lower half of their numbers, which name them.
_BODY, _MESSAGE, _CODEPAGE = 0x800C, 0x9003, 0x9007
_RENDER, _TITLE, _DATA, _ATTACHMENT = 0x9002, 0x8010, 0x800F, 0x9005
# Properties inside an attribute.
_HTML, _RTF, _TEXT = 0x1013, 0x1009, 0x1000
_NAME, _LONG_NAME, _SHORT_NAME = 0x3001, 0x3707, 0x3704
_KIND, _CONTENT_ID, _OBJECT = 0x370E, 0x3712, 0x3701

_FIXED = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 10: 4, 11: 4, 20: 8, 64: 8, 72: 16}
_OBJECT_TYPE, _STRING8, _UNICODE, _BINARY = 13, 30, 31, 258
_EMBEDDED_HEAD = 16
"""Bytes of the interface number before the TNEF of a message that is attached."""

Property = tuple[int, int, bytes]
"""Its type, its number and its value."""


class NotTnef(Exception):
    """The bytes are no TNEF, or break off in the middle."""


@dataclass(slots=True)
class TnefFile:
    """A file that was wrapped; the type may be empty."""

    name: str = ""
    type: str = ""
    content: bytes = b""
    content_id: str = ""


@dataclass(slots=True)
class Tnef:
    """What a winmail.dat holds. Text and HTML only where the wrapped message has them."""

    text: str = ""
    html: bytes = b""
    rtf: bytes = b""
    files: list[TnefFile] = field(default_factory=list)
    cut: bool = False
    """It breaks off in the middle."""

    @property
    def whole(self) -> bool:
        """Whether all of it was read, and was anything."""
        return not self.cut and bool(self.files or self.text or self.html or self.rtf)


@dataclass(slots=True)
class _Budget:
    """What may still be unpacked."""

    rtf: int = _MOST_RTF

    def unpack(self, packed: bytes) -> bytes:
        unpacked = unpacked_rtf(packed, self.rtf)
        self.rtf -= len(unpacked)
        return unpacked


def open_tnef(data: bytes) -> Tnef:
    """Return what is in it. Raises NotTnef; what breaks off keeps the files before the break."""
    return _open(data, 0, _Budget())


def _open(data: bytes, depth: int, budget: _Budget) -> Tnef:
    if len(data) < 6 or not data.startswith(BEGIN):
        raise NotTnef("it does not begin as TNEF does")
    found = Tnef()
    codec = "cp1252"
    attached: TnefFile | None = None
    for name, value in _attributes(data):
        if value is None:
            found.cut = True
        elif name == _CODEPAGE and len(value) >= 4:
            codec = _codec(struct.unpack_from("<I", value)[0])
        elif name == _BODY:
            found.text = _string(value, codec)
        elif name == _MESSAGE:
            _take_message(found, value, codec, budget)
        elif name == _RENDER:
            attached = TnefFile()
            found.files.append(attached)
        elif attached is not None:
            _take_file(found, attached, name, value, _At(codec, depth, budget))
    found.files = [file for file in found.files if file.content or file.name]
    return found


def _attributes(data: bytes) -> Iterator[tuple[int, bytes | None]]:
    """Yield number and value of each attribute; None for one that the data end in."""
    pos = 6
    for _number in range(_MOST_ATTRIBUTES):
        if pos + _LEVEL.size > len(data):
            return
        level, attribute, length = _LEVEL.unpack_from(data, pos)
        pos += _LEVEL.size
        if level not in {1, 2} or pos + length > len(data):
            yield 0, None
            return
        yield attribute & 0xFFFF, data[pos : pos + length]
        pos += length + 2  # The checksum is not looked at: a damaged file is still a file.


@dataclass(frozen=True, slots=True)
class _At:
    """Where a file is read: the codec of its message, how deep, and what may be unpacked."""

    codec: str
    depth: int
    budget: _Budget


def _take_message(found: Tnef, value: bytes, codec: str, budget: _Budget) -> None:
    for kind, number, content in _properties(value):
        if number == _HTML:
            found.html = found.html or content
        elif number == _RTF and kind == _BINARY:
            found.rtf = found.rtf or budget.unpack(content)
        elif number == _TEXT:
            found.text = found.text or _words(kind, content, codec)


def _take_file(found: Tnef, file: TnefFile, name: int, value: bytes, at: _At) -> None:
    if name == _TITLE:
        file.name = file.name or _string(value, at.codec)
    elif name == _DATA:
        file.content = value
    elif name == _ATTACHMENT:
        short, objects = "", []
        for kind, number, content in _properties(value):
            if number == _LONG_NAME:
                file.name = _words(kind, content, at.codec)
            elif number in {_NAME, _SHORT_NAME}:
                short = short or _words(kind, content, at.codec)
            elif number == _KIND:
                file.type = _words(kind, content, at.codec).lower()
            elif number == _CONTENT_ID:
                file.content_id = _words(kind, content, at.codec)
            elif number == _OBJECT:
                objects.append((kind, content))
        file.name = file.name or short
        for kind, content in objects[:1] if not file.content else ():
            _take_object(found, file, kind, content, at)


def _take_object(found: Tnef, file: TnefFile, kind: int, content: bytes, at: _At) -> None:
    """Take an attached message apart, or keep what is no message as a file."""
    inner = content[_EMBEDDED_HEAD:]
    if kind == _OBJECT_TYPE and at.depth < _DEEPEST:
        try:
            message = _open(inner, at.depth + 1, at.budget)
        except NotTnef:
            file.content = inner
            return
        found.files += message.files
        if message.html:
            file.content, file.type, ending = message.html, "text/html", ".html"
        elif message.rtf:
            file.content, file.type, ending = message.rtf, "text/rtf", ".rtf"
        else:
            file.content, file.type, ending = message.text.encode(), "text/plain", ".txt"
        file.name = (file.name or "message") + ending
    else:
        file.content = inner if kind == _OBJECT_TYPE else content


def _properties(data: bytes) -> Iterator[Property]:
    """Yield the properties of an attribute; stops where they break off."""
    reader = _Reader(data)
    try:
        for _number in range(min(reader.number(), _MOST_PROPERTIES)):
            kind, number = struct.unpack("<HH", reader.take(4))
            several = bool(kind & 0x1000)
            kind &= 0xEFFF
            if number >= 0x8000:
                reader.skip_name()
            for value in reader.values(kind, several=several):
                yield kind, number, value
    except _Broken:
        return


class _Broken(Exception):
    """The bytes end before what they announce."""


class _Reader:
    """Reads numbers and strings forward."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.pos = 0

    def take(self, length: int) -> bytes:
        end = self.pos + length
        if end > len(self.data):
            raise _Broken
        taken = self.data[self.pos : end]
        self.pos = end
        return taken

    def number(self) -> int:
        return int.from_bytes(self.take(4), "little")

    def padded(self) -> bytes:
        """Take a value with its length before it, and what fills it up to four bytes."""
        length = self.number()
        value = self.take(length)
        self.pos += -length % 4
        return value

    def skip_name(self) -> None:
        """Go past the name of a property whose number is only given for this message."""
        self.take(16)
        if self.number() == 0:
            self.take(4)
        else:
            self.padded()

    def values(self, kind: int, *, several: bool) -> list[bytes]:
        if kind in _FIXED:
            many = self.number() if several else 1
            return [self.take(_FIXED[kind]) for _one in range(min(many, _MOST_VALUES))]
        if kind not in {_OBJECT_TYPE, _STRING8, _UNICODE, _BINARY}:
            raise _Broken
        return [self.padded() for _one in range(min(self.number(), _MOST_VALUES))]


def _words(kind: int, content: bytes, codec: str) -> str:
    if kind == _UNICODE:
        return content.decode("utf-16-le", "replace").rstrip("\0")
    return _string(content, codec)


def _string(content: bytes, codec: str) -> str:
    return content.rstrip(b"\0").decode(codec, "replace")


def _codec(page: int) -> str:
    name = {65001: "utf-8", 932: "cp932", 936: "gb18030", 949: "cp949", 950: "cp950"}.get(page)
    name = name or f"cp{page}"
    try:
        codecs.lookup(name)
    except LookupError:
        return "cp1252"
    return name


# What a compressed text begins with, so that its first words can refer to something.
_RTF_BEGIN = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss "
    b"\\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier"
    b"{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)


def unpacked_rtf(data: bytes, most: int = _MOST_RTF) -> bytes:
    """Return the RTF of a compressed text, at most so many bytes; what breaks off is cut."""
    if len(data) < 16:
        return b""
    most = min(most, int.from_bytes(data[4:8], "little"))
    form = data[8:12]
    if form == b"MELA":
        return data[16 : 16 + most]
    if form != b"LZFu":
        return b""
    window = bytearray(_RTF_BEGIN.ljust(4096, b" "))
    place = len(_RTF_BEGIN)
    out = bytearray()
    pos = 16
    while pos < len(data) and len(out) < most:
        flags = data[pos]
        pos += 1
        for bit in range(8):
            if flags >> bit & 1:
                if pos + 2 > len(data):
                    return bytes(out[:most])
                pair = int.from_bytes(data[pos : pos + 2], "big")
                pos += 2
                begin = pair >> 4
                if begin == place:
                    return bytes(out[:most])
                # A run may refer to what it writes itself, so it is copied byte by byte.
                for step in range((pair & 15) + 2):
                    byte = window[(begin + step) % 4096]
                    out.append(byte)
                    window[place] = byte
                    place = (place + 1) % 4096
            elif pos < len(data):
                out.append(data[pos])
                window[place] = data[pos]
                place = (place + 1) % 4096
                pos += 1
    return bytes(out[:most])
