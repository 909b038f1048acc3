"""Small, pure helpers for text that came from outside."""

import re

# Invisible characters that reorder what is read: with one of them "invoice" + "fdp.exe" shows as
# "invoiceexe.pdf".
_OVERRIDES = re.compile("[\u202d\u202e]")
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")

# C0 and C1 controls (newline and tab stay) and halves of surrogate pairs, which no database and
# no UTF-8 encoder accepts.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_NEWLINES = ("\r\n", "\r", "\x85", "\u2028", "\u2029")
_SPACES = re.compile(r"\s+")
_LINE_CONTROLS = re.compile("[\x00-\x08\x0e-\x1b\x7f\x80-\x84\x86-\x9f\ud800-\udfff\ufeff]")

# What mail programs of the world put before the subject of a reply or a forward. Single letters
# ("R:", "I:") are left out on purpose: "R: drive is full" is a subject.
_PREFIX = re.compile(
    r"""\s{0,9}(?:
        re | réf? | ref | aw | antw(?:ort)? | sv | vs | odp | ynt | res | ang | vá | atb
        | fwd? | fw | wg | tr | rv | enc | vb | vl | pd | i̇lt | ilt | doorst | rif
        | отв(?:ет)? | пересл | απ | πρθ
        | 回复 | 回覆 | 答复 | 答覆 | 转发 | 轉發 | 转寄 | 轉寄 | 回信 | 返信 | 転送 | 답장 | 전달
    )
    \s{0,9}(?:\[\d{1,4}\]|\(\d{1,4}\)|\^\d{1,4}|\d{1,2}(?=\s{0,9}[:\uff1a]))?
    \s{0,9}[:\uff1a]\s*""",
    re.IGNORECASE | re.VERBOSE,
)
_NUMBER = re.compile(r"[\[\u3010\uff3b]\s{0,3}[#\uff03]\s{0,3}(\d{1,12})\s{0,3}[\]\u3011\uff3d]")
_QUOTED = re.compile(r"\s*[>|]")


def normalise_newlines(text: str) -> str:
    """Return the text with every kind of line end as a single newline."""
    if "\r" not in text and text.isascii():
        return text
    for end in _NEWLINES:
        text = text.replace(end, "\n")
    return text


def clean_text(text: str) -> str:
    """Return text of several lines that is safe to store and to show as text.

    Line ends become newlines; control characters, lone surrogates and the two characters that
    force a writing direction disappear.
    """
    text = normalise_newlines(text)
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return _OVERRIDES.sub("", _CONTROLS.sub("", text))


def one_line(text: str, limit: int | None = None) -> str:
    """Return the text as one line: no controls, no direction marks, outer spaces stripped.

    White space other than the plain space becomes a space; `limit` counts characters and cuts
    with an ellipsis.
    """
    if not (text.isascii() and text.isprintable()):
        text = _DIRECTION.sub("", _LINE_CONTROLS.sub("", text))
        text = re.sub(r"[^\S \xa0\u3000]+", " ", text)
    text = text.strip()
    if limit is not None and len(text) > limit:
        text = text[: limit - 1].rstrip() + "…"
    return text


def bare_subject(subject: str) -> str:
    """Return the subject without the "Re:", "AW:", "回复:" … that replies and forwards gather."""
    start = 0
    while match := _PREFIX.match(subject, start):
        start = match.end()
    return subject[start:].strip() or subject.strip()


def ticket_number(subject: str) -> int | None:
    """Return the ticket number written as `[#48213]` in a subject; the first one counts."""
    match = _NUMBER.search(subject)
    return int(match[1]) if match else None


def snippet(text: str, limit: int = 160) -> str:
    """Return the beginning of a text on one line, quoted lines left out, cut between words."""
    # A few screens are enough to fill any snippet; a pasted log of a megabyte is not read.
    lines = text[: 20 * limit + 2000].split("\n")
    own = [line for line in lines if not _QUOTED.match(line)]
    short = _SPACES.sub(" ", one_line(" ".join(own if any(map(str.strip, own)) else lines))).strip()
    if len(short) <= limit:
        return short
    cut = short[: limit - 1]
    space = cut.rfind(" ")
    # Chinese and Japanese have no spaces to cut at, and a very long word is cut in the middle.
    return (cut[:space] if space > limit // 2 else cut).rstrip() + "…"
