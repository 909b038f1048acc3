"""The index as a process reads it: opened once, looked up by many threads, refreshed after commits.

A ``View`` is what the index was at one commit. Its ``Part`` s are Whoosh's segments, which never
change once they are written, so what was read of them is kept and goes on from view to view; only
which of their documents are gone is new each time.
"""

import json
import sys
import threading
import time
from array import array
from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whoosh.reading import SegmentReader, TermNotFound

from helpdesk.lib.clock import now
from helpdesk.search import codec, store

Postings = tuple[Sequence[int], Sequence[int]]
"""The documents of a term within a part, ascending, and how many halves it counts in each."""

KEPT_POSTINGS = 4_000_000
"""Postings that a process keeps at most, at about 5 bytes each."""
KEPT_MASKS = 64
YEAR = 365 * 86_400
FRESH = 0.1
"""How much the newest documents gain; after a year it is a third of that."""

NOTHING: Postings = ((), ())


class Segment:
    """What is read of one segment. Shared by the views that have it."""

    def __init__(self, storage: Any, schema: Any, segment: Any) -> None:
        self.id: str = segment.segment_id()
        self.size: int = segment.doc_count_all()
        self._reader = SegmentReader(storage, schema, segment)
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], Postings] = OrderedDict()
        self._room = KEPT_POSTINGS
        self.numbers = array("q", bytes(8 * self.size))
        self.groups = array("q", bytes(8 * self.size))
        self.lengths = array("i", bytes(4 * self.size))
        self.worths = array("f", bytes(4 * self.size))
        self.languages: list[str] = [""] * self.size
        self.state: dict[str, Any] | None = None
        self.state_at = -1
        moment = now().timestamp()
        for number, stored in self._reader.iter_docs():
            if "state" in stored:
                self.state, self.state_at = json.loads(stored["state"]), number
                continue
            facts = store.Facts(*stored["facts"])
            age = max(0.0, moment - facts.changed) / YEAR
            self.numbers[number] = facts.number
            self.groups[number] = facts.group
            self.lengths[number] = facts.length
            self.worths[number] = facts.worth * (1 + FRESH / (1 + 2 * age))
            self.languages[number] = sys.intern(facts.language)

    def __del__(self) -> None:
        # The last view that had it is gone.
        reader = getattr(self, "_reader", None)
        if reader is not None and not reader.is_closed:
            reader.close()

    def postings(self, field: str, term: str) -> Postings:
        """Return where a term stands, deleted documents among them."""
        wanted = (field, term)
        with self._lock:
            kept = self._kept.get(wanted)
            if kept is not None:
                self._kept.move_to_end(wanted)
                return kept
            found = self._read(field, term)
            self._kept[wanted] = found
            self._room -= len(found[0]) + 16
            while self._room < 0:
                _term, (ids, _weights) = self._kept.popitem(last=False)
                self._room += len(ids) + 16
            return found

    def _read(self, field: str, term: str) -> Postings:
        try:
            matcher = self._reader.postings(field, term)
        except TermNotFound:
            return NOTHING
        # Who is deleted depends on the view, not on the segment as it was first opened.
        matcher = getattr(matcher, "child", matcher)
        ids, weights = array("i"), bytearray()
        if not hasattr(matcher, "_read_ids"):
            while matcher.is_active():
                ids.append(matcher.id())
                weights.append(int(matcher.weight()))
                matcher.next()
            return ids, weights
        # A block at a time: asking Whoosh for one posting after the other takes ten times as long.
        while True:
            matcher._read_ids()
            matcher._read_weights()
            ids.extend(matcher._ids)
            weights.extend(matcher._weights)
            if matcher._lastblock:
                return ids, weights
            matcher._next_block()

    def frequency(self, field: str, term: str) -> int:
        """Return in how many documents a term stands, without reading where."""
        with self._lock:
            kept = self._kept.get((field, term))
            if kept is not None:
                return len(kept[0])
            return int(self._reader.doc_frequency(field, term))

    def starting(self, field: str, prefix: str, most: int) -> list[str]:
        """Return the first terms of a field that start so."""
        found: list[str] = []
        with self._lock:
            for each in self._reader.expand_prefix(field, prefix):
                found.append(each.decode())
                if len(found) == most:
                    break
        return found

    def near(self, field: str, word: str, distance: int, prefix: int) -> list[str]:
        """Return the terms of a field within an edit distance that share their beginning."""
        with self._lock:
            return list(self._reader.terms_within(field, word, distance, prefix))


