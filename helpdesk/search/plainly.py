"""Searching without an index, while there is none: the database's texts are looked through."""

import time
from collections.abc import Collection

from flask import current_app

from helpdesk.search import analysis, folding, tongues
from helpdesk.search.documents import Document, Source

MOST = 1000
"""Documents that are looked through."""
SECONDS = 1.0
AT_ONCE = 100


def look_through(
    text: str, kind: str, readers: frozenset[str], only: str, without: Collection[int]
) -> tuple[list[tuple[float, Document]], frozenset[str]]:
    """Return documents that have words of a text, the best first, and the words.

    As many documents are read as fit into a second, so there may be others.
    """
    words = {
        folding.fold(piece.text)
        for piece in analysis.pieces(text)
        if folding.fold(piece.text) not in tongues.stops("en")
    }
    found: list[tuple[float, Document]] = []
    if not words:
        return found, frozenset()
    until = time.monotonic() + SECONDS
    sources: list[Source] = current_app.extensions["hearth-searched"]
    for source in (each for each in sources if each.kind == kind):
        last = read = 0
        while read < MOST and time.monotonic() < until:
            ids = source.ids(last, AT_ONCE)
            if not ids:
                break
            last, read = ids[-1], read + len(ids)
            for document in source.load([each for each in ids if each not in set(without)]):
                # Who may not read a document does not have it looked through.
                if readers & document.readers and only in {"", document.language}:
                    score = _score(document, words)
                    if score:
                        found.append((score, document))
    found.sort(key=lambda each: (-each[0], -each[1].id))
    return found, frozenset(words)


def _score(document: Document, words: Collection[str]) -> float:
    title = folding.fold(folding.plain(document.title))
    rest = folding.fold(
        folding.plain(f"{document.summary} {' '.join(document.tags)} {document.body}")
    )
    return sum(3.0 * (word in title) + (word in rest) for word in words)
