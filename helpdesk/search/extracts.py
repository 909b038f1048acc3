"""The piece of a text that a question is about, with its words marked."""

import re
from collections.abc import Collection

from markupsafe import Markup

from helpdesk.search import folding, tongues

LONGEST = 100_000
"""Characters of a text that are looked through."""

_RUN = re.compile(
    rf"(?P<dense>[{folding.DENSE}\uff66-\uff9f]+)"
    rf"|[^\W_{folding.DENSE}\uff66-\uff9f](?:[{folding.MARKS}]|[^\W_{folding.DENSE}\uff66-\uff9f])*"
)
_SPACES = re.compile(r"\s+")


def extract(text: str, words: Collection[str], around: int = 90, language: str = "") -> Markup:
    """Return the piece of a plain text with most of ``words``, which stand in ``<mark>``.

    ``words`` is what ``Found.words`` says. About ``around`` characters stand on each side; without
    any of the words it is the beginning. The text is escaped; without ``language`` it is guessed.
    """
    text = _SPACES.sub(" ", text[:LONGEST]).strip()
    marks = _marks(text, frozenset(words), tongues.of(language) or tongues.guess(text))
    first, last = _window(text, [(start, end) for start, end, _word in marks], 2 * around, marks)
    shown: list[Markup] = [Markup("… ")] if first else []
    at = first
    for start, end, _word in marks:
        if start < at or end > last:
            continue
        shown += [Markup.escape(text[at:start]), Markup("<mark>%s</mark>") % text[start:end]]
        at = end
    shown.append(Markup.escape(text[at:last]))
    if last < len(text):
        shown.append(Markup(" …"))
    return Markup().join(shown)


def _marks(text: str, words: frozenset[str], tongue: str) -> list[tuple[int, int, str]]:
    """Return where words stand: beginning, end, and which one."""
    stem = tongues.stemmer(tongue)
    found: list[tuple[int, int, str]] = []
    for run in _RUN.finditer(text):
        if run["dense"]:
            found += _dense_marks(run, words)
            continue
        plain = folding.plain(run[0])
        for word in (folding.fold(plain), stem(plain)):
            if word in words:
                found.append((run.start(), run.end(), word))
                break
    return found


def _dense_marks(run: re.Match[str], words: frozenset[str]) -> list[tuple[int, int, str]]:
    """Mark each stretch of a dense script that pairs of a question cover."""
    folded = folding.fold(folding.plain(run[0]))
    if len(folded) != len(run[0]):
        # Half-width letters with their marks apart: all of it or nothing.
        pairs = {folded[at : at + 2] for at in range(len(folded))}
        return [(run.start(), run.end(), folded)] if pairs & words else []
    covered = [False] * len(folded)
    for at in range(len(folded)):
        if folded[at : at + 2] in words and at + 1 < len(folded):
            covered[at] = covered[at + 1] = True
        elif len(folded) == 1 and folded in words:
            covered[at] = True
    found = []
    start = None
    for at, one in enumerate([*covered, False]):
        if one and start is None:
            start = at
        elif not one and start is not None:
            found.append((run.start() + start, run.start() + at, folded[start:at]))
            start = None
    return found


def _window(
    text: str, places: list[tuple[int, int]], size: int, marks: list[tuple[int, int, str]]
) -> tuple[int, int]:
    """Return the beginning and the end of the stretch with most different words."""
    if len(text) <= size:
        return 0, len(text)
    best, best_count = 0, 0
    for number, (start, _end) in enumerate(places[:400]):
        inside = {
            word for begin, end, word in marks[number : number + 60] if end <= start + size * 3 // 4
        }
        if len(inside) > best_count:
            best, best_count = start, len(inside)
    first = max(0, best - size // 4)
    last = min(len(text), first + size)
    return _between_words(text, first, forward=True), _between_words(text, last, forward=False)


def _between_words(text: str, at: int, *, forward: bool) -> int:
    """Move to the next space within a few letters, so that no word is cut."""
    if at in {0, len(text)}:
        return at
    steps = range(at, min(len(text), at + 20)) if forward else range(at, max(0, at - 20), -1)
    for step in steps:
        if text[step - 1].isspace() if forward else text[step : step + 1].isspace():
            return step
    return at
