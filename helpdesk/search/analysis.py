"""From text to terms: what of a document is indexed, and what of a question is looked up.

Terms are in four fields, each of which says something else about a text:

==========  =====================================================  =================
``words``   stems of words; pairs of characters of dense scripts,   what it is about
            whole words of katakana, single characters (``'字``)
``forms``   the words as they were written, without accents         the very word
``pairs``   two neighbouring stems, little words left out           what belongs together
``parts``   five letters out of long words, where a tongue writes   words within words
            compounds as one
==========  =====================================================  =================

How much each weighs in a question is ``WEIGHTS``; docs/search.md has the figures behind it.
"""

import re
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from helpdesk.search import folding, tongues

LONGEST_TEXT = 200_000
"""Characters of a document that are indexed."""
LONGEST_WORD = 64
"""Longer runs of letters are cut off: they are encoded data, not words."""
SHORTEST_COMPOUND = 6
PART = 5
PAIRS = 1 << 19
"""Numbers that stand for pairs."""

WEIGHTS = {
    "word": 1.0,
    "stop": 0.2,
    "form": 0.3,
    # Where the word is its own stem, its stem has counted; other tongues may have cut it.
    "same": 0.05,
    "pair": 0.3,
    "part": 0.15,
    # Within dense scripts: two Han characters are a word as a rule. A pair across a change of
    # script seldom is, one of katakana is a piece of the word beside it, one of hiragana grammar.
    "mixed": 0.5,
    "kana": 0.2,
    "character": 0.3,
    "joined": 0.5,
}
"""How much a term of a question weighs, by what it is."""

_RUN = re.compile(
    rf"(?P<dense>[{folding.DENSE}]+)"
    rf"|[^\W_{folding.DENSE}](?:[{folding.MARKS}]|[^\W_{folding.DENSE}])*"
)
_SCRIPT = re.compile(
    f"[{folding.KATAKANA}]+|[{folding.HIRAGANA}]+|[^{folding.KATAKANA}{folding.HIRAGANA}]+"
)
_END = re.compile(r"[.!?;:]\s|\n\s*\n")
"""Where a sentence ends; a point within a name of a file or host is none."""
_LONG_VOWEL = "ー"


@dataclass(slots=True)
class Bag:
    """The terms of a document with how often they come, weighted by where they stand."""

    words: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    forms: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    pairs: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    parts: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    length: int = 0


