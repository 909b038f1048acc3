"""“Did you mean”: words that nobody wrote, in letters that somebody did.

Only words of documents that the asker may read are offered; the others would give away what
stands in them.
"""

from collections.abc import Callable

from helpdesk.search import analysis, folding
from helpdesk.search.reading import Part, View

SHORTEST, LONGEST = 4, 30
MOST_WORDS = 3
"""Words of a question that are looked after; with more unknown ones it is another language."""
MOST_NEAR = 40
"""Near words that are looked at, for each word."""


def did_you_mean(view: View, text: str, tongue: str, mask: Callable[[Part], bytearray]) -> str:
    """Return a question in known words, "" when it is that already or there are none near."""
    wrong: dict[str, str] = {}
    seen: set[str] = set()
    for piece in analysis.pieces(text):
        form = folding.fold(piece.text)
        if piece.dense or form in seen or not SHORTEST <= len(form) <= LONGEST:
            continue
        seen.add(form)
        if any(map(str.isdigit, form)):
            continue
        terms = analysis.asked(piece.text, tongue, view.tongues)
        if any(
            _stands(view, mask, term.field, each)
            for term in terms
            if term.field in {"words", "forms"}
            for each in term.texts
        ):
            continue
        if len(wrong) == MOST_WORDS:
            return ""
        wrong[piece.text] = _nearest(view, mask, form)
    if not any(wrong.values()):
        return ""
    # The question as it was typed, but for these words.
    shown = folding.plain(text)
    said: list[str] = []
    end = 0
    for piece in analysis.pieces(text):
        start = shown.index(piece.text, end)
        said.append(shown[end:start] + (wrong.get(piece.text) or piece.text))
        end = start + len(piece.text)
    return "".join((*said, shown[end:]))


def _nearest(view: View, mask: Callable[[Part], bytearray], form: str) -> str:
    """Return the most frequent of the nearest words."""
    for distance in (1, 2) if len(form) > 5 else (1,):
        near = {
            word
            for part in view.parts
            for word in part.segment.near("forms", form, distance, 1)[: 10 * MOST_NEAR]
        }
        counted = sorted(((view.frequency("forms", [word]), word) for word in near), reverse=True)
        for _count, word in counted[:MOST_NEAR]:
            if _stands(view, mask, "forms", word):
                return word
    return ""


def _stands(view: View, mask: Callable[[Part], bytearray], field: str, word: str) -> bool:
    """Whether a word stands in a document that exists for the question."""
    for part in view.parts:
        ids, _weights = part.segment.postings(field, word)
        if ids:
            seen = mask(part)
            if any(seen[at] for at in ids):
                return True
    return False
