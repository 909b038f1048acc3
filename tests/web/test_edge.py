"""The edge of a request: what commits, what rolls back, and which headers leave."""

import re
from typing import Any

import pytest
from flask import Flask, Response, abort, flash
from sqlalchemy import event, select

from helpdesk.db import db
from helpdesk.people.guard import public
from helpdesk.people.models import Team
from helpdesk.web.security import csrf


@pytest.fixture
def desk(own_desk: Flask) -> Flask:
    """A desk with a few routes that write and then answer in various ways."""

    def write(name: str, code: int) -> Response:
        db.session.add(Team(name=name))
        db.session.flush()
        if code == 599:
            raise RuntimeError("a bug")
        if code == 404:
            abort(404)
        return Response("done", status=code)

    own_desk.add_url_rule(
        "/try/<name>/<int:code>", view_func=csrf.exempt(public(write)), methods=["GET", "POST"]
    )
    return own_desk


def names(app: Flask) -> set[str]:
    with app.app_context():
        return set(db.session.scalars(select(Team.name)))


@pytest.mark.parametrize(
    ("method", "code", "kept"),
    [
        ("POST", 200, True),
        ("POST", 303, True),
        ("POST", 422, False),
        ("POST", 404, False),
        ("POST", 599, False),
    ],
)
def test_only_a_good_answer_to_a_change_commits(
    desk: Flask, method: str, code: int, kept: bool
) -> None:
    response = desk.test_client().open(f"/try/here/{code}", method=method)
    assert response.status_code == (500 if code == 599 else code)
    assert ("here" in names(desk)) is kept


def test_a_request_that_reads_cannot_write(desk: Flask) -> None:
    client = desk.test_client()
    assert client.get("/try/here/200").status_code == 500
    assert "here" not in names(desk)
    # The connection goes back to the pool and writes for the next one.
    assert client.post("/try/there/200").status_code == 200
    assert names(desk) == {"there"}


def test_a_commit_that_fails_is_an_error_and_not_a_success(
    desk: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("helpdesk.web.edge.commit", fail)
    response = desk.test_client().post("/try/here/200")
    assert response.status_code == 500
    assert names(desk) == set()


def test_only_changes_begin_as_writers(desk: Flask) -> None:
    """On SQLite a transaction that turns into a writer late would fail under load."""
    begun: list[str] = []
    with desk.app_context():
        engine = db.engine

        @event.listens_for(engine, "before_cursor_execute")
        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            begun.append(statement)

    client = desk.test_client()
    client.get("/try/here/200")
    reading = [statement for statement in begun if statement.startswith("BEGIN")]
    begun.clear()
    client.post("/try/there/200")
    writing = [statement for statement in begun if statement.startswith("BEGIN")]
    if desk.config["SETTINGS"].is_sqlite:
        assert set(reading) == {"BEGIN"}
        assert set(writing) == {"BEGIN IMMEDIATE"}
    else:
        assert reading == writing == []


def test_every_answer_carries_the_strict_policy(desk: Flask) -> None:
    for path in ("/no/such/page", "/try/here/200", "/static/x/css/base.css"):
        response = desk.test_client().get(path, headers={"Accept": "text/html"})
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy
        assert "unsafe-eval" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["X-Frame-Options"] == "DENY"
        assert response.headers["Referrer-Policy"] == "same-origin"


def test_a_nonce_is_new_each_time_and_stands_in_the_page(desk: Flask) -> None:
    found = []
    for _number in range(2):
        response = desk.test_client().get("/no/such/page", headers={"Accept": "text/html"})
        [nonce] = re.findall(r"nonce-([\w-]+)", response.headers["Content-Security-Policy"])
        assert f'nonce="{nonce}"' in response.text
        found.append(nonce)
    assert found[0] != found[1]


def test_the_error_page_says_what_is_safe_in_three_languages(desk: Flask) -> None:
    for language in ("en", "zh-Hans", "zh-Hant"):
        response = desk.test_client().get(
            "/no/such/page", headers={"Accept": "text/html", "Accept-Language": language}
        )
        assert response.status_code == 404
        assert f'<html lang="{language}"' in response.text


def test_a_fragment_that_fails_goes_to_the_strips(desk: Flask) -> None:
    response = desk.test_client().post("/try/here/404", headers={"HX-Request": "true"})
    assert response.headers["HX-Retarget"] == "#strips"
    assert "<html" not in response.text


def test_static_files_are_kept_for_ever_under_their_content_name(desk: Flask) -> None:
    page = desk.test_client().get("/no/such/page", headers={"Accept": "text/html"}).text
    [address] = re.findall(r'href="(/static/\w+/css/base\.css)"', page)
    response = desk.test_client().get(address)
    assert response.status_code == 200
    assert "immutable" in response.headers["Cache-Control"]


def test_pages_that_are_not_files_are_not_kept(desk: Flask) -> None:
    assert desk.test_client().get("/try/here/200").headers["Cache-Control"] == "no-store"


def test_static_files_stay_in_their_folder(desk: Flask) -> None:
    for path in ("x/../../config.py", "x/..%2f..%2fconfig.py", "x//etc/passwd", "x/%2fetc/passwd"):
        response = desk.test_client().get(f"/static/{path}", follow_redirects=True)
        assert response.status_code == 404


def test_messages_that_no_page_shows_do_not_fill_the_cookie(own_desk: Flask) -> None:
    def remark() -> str:
        flash("Logged")
        return "done"

    own_desk.add_url_rule("/remark", view_func=public(remark))
    client = own_desk.test_client()
    for _ in range(40):
        client.get("/remark")
    with client.session_transaction() as kept:
        assert len(kept["_flashes"]) == 5
