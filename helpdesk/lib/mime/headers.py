"""Header values to text: folding, encoded words, raw eight-bit bytes, dates and message-ids."""

import binascii
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

from helpdesk.lib.mime.charsets import decode
from helpdesk.lib.mime.params import unfold
from helpdesk.lib.text import one_line

# The beginning of an encoded word; the end is looked for by hand, because a lazy pattern for the
# whole word takes quadratic time on a header full of beginnings.
_WORD_START = re.compile(r"=\?([\w.:+-]{1,40})(?:\*[\w-]{0,20})?\?([bBqQ])\?")
_HEX_PAIR = re.compile(rb"=([0-9A-Fa-f]{2})")
_ID = re.compile(r"<([^<>]{1,998})>")
_SPACES = re.compile(r"\s+")
_ISO_DATE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ]+(\d\d):(\d\d)(?::(\d\d))?(?:[.,]\d+)?\s*(Z|[+-]\d\d:?\d\d)?"
)
_DATE_PREFIX = re.compile(r"[^\d]{0,60}?(?=\d{1,2}\s+[A-Za-z]{3}|\w{3},)")


def decode_header(value: bytes, hint: str | None = None) -> str:
    """Return a header's value as one line of text, encoded words decoded. Never raises."""
    return decode_words(decode_raw(unfold(value), hint), hint)


def decode_raw(value: bytes, hint: str | None = None) -> str:
    """Return bytes of a header as text, encoded words left as they are."""
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii")
    return decode(value, None, hint, guess=hint is None)[0]


def decode_words(text: str, hint: str | None = None) -> str:
    """Return the text with its RFC 2047 encoded words decoded, on one line.

    As lenient as mail programs are: words inside quotes or glued to other text, spaces inside a
    word, words of any length, a character spread over two words.
    """
    if "=?" not in text:
        return one_line(text)
    pieces: list[str] = []
    # Neighbouring words of one charset are decoded together: their bytes may share a character.
    run, run_charset = bytearray(), ""
    after_word = False
    pos = 0

    def flush() -> None:
        if run:
            pieces.append(decode(bytes(run), run_charset, hint, guess=False)[0])
            run.clear()

    while (start := _WORD_START.search(text, pos)) is not None:
        stop = text.find("?=", start.end())
        if stop < 0:
            break
        between = text[pos : start.start()]
        # White space between two words is only there to separate them.
        if between and not (after_word and between.isspace()):
            flush()
            pieces.append(between)
        charset = start[1].lower()
        if charset != run_charset:
            flush()
            run_charset = charset
        run += _word_bytes(text[start.end() : stop], start[2])
        after_word = True
        pos = stop + 2
    flush()
    pieces.append(text[pos:])
    return one_line("".join(pieces))


def _word_bytes(text: str, encoding: str) -> bytes:
    data = text.encode("utf-8", "surrogateescape")
    if encoding in "qQ":
        data = data.replace(b"_", b" ")
        return _HEX_PAIR.sub(lambda match: bytes((int(match[1], 16),)), data)
    clean = re.sub(rb"[^A-Za-z0-9+/]+", b"", data)
    if len(clean) % 4 == 1:
        clean = clean[:-1]
    return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))


def parse_date(value: str) -> datetime | None:
    """Return the moment a Date header names, in UTC; None when it names none we believe.

    A time without a zone, or with one nobody knows, is taken as UTC.
    """
    value = value[:200]
    iso = _ISO_DATE.search(value)
    if iso is not None:
        parts: tuple[int, ...] = tuple(int(iso[n] or 0) for n in range(1, 7))
        offset = _iso_offset(iso[7])
    else:
        found = _parsedate(value)
        if found is None:
            return None
        parts, offset = found[:6], found[9] or 0
    try:
        year, month, day, hour, minute, second = parts
        if 100 <= year < 200:
            year += 1900  # Programs that were not ready for the year 2000 still send "102".
        zone = timezone(timedelta(seconds=offset)) if abs(offset) < 86_400 else UTC
        moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone)
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if 1970 <= moment.year < 2200 else None


def _parsedate(value: str) -> tuple[int, ...] | None:
    # Some senders put words before the date; the library wants it to come first.
    prefix = _DATE_PREFIX.match(value)
    for text in (value, value[prefix.end() :] if prefix else ""):
        try:
            found = parsedate_tz(text) if text else None
        except (ValueError, IndexError, TypeError, OverflowError):
            continue
        if found is not None:
            return tuple(item if item is not None else 0 for item in found)
    return None


def _iso_offset(zone: str | None) -> int:
    if not zone or zone == "Z":
        return 0
    sign = -1 if zone[0] == "-" else 1
    return sign * (int(zone[1:3]) * 3600 + int(zone[-2:]) * 60)


def message_ids(value: str, most: int) -> list[str]:
    """Return the message-ids in a References or In-Reply-To header, in order, each once.

    Beyond `most` the first and the latest are kept: the first names the thread, the latest the
    message that was answered.
    """
    found = list(dict.fromkeys(_ids(value)))
    return found if len(found) <= most else found[:1] + found[1 - most :]


def _ids(value: str) -> Iterable[str]:
    any_found = False
    for match in _ID.finditer(value):
        inner = match[1]
        # Long ids are folded by some programs; a phrase in brackets is no id.
        bare = _SPACES.sub("", inner)
        if bare and ("@" in bare or bare == inner):
            any_found = True
            yield f"<{bare}>"
    if not any_found and value.count("<") == 0:
        # Ids without brackets: everything that looks like one.
        for token in value.split()[:100]:
            if "@" in token and len(token) < 998:
                bare = token.strip(",;\"'()")
                yield f"<{bare}>"


def first_message_id(value: str) -> str | None:
    """Return the id in a Message-ID header, with brackets; a bare token is given some."""
    for found in _ids(value):
        return found
    token = _SPACES.sub("", value).strip("<>")
    return f"<{token[:996]}>" if token else None
