"""Live updates: a table of small events, and one stream a browser tab that reads it.

A verb writes a row in its own transaction; what was rolled back is never announced. One watcher
thread a process looks for new rows and wakes the streams, so that a hundred open tabs cost one
query. A stream carries no content, only which topic changed: the page then asks for what it may
see, by the ordinary routes with the ordinary permissions.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Flask, Response, current_app, jsonify, request
from sqlalchemy import String, delete, func, select
from sqlalchemy.orm import Mapped, mapped_column

from config import Settings
from helpdesk.db import BigId, Model, UTCDateTime, db
from helpdesk.lib.clock import now

log = logging.getLogger(__name__)

LOOK_EVERY = 0.25
"""Seconds between two looks at the table; one look is one indexed read."""
HEARTBEAT = 9
"""Seconds after which an idle stream sends a comment, so that a dead connection is noticed."""
MAX_TOPICS = 60
KEEP = timedelta(minutes=30)
"""How long events are kept for tabs that come back."""
STREAM_SHARE = 0.6
"""Share of the server's threads that streams may hold; the rest answer pages."""
MAX_BATCH = 500

Checker = Callable[[list[str]], list[str]]


class LiveEvent(Model):
    """Something changed under a topic (``queue:3``, ``ticket:48213``, ``person:7``)."""

    __tablename__ = "live_event"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    topic: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(30))
    ref: Mapped[str] = mapped_column(String(40), default="")
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=now, index=True)


def announce(topic: str, kind: str, ref: int | str = "") -> None:
    """Tell open pages, after the commit, that something changed under a topic."""
    db.session.add(LiveEvent(topic=topic, kind=kind[:30], ref=str(ref)[:40]))


def purge(limit: int = 5000) -> int:
    """Delete events that nobody waits for any more; returns how many. Called by the worker."""
    ids = list(
        db.session.scalars(
            select(LiveEvent.id)
            .where(LiveEvent.at < now() - KEEP)
            .order_by(LiveEvent.id)
            .limit(limit)
        )
    )
    if ids:
        db.session.execute(delete(LiveEvent).where(LiveEvent.id.in_(ids)))
    return len(ids)


class Watcher:
    """The one reader of a process; streams wait for it."""

    def __init__(self, app: Flask) -> None:
        """Begin with what is newest now; nothing older is news to anybody who waits here."""
        self.app = app
        self.news = threading.Condition()
        self.newest = 0
        self.recent: list[dict[str, Any]] = []
        self.streams = 0
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the thread once, after the server has forked its workers."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                with self.app.app_context():
                    self.newest = db.session.scalar(select(func.max(LiveEvent.id))) or 0
                self._thread = threading.Thread(target=self._run, name="live", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            time.sleep(LOOK_EVERY)
            if not self.streams:
                continue
            try:
                with self.app.app_context():
                    rows = read_after(self.newest, None)
            except Exception:
                log.exception("the live watcher could not read")
                time.sleep(5)
                continue
            if rows:
                with self.news:
                    self.newest = rows[-1]["id"]
                    self.recent = (self.recent + rows)[-2000:]
                    self.news.notify_all()


def read_after(last: int, topics: set[str] | None) -> list[dict[str, Any]]:
    """Return the events after ``last``, of these topics (all of them for None), oldest first.

    Keys are given before their transactions commit, so one may appear below a later one. The
    gap is as long as a transaction, and what falls into it is a refresh that comes with the next
    event or the page's own re-sync, never a lost message.
    """
    statement = select(LiveEvent.id, LiveEvent.topic, LiveEvent.kind, LiveEvent.ref)
    statement = statement.where(LiveEvent.id > last).order_by(LiveEvent.id).limit(MAX_BATCH)
    if topics is not None:
        statement = statement.where(LiveEvent.topic.in_(topics))
    rows = db.session.execute(statement).all()
    return [{"id": r.id, "topic": r.topic, "kind": r.kind, "ref": r.ref} for r in rows]


bp = Blueprint("live", __name__)


def _topics() -> set[str]:
    asked = [word for word in request.args.get("topics", "").split(",") if word][:MAX_TOPICS]
    checker: Checker | None = current_app.extensions.get("hearth-live-checker")
    return set(checker(asked)) if checker is not None else set()


def _last() -> int | None:
    said = request.headers.get("Last-Event-ID") or request.args.get("after", "")
    return int(said) if said.isdigit() and len(said) < 19 else None


@bp.get("/live")
def stream() -> Response:
    """Stream the events of the topics the reader may hear of."""
    watcher: Watcher = current_app.extensions["hearth-live"]
    settings: Settings = current_app.config["SETTINGS"]
    topics = _topics()
    if watcher.streams >= int(settings.web_threads * STREAM_SHARE):
        return Response(status=503, headers={"Retry-After": "30"})
    watcher.start()
    last = _last()
    missed = read_after(last, topics) if last is not None else []
    position = missed[-1]["id"] if missed else (last if last is not None else watcher.newest)
    response = Response(_events(watcher, topics, missed, position), mimetype="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _events(
    watcher: Watcher, topics: set[str], missed: list[dict[str, Any]], position: int
) -> Iterator[str]:
    watcher.streams += 1
    try:
        yield "retry: 3000\n\n"
        for event in missed:
            yield _line(event)
        while True:
            with watcher.news:
                if watcher.newest <= position:
                    watcher.news.wait(HEARTBEAT)
                fresh = [event for event in watcher.recent if event["id"] > position]
                position = max(position, watcher.newest)
            mine = [event for event in fresh if event["topic"] in topics]
            for event in mine:
                yield _line(event)
            if not mine:
                yield ": still here\n\n"
    finally:
        watcher.streams -= 1


def _line(event: dict[str, Any]) -> str:
    return f"id: {event['id']}\ndata: {json.dumps(event, separators=(',', ':'))}\n\n"


@bp.get("/live/poll")
def poll() -> Response:
    """Answer the same for a page whose stream was refused."""
    last = _last()
    if last is None:
        newest = db.session.scalar(select(func.max(LiveEvent.id))) or 0
        return jsonify(events=[], after=newest)
    rows = read_after(last, _topics())
    return jsonify(events=rows, after=rows[-1]["id"] if rows else last)


# The reader must be signed in; the gate above this room reads the mark.
for view in (stream, poll):
    view.__hearth_access__ = ("self:use",)  # type: ignore[attr-defined]


def init_app(app: Flask, checker: Checker | None = None) -> None:
    """Set live updates up; ``checker`` keeps of a list of topics those the reader may hear."""
    app.extensions["hearth-live"] = Watcher(app)
    app.extensions["hearth-live-checker"] = checker
    app.register_blueprint(bp)
