"""A source of documents for tests: what is found is what this list says."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from flask import Flask

from helpdesk.search.documents import Document

MOMENT = datetime(2026, 9, 1, tzinfo=UTC)


def document(number: int, title: str, body: str = "", **more: Any) -> Document:
    """Return an English document that everybody may read, unless ``more`` says otherwise."""
    told = {"kind": "article", "language": "en", "changed_at": MOMENT}
    told |= {"readers": frozenset({"public"})}
    return Document(id=number, title=title, body=body, **{**told, **more})


class Shelf:
    """Documents kept in memory."""

    kind = "article"

    def __init__(self, documents: Sequence[Document] = ()) -> None:
        self.kept = {each.id: each for each in documents}

    def put(self, *documents: Document) -> None:
        self.kept |= {each.id: each for each in documents}

    def ids(self, after: int, limit: int) -> list[int]:
        return sorted(number for number in self.kept if number > after)[:limit]

    def load(self, ids: Sequence[int]) -> list[Document]:
        return [self.kept[number] for number in ids if number in self.kept]


@contextmanager
def searching(app: Flask, shelf: Any) -> Iterator[None]:
    """Let this shelf be all that is searched."""
    before = app.extensions["hearth-searched"]
    app.extensions["hearth-searched"] = [shelf]
    try:
        yield
    finally:
        app.extensions["hearth-searched"] = before
