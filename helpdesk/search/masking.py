"""Which documents exist for a question: those that the asker may read and that have what they must.

This is decided before anything is scored or counted, as a byte a document.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from helpdesk.search import analysis, question, ranking, store
from helpdesk.search.analysis import Term
from helpdesk.search.reading import Part, View


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a question looks: documents of a kind that name one of the readers."""

    kind: str
    readers: frozenset[str]
    only: str = ""
    """The language they must have; "" for any."""
    without: frozenset[int] = frozenset()
    """Ids that are left out."""


Mask = Callable[[Part], bytearray]


def masking(view: View, scope: Scope, asked: question.Question, tongue: str) -> Mask:
    """Return what says which documents of a part exist for the question."""
    musts = [[_terms_of(view, part, tongue) for part in group] for group in asked.musts]
    nots = [_terms_of(view, part, tongue) for part in asked.nots]
    made: dict[str, bytearray] = {}

    def mask(part: Part) -> bytearray:
        kept = made.get(part.segment.id)
        if kept is None:
            seen = view.mask(part, scope.kind, scope.readers, scope.only)
            for group in musts:
                seen = _within(seen, part, group)
            if nots or scope.without:
                seen = bytearray(seen)
                _strike(seen, part, nots, scope.without)
            kept = made[part.segment.id] = seen
        return kept

    return mask


def _within(seen: bytearray, part: Part, group: Iterable[list[Term]]) -> bytearray:
    """Return what is seen and has one of the group."""
    narrower = bytearray(len(seen))
    for terms in group:
        for at in ranking.documents(part, terms):
            narrower[at] = seen[at]
    return narrower


def _strike(
    seen: bytearray, part: Part, nots: Iterable[list[Term]], without: frozenset[int]
) -> None:
    for terms in nots:
        for at in ranking.documents(part, terms):
            seen[at] = 0
    if without:
        for at, number in enumerate(part.segment.numbers):
            if number in without:
                seen[at] = 0


def others(view: View, tongue: str) -> list[str]:
    """Return the other languages whose texts may have the words of a question."""
    return [each for each in view.tongues if each != tongue]


def _terms_of(view: View, part: question.Part, tongue: str) -> list[Term]:
    """Return the terms that a document must have all of to have a part of a question."""
    if part.field == "#":
        return [Term("tags", (f"#{store.whole_tag(part.text)}",), 1.0)]
    terms = analysis.asked(part.text, tongue, others(view, tongue))
    words = [term for term in terms if term.field == "words"]
    # Which words say little depends on the language; beside others that say more they may lack.
    kept = [term for term in words if term.main] or words
    if part.phrase:
        kept = kept + [term for term in terms if term.field == "pairs"]
    if part.field:
        forms = [term.texts[0] for term in terms if term.field == "forms"]
        if len(kept) == len(forms) == 1:
            return [Term(part.field, (*kept[0].texts, f"={forms[0]}"), 1.0)]
        return [replace(term, field=part.field) for term in kept]
    return kept
