"""A text as numbered lines, each with what it is: empty, quoted, or the beginning of a quote."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from helpdesk.lib.quoting import words

MOST_LINES = 4_000
"""Lines that are looked at; what comes after them is part of whatever the last of them is."""
_BLOCK = 14
"""Lines that the headers of a quoted message may take."""
_JOINED = 4
"""Lines that an announcement may go over."""
_QUOTED = re.compile(r"[ \t]{0,6}[>＞]")
_MARKS = re.compile(r"[ \t]*(?:[>＞][ \t]?)+")
_TELLING = re.compile(r"[:：@]")
_DRAWN = ("-", "_", "=", "*", "–", "—")
_LEADING = re.compile(r"[-_*\s]{0,12}")


@dataclass(slots=True)
class Line:
    """One line: where it begins and ends in the text, without its end, and what it says."""

    start: int
    end: int
    said: str
    """Without white space around it, and cut at a length that patterns can take."""
    quoted: bool
    telling: bool
    """Whether it has what every announcement ends with, or every header of a message has."""

    @property
    def empty(self) -> bool:
        """Whether nothing stands on it."""
        return not self.said


@dataclass(frozen=True, slots=True)
class Headers:
    """The headers of a message inside another: where they end, and what they say."""

    stop: int
    """The line after the last of them."""
    values: dict[str, str] = field(default_factory=dict)


def lines_of(text: str) -> list[Line]:
    """Return the lines of a text, at most MOST_LINES of them; the last one has all the rest."""
    found: list[Line] = []
    pos = 0
    while pos <= len(text) and len(found) < MOST_LINES:
        end = text.find("\n", pos)
        if end < 0 or len(found) == MOST_LINES - 1:
            end = len(text)
        said = text[pos : min(end, pos + words.LONGEST)]
        quoted = _QUOTED.match(said) is not None
        found.append(Line(pos, end, said.strip(), quoted, _TELLING.search(said) is not None))
        pos = end + 1
    return found


def unquoted(said: str) -> str:
    """Return a line without the marks of quoting before it."""
    return _MARKS.sub("", said, count=1).strip()


def may_begin(lines: Sequence[Line], at: int) -> bool:
    """Whether it is worth looking whether a quote begins on this line: most lines are just said."""
    if lines[at].telling or lines[at].said.startswith(_DRAWN):
        return True
    after = lines[at + 1 : at + _JOINED]
    if not after:
        return False
    if any(line.telling for line in after) and words.STARTS.match(lines[at].said) is not None:
        return True
    return after[0].quoted or (after[0].empty and len(after) > 1 and after[1].quoted)


def announcement(lines: Sequence[Line], at: int) -> int:
    """Return after which line an announcement ends that begins on this one; 0 when none does.

    ``On Mon, 1 Jan 2026, Jane <jane@example.org> wrote:`` may go over four lines.
    """
    first = lines[at]
    if first.quoted or first.empty:
        return 0
    said = first.said[_LEADING.match(first.said).end() :]  # type: ignore[union-attr]
    starts = words.STARTS.match(said) is not None
    joined = said
    for stop in range(at + 1, min(at + 1 + (_JOINED if starts else 1), len(lines) + 1)):
        if stop > at + 1:
            more = lines[stop - 1]
            if more.quoted or more.empty:
                return 0
            joined = f"{joined} {more.said}"[: words.LONGEST]
        if _announces(joined, starts=starts, quoted_next=_is_quoted_next(lines, stop)):
            return stop
    return 0


def _announces(said: str, *, starts: bool, quoted_next: bool) -> bool:
    closed = said.endswith((":", "："))
    if closed and words.SAID.match(said) is not None:
        return starts or quoted_next or "@" in said
    if starts and (closed or quoted_next) and "@" in said:
        for shape in (words.DATED, words.TIMED):
            if shape.match(said) is not None:
                return True
    return quoted_next and words.SAID_WITHOUT_DATE.match(said) is not None


def _is_quoted_next(lines: Sequence[Line], at: int) -> bool:
    while at < len(lines) and lines[at].empty:
        at += 1
    return at < len(lines) and lines[at].quoted


def headers(lines: Sequence[Line], at: int, *, marked: bool = False) -> Headers | None:
    """Return the headers of a message that begin on this line; ``marked`` ones are quoted.

    Two kinds at least, one of them with an address, or From, Date and Subject: somebody who writes
    "From: Berlin, to: Paris, date: Monday" books a journey.
    """
    found: dict[str, str] = {}
    kind, stop, loose = "", at, 0
    for index in range(at, min(at + _BLOCK, len(lines))):
        line = lines[index]
        said = unquoted(line.said) if marked else line.said
        if line.quoted != marked or not said:
            if index == at or line.quoted != marked or found:
                break
            continue
        label = words.LABELLED.match(said)
        if label is None:
            # A long list of recipients goes on in the next line, and so may a name.
            if not found or loose >= 2 or "@" not in said:
                break
            found[kind] = f"{found[kind]} {said}"
            loose += 1
        else:
            kind, loose = words.kind_of(label[1]), 0
            found.setdefault(kind, label[2].strip(" *_"))
            for other in words.INSIDE.finditer(label[2]):
                found.setdefault(words.kind_of(other[1]), "")
        stop = index + 1
    return Headers(stop, found) if _is_message(found) else None


def _is_message(found: dict[str, str]) -> bool:
    if len(found) < 2 or not found.keys() & {"from", "date"}:
        return False
    if any("@" in value for value in found.values()):
        return True
    return {"from", "subject"} <= found.keys() and "date" in found
