"""What people read when something fails: what failed, what is safe, what next."""

import logging
import re

import pytest
from flask import Flask, abort
from sqlalchemy.exc import IntegrityError, OperationalError

from helpdesk.people.access import Denied, Permission
from helpdesk.people.guard import public

PAGE = {"Accept": "text/html"}
FRAGMENT = {"Accept": "text/html", "HX-Request": "true"}


@pytest.fixture
def desk(own_desk: Flask) -> Flask:
    """A desk with routes that fail in every way."""

    def fail(how: str) -> str:
        if how.isdigit():
            abort(int(how))
        if how == "denied":
            raise Denied(Permission.TICKET_MERGE)
        if how == "locked":
            raise OperationalError("UPDATE ticket", {}, Exception("database is locked"))
        if how == "taken":
            raise IntegrityError("INSERT", {}, Exception("UNIQUE constraint failed: queue.name"))
        if how == "fine":
            return "fine"
        raise RuntimeError("a bug with Mei-Ling's address in it")

    own_desk.add_url_rule("/fail/<how>", view_func=public(fail))
    own_desk.add_url_rule(
        "/guarded/<how>", "guarded", view_func=public(fail), methods=["GET", "POST"]
    )
    return own_desk


@pytest.mark.parametrize("code", [400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 503])
def test_every_failure_says_what_is_safe(desk: Flask, code: int) -> None:
    client = desk.test_client()
    page = client.get(f"/fail/{code}", headers=PAGE)
    assert page.status_code == code
    assert len(re.findall("<h1>", page.text)) == 1
    assert re.search(r'<p class="sub">[^<]{20,}', page.text), "advice"
    fragment = client.get(f"/fail/{code}", headers=FRAGMENT)
    assert fragment.status_code == code
    assert fragment.headers["HX-Retarget"] == "#strips"
    assert 'role="alert"' in fragment.text
    script = client.get(f"/fail/{code}", headers={"Accept": "application/json"})
    assert script.status_code == code
    assert script.json is not None
    assert script.json["error"]
    assert script.json["advice"]


def test_a_missing_permission_is_named_for_whoever_can_grant_it(desk: Flask) -> None:
    for headers in (PAGE, FRAGMENT):
        answer = desk.test_client().get("/fail/denied", headers=headers)
        assert answer.status_code == 403
        assert "Merge and split tickets" in answer.text
        assert "administrator" in answer.text


def test_a_bug_shows_a_reference_that_stands_in_the_log(
    desk: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = desk.test_client().get("/fail/bug", headers=PAGE)
    assert answer.status_code == 500
    reference = answer.headers["X-Request-Id"]
    assert reference in answer.text
    assert reference in caplog.text
    assert "Mei-Ling" in caplog.text, "the administrator reads the whole story"
    assert "Mei-Ling" not in answer.text, "whoever made the request does not"


def test_a_busy_database_is_worth_another_try(desk: Flask) -> None:
    answer = desk.test_client().get("/fail/locked", headers=PAGE)
    assert answer.status_code == 503
    assert "Try again" in answer.text


def test_what_somebody_saved_at_the_same_moment_is_a_clash_and_no_bug(desk: Flask) -> None:
    answer = desk.test_client().get("/fail/taken", headers=PAGE)
    assert answer.status_code == 409
    assert "Somebody changed this meanwhile" in answer.text


def test_an_error_page_comes_even_without_a_database(
    desk: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> None:
        raise OperationalError("SELECT", {}, Exception("connection refused"))

    monkeypatch.setattr("helpdesk.frame._desk", gone)
    answer = desk.test_client().get("/fail/bug", headers=PAGE)
    assert answer.status_code == 500
    assert "Hearth" in answer.text


def test_a_change_without_its_token_is_refused_with_a_way_on(desk: Flask) -> None:
    client = desk.test_client()
    answer = client.post("/guarded/fine", headers=PAGE)
    assert answer.status_code == 400
    assert "out of date" in answer.text
    page = client.get("/fail/404", headers=PAGE).text
    [token] = re.findall(r'name="csrf-token" content="([^"]+)"', page)
    assert client.post("/guarded/fine", headers={"X-CSRFToken": token}).text == "fine"
    assert client.post("/guarded/fine", data={"csrf_token": token}).text == "fine"


def test_what_was_typed_stands_on_the_page_that_says_it_failed(desk: Flask) -> None:
    client = desk.test_client()
    sent = {"text": "We found <the> cause", "new_password": "a whole sentence", "seen": "{a b}"}
    ours = {**PAGE, "Origin": "http://localhost"}
    for path, code in (("/guarded/fine", 400), ("/board/1/say", 400)):
        answer = client.post(path, data=sent, headers=ours)
        assert answer.status_code == code
        assert ">We found &lt;the&gt; cause</textarea>" in answer.text
        assert "sentence" not in answer.text
        assert "{a b}" not in answer.text
    # Another site can't put its words onto our page.
    foreign = client.post(
        "/guarded/fine", data=sent, headers={**PAGE, "Origin": "http://evil.test"}
    )
    assert "We found" not in foreign.text


def test_what_failed_leaves_the_address_as_it_is(desk: Flask) -> None:
    client = desk.test_client()
    assert client.get("/fail/409", headers=FRAGMENT).headers["HX-Push-Url"] == "false"
    assert "HX-Push-Url" not in client.get("/fail/fine", headers=FRAGMENT).headers


def test_secure_connections_are_remembered(desk: Flask) -> None:
    plain = desk.test_client().get("/fail/fine")
    assert "Strict-Transport-Security" not in plain.headers
    secure = desk.test_client().get("/fail/fine", base_url="https://desk.example")
    assert secure.headers["Strict-Transport-Security"].startswith("max-age=")


def test_a_redirect_is_not_an_error(desk: Flask) -> None:
    answer = desk.test_client().get("/language/zh_Hans_CN?back=/fail/404", headers=PAGE)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/fail/404"
