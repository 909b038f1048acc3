"""Text as rules compare it: without case and width, the same in Python and in every database.

Databases fold text by rules of their own (``ß``, ``İ`` and ``Ａ`` are told apart differently by
each), so text is folded once, here, and what is stored and compared is the outcome. Between what
is no unbroken run of letters stands a mark: a word is then found as a whole by looking for it with
its marks, and a search within words is one for the same text without the outer marks. Chinese,
Japanese and Korean characters each stand alone, because nothing tells where their words end.
"""

import re
import unicodedata

MARK = "\x1f"
"""Stands between pieces; it never comes from outside."""

LIMIT = 8_000
"""Characters of a text that are looked at: what a message is about is said at its beginning."""

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af\U00020000-\U0003ffff"
_PIECE = re.compile(rf"[^\W_{_CJK}]+|.", re.DOTALL)
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_SPACES = re.compile(r"\s+")


def fold(text: str) -> str:
    """Return a text folded and marked, with a mark before and after it; "" for one of spaces."""
    inner = fold_part(text[:LIMIT])
    return f"{MARK}{inner}{MARK}" if inner else ""


def fold_part(text: str) -> str:
    """Return a text as it stands within a folded one: what a search in it looks for."""
    if text.isascii():
        plain = text.lower()
    else:
        # Folding case can undo the normal form, so that is made twice.
        plain = unicodedata.normalize("NFKC", text).casefold()
        plain = unicodedata.normalize("NFKC", plain)
    plain = _SPACES.sub(" ", _UNWANTED.sub("", plain)).strip()
    return MARK.join(_PIECE.findall(plain))


def whole_word(part: str) -> str:
    """Return a folded part as it stands where it is a word of its own."""
    return f"{MARK}{part}{MARK}"
