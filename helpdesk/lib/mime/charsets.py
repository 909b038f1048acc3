"""Bytes to text: the declared charset where it is true, a careful guess where it is not."""

import codecs
import re

from charset_normalizer import from_bytes

from helpdesk.lib.text import clean_text

# Names seen in mail that Python spells otherwise, and charsets whose real-world superset is what
# senders mean (the same choices browsers make).
_ALIASES = {
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "ansi": "cp1252",
    "ansi-x3.4-1968": "cp1252",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "windows-1252http-equivcontent-type": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "iso-8859-6-i": "iso8859-6",
    "iso-8859-6-e": "iso8859-6",
    "gb2312": "gb18030",
    "gb-2312": "gb18030",
    "gb-2312-80": "gb18030",
    "gb2312-80": "gb18030",
    "gb2312-1980": "gb18030",
    "chinesesimplified": "gb18030",
    "euc-cn": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "cp936": "gb18030",
    "ms936": "gb18030",
    "windows-936": "gb18030",
    "chinese-gb": "gb18030",
    "hz-gb-2312": "hz",
    "big5": "cp950",
    "big-5": "cp950",
    "chinesebig5": "cp950",
    "x-big5": "cp950",
    "x-x-big5": "cp950",
    "big5-hkscs": "big5hkscs",
    "shift-jis": "cp932",
    "shift_jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "ms932": "cp932",
    "windows-31j": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-2022-jp-1": "iso2022_jp_ext",
    "x-euc-jp": "euc_jp",
    "euc-kr": "cp949",
    "ks-c-5601-1987": "cp949",
    "ks-c-5601": "cp949",
    "ksc5601": "cp949",
    "x-windows-949": "cp949",
    "unicode-1-1-utf-8": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "utf-8mb4": "utf-8",
    "utf8mb4": "utf-8",
    "unicode": "utf-16",
    "koi8": "koi8-r",
    "x-koi8-r": "koi8-r",
    "koi8-ru": "koi8-u",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-cp1250": "cp1250",
    "x-cp1251": "cp1251",
    "x-ansi": "cp1252",
}

# Python also calls these "text encodings"; as a charset of mail they are a mistake or an attack
# (idna and punycode take quadratic time).
_NOT_CHARSETS = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs"}

# Where a second superset may read what the first one can't.
_SECOND = {"cp950": "big5hkscs", "iso2022_jp_ext": "iso2022_jp_2004", "cp932": "euc_jp"}

# What to choose from when nothing is declared: the charsets people's machines really used.
_GUESSES = [
    "cp1251",
    "koi8_r",
    "cp1250",
    "iso8859_2",
    "cp1252",
    "gb18030",
    "big5",
    "cp932",
    "euc_jp",
    "cp949",
    "cp1253",
    "cp1255",
    "cp1256",
    "cp1254",
    "cp874",
    "cp866",
]
_SAMPLE = 8192  # bytes looked at when guessing; more makes it slow, not better

_HIGH = re.compile(rb"[\x80-\xff]+")
_UTF8_LONG = re.compile(rb"[\xe1-\xef][\x80-\xbf][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf]{3}")
_JIS = re.compile(rb"\x1b\$[@B]|\x1b\(J")


def codec_for(name: str) -> str | None:
    """Return the name of the Python codec for a declared charset, None when there is none."""
    label = re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-")
    label = label.removeprefix("charset-").removeprefix("cs")
    label = _ALIASES.get(label, label)
    if len(label) > 40:
        return None
    try:
        info = codecs.lookup(label)
    except (LookupError, ValueError, UnicodeError):
        return None
    # The private flag tells text encodings from "zip" or "rot13"; decode() would refuse those.
    if info.name.replace("_", "-") in _NOT_CHARSETS or not getattr(info, "_is_text_encoding", True):
        return None
    return info.name


def decode(
    data: bytes, declared: str | None, hint: str | None = None, *, guess: bool = True
) -> tuple[str, str | None]:
    """Return the text of `data` and, if the declaration did not hold, a sentence saying so.

    `hint` is a codec that another part of the message uses; it is tried before guessing. A guess
    costs about a third of a millisecond: `guess=False` is for what there may be thousands of.
    The result has newlines only and is free of controls (see `text.clean_text`). Never raises.
    """
    text, problem = _decode(data, declared, hint, guess=guess)
    return clean_text(text), problem


