"""The index on disk: what Whoosh keeps of a document, and writing it.

A document's words lie in one list a word, each weighed by where it stands (title, tags, summary,
body), so that a question reads one list a word however many fields there are. Bodies are not
kept: extracts come from the database.
"""

import json
import math
import warnings
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from whoosh import fields, formats
from whoosh import index as whoosh_index
from whoosh.filedb.filestore import FileStorage
from whoosh.reading import SegmentReader

from helpdesk.search import analysis, codec, folding, tongues
from helpdesk.search.documents import Document

VERSION = 1
"""What the index holds and how; another number makes every host index anew."""

BOOSTS = {"title": 4.0, "tags": 3.0, "summary": 2.0, "category": 1.5, "body": 1.0}
"""How often a word of the body a word counts, by where it stands."""

STATE = "*state"
KIND, LANGUAGE, READER = "k:", "l:", "r:"

SMALL = 256
"""Documents of a segment that is merged when there are many such."""
MANY_SMALL = 8
MERGED_AT_ONCE = 1000
"""Documents that a commit merges at most, so that it takes well under a second."""


class Weighed(fields.FieldType):  # type: ignore[misc]
    """Terms with their weights, given as a mapping: our own analysis has made them."""

    def __init__(self) -> None:
        super().__init__(format=formats.Existence(), analyzer=None)

    def index(self, value: dict[str, float], **_options: Any) -> Iterator[tuple[Any, ...]]:
        """Yield each term as Whoosh writes it."""
        return (
            (term.encode(), 1, float(min(codec.MOST, round(weight * codec.WHOLE))), b"")
            for term, weight in value.items()
        )


class Facts(NamedTuple):
    """What is kept of a document as it is."""

    number: int
    group: int
    language: str
    length: int
    changed: int
    worth: float


def schema() -> Any:
    """Return what is kept of a document."""
    return fields.Schema(
        key=fields.ID(unique=True),
        # What filters: kind, language and readers, marked by what they are.
        has=Weighed(),
        words=Weighed(),
        forms=Weighed(),
        pairs=Weighed(),
        parts=Weighed(),
        # Stems and (after "=") forms, for questions that name a field.
        title=Weighed(),
        tags=Weighed(),
        category=Weighed(),
        # What a hit is made of, without reading the database: see ``Facts``.
        facts=fields.STORED(),
        state=fields.STORED(),
    )


def create(folder: Path) -> Any:
    """Begin an empty index in a new folder."""
    folder.mkdir(parents=True)
    return whoosh_index.FileIndex.create(FileStorage(str(folder)), schema(), "articles")


def open_index(folder: Path) -> Any:
    """Open an index; whatever is wrong with it is raised."""
    return whoosh_index.FileIndex(FileStorage(str(folder)), indexname="articles")


def worth(document: Document) -> float:
    """Return how much its use so far speaks for a document: 0.85 to 1.25, and 1 when unknown."""
    helpful = 0.3 * (min(1.0, max(0.0, document.helpful)) - 0.5)
    return 1 + helpful + 0.1 * min(1.0, math.log1p(max(0, document.uses)) / math.log(100))


def key(kind: str, document_id: int) -> str:
    """Return what a document is called in the index."""
    return f"{kind}:{document_id}"


def fields_of(document: Document) -> dict[str, Any]:
    """Return what is written of a document."""
    tongue = tongues.of(document.language)
    bag, title, tags, category = (analysis.Bag() for _ in range(4))
    analysis.fill(bag, document.title, tongue, BOOSTS["title"], counts=False)
    for tag in document.tags:
        analysis.fill(bag, tag, tongue, BOOSTS["tags"], counts=False)
        analysis.fill(tags, tag, tongue)
    analysis.fill(bag, document.category, tongue, BOOSTS["category"], counts=False)
    analysis.fill(bag, document.summary, tongue, BOOSTS["summary"])
    analysis.fill(bag, document.body, tongue, BOOSTS["body"])
    analysis.fill(title, document.title, tongue)
    analysis.fill(category, document.category, tongue)
    whole = {f"#{whole_tag(tag)}": 1.0 for tag in document.tags}
    has = [
        KIND + document.kind,
        LANGUAGE + document.language,
        *(READER + reader for reader in document.readers),
    ]
    return {
        "key": key(document.kind, document.id),
        "has": dict.fromkeys(has, 1.0),
        "words": bag.words,
        "forms": bag.forms,
        "pairs": bag.pairs,
        "parts": bag.parts,
        "title": _both(title),
        "tags": {**_both(tags), **whole},
        "category": _both(category),
        "facts": tuple(
            Facts(
                document.id,
                document.group or document.id,
                document.language,
                bag.length,
                int(document.changed_at.timestamp()),
                worth(document),
            )
        ),
    }


