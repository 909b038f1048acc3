"""“Did you mean”: words that nobody wrote, in letters that somebody did.

Only words of documents that the asker may read are offered; the others would give away what
stands in them.
"""

from collections.abc import Callable

from helpdesk.search import analysis, folding
from helpdesk.search.reading import Part, View

SHORTEST, LONGEST = 4, 30
FEW_LETTERS = 5
"""Letters of words of which one may be wrong; in longer ones two."""
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
    # Two letters that changed places are two changes to the list of words, but one to people.
    near = {word for part in view.parts for word in part.segment.near("forms", form, 2, 1)}
    most = 1 if len(form) <= FEW_LETTERS else 2
    measured = sorted(
        (steps, -view.frequency("forms", [word]), word)
        for word in near
        if (steps := distance(form, word)) <= most
    )
    for _steps, _count, word in measured[:MOST_NEAR]:
        if _stands(view, mask, "forms", word):
            return word
    return ""


def distance(one: str, other: str) -> int:
    """Return how many letters differ, lack, are too many or changed places with the next."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, start=1):
        before, last, row = row, before, [at]
        for there, same in enumerate(other, start=1):
            cost = min(before[there] + 1, row[there - 1] + 1, before[there - 1] + (letter != same))
            if at > 1 and there > 1 and letter == other[there - 2] and one[at - 2] == same:
                cost = min(cost, last[there - 2] + 1)
            row.append(cost)
    return row[-1]


def _stands(view: View, mask: Callable[[Part], bytearray], field: str, word: str) -> bool:
    """Whether a word stands in a document that exists for the question."""
    for part in view.parts:
        ids, _weights = part.segment.postings(field, word)
        if ids:
            seen = mask(part)
            if any(seen[at] for at in ids):
                return True
    return False
