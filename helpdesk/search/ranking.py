"""Which documents answer a question, and how well: BM25 over the terms of a question.

``docs/search.md`` has what was tried and the figures; the constants are the same for every
language. Whoever may not read a document is left out before anything is counted.
"""

import heapq
import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from helpdesk.search.analysis import Term
from helpdesk.search.reading import NOTHING, Part, Postings, View

K1, B = 2.0, 0.9
"""How fast repetition stops counting, and how much a document's length counts."""

TAIL = 0.1
"""Share of the best hit's score below which a document is no answer."""

TOTAL = 1000
"""Documents that are counted at most."""

FEW = 8
"""A list so many times as long as what was found is looked into, not read."""


@dataclass(slots=True)
class Ranked:
    """One document that was found, before its language versions are brought together."""

    score: float
    part: Part
    at: int


@dataclass(slots=True)
class Result:
    """What was found, the best first, and how many there are up to ``TOTAL``."""

    hits: list[Ranked] = field(default_factory=list)
    total: int = 0


def rank(
    view: View,
    terms: Sequence[Term],
    mask: Callable[[Part], bytearray],
    prefer: str = "",
    tail: float = TAIL,
) -> Result:
    """Score what ``mask`` lets through. ``prefer`` is the language that comes first."""
    weighed = []
    for term in terms:
        frequency = min(view.count, view.frequency(term.field, term.texts))
        if frequency:
            rarity = math.log1p((view.count - frequency + 0.5) / (frequency + 0.5))
            weighed.append((term, term.weight * rarity * (K1 + 1)))
    # Rare words first: they say which documents come into question.
    weighed.sort(key=lambda each: (not each[0].main, -each[1]))
    main = any(term.main for term, _factor in weighed)
    hits: list[Ranked] = []
    for part in view.parts:
        scores = _scores(view, part, weighed, mask(part), only_main=main)
        segment = part.segment
        worths, languages = segment.worths, segment.languages
        for at, score in scores.items():
            score *= worths[at]
            if prefer and languages[at] == prefer:
                score *= 1.2
            hits.append(Ranked(score, part, at))
    if not hits:
        return Result()
    floor = tail * max(hit.score for hit in hits)
    hits = [hit for hit in hits if hit.score >= floor]
    total = min(len(hits), TOTAL)
    best = heapq.nsmallest(total, hits, key=_order)
    return Result(best, total)


def _order(hit: Ranked) -> tuple[float, int]:
    # Of equals the newer one comes first, in every process.
    return (-round(hit.score, 9), -hit.part.segment.numbers[hit.at])


def _scores(
    view: View,
    part: Part,
    weighed: Sequence[tuple[Term, float]],
    mask: bytearray,
    *,
    only_main: bool,
) -> dict[int, float]:
    scores: dict[int, float] = {}
    norms = view.norms(part, K1, B)
    known = scores.get
    for term, factor in weighed:
        ids, weights = either(part, term)
        if not ids:
            continue
        if only_main and not term.main:
            if len(ids) > FEW * len(scores):
                _look_up(scores, ids, weights, norms, factor)
                continue
            for at, weight in zip(ids, weights, strict=True):
                if at in scores:
                    scores[at] += factor * weight / (weight + norms[at])
            continue
        for at, weight in zip(ids, weights, strict=True):
            if mask[at]:
                scores[at] = known(at, 0.0) + factor * weight / (weight + norms[at])
    return scores


def _look_up(
    scores: dict[int, float],
    ids: Sequence[int],
    weights: Sequence[float],
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


def either(part: Part, term: Term) -> tuple[Sequence[int], Sequence[float]]:
    """Return where any of a term's texts stands; the one that weighs most counts."""
    lists: list[Postings] = []
    for text in term.texts:
        found = part.segment.postings(term.field, text)
        if found is not NOTHING:
            lists.append(found)
    if not lists:
        return (), ()
    if len(lists) == 1:
        return lists[0]  # type: ignore[return-value]
    merged: dict[int, float] = {}
    for ids, weights in lists:
        for at, weight in zip(ids, weights, strict=True):
            if weight > merged.get(at, 0.0):
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
