"""Finding what a message quotes and how it is signed, by offsets into its text.

Nothing is taken away: a fold says from where to where of the text somebody need not read again.
Where it is not clear what belongs to whom, nothing is folded.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from helpdesk.lib.quoting import words
from helpdesk.lib.quoting.lines import Line, announcement, headers, lines_of, may_begin, unquoted

_SIGNED = re.compile(r"(?:--|—|––|_{2,3})\s*$")
_MOST_SIGNED = 20
"""Lines that a signature may have."""
_SHORT = 70
"""Characters of a line of a signature that only the sender's address makes one."""
_CONTACT = 8
"""Lines of such a signature."""


class Kind(StrEnum):
    """Why a part of a message is folded."""

    QUOTE = "quote"
    SIGNATURE = "signature"
    FORWARD = "forward"


@dataclass(frozen=True, slots=True)
class Fold:
    """A part of a text, from ``start`` to before ``end``."""

    kind: Kind
    start: int
    end: int


@dataclass(frozen=True)
class Folded:
    """A text and what of it is folded: in order, and never across each other."""

    text: str
    folds: tuple[Fold, ...] = ()

    @cached_property
    def reply(self) -> str:
        """What the sender wrote this time."""
        kept, pos = [], 0
        for one in self.folds:
            kept.append(self.text[pos : one.start])
            pos = one.end
        kept.append(self.text[pos:])
        return "".join(kept).strip()

    @property
    def signature(self) -> str | None:
        """What stands below it: the first signature of the sender's."""
        found = (one for one in self.folds if one.kind == Kind.SIGNATURE)
        one = next(found, None)
        return self.text[one.start : one.end].strip() if one is not None else None


def fold(text: str, sender: str = "") -> Folded:
    """Return what of a text is quoted, forwarded or a signature.

    ``sender`` is the address of who wrote it: a few lines at the end that have it are their
    signature. A message that has no words of its own but what it quotes is not folded.
    """
    lines = lines_of(text)
    found = _Search(lines).quotes()
    found = _with_signature(lines, found, sender)
    folds = tuple(Fold(kind, *_offsets(lines, begin, stop, text)) for kind, begin, stop in found)
    folded = Folded(text, folds)
    return folded if folded.reply else Folded(text)


Span = tuple[Kind, int, int]
"""What is folded from a line to before another."""


def _offsets(lines: Sequence[Line], begin: int, stop: int, text: str) -> tuple[int, int]:
    return lines[begin].start, lines[stop].start if stop < len(lines) else len(text)


@dataclass(frozen=True, slots=True)
class _Announced:
    """A quote that something announces: where that begins, and the first line of what follows."""

    kind: Kind
    begin: int
    stop: int


