"""Letters that count as the same: width, case, accents, and the forms of Chinese characters.

What is indexed and what is asked is folded by the same functions, so a question finds its words
however either was typed. Simplified, traditional and Japanese forms of a character become one,
by OpenCC's tables; none of this is ever shown.
"""

import functools
import re
import unicodedata

import opencc

HIRAGANA = "\u3041-\u3096\u309d-\u309f"
KATAKANA = "\u30a1-\u30fa\u30fc-\u30ff"
HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
OTHERS = "\uac00-\ud7af\u1000-\u109f\u1780-\u17dd\u0e01-\u0e4e\u0e81-\u0ece"
"""Hangul, whose words carry endings of many kinds, and scripts without spaces: Burmese, Khmer,
Thai, Lao."""
DENSE = HIRAGANA + KATAKANA + HAN + OTHERS
"""What is cut into pairs of characters, because spaces do not say where its words end."""

MARKS = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0900-\u0963\u0966-\u0dff"
"""Marks that belong to the letter before them, and the scripts of India, whose vowels are marks."""

_HAN = re.compile(f"[{HAN}]")
_VOICED = "\u3099\u309a"
# The last planes have no characters that OpenCC knows.
_BLOCKS = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00), (0x20000, 0x2A6E0))


def plain(text: str) -> str:
    """Return a text in one width and lower case, its accents kept: stemmers need them."""
    if text.isascii():
        return text.lower()
    # Folding case can undo the normal form, so that is made twice.
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def fold(text: str) -> str:
    """Return plain text without accents and with one form of each Chinese character."""
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFD", text)
    kept = "".join(char for char in apart if not unicodedata.combining(char) or char in _VOICED)
    whole = unicodedata.normalize("NFC", kept)
    return whole.translate(_forms()) if _HAN.search(whole) else whole


@functools.cache
def _forms() -> dict[int, str]:
    """Return what each Chinese character folds to; characters alone, because words have meanings.

    Japanese forms become traditional ones, those become simplified.
    """
    known = [chr(code) for first, end in _BLOCKS for code in range(first, end)]
    to_traditional, to_simplified = opencc.OpenCC("jp2t"), opencc.OpenCC("t2s")
    folded = known
    # Twice, because the outcome of one table may be a form that the other one knows.
    for table in (to_traditional, to_simplified) * 2:
        # A line for each, so that no two characters are taken for a word.
        folded = table.convert("\n".join(folded)).split("\n")
    if len(folded) != len(known):
        raise RuntimeError("OpenCC's tables changed the number of characters")
    return {
        ord(char): same
        for char, same in zip(known, folded, strict=True)
        if char != same and len(same) == 1
    }
