"""Words for searching, the same way in every language.

Text without spaces (Chinese, Japanese, Korean) is cut into overlapping pairs of characters, so
that an ordinary word index finds two-character words; everything else is cut at what is neither
letter nor digit. The same cut is made for documents and for questions, and it is made before the
text reaches a database, so that SQLite and PostgreSQL find the same.
"""

import re
import unicodedata

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af\U00020000-\U0003ffff"
_RUN = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}]+")
_PLAIN_RUN = re.compile("[a-z0-9]+")
_IS_CJK = re.compile(rf"[{_CJK}]")

_ACCENTS = re.compile("([a-z])[\u0300-\u036f]+")

MAX_WORD = 64
"""Longer runs of letters are cut off: they are encoded data, not words."""


def _bare(run: str) -> str:
    """Return letters without their accents, so that ``Zürich`` is found by ``zurich``."""
    if run.isascii():
        return run
    apart = unicodedata.normalize("NFD", run)
    return unicodedata.normalize("NFC", _ACCENTS.sub(r"\1", apart))


def _plain(text: str) -> list[str]:
    """Cut text of nothing but ASCII, which most is, in a quarter of the time."""
    return [run[:MAX_WORD] for run in _PLAIN_RUN.findall(text.lower())]


def words(text: str) -> list[str]:
    """Cut text into search words: lower case, NFKC, Latin without accents, CJK runs into pairs.

    A CJK run of one character stays as it is.
    """
    if text.isascii():
        return _plain(text)
    found: list[str] = []
    for run in _RUN.findall(unicodedata.normalize("NFKC", text).casefold()):
        if _IS_CJK.match(run) and len(run) > 1:
            found.extend(run[at : at + 2] for at in range(len(run) - 1))
        else:
            found.append(_bare(run)[:MAX_WORD])
    return found


def expand(text: str, limit: int = 20_000) -> str:
    """Return the words of the first ``limit`` characters joined by spaces, ready for an index.

    Every CJK character also stands alone, so that a question of one character finds it.
    """
    if text.isascii():
        return " ".join(_plain(text[:limit]))
    found: list[str] = []
    for run in _RUN.findall(unicodedata.normalize("NFKC", text[:limit]).casefold()):
        if _IS_CJK.match(run) and len(run) > 1:
            found.extend(run)
            found.extend(run[at : at + 2] for at in range(len(run) - 1))
        else:
            found.append(_bare(run)[:MAX_WORD])
    return " ".join(found)