@dataclass(frozen=True, slots=True)
class Term:
    """Something a question looks up: any of ``texts`` in a field counts as it.

    ``main`` terms are what was asked; without one of them nothing is found.
    """

    field: str
    texts: tuple[str, ...]
    weight: float
    main: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of letters as it was written: a word, or text of a dense script."""

    text: str
    dense: bool
    joined: bool = False
    """Whether a hyphen joins it to the piece before it."""
    first: bool = False
    """Whether a sentence begins with it."""


def pieces(text: str) -> Iterator[Piece]:
    """Cut a text into its pieces, plain but with their accents."""
    shown = folding.plain(text)
    end = -1
    for found in _RUN.finditer(shown):
        run = found[0]
        between = shown[end : found.start()] if end >= 0 else ""
        end = found.end()
        if found["dense"]:
            yield Piece(run, True)
        else:
            first = _END.search(between) is not None
            yield Piece(run[:LONGEST_WORD], False, between == "-", first)


def fill(bag: Bag, text: str, tongue: str, boost: float = 1.0, *, counts: bool = True) -> None:
    """Put the terms of a text into a bag, ``boost`` times.

    ``counts`` says whether its words make the document longer.
    """
    stem, stops = tongues.stemmer(tongue), tongues.stops(tongue)
    before = last = ""
    length = 0
    for piece in pieces(text[:LONGEST_TEXT]):
        if piece.dense:
            before = last = ""
            for term, kind in _dense(piece.text):
                bag.words[term] += boost
                length += kind not in {"character", "kata"}
            continue
        form, word = folding.fold(piece.text), stem(piece.text)
        length += 1
        bag.words[word] += boost
        bag.forms[form] += boost
        if piece.joined and last and len(last) + len(form) <= LONGEST_WORD:
            # "e-mail" is found by "email"; "email" by "e-mail" because a question does the same.
            whole = last + form
            bag.words[stem(whole)] += boost
            bag.forms[whole] += boost
        last = form
        if piece.first:
            before = ""
        if form in stops:
            continue
        if before:
            bag.pairs[pair(before, word)] += boost
        before = word
        if tongue in tongues.COMPOUNDING:
            for part in _parts(form):
                bag.parts[part] += boost
    if counts:
        bag.length += length


def asked(text: str, tongue: str, among: Collection[str] = (), weight: float = 1.0) -> list[Term]:
    """Return the terms of a question in a tongue; words may stand in texts of ``among`` too."""
    stops = tongues.stops(tongue)
    stemmers = [tongues.stemmer(each) for each in dict.fromkeys((tongue, *among))]
    compounds = any(each in tongues.COMPOUNDING for each in (tongue, *among))
    # A Latin word in Chinese text is a name, and stands as it is.
    unstemmed = tongue not in tongues.STEMMERS
    found: dict[tuple[str, str], Term] = {}

    def add(field: str, texts: Sequence[str], kind: str, main: bool = False) -> None:
        term = Term(field, tuple(dict.fromkeys(texts)), WEIGHTS[kind] * weight, main)
        found.setdefault((field, term.texts[0]), term)

    before: list[str] = []
    last = ""
    for piece in pieces(text):
        if piece.dense:
            before, last = [], ""
            for term, kind in _dense(piece.text):
                weak = kind == "pair" and tongue == "zh" and term in tongues.DENSE_STOPS
                known = {"pair": "stop" if weak else "word", "kata": "word", "single": "word"}
                add("words", [term], known.get(kind, kind), kind != "character" and not weak)
            continue
        form = folding.fold(piece.text)
        words = [stem(piece.text) for stem in stemmers]
        if not piece.text.isascii() or len(stemmers) > 1:
            words.append(stemmers[0](form))
        stop = form in stops
        add("words", words, "stop" if stop else "word", not stop)
        if piece.joined and last and len(last) + len(form) <= LONGEST_WORD:
            add("words", [stem(last + form) for stem in stemmers], "joined")
        last = form
        if piece.first:
            before = []
        if stop:
            continue
        add("forms", [form], "form" if form != words[0] or unstemmed else "same", main=True)
        if before:
            add("pairs", [pair(a, b) for a, b in zip(before, words, strict=False)], "pair")
        before = words
        if compounds:
            for part in _parts(form):
                add("parts", [part], "part", main=True)
    return list(found.values())


def pair(one: str, other: str) -> str:
    """Return what stands for two neighbours: a number that few other pairs share.

    Most pairs come once, and a list for each would be half the index.
    """
    return f"{zlib.crc32(f'{one} {other}'.encode()) % PAIRS:05x}"


def _parts(form: str) -> Iterator[str]:
    if len(form) >= SHORTEST_COMPOUND:
        marked = f"_{form}"
        for at in range(len(marked) - PART + 1):
            yield marked[at : at + PART]


def _dense(run: str) -> Iterator[tuple[str, str]]:
    """Yield the terms of a run of a dense script, each with what kind it is.

    Kinds are "pair", "mixed", "kana", "character", "kata" (a whole word of katakana) and "single"
    (a run of one character).
    """
    run = folding.fold(run)
    if len(run) == 1:
        yield run, "single"
        yield f"'{run}", "character"
        return
    scripts = "".join(_script(char) for char in run)
    for char, script in zip(run, scripts, strict=True):
        if script not in "hk":
            yield f"'{char}", "character"
    for at in range(len(run) - 1):
        both = scripts[at : at + 2]
        kind = "pair" if both == "cc" else "kana" if both in {"hh", "kk"} else "mixed"
        yield run[at : at + 2], kind
    for found in _SCRIPT.finditer(run):
        if scripts[found.start()] == "k" and len(found[0]) > 1:
            # A last long vowel is written or not: サーバー, サーバ.
            yield f"'{found[0].rstrip(_LONG_VOWEL)}", "kata"


def _script(char: str) -> str:
    if "\u3041" <= char <= "\u309f":
        return "h"
    return "k" if "\u30a1" <= char <= "\u30ff" else "c"
