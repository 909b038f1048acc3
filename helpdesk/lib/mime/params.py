"""Header values of the shape `value; name=value; …`: RFC 2045, RFC 2231 and what is really sent."""

import re
from urllib.parse import unquote_to_bytes

from helpdesk.lib.mime.charsets import decode

Params = dict[str, str]

# One parameter. The value is quoted, or bare up to the next semicolon: bare values with spaces
# (`filename=my report.pdf`) are wrong and common. A quote that is never closed ends with the value.
_PARAM = re.compile(
    r"""(?P<name>[^\s=;]{1,100}) \s{0,50} = \s{0,50}
    (?: "(?P<quoted>(?:[^"\\]|\\.)*)"? | (?P<bare>[^;]*) )
    """,
    re.VERBOSE | re.DOTALL,
)
_NO_SEMICOLON = re.compile(r"\s*([\w.+-]+(?:/[\w.+-]+)?)\s+(?=[\w*-]+\s*=)")
_GAP = re.compile(r"[;\s]*")
_SKIP = re.compile(r"[^;]*")
_QUOTED_PAIR = re.compile(r'\\(["\\])')
_COMMENT = re.compile(r"\([^()\"]{0,500}\)")
_MOST = 200  # parameters of one header that are read


def unfold(value: bytes) -> bytes:
    """Return a folded header value on one line; the white space at each fold becomes one space."""
    value = value.strip(b" \t\r\n")
    if b"\n" not in value and b"\r" not in value:
        return value
    # Splitting is linear where a substitution of ` *\n *` would be quadratic.
    return b" ".join(filter(None, (line.strip(b" \t") for line in value.splitlines())))


def parse_params(value: bytes) -> tuple[str, Params]:
    """Return what stands before the first semicolon, and the parameters by lower-case name.

    RFC 2231 continuations are joined and its charsets decoded; encoded words in a value are left
    for the caller. Bytes that are no UTF-8 are lone surrogates (see `surrogateescape`).
    """
    text = unfold(value).decode("utf-8", "surrogateescape")
    first, _, rest = text.partition(";")
    if "(" in first:
        first = _COMMENT.sub("", first)
    if "=" in first:
        # The type itself is missing (`Content-Type: charset=utf-8`), or the semicolon after it.
        split = _NO_SEMICOLON.match(text)
        first, rest = (split[1], text[split.end() :]) if split else ("", text)
    found: dict[str, str] = {}
    pos = 0
    while len(found) < _MOST:
        gap = _GAP.match(rest, pos)
        pos = gap.end() if gap else pos
        if pos >= len(rest):
            break
        match = _PARAM.match(rest, pos)
        if match is None:
            skipped = _SKIP.match(rest, pos)
            pos = skipped.end() if skipped else len(rest)
            continue
        pos = match.end()
        quoted = match["quoted"]
        item = match["bare"].strip() if quoted is None else _QUOTED_PAIR.sub(r"\1", quoted)
        # The first of two wins, as in mail programs; a later one may be there to deceive scanners.
        found.setdefault(match["name"].lower(), item)
    return first.strip(), _join(found) if any("*" in name for name in found) else found


def _join(found: dict[str, str]) -> Params:
    """Put `name*0*=`, `name*1=` … together and undo `name*=charset'language'percent-encoded`."""
    joined: Params = {}
    pieces: dict[str, dict[int, tuple[bool, str]]] = {}
    for key, value in found.items():
        name, star, tail = key.partition("*")
        if not star:
            continue
        encoded = not tail or tail.endswith("*")
        number = tail.rstrip("*") or "0"
        if name and number.isascii() and number.isdigit() and len(number) <= 3:
            pieces.setdefault(name, {}).setdefault(int(number), (encoded, value))
    for name, numbered in pieces.items():
        joined[name] = _decode_pieces([numbered[number] for number in sorted(numbered)])
    for key, value in found.items():
        if "*" not in key:
            joined.setdefault(key, value)
    return joined


def _decode_pieces(pieces: list[tuple[bool, str]]) -> str:
    charset = ""
    if pieces[0][0] and pieces[0][1].count("'") >= 2:
        charset, _, rest = pieces[0][1].split("'", 2)
        pieces = [(True, rest), *pieces[1:]]
    data = b"".join(
        unquote_to_bytes(value.encode("utf-8", "surrogateescape"))
        if encoded
        else value.encode("utf-8", "surrogateescape")
        for encoded, value in pieces
    )
    return decode(data, charset or None)[0]