def whole_tag(tag: str) -> str:
    """Return a tag as it is compared as a whole."""
    return folding.fold(folding.plain(" ".join(tag.split())))


def _both(bag: analysis.Bag) -> dict[str, float]:
    return {**bag.words, **bag.pairs, **{f"={form}": weight for form, weight in bag.forms.items()}}


class Writing:
    """One commit: documents that come, change and go, and the state that belongs to it."""

    def __init__(self, index: Any, memory: int = 64) -> None:
        """Begin; raises Whoosh's LockError while another process writes. ``memory`` is in MB."""
        # Files of their own are mapped into memory and shared by all processes; out of a compound
        # file Whoosh copies them into each.
        self._writer = index.writer(limitmb=memory, codec=codec.PlainCodec(), compound=False)
        self._fresh = index.is_empty()

    def put(self, document: Document) -> None:
        """Write a document in the place of what was there of it."""
        values = fields_of(document)
        if not self._fresh:
            self._writer.delete_by_term("key", values["key"])
        self._writer.add_document(**values)

    def remove(self, kind: str, document_id: int) -> None:
        """Take a document out, if it is there."""
        if not self._fresh:
            self._writer.delete_by_term("key", key(kind, document_id))

    def finish(self, state: dict[str, Any], merge: bool = True) -> None:
        """Make it so, with a state to read again with the documents. All of it or nothing."""
        if not self._fresh:
            self._writer.delete_by_term("has", STATE)
        self._writer.add_document(has={STATE: 1.0}, state=json.dumps(state))
        with warnings.catch_warnings():
            # Whoosh leaves closing its temporary files to the garbage collector.
            warnings.simplefilter("ignore", ResourceWarning)
            self._writer.commit(mergetype=_merge_small if merge else _merge_none)

    def cancel(self) -> None:
        """Leave everything as it was."""
        self._writer.cancel()


def _merge_none(_writer: Any, segments: list[Any]) -> list[Any]:
    return segments


def _merge_small(writer: Any, segments: list[Any]) -> list[Any]:
    """Merge small segments once there are many; large ones are merged by a rebuild alone."""
    kept = [segment for segment in segments if segment.doc_count() > 0]
    small = sorted((s for s in kept if s.doc_count() <= SMALL), key=lambda s: int(s.doc_count()))
    if len(small) < MANY_SMALL:
        return kept
    merged, room = set(), MERGED_AT_ONCE
    for segment in small:
        room -= segment.doc_count()
        if room < 0:
            break
        merged.add(segment.segment_id())
    for segment in kept:
        if segment.segment_id() in merged:
            reader = SegmentReader(writer.storage, writer.schema, segment)
            writer.add_reader(reader)
            reader.close()
    return [segment for segment in kept if segment.segment_id() not in merged]


def write_all(
    index: Any, documents: Iterable[Document], state: dict[str, Any], spoken: Collection[str]
) -> int:
    """Fill an empty index in one go; returns how many documents it holds.

    ``spoken`` names the tongues of the documents, once all of them were read.
    """
    writing = Writing(index, memory=256)
    count = 0
    try:
        for document in documents:
            writing.put(document)
            count += 1
    except BaseException:
        writing.cancel()
        raise
    writing.finish({**state, "tongues": sorted(spoken)}, merge=False)
    return count


def read_state(folder: Path) -> dict[str, Any]:
    """Return the state that was committed with the documents of a folder."""
    index = open_index(folder)
    with index.reader() as reader:
        matcher = reader.postings("has", STATE)
        found: dict[str, Any] = json.loads(reader.stored_fields(matcher.id())["state"])
    return found