class _Search:
    """Goes through the lines once and finds the quotes."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        self.found: list[Span] = []
        self.loose: list[tuple[int, int]] = []
        """Quoted lines that nothing announces."""

    def quotes(self) -> list[Span]:
        """Return the quotes in order."""
        at = 0
        while at < len(self.lines):
            line = self.lines[at]
            if line.empty:
                at += 1
            elif line.quoted:
                stop = self._marked(at)
                if self._stands_for_forward(at, stop):
                    self.found.append((Kind.FORWARD, at, stop))
                else:
                    self.loose.append((at, stop))
                at = stop
            elif may_begin(self.lines, at) and (announced := self._announced(at)) is not None:
                at = self._take(announced)
            else:
                at += 1
        return self._decided()

    def _take(self, announced: _Announced) -> int:
        """Fold what was announced; returns the line to go on with."""
        first = self._filled(announced.stop)
        if first < len(self.lines) and self.lines[first].quoted:
            stop = self._marked(first)
        else:
            # Without marks nobody can say where it ends: with the message.
            stop = len(self.lines)
        self.found.append((announced.kind, announced.begin, stop))
        return stop

    def _announced(self, at: int) -> _Announced | None:
        said = self.lines[at].said
        if words.RULE.match(said) is not None:
            after = self._filled(at + 1)
            if after < len(self.lines) and not self.lines[after].quoted:
                inner = self._announced_alone(after)
                if inner is not None:
                    return _Announced(inner.kind, at, inner.stop)
            return None
        return self._announced_alone(at)

    def _announced_alone(self, at: int) -> _Announced | None:
        said = self.lines[at].said
        if words.ORIGINAL.match(said) is not None:
            return _Announced(Kind.QUOTE, at, at + 1)
        if words.FORWARDED.match(said) is not None:
            return _Announced(Kind.FORWARD, at, at + 1)
        if words.DIVIDER.match(said) is not None and self._has_headers(at + 1):
            return _Announced(Kind.QUOTE, at, at + 1)
        block = headers(self.lines, at)
        if block is not None:
            return _Announced(Kind.QUOTE, at, block.stop)
        stop = announcement(self.lines, at)
        return _Announced(Kind.QUOTE, at, stop) if stop else None

    def _has_headers(self, at: int) -> bool:
        at = self._filled(at)
        return at < len(self.lines) and headers(self.lines, at) is not None

    def _stands_for_forward(self, at: int, stop: int) -> bool:
        """Whether quoted lines begin with the headers of the message that they are."""
        said = unquoted(self.lines[at].said)
        if words.FORWARDED.match(said) is not None or words.ORIGINAL.match(said) is not None:
            return stop > at + 1
        return headers(self.lines, at, marked=True) is not None

    def _marked(self, at: int) -> int:
        """Return the line after quoted ones and the empty ones that follow them."""
        stop = at
        while stop < len(self.lines) and (self.lines[stop].quoted or self.lines[stop].empty):
            stop += 1
        return stop

    def _filled(self, at: int) -> int:
        while at < len(self.lines) and self.lines[at].empty:
            at += 1
        return at

    def _decided(self) -> list[Span]:
        """Leave the quotes that answers stand between: those say what is answered.

        Who answers point by point has quoted lines that nothing announces, below answers. Of such
        a message only the quote at its end is folded, which nobody answered.
        """
        if not self.loose:
            return self.found
        first = self.loose[0][0]
        above = self._filled(0) < first
        before = [one for one in self.found if one[1] < first]
        decided = [one for one in self.found if one[1] > first]
        if above and not before and len(self.loose) == 1:
            begin, stop = self.loose[0]
            filled = sum(not line.empty for line in self.lines[begin:stop])
            # One line between others may be an arrow, two may be what the next one answers.
            if filled >= (2 if self._filled(stop) >= len(self.lines) else 3):
                return sorted([*decided, (Kind.QUOTE, begin, stop)], key=lambda one: one[1])
            return decided
        # Announced quotes before them are answered, too, but for those that further ones follow.
        decided = before[:-1] + decided
        begin, stop = self.loose[-1]
        if above and self._filled(stop) >= len(self.lines):
            decided.append((Kind.QUOTE, begin, stop))
        return sorted(decided, key=lambda one: one[1])


def _with_signature(lines: Sequence[Line], found: list[Span], sender: str) -> list[Span]:
    """Add the signature: it stands at the end of what is not quoted."""
    folded = {at for _kind, begin, stop in found for at in range(begin, stop)}
    own = [at for at in range(len(lines)) if at not in folded and not lines[at].empty]
    begin = _signature(lines, own, sender)
    if begin is None:
        return found
    # It ends where the quote begins that may follow it.
    stop = min((start for _kind, start, _stop in found if start > begin), default=len(lines))
    return sorted([*found, (Kind.SIGNATURE, begin, stop)], key=lambda one: one[1])


def _signature(lines: Sequence[Line], own: Sequence[int], sender: str) -> int | None:
    """Return the line on which the signature begins."""
    tail = own[-_MOST_SIGNED - 1 :]
    for at in reversed(tail):
        if _SIGNED.match(lines[at].said) is not None and at != own[0]:
            return at
    for at in tail:
        said = lines[at].said
        if at != own[0] and words.DISCLAIMER.match(said) is not None:
            return at
    for at in tail[-4:]:
        if at != own[0] and words.MOBILE.match(lines[at].said) is not None:
            return at
    return _contact(lines, own, sender)


def _contact(lines: Sequence[Line], own: Sequence[int], sender: str) -> int | None:
    """Return where the last paragraph begins, if it has the sender's address and short lines."""
    if not own or "@" not in sender:
        return None
    begin = own[-1]
    while begin > 0 and not lines[begin - 1].empty and begin - 1 in own[-_CONTACT - 1 :]:
        begin -= 1
    paragraph = [lines[at].said for at in own if at >= begin]
    named = any(sender.casefold() in said.casefold() for said in paragraph)
    fits = 2 <= len(paragraph) <= _CONTACT and all(len(said) <= _SHORT for said in paragraph)
    return begin if named and fits and begin != own[0] else None
