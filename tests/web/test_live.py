"""Live updates: what open pages hear, after which commit, and when they are turned away."""

import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from config import Settings
from helpdesk.db import db, transaction
from helpdesk.lib.clock import now
from helpdesk.people.services import sessions
from helpdesk.web import live
from helpdesk.web.live import LiveEvent, announce, purge
from helpdesk.web.watcher import News, Watcher
from tests import factories
from tests.support.server import LiveDesk


@pytest.fixture
def browser(own_desk: Flask) -> FlaskClient:
    """A signed-in technician's browser on a desk of its own."""
    with own_desk.app_context():
        technician = factories.technician()
        client = factories.sign_in(
            own_desk.test_client(), factories.account(technician, "technician")
        )
        db.session.commit()
    return client


def tell(app: Flask, *topics: str, kind: str = "reply") -> int:
    """Announce something under each topic, as a verb does; return the last number."""
    with app.app_context():
        with transaction():
            for topic in topics:
                announce(topic, kind, 7)
        return db.session.scalar(select(func.max(LiveEvent.id))) or 0


@contextmanager
def stream(client: FlaskClient, topics: str, **headers: str) -> Iterator[Iterator[str]]:
    """Open a stream and give its pieces as they come."""
    response = client.get(f"/live?topics={topics}", headers=headers, buffered=False)
    assert response.status_code == 200
    assert response.mimetype == "text/event-stream"
    try:
        yield (piece.decode() if isinstance(piece, bytes) else piece for piece in response.response)
    finally:
        response.close()


def heard(pieces: Iterator[str], seconds: float = 4) -> list[dict[str, Any]]:
    """Return the events of the first piece that carries any."""
    end = time.monotonic() + seconds
    for piece in pieces:
        found = [json.loads(line[6:]) for line in piece.splitlines() if line.startswith("data: ")]
        if found or time.monotonic() > end:
            return found
    return []


def test_a_page_hears_what_was_committed_under_its_topics(
    own_desk: Flask, browser: FlaskClient
) -> None:
    with stream(browser, "desk") as pieces:
        assert next(pieces).startswith("retry:")
        with own_desk.app_context():
            announce("desk", "rolled back")
            db.session.flush()
            db.session.rollback()
        tell(own_desk, "person:999", "desk", kind="reply")
        assert [(event["topic"], event["kind"]) for event in heard(pieces)] == [("desk", "reply")]


def test_nothing_is_lost_before_a_stream_begins(own_desk: Flask, browser: FlaskClient) -> None:
    with own_desk.app_context():
        mark = live.page_mark()
    first = tell(own_desk, "desk", kind="known")
    tell(own_desk, "desk", kind="missed")
    with stream(browser, "desk", **{"Last-Event-ID": str(first)}) as pieces:
        assert [event["kind"] for event in heard(pieces)] == ["missed"], "a tab comes back"
    with stream(browser, f"desk&after={mark}") as pieces:
        kinds = [event["kind"] for event in heard(pieces)]
        assert kinds == ["known", "missed"], "a page was just loaded"


def test_topics_one_may_not_hear_of_stay_silent(
    app: Flask, session: Any, client: FlaskClient
) -> None:
    factories.sign_in(client, factories.account(factories.technician(), "technician"))
    secret = f"queue:{factories.queue('Secret', restricted=True).id}"
    after = live.newest_id()
    for topic in (secret, "person:999", "desk"):
        announce(topic, "reply")
    answer = client.get(f"/live/poll?topics={secret},person:999,desk,nonsense&after={after}")
    assert answer.json is not None
    assert [event["topic"] for event in answer.json["events"]] == ["desk"]
    assert answer.json["after"] == live.newest_id()


def test_polling_says_where_to_go_on(session: Any, client: FlaskClient) -> None:
    factories.sign_in(client, factories.account(factories.technician(), "technician"))
    start = client.get("/live/poll?topics=desk").json
    assert start is not None
    announce("desk", "reply")
    announce("desk", "note")
    answer = client.get(f"/live/poll?topics=desk&after={start['after']}").json
    assert answer is not None
    assert [event["kind"] for event in answer["events"]] == ["reply", "note"]
    last = answer["after"]
    assert client.get(f"/live/poll?topics=desk&after={last}").json == {"events": [], "after": last}


