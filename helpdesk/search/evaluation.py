"""How good the search is: questions of which it is known what answers them.

A collection is a folder with ``docs.jsonl`` (``_id``, ``text``, and where there are such ``title``
and ``language``), ``queries.jsonl`` (``_id``, ``text``, and where an answer does not count
``exclude``) and ``qrels.tsv`` (question, document and grade after a line of headings). The index
is made by the product's own analysis and ranking, in a folder that is thrown away.
"""

import json
import math
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from helpdesk.lib.clock import now
from helpdesk.search import asking, question, reading, store, tongues
from helpdesk.search.documents import Document
from helpdesk.search.masking import Scope

DEPTH = 10
KIND, READER = "evaluated", "public"


class Malformed(Exception):
    """A file of the collection is not what it should be. The message says where and why."""


@dataclass(frozen=True, slots=True)
class Query:
    """One question and what answers it: grades by document."""

    text: str
    grades: Mapping[str, float]
    exclude: str = ""


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents and questions about them."""

    documents: list[Document]
    names: list[str]
    """What the document of each number is called; numbers begin with 1."""
    queries: list[Query]
    language: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How well a collection is searched; ``each`` has the nDCG of every question, in order."""

    ndcg10: float
    mrr10: float
    ms_per_query: float
    queries: int
    documents: int
    language: str
    each: list[float]


def read(folder: Path, language: str = "") -> Collection:
    """Read a collection; its language is guessed unless it is given. Raises Malformed."""
    rows = list(_rows(folder / "docs.jsonl", ("_id", "text")))
    if not rows:
        raise Malformed(f"{folder / 'docs.jsonl'} has no documents")
    sample = " ".join(row["text"][:400] for row in rows[:: max(1, len(rows) // 50)])
    common = language or tongues.guess(sample)
    moment = now()
    names = [str(row["_id"]) for row in rows]
    if len(set(names)) < len(names):
        raise Malformed(f"{folder / 'docs.jsonl'} has two documents of one _id")
    documents = [_document(number, row, common, moment) for number, row in enumerate(rows, start=1)]
    grades = _grades(folder / "qrels.tsv", set(names))
    queries = [
        Query(row["text"], grades[row["_id"]], str(row.get("exclude", "")))
        for row in _rows(folder / "queries.jsonl", ("_id", "text"))
        if row["_id"] in grades
    ]
    if not queries:
        raise Malformed(f"{folder}: no question of queries.jsonl has an answer in qrels.tsv")
    return Collection(documents, names, queries, common)


def _document(number: int, row: Mapping[str, Any], language: str, moment: datetime) -> Document:
    return Document(
        KIND,
        number,
        str(row.get("language") or language),
        str(row.get("title", "")),
        row["text"],
        moment,
        readers=frozenset({READER}),
    )


def _rows(file: Path, needed: Sequence[str]) -> Iterator[dict[str, Any]]:
    try:
        lines = file.read_text("utf-8").split("\n")
    except OSError as error:
        raise Malformed(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Malformed(f"{file} is not UTF-8: {error.reason} at byte {error.start}") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise Malformed(f"{file}, line {number}: no JSON ({error})") from error
        if not isinstance(row, dict) or not all(isinstance(row.get(key), str) for key in needed):
            raise Malformed(f"{file}, line {number}: needs {' and '.join(needed)}, each a text")
        yield row


def _grades(file: Path, known: set[str]) -> dict[str, dict[str, float]]:
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Malformed(f"{file} cannot be read: {error}") from error
    found: dict[str, dict[str, float]] = {}
    for number, line in enumerate(lines[1:], start=2):
        cells = line.split("\t")
        if not line.strip():
            continue
        try:
            asked, answered, grade = cells[0], cells[1], float(cells[2])
        except (IndexError, ValueError) as error:
            raise Malformed(
                f"{file}, line {number}: needs question, document and grade, with tabs between"
            ) from error
        if answered not in known:
            raise Malformed(f"{file}, line {number}: there is no document {answered}")
        if not math.isfinite(grade):
            raise Malformed(f"{file}, line {number}: the grade is no number")
        if grade > 0:
            found.setdefault(asked, {})[answered] = grade
    return found


def evaluate(collection: Collection) -> Outcome:
    """Index a collection, ask its questions and judge what comes."""
    with tempfile.TemporaryDirectory(prefix="hearth-search-") as made:
        folder = Path(made) / "index-evaluated"
        state = {"version": store.VERSION}
        spoken = sorted({tongues.of(each.language) for each in collection.documents})
        store.write_all(store.create(folder), collection.documents, state, spoken)
        view = reading.open_view(folder)
        numbers = {name: number for number, name in enumerate(collection.names, start=1)}
        gains, ranks, times = [], [], []
        for query in collection.queries:
            left_out = frozenset({numbers[query.exclude]} if query.exclude in numbers else ())
            scope = Scope(KIND, frozenset({READER}), without=left_out)
            begun = time.perf_counter()
            asked = question.Question(text=query.text)
            found = asking.search_in(view, asked, scope, collection.language, DEPTH)
            times.append((time.perf_counter() - begun) * 1000)
            names = [collection.names[hit.id - 1] for hit in found.hits]
            gains.append(ndcg(names, query.grades))
            ranks.append(reciprocal_rank(names, query.grades))
    return Outcome(
        statistics.mean(gains),
        statistics.mean(ranks),
        statistics.mean(times),
        len(collection.queries),
        len(collection.documents),
        collection.language,
        gains,
    )


def ndcg(names: Sequence[str], grades: Mapping[str, float]) -> float:
    """Return the normalised discounted cumulative gain of the first ten, 0 to 1."""
    ideal = sorted(grades.values(), reverse=True)[:DEPTH]
    return _gain([grades.get(name, 0.0) for name in names]) / _gain(ideal)


def _gain(grades: Sequence[float]) -> float:
    return sum((2**grade - 1) / math.log2(place + 2) for place, grade in enumerate(grades))


def reciprocal_rank(names: Sequence[str], grades: Mapping[str, float]) -> float:
    """Return one divided by the place of the first answer among the first ten, else 0."""
    return next((1 / place for place, name in enumerate(names, start=1) if name in grades), 0.0)
