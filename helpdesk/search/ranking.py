"""Which documents answer a question, and how well: BM25 over the terms of a question.

``docs/search.md`` has what was tried and the figures; the constants are the same for every
language. Whoever may not read a document is left out before anything is counted.
"""

import heapq
import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from helpdesk.search.analysis import Term
from helpdesk.search.reading import NOTHING, Part, Postings, View

K1, B = 2.0, 0.9
"""How fast repetition stops counting, and how much a document's length counts."""

TAIL = 0.1
"""Share of the best hit's score below which a document is no answer."""

PREFERRED = 1.2
"""How much a document in the asker's language gains."""

KEPT = 200
"""Documents that are found at most; what comes after so many nobody looks at."""

FEW = 8
"""A list so many times as long as what was found is looked into, not read."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """One document that was found, before its language versions are brought together."""

    score: float
    part: Part
    at: int


Weighed = Sequence[tuple[Term, float]]
"""Terms of a question and what each adds to the score of a document at most."""


def rank(
    view: View,
    terms: Sequence[Term],
    mask: Callable[[Part], bytearray],
    prefer: str = "",
    tail: float = TAIL,
) -> list[Ranked]:
    """Return the best of what ``mask`` lets through, up to ``KEPT`` of each part of the index.

    ``prefer`` is the language that comes first; what scores less than a share of ``tail`` of the
    best is left out.
    """
    weighed = []
    for term in terms:
        frequency = min(view.count, view.frequency(term.field, term.texts))
        if frequency:
            rarity = math.log1p((view.count - frequency + 0.5) / (frequency + 0.5))
            weighed.append((term, term.weight * rarity * (K1 + 1)))
    # Rare words first: they say which documents come into question.
    weighed.sort(key=lambda each: (not each[0].main, -each[1]))
    found: list[Ranked] = []
    for part in view.parts:
        scores = _scores(view, part, weighed, mask(part))
        segment = part.segment
        worths, languages = segment.worths, segment.languages
        for score, at in heapq.nlargest(KEPT, zip(scores.values(), scores, strict=True)):
            weight = worths[at] * (PREFERRED if prefer and languages[at] == prefer else 1.0)
            found.append(Ranked(score * weight, part, at))
    # Of equals the newer one comes first, in every process.
    found.sort(key=lambda hit: (-round(hit.score, 9), -hit.part.segment.numbers[hit.at]))
    return [hit for hit in found if hit.score >= tail * found[0].score]


def _scores(view: View, part: Part, weighed: Weighed, mask: bytearray) -> dict[int, float]:
    """Return the score of every document of a part that can be among the best."""
    scores: dict[int, float] = {}
    norms = view.norms(part, K1, B)
    # What all terms from one on can add together, so that it is known when no other document can
    # come before those that were found.
    left = list(accumulate((factor for _term, factor in reversed(weighed)), initial=0.0))[:0:-1]
    open_to_all = True
    only_main = any(term.main for term, _factor in weighed)
    for (term, factor), possible in zip(weighed, left, strict=True):
        if len(scores) > KEPT and max(scores.values()) >= possible:
            least = heapq.nlargest(KEPT, scores.values())[-1]
            if least >= possible:
                # Who has no score yet can't come to be among the best, nor who is too far behind.
                open_to_all = False
                if len(scores) > 2 * KEPT:
                    bar = least - possible
                    scores = {at: score for at, score in scores.items() if score >= bar}
        if scores and only_main and not term.main:
            open_to_all = False
        ids, weights = either(part, term)
        if open_to_all:
            known = scores.get
            for at, weight in zip(ids, weights, strict=True):
                if mask[at]:
                    scores[at] = known(at, 0.0) + factor * weight / (weight + norms[at])
        elif len(ids) > FEW * len(scores):
            _look_up(scores, ids, weights, norms, factor)
        else:
            for at, weight in zip(ids, weights, strict=True):
                if at in scores:
                    scores[at] += factor * weight / (weight + norms[at])
    return scores


def _look_up(
    scores: dict[int, float],
    ids: Sequence[int],
    weights: Sequence[int],
    norms: Sequence[float],
    factor: float,
) -> None:
    """Add what a long list says of few documents."""
    end = len(ids)
    for at in scores:
        place = bisect_left(ids, at)
        if place < end and ids[place] == at:
            weight = weights[place]
            scores[at] += factor * weight / (weight + norms[at])


def either(part: Part, term: Term) -> Postings:
    """Return where any of a term's texts stands; the one that weighs most counts."""
    lists: list[Postings] = []
    for text in term.texts:
        found = part.segment.postings(term.field, text)
        if found is not NOTHING:
            lists.append(found)
    if not lists:
        return (), ()
    if len(lists) == 1:
        return lists[0]
    merged: dict[int, int] = {}
    for ids, weights in lists:
        for at, weight in zip(ids, weights, strict=True):
            if weight > merged.get(at, 0):
                merged[at] = weight
    ordered = sorted(merged)
    return ordered, [merged[at] for at in ordered]


def documents(part: Part, terms: Sequence[Term]) -> set[int]:
    """Return the documents of a part that have all of the terms."""
    found: set[int] | None = None
    for term in terms:
        here = set(either(part, term)[0])
        found = here if found is None else found & here
        if not found:
            return set()
    return found or set()
