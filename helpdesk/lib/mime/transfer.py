"""Undoing the encodings that carry bytes through mail: base64, quoted-printable, uuencode."""

import binascii
import re

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_NOT_BASE64 = bytes(set(range(256)) - set(_BASE64)) + b"="
_WHITE = b" \t\r\n\v\f"
_FOREIGN = re.compile(rb"[^A-Za-z0-9+/=\s]")
_UU_BEGIN = re.compile(rb"^begin[ \t]+[0-7]{3,4}[ \t]+(\S[^\r\n]{0,300})$", re.MULTILINE)
_LINE_END = re.compile(rb"\r\n|\r|\n")
_UU_NAMES = ("x-uuencode", "uuencode", "x-uue", "uue")
_MOST_PIECES = 1_000
_MOST_BEGINNINGS = 1_000
_MOST_LINES = 1_500_000  # of uuencode in one message: about 65 MB
_PLAIN_NAMES = ("", "7bit", "8bit", "binary", "7-bit", "8-bit", "none", "7bits", "8bits", "utf-8")


def decode_transfer(
    data: bytes, encoding: str, *, readable: bool = False
) -> tuple[bytes, str | None]:
    """Return the decoded bytes and, if something was wrong, what. Never raises.

    `readable` says that people read the part: plain text after the end of base64, the footer of a
    mailing list, is then kept; behind a file it would only damage the file.
    """
    encoding = encoding.strip().strip("\"'").lower()
    if encoding in _PLAIN_NAMES:
        return data, None
    if encoding in ("base64", "base-64", "x-base64"):
        return _base64(data, readable=readable)
    if encoding in ("quoted-printable", "quotedprintable", "quoted_printable", "qp"):
        return binascii.a2b_qp(data), None
    if encoding in _UU_NAMES:
        files, _ = extract_uuencoded(data)
        return (files[0][1], None) if files else (data, "not uuencoded")
    return data, f"unknown transfer encoding {encoding[:40]!r}"


def _base64(data: bytes, *, readable: bool) -> tuple[bytes, str | None]:
    if not data.translate(None, _BASE64 + _WHITE):
        return _base64_pieces(data)
    # Something else begins somewhere. The lines before it are base64; if what follows reads like
    # text it is the footer that a mailing list appends, otherwise a few characters got damaged.
    foreign = _FOREIGN.search(data)
    line = data.rfind(b"\n", 0, foreign.start() if foreign else 0) + 1
    head, tail = data[:line], data[line:]
    if not _reads_like_text(tail):
        return _base64_pieces(data)[0], "characters that are not base64"
    if not head.strip() or _reads_like_text(head):
        return data, "not base64, kept as it is"
    decoded, _ = _base64_pieces(head)
    return decoded + b"\n" + tail if readable else decoded, "text after the end of base64"


def _reads_like_text(data: bytes) -> bool:
    """Whether data has the spaces of sentences, or much that base64 has not."""
    foreign = len(data.translate(None, _BASE64 + _WHITE))
    wrapped = data.count(b" \n") + data.count(b" \r")
    much = max(len(data) // 12, 2)
    return foreign > much or (data.count(b" ") - wrapped) * 12 > len(data)


def _base64_pieces(data: bytes) -> tuple[bytes, str | None]:
    """Decode base64, whatever stands between. Gateways join pieces that are each padded."""
    decoded = []
    problem = None
    for piece in data.rstrip(b"=\r\n\t ").split(b"=", _MOST_PIECES):
        clean = piece.translate(None, _NOT_BASE64)
        if len(clean) % 4 == 1:
            clean, problem = clean[:-1], "base64 cut off"
        decoded.append(binascii.a2b_base64(clean + b"=" * (-len(clean) % 4)))
    return b"".join(decoded), problem


def extract_uuencoded(data: bytes) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Return the files uuencoded inside a text as (name, content), and the text without them.

    Only what decodes to its `end` counts: a sentence that begins with "begin 644 …" stays text.
    """
    if b"begin" not in data:
        return [], data
    files: list[tuple[bytes, bytes]] = []
    kept: list[bytes] = []
    text = _LINE_END.sub(b"\n", data)
    pos = copied = tries = 0
    lines = _MOST_LINES
    while tries < _MOST_BEGINNINGS and lines and (begin := _UU_BEGIN.search(text, pos)) is not None:
        tries += 1
        content, after, lines = _uu_lines(text, begin.end() + 1, lines)
        if content is not None:
            files.append((begin[1].strip(), content))
            kept.append(text[copied : begin.start()])
            copied = after
        pos = max(after, begin.end())
    if not files:
        return [], data
    kept.append(text[copied:])
    return files, b"".join(kept)


def _uu_lines(text: bytes, pos: int, most: int) -> tuple[bytes | None, int, int]:
    """Decode lines up to `end`; return the content, where it ends and how many lines are left.

    The content is None when there is no `end` or a line that is no uuencode before it.
    """
    pieces: list[bytes] = []
    while pos < len(text) and most:
        most -= 1
        stop = text.find(b"\n", pos)
        stop = len(text) if stop < 0 else stop
        line = text[pos:stop].rstrip()
        if line == b"end":
            return b"".join(pieces), min(stop + 1, len(text)), most
        if line:
            try:
                pieces.append(binascii.a2b_uu(line))
            except binascii.Error:
                # Old encoders leave stray characters at the end of a line.
                wanted = (((line[0] - 32) & 63) * 4 + 5) // 3
                try:
                    pieces.append(binascii.a2b_uu(line[:wanted]))
                except binascii.Error:
                    return None, pos, most
        pos = stop + 1
    return None, len(text), most
