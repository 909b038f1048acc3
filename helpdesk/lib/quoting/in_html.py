"""The same folds in the HTML of a message, so that a page can show them closed.

The cleaned HTML of a message is read into lines of text that know where in the HTML they begin;
what is folded of the text is cut out of the HTML at these places, and every piece is made whole
again by closing and opening the elements around the cut. Only HTML that ``html.clean`` wrote is
taken: every tag of it is closed, and no attribute is without quotes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from helpdesk.lib.html.reading import cleaned_lines
from helpdesk.lib.quoting.folding import Fold, Kind, fold

_TAG = re.compile(r"<(/?)([a-z0-9]+)((?: [a-z-]+(?:=\"[^\"]*\")?)*)>")
_VOID = frozenset({"br", "col", "hr", "img", "wbr"})
# What opens right before a cut belongs to what follows: a rule or a quote must not be left empty.
_OPENS = re.compile(r"(?:\s|&nbsp;|<(?!/)(?:[a-z0-9]+)(?: [a-z-]+(?:=\"[^\"]*\")?)*>)*\Z")
_LOOKED_BACK = 2_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a message's HTML that stands by itself; ``kind`` is None for what is not folded."""

    kind: Kind | None
    html: str


def fold_html(cleaned: str, sender: str = "") -> tuple[Fold, ...]:
    """Return what of cleaned HTML is quoted, forwarded or a signature, by offsets into it."""
    lines = cleaned_lines(cleaned)
    text = "\n".join(said for said, _place in lines)
    folded = fold(text, sender)
    if not folded.folds:
        return ()
    places: dict[int, int] = {}
    pos = 0
    for said, place in lines:
        places[pos] = place
        pos += len(said) + 1
    found = []
    for one in folded.folds:
        begin = _before_opening(cleaned, places[one.start])
        end = _before_opening(cleaned, places[one.end]) if one.end in places else len(cleaned)
        if begin < end:
            found.append(Fold(one.kind, begin, end))
    return tuple(found)


def _before_opening(cleaned: str, at: int) -> int:
    """Return where the elements begin that are opened right before a place."""
    begin = max(0, at - _LOOKED_BACK)
    match = _OPENS.search(cleaned, begin, at)
    return match.start() if match is not None else at


def pieces(cleaned: str, folds: Sequence[Fold]) -> list[Piece]:
    """Cut cleaned HTML at its folds. Folds that do not fit to it leave it in one piece."""
    cuts = [(one.kind, one.start, one.end) for one in folds]
    if any(not 0 <= start < end <= len(cleaned) for _kind, start, end in cuts):
        return [Piece(None, cleaned)]
    marks: list[tuple[Kind | None, int, int]] = []
    pos = 0
    for kind, start, end in cuts:
        marks += [(None, pos, start), (kind, start, end)]
        pos = end
    marks.append((None, pos, len(cleaned)))
    found: list[Piece] = []
    opened: list[tuple[str, str]] = []
    for kind_of, start, end in marks:
        before = "".join(tag for _name, tag in opened)
        inner = cleaned[start:end]
        _follow(inner, opened)
        after = "".join(f"</{name}>" for name, _tag in reversed(opened))
        if inner.strip():
            found.append(Piece(kind_of, before + inner + after))
    return found


def _follow(html: str, opened: list[tuple[str, str]]) -> None:
    """Bring the list of open elements up to the end of a piece."""
    for match in _TAG.finditer(html):
        closing, name, _attributes = match.groups()
        if name in _VOID:
            continue
        if not closing:
            opened.append((name, match[0]))
        elif opened and opened[-1][0] == name:
            opened.pop()