@dataclass(frozen=True, slots=True)
class Part:
    """A segment and which of its documents are there."""

    segment: Segment
    gone: frozenset[int]


class View:
    """The index at one commit."""

    def __init__(self, folder: Path, parts: list[Part], state: dict[str, Any]) -> None:
        self.folder = folder
        self.parts = parts
        self.state = state
        self.count = max(0, sum(part.segment.size - len(part.gone) for part in parts) - 1)
        total = sum(sum(part.segment.lengths) for part in parts)
        # With at least one word a document, there is nothing to divide by zero.
        self.average = max(1.0, total / max(1, sum(part.segment.size for part in parts)))
        self.tongues: list[str] = list(state.get("tongues", ()))
        self._masks: OrderedDict[tuple[Any, ...], bytearray] = OrderedDict()
        self._norms: dict[str, array[float]] = {}

    def norms(self, part: Part, k1: float, b: float) -> "array[float]":
        """Return for each document how much its length dampens repeated words."""
        found = self._norms.get(part.segment.id)
        if found is None:
            base, each = codec.WHOLE * k1 * (1 - b), codec.WHOLE * k1 * b / self.average
            found = array("d", (base + each * length for length in part.segment.lengths))
            self._norms[part.segment.id] = found
        return found

    def mask(self, part: Part, kind: str, readers: frozenset[str], only: str) -> bytearray:
        """Return a byte a document: 1 for those of a kind that one of the readers may see.

        The caller copies what he changes.
        """
        wanted = (part.segment.id, kind, readers, only)
        kept = self._masks.get(wanted)
        if kept is not None:
            return kept
        segment = part.segment
        seen = bytearray(segment.size)
        for reader in readers:
            for number in segment.postings("has", store.READER + reader)[0]:
                seen[number] = 1
        for filters in (store.KIND + kind, *([store.LANGUAGE + only] if only else [])):
            meant = bytearray(segment.size)
            for number in segment.postings("has", filters)[0]:
                meant[number] = seen[number]
            seen = meant
        for number in part.gone:
            seen[number] = 0
        self._masks[wanted] = seen
        if len(self._masks) > KEPT_MASKS * max(1, len(self.parts)):
            self._masks.pop(next(iter(self._masks)), None)
        return seen

    def frequency(self, field: str, terms: Collection[str]) -> int:
        """Return in about how many documents one of the terms stands."""
        return sum(part.segment.frequency(field, term) for part in self.parts for term in terms)


def open_view(folder: Path, before: View | None = None) -> View:
    """Open what was last committed in a folder; segments that ``before`` has are not read again.

    Raises whatever is wrong with the index.
    """
    # Whoosh names segments by chance, so the same name in another folder is another segment.
    same = before is not None and before.folder == folder
    known = {part.segment.id: part.segment for part in before.parts} if before and same else {}
    for attempt in range(10):
        try:
            return _opened(folder, known)
        except FileNotFoundError:
            # A commit took away a file that the one before had.
            if attempt == 9:
                raise
            time.sleep(0.02)
    raise AssertionError


def _opened(folder: Path, known: dict[str, Segment]) -> View:
    index = store.open_index(folder)
    contents = index._read_toc()
    parts = []
    for segment in contents.segments:
        segment_id = segment.segment_id()
        read = known.get(segment_id)
        if read is None:
            read = Segment(index.storage, contents.schema, segment)
        parts.append(Part(read, frozenset(segment.deleted_docs())))
    state: dict[str, Any] = {}
    for part in parts:
        if part.segment.state is not None and part.segment.state_at not in part.gone:
            state = part.segment.state
    return View(folder, parts, state)


def all_keys(view: View, field: str = "key") -> Iterator[str]:
    """Yield the key of every document that is there; for comparisons and tests."""
    for part in view.parts:
        for term in part.segment.starting(field, "", part.segment.size + 1):
            ids, _weights = part.segment.postings(field, term)
            if any(number not in part.gone for number in ids):
                yield term
