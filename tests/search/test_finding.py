"""What is found, as somebody who searches would notice it."""

from collections.abc import Iterator

import pytest
from flask import Flask

from helpdesk.db import transaction
from helpdesk.search import asking, following
from helpdesk.search.changes import changed
from tests.search.desk import Shelf, document, searching

pytestmark = pytest.mark.one_database

PUBLIC = ("public",)


@pytest.fixture
def shelf(session, app: Flask) -> Iterator[Shelf]:
    kept = Shelf()
    with searching(app, kept):
        yield kept


def put(shelf: Shelf, *documents) -> None:
    shelf.put(*documents)
    with transaction():
        changed("article", *(each.id for each in documents))
    following.follow()


def found(text: str, **more) -> list[int]:
    more.setdefault("readers", PUBLIC)
    return [hit.id for hit in asking.search(text, kind="article", **more).hits]


def test_basic(shelf):
    put(
        shelf,
        document(1, "Printer", "The printer prints half a label."),
        document(2, "Mail", "You cannot send mails"),
    )
    assert found("printing") == [1]
    assert found("mail") == [2]
    assert found("printer mail")
    r = asking.search("prinetr", kind="article", readers=PUBLIC)
    assert r.did_you_mean == "printer", r
    assert [h.id for h in asking.suggest("prin", kind="article", readers=PUBLIC).hits] == [1]
    assert [
        h.id
        for h in asking.like(
            "Hello, my printer prints only half of a label today", kind="article", readers=PUBLIC
        ).hits
    ] == [1]
