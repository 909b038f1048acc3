"""Words that mean the same: a question for one of them asks for the others too."""

import re
from collections.abc import Sequence
from dataclasses import replace

from helpdesk.search import analysis, folding, tongues
from helpdesk.search.analysis import Term
from helpdesk.search.reading import View

WEIGHT = 0.8
"""How much another word weighs against the one that was typed."""
MOST_ADDED = 40
"""Terms that synonyms add to a question at most."""


def with_synonyms(view: View, text: str, tongue: str, terms: list[Term]) -> list[Term]:
    """Return a question's terms and those of the words that mean the same."""
    groups: Sequence[Sequence[str]] = view.state.get("synonyms", ())
    if not groups:
        return terms
    stems, dense = _read(text, tongue)
    known = {(term.field, term.texts[0]) for term in terms}
    added: list[Term] = []
    for language, *words in groups:
        said = [word for word in words if _says(stems, dense, word, tongue)]
        if not said:
            continue
        spoken = tongues.of(language)
        for word in words:
            if word in said:
                continue
            other = [
                term
                for term in analysis.asked(word, spoken or tongue, view.tongues, WEIGHT)
                if term.main
            ]
            # A name of several words counts as one word, not as so many.
            share = 1 / max(1, sum(term.field == "words" for term in other))
            for term in other:
                key = (term.field, term.texts[0])
                if key not in known and len(added) < MOST_ADDED:
                    known.add(key)
                    added.append(replace(term, weight=term.weight * share))
    return [*terms, *added]


def _read(text: str, tongue: str) -> tuple[str, str]:
    """Return a text as its stems between spaces, and what of it is of a dense script."""
    stem = tongues.stemmer(tongue)
    stems: list[str] = []
    dense: list[str] = []
    for piece in analysis.pieces(text):
        if piece.dense:
            dense.append(folding.fold(piece.text))
        else:
            stems.append(stem(piece.text))
    return f" {' '.join(stems)} ", " ".join(dense)


def _says(stems: str, dense: str, word: str, tongue: str) -> bool:
    word_stems, word_dense = _read(word, tongue)
    if not word_stems.strip() and not word_dense:
        return False
    return (not word_stems.strip() or word_stems in stems) and all(
        each in dense for each in re.findall(r"\S+", word_dense)
    )


def split_words(words: str) -> list[str]:
    """Return the words of a synonym, which are separated by commas of any script."""
    for comma in "，、;；\n":
        words = words.replace(comma, ",")
    return [kept for word in words.split(",") if (kept := " ".join(word.split()))]
