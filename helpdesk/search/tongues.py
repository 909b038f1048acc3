"""What the search knows about languages: stems, words that say little, and which one a text is.

A tongue is the language of a locale without its country: "zh" of "zh_Hans_CN".
"""

import functools
import re
from collections import Counter
from collections.abc import Callable, Collection

import snowballstemmer
from whoosh.lang.stopwords import stoplists

from helpdesk.search import folding

STEMMERS = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek",
    "en": "english", "es": "spanish", "et": "estonian", "eu": "basque", "fi": "finnish",
    "fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian",
    "id": "indonesian", "it": "italian", "lt": "lithuanian", "nb": "norwegian", "ne": "nepali",
    "nl": "dutch", "nn": "norwegian", "no": "norwegian", "pl": "polish", "pt": "portuguese",
    "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish", "ta": "tamil",
    "tr": "turkish",
}  # fmt: skip
"""The stemmer of each tongue; words of others stay as they are."""

COMPOUNDING = frozenset({"da", "de", "fi", "hu", "nb", "nl", "nn", "no", "sv"})
"""Tongues that write compounds as one word, so that parts of words are words too."""

LISTED = {"nb": "no", "nn": "no"}

DENSE_STOPS = frozenset(
    folding.fold(word)
    for word in (
        "什么 怎么 怎样 如何 为何 为什 哪些 哪个 哪里 这个 那个 这些 那些 可以 能否 是否 可否 有没"
        " 么是 是什 有什 么样 该怎 该如 我们 你们 他们 它们 我的 你的 您的 一个 一些 没有 不是 因为"
        " 所以 但是 如果 以及 或者 并且 而且 关于 对于 应该 要如 何才 才能 能够 还是 就是 都是 也是"
        " 需要 时候"
    ).split()
)
"""Pairs of characters that ask or connect and say nothing of what a Chinese text is about."""

MOST_WORDS = 4000
"""Characters of a text from which its language is guessed."""

_WORD = re.compile(r"[^\W\d_]+")
_KANA = re.compile(f"[{folding.HIRAGANA}{folding.KATAKANA}]")
_HAN = re.compile(f"[{folding.HAN}]")
_HANGUL = re.compile("[\uac00-\ud7af]")


def of(language: str) -> str:
    """Return the tongue of a locale or language tag; "" of none."""
    return re.split("[-_]", language, maxsplit=1)[0].lower()


@functools.cache
def stemmer(tongue: str) -> Callable[[str], str]:
    """Return what makes the stem of a word that is plain; the stem is folded."""
    name = STEMMERS.get(tongue)
    if name is None:
        return functools.lru_cache(100_000)(folding.fold)
    # The algorithm keeps the word it works on in itself, so each thread has one of its own.
    make = _PerThread(name)
    return functools.lru_cache(100_000)(lambda word: folding.fold(make(word)))


class _PerThread:
    """A Snowball stemmer for whichever thread asks."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, word: str) -> str:
        stem: str = snowballstemmer.stemmer(self._name).stemWord(word)
        return stem


@functools.cache
def stops(tongue: str) -> frozenset[str]:
    """Return the folded words of a tongue that say little about a text's matter."""
    listed = stoplists.get(LISTED.get(tongue, tongue), ())
    return frozenset(folding.fold(folding.plain(word)) for word in listed)


def guess(text: str, among: Collection[str] = (), otherwise: str = "en") -> str:
    """Return the tongue a text is probably written in.

    Chinese, Japanese and Korean are told by their script, the others by their most frequent
    words; ``among`` names those that come into question (all by default), ``otherwise`` what a
    text is that shows no sign.
    """
    sample = text[:MOST_WORDS]
    kana, han, hangul = (len(sign.findall(sample)) for sign in (_KANA, _HAN, _HANGUL))
    letters = sum(map(len, _WORD.findall(sample)))
    if kana * 10 > letters:
        return "ja"
    if hangul * 4 > letters:
        return "ko"
    if han * 5 > letters:
        return "ja" if kana * 4 > han or (otherwise == "ja" and not kana) else "zh"
    words = Counter(folding.fold(word) for word in _WORD.findall(folding.plain(sample)))
    hits = {
        tongue: sum(words[word] for word in stops(tongue))
        for tongue in (among or stoplists)
        if tongue in STEMMERS
    }
    best = max(hits.values(), default=0)
    if best == 0 or hits.get(otherwise) == best:
        return otherwise
    return next(tongue for tongue, count in hits.items() if count == best)
