"""What changed between two texts, word by word, so that people can read it.

Lines are compared first; within lines that were replaced, words are. Chinese, Japanese and Korean
characters each count as a word. The work is bounded: what differs too much to be compared word by
word is shown as taken out and put in.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

MAX_LINES = 3_000
"""Lines that differ and are still compared with each other, on either side."""
MAX_WORDS = 2_500
"""Words of a changed passage that are compared, on either side."""

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af\U00020000-\U0003ffff"
_WORD = re.compile(rf"[^\W_{_CJK}]+|\s+|.", re.DOTALL)


class Change(StrEnum):
    """What became of a piece of text."""

    SAME = "same"
    OLD = "old"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of text and what became of it."""

    change: Change
    text: str


def differences(old: str, new: str) -> list[Piece]:
    """Return the pieces of both texts in reading order.

    The pieces that are the same or old make up ``old``; those that are the same or new, ``new``.
    Neighbours of one kind are one piece.
    """
    if old == new:
        return [Piece(Change.SAME, old)] if old else []
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    return list(_joined(_between_lines(before, after)))


def changed_words(pieces: Sequence[Piece]) -> tuple[int, int]:
    """Return how many words were taken out and how many were put in."""
    counted = {Change.OLD: 0, Change.NEW: 0, Change.SAME: 0}
    for piece in pieces:
        counted[piece.change] += sum(word[0].isalnum() for word in _WORD.findall(piece.text))
    return counted[Change.OLD], counted[Change.NEW]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a comparison; ``skipped`` counts lines left out here because nothing changed."""

    pieces: tuple[Piece, ...]
    skipped: int = 0

    @property
    def changed(self) -> bool:
        """Whether anything in it is not the same."""
        return any(piece.change is not Change.SAME for piece in self.pieces)


def lines_of(pieces: Sequence[Piece], around: int = 2) -> list[Line]:
    """Return a comparison line by line, what did not change folded away.

    ``around`` lines before and after each change are kept.
    """
    every: list[list[Piece]] = [[]]
    for piece in pieces:
        for part in piece.text.splitlines(keepends=True):
            every[-1].append(Piece(piece.change, part))
            if part.splitlines()[0] != part:
                every.append([])
    lines = [Line(tuple(line)) for line in every if line]
    shown = {
        near
        for at, line in enumerate(lines)
        if line.changed
        for near in range(at - around, at + around + 1)
    }
    kept: list[Line] = []
    skipped = 0
    for at, line in enumerate(lines):
        if at in shown:
            if skipped:
                kept.append(Line((), skipped))
                skipped = 0
            kept.append(line)
        else:
            skipped += 1
    if skipped and kept:
        kept.append(Line((), skipped))
    return kept


def _between_lines(old: list[str], new: list[str]) -> Iterator[Piece]:
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    yield Piece(Change.SAME, "".join(old[:start]))
    yield from _middle(old[start : len(old) - end], new[start : len(new) - end])
    yield Piece(Change.SAME, "".join(old[len(old) - end :]))


def _middle(old: list[str], new: list[str]) -> Iterator[Piece]:
    if not old or not new or len(old) > MAX_LINES or len(new) > MAX_LINES:
        yield Piece(Change.OLD, "".join(old))
        yield Piece(Change.NEW, "".join(new))
        return
    # Lines that come again and again pair with anything; leaving them out keeps it quick.
    matcher = SequenceMatcher(None, old, new, autojunk=max(len(old), len(new)) > 400)
    for kind, i, j, k, m in matcher.get_opcodes():
        before, after = "".join(old[i:j]), "".join(new[k:m])
        if kind == "equal":
            yield Piece(Change.SAME, before)
        elif before and after:
            yield from _between_words(before, after)
        else:
            yield Piece(Change.OLD, before)
            yield Piece(Change.NEW, after)


def _between_words(old: str, new: str) -> Iterator[Piece]:
    before, after = _WORD.findall(old), _WORD.findall(new)
    if len(before) <= MAX_WORDS and len(after) <= MAX_WORDS:
        matcher = SequenceMatcher(None, before, after, autojunk=True)
        # Passages with little in common read better one after the other.
        if matcher.quick_ratio() > 0.3:
            for kind, i, j, k, m in matcher.get_opcodes():
                if kind == "equal":
                    yield Piece(Change.SAME, "".join(before[i:j]))
                else:
                    yield Piece(Change.OLD, "".join(before[i:j]))
                    yield Piece(Change.NEW, "".join(after[k:m]))
            return
    yield Piece(Change.OLD, old)
    yield Piece(Change.NEW, new)


def _joined(pieces: Iterator[Piece]) -> Iterator[Piece]:
    held: Piece | None = None
    for piece in pieces:
        if not piece.text:
            continue
        if held is not None and held.change is piece.change:
            held = Piece(held.change, held.text + piece.text)
            continue
        if held is not None:
            yield held
        held = piece
    if held is not None:
        yield held