def _decode(
    data: bytes, declared: str | None, hint: str | None, *, guess: bool
) -> tuple[str, str | None]:
    codec = codec_for(declared) if declared else None
    unknown = f"unknown charset {declared[:40]!r}" if declared and codec is None else None
    if data.isascii():
        return _seven_bit(data, codec, unknown)
    if data.startswith(codecs.BOM_UTF8):
        return data[3:].decode("utf-8", "replace"), unknown
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and b"\x00" in data[:200]:
        return data.decode("utf-16", "replace"), unknown

    # Text that is valid UTF-8 almost always is UTF-8, whatever the label says.
    text = _strict(data, "utf-8")
    if text is not None and (codec in (None, "utf-8", "cp1252") or _surely_utf8(data)):
        wrong = codec not in (None, "utf-8")
        return text, f"declared as {declared!r} but is UTF-8" if wrong else unknown

    # Eight bits under the label of a seven-bit charset: only a guess can help.
    if codec is None or declared is None or "ascii" in declared.lower():
        return _guess(data, hint, declared, unknown, guess=guess)
    for candidate in filter(None, (codec, _SECOND.get(codec))):
        text = _strict(data, candidate)
        if text is not None:
            return text, None
    if codec == "cp1252":
        # Five bytes mean nothing in windows-1252; as ISO-8859-1 they are invisible controls.
        return data.decode("latin-1"), None
    if codec.startswith("iso2022") or (codec == "utf-8" and not _mostly_utf8(data)):
        return _guess(data, hint, declared, unknown, guess=guess)
    return _replace(data, codec), f"bytes that are not {declared[:40]!r}"


def _seven_bit(data: bytes, codec: str | None, unknown: str | None) -> tuple[str, str | None]:
    """ASCII, or one of the charsets that switch with escapes."""
    plain = b"\x1b" not in data and b"\x00" not in data
    if plain and (codec in (None, "utf-8", "cp1252") or codec.startswith(("utf-16", "utf-32"))):
        return data.decode("ascii"), unknown
    if _JIS.search(data) and (codec is None or not codec.startswith("iso2022")):
        codec = "iso2022_jp_ext"
    elif b"\x1b$)C" in data and codec is None:
        codec = "iso2022_kr"
    text = _strict(data, codec or "ascii")
    if text is not None:
        return text, unknown
    return _replace(data, codec or "ascii"), unknown or f"bytes that are not {codec!r}"


def _strict(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeError, ValueError, LookupError):
        return None


def _replace(data: bytes, codec: str) -> str:
    try:
        return data.decode(codec, "replace")
    except (UnicodeError, ValueError, LookupError):
        return data.decode("latin-1")


def _surely_utf8(data: bytes) -> bool:
    """Valid UTF-8 by chance is possible for a few two-byte pairs, hardly for longer ones."""
    return _UTF8_LONG.search(data) is not None and len(b"".join(_HIGH.findall(data[:4096]))) >= 6


def _mostly_utf8(data: bytes) -> bool:
    """A long UTF-8 text with a few broken bytes (cut in the middle by a gateway)."""
    text = data[:_SAMPLE].decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(1 for c in text if c > "\x7f") - bad
    return good > 4 * bad


def _guess(
    data: bytes, hint: str | None, declared: str | None, unknown: str | None, *, guess: bool
) -> tuple[str, str | None]:
    said = f"bytes that are not {declared[:40]!r}" if declared else "no charset declared"
    problem = unknown or said
    if hint and hint not in ("utf-8", "cp1252", "ascii") and not hint.startswith("iso2022"):
        text = _strict(data, hint)
        if text is not None:
            return text, f"{problem}, read as {hint}"
    codec = detect(data) if guess else "cp1252"
    return _replace(data, codec), f"{problem}, read as {codec}"


def detect(data: bytes) -> str:
    """Return the codec that eight-bit text without a charset is most likely written in."""
    sample = data[:_SAMPLE]
    runs = [len(run) for run in _HIGH.findall(sample)]
    # Western text has single accented letters among plain ones; detectors tend to see Polish there.
    single = sum(length for length in runs if length <= 2)
    if single * 2 > sum(runs) and sum(runs) * 4 < len(sample):
        return "cp1252"
    best = from_bytes(sample, cp_isolation=_GUESSES).best()
    return best.encoding if best is not None else "cp1252"