def test_who_is_not_signed_in_hears_nothing(session: Any, client: FlaskClient) -> None:
    for path in ("/live?topics=desk", "/live/poll?topics=desk"):
        assert client.get(path, headers={"Accept": "text/event-stream"}).status_code == 401


def test_streams_leave_threads_for_pages(own_desk: Flask, browser: FlaskClient) -> None:
    settings: Settings = own_desk.config["SETTINGS"]
    most = int(settings.web_threads * live.STREAM_SHARE)
    open_ones = [browser.get("/live?topics=desk", buffered=False) for _number in range(most)]
    assert {response.status_code for response in open_ones} == {200}
    refused = browser.get("/live?topics=desk", buffered=False)
    assert refused.status_code == 503
    assert refused.headers["Retry-After"]
    assert browser.get("/live/poll?topics=desk").status_code == 200, "the page polls instead"
    open_ones.pop().close()
    with stream(browser, "desk"):
        pass
    for response in open_ones:
        response.close()
    assert own_desk.extensions["hearth-live"].streams == 0


def test_old_events_go_but_numbers_never_begin_anew(session: Any) -> None:
    for minutes in (90, 60, 45):
        db.session.add(LiveEvent(topic="desk", kind="old", at=now() - timedelta(minutes=minutes)))
        db.session.flush()
    newest = live.newest_id()
    assert purge() == 2
    announce("desk", "new")
    db.session.commit()
    assert live.newest_id() > newest


def test_what_is_said_is_written_at_the_end_and_once(session: Any) -> None:
    announce("ticket:5", "reply", 1)
    announce("ticket:5", "reply", 1)
    savepoint = db.session.begin_nested()
    announce("queue:3", "move", 5)
    savepoint.rollback()
    announce("queue:4", "move", 5)
    assert live.newest_id() == 0
    db.session.commit()
    # A page that looks once in vain is better than one that is never told.
    assert {news.topic for news in live.read_after(0)} == {"ticket:5", "queue:3", "queue:4"}
    assert len(live.read_after(0)) == 3
    newest = live.newest_id()
    announce("ticket:6", "reply", 1)
    db.session.rollback()
    db.session.commit()
    assert live.newest_id() == newest


def test_what_commits_late_is_told_too(app: Flask) -> None:
    """Two transactions take their numbers in one order and commit in the other."""
    table: dict[int, News] = {}

    def read(last: int, late: set[int]) -> list[News]:
        return [table[number] for number in sorted(table) if number > last or number in late]

    watcher = Watcher(app, read)
    assert watcher.enter(most=1, newest=lambda: 0)
    place = watcher.place()
    told: list[int] = []

    def listen() -> None:
        nonlocal place
        place, fresh = watcher.wait(place, 2)
        told.extend(news.id for news in fresh)

    table[2] = News(2, "desk", "second", "")
    listen()
    table[1] = News(1, "desk", "first", "")
    listen()
    assert told == [2, 1]
    assert not watcher.enter(most=1, newest=lambda: 0)
    watcher.leave()


@pytest.mark.slow
def test_a_real_server_tells_two_pages_within_a_second(live_desk: LiveDesk) -> None:
    with live_desk.app.app_context(), transaction():
        account = factories.account(factories.technician(), "technician")
        token = sessions.begin(account.id, address="127.0.0.1", user_agent="tests")
    # The port is part of the cookie's name: browsers share cookies between ports.
    cookie = f"hearth-sign-in-{urlsplit(live_desk.url).port}={token}"
    request = urllib.request.Request(f"{live_desk.url}/live?topics=desk")
    request.add_header("Cookie", cookie)
    streams = [urllib.request.urlopen(request, timeout=10) for _number in range(2)]
    for opened in streams:
        assert opened.readline().startswith(b"retry:")
    began = time.monotonic()
    tell(live_desk.app, "desk", kind="quick")
    for opened in streams:
        while not (line := opened.readline()).startswith(b"data:"):
            pass
        assert json.loads(line[6:])["kind"] == "quick"
        opened.close()
    assert time.monotonic() - began < 1
