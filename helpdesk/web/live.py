"""Live updates: a table of small events, and one stream a browser tab that reads it.

A verb writes a row in its own transaction; what was rolled back is never announced. One watcher
thread a process looks for new rows and wakes the streams, so that a hundred open tabs cost one
query. A stream carries no content, only which topic changed: the page then asks for what it may
see, by the ordinary routes with the ordinary permissions.
"""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from flask import Blueprint, Flask, Response, current_app, jsonify, request
from sqlalchemy import Select, String, delete, event, func, select
from sqlalchemy.orm import Mapped, Session, SessionTransaction, mapped_column

from config import Settings
from helpdesk.db import BigId, Model, UTCDateTime, db
from helpdesk.lib.clock import now
from helpdesk.rows import write_rows
from helpdesk.web.watcher import News, Watcher

HEARTBEAT = 9
"""Seconds after which an idle stream sends a comment, so that a dead connection is noticed."""
STREAM_SECONDS = 600
"""A stream ends after this; the browser comes back at once and is asked again who it is."""
STREAM_SHARE = 0.6
"""Share of the server's threads that streams may hold; the rest answer pages."""
KEEP = timedelta(minutes=30)
"""How long events are kept for tabs that come back."""
MARK_MARGIN = 2
"""Seconds; an event is dated when it is written and seen when its transaction commits."""
MAX_TOPICS = 60
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
    """Tell open pages, after the commit, that something changed under a topic.

    Said twice in a transaction it is written once, with everything else that was said in it.
    """
    said = db.session.info.setdefault(_SAID, {})
    said[topic, kind[:30], str(ref)[:40]] = now()


_SAID = "announced"


def _write_down(session: Session) -> None:
    said: dict[tuple[str, str, str], datetime] = session.info.pop(_SAID, {})
    if said:
        rows = [
            {"topic": topic, "kind": kind, "ref": ref, "at": at}
            for (topic, kind, ref), at in said.items()
        ]
        write_rows(LiveEvent, rows)


def _forget(session: Session, transaction: SessionTransaction) -> None:
    # What a savepoint took back may be announced all the same: a page looks once in vain.
    if not transaction.nested:
        session.info.pop(_SAID, None)


event.listen(db.session, "before_commit", _write_down)
event.listen(db.session, "after_soft_rollback", _forget)


def purge(limit: int = 5000) -> int:
    """Delete events that nobody waits for any more; returns how many. Called by the worker.

    The newest stays: SQLite gives the next row the number after the highest one that exists, and
    after an empty table that would be 1, which every open page has long seen.
    """
    newest = select(func.max(LiveEvent.id)).scalar_subquery()
    ids = list(
        db.session.scalars(
            select(LiveEvent.id)
            .where(LiveEvent.at < now() - KEEP, LiveEvent.id < newest)
            .order_by(LiveEvent.id)
            .limit(limit)
        )
    )
    if ids:
        db.session.execute(delete(LiveEvent).where(LiveEvent.id.in_(ids)))
    return len(ids)


def newest_id() -> int:
    """Return the number of the newest event, 0 when there has never been one."""
    return db.session.scalar(select(func.max(LiveEvent.id))) or 0


def read_after(last: int, late: set[int] | None = None) -> list[News]:
    """Return the events after ``last``, and those of the ids ``late`` that exist, oldest first."""
    wanted = LiveEvent.id > last
    if late:
        wanted = wanted | LiveEvent.id.in_(late)
    return _read(select(LiveEvent.id, LiveEvent.topic, LiveEvent.kind, LiveEvent.ref).where(wanted))


def missed_after(last: int, topics: set[str]) -> list[News]:
    """Return the events of these topics after ``last``, oldest first."""
    if not topics:
        return []
    columns = select(LiveEvent.id, LiveEvent.topic, LiveEvent.kind, LiveEvent.ref)
    return _read(columns.where(LiveEvent.id > last, LiveEvent.topic.in_(topics)))


def _read(statement: Select[int, str, str, str]) -> list[News]:
    rows = db.session.execute(statement.order_by(LiveEvent.id).limit(MAX_BATCH))
    return [News(row.id, row.topic, row.kind, row.ref) for row in rows]


# ---- Where a page stands ----


def page_mark() -> str:
    """Return what a page says to hear of everything since it was made, for ``data-live-after``.

    It is a time rather than an event's number, which would cost every page a query.
    """
    return f"t{int(now().timestamp()) - MARK_MARGIN}"


def _last() -> int | None:
    """Return the number of the last event that the page knows of, or None for "from now on"."""
    said = request.headers.get("Last-Event-ID") or request.args.get("after", "")
    if said.startswith("t") and said[1:].isdigit() and len(said) < 13:
        since = datetime.fromtimestamp(int(said[1:]), UTC)
        first = db.session.scalar(select(func.min(LiveEvent.id)).where(LiveEvent.at >= since))
        return None if first is None else first - 1
    return int(said) if said.isdigit() and len(said) < 19 else None


def _topics() -> set[str]:
    asked = [word for word in request.args.get("topics", "").split(",") if word][:MAX_TOPICS]
    checker: Checker | None = current_app.extensions.get("hearth-live-checker")
    return set(checker(asked)) if checker is not None else set()


# ---- Routes ----

bp = Blueprint("live", __name__)


@bp.get("/live")
def stream() -> Response:
    """Stream the events of the topics the reader may hear of."""
    watcher: Watcher = current_app.extensions["hearth-live"]
    settings: Settings = current_app.config["SETTINGS"]
    topics = _topics()
    last = _last()
    if not watcher.enter(most=int(settings.web_threads * STREAM_SHARE), newest=newest_id):
        return Response(status=503, headers={"Retry-After": "30"})
    # The place in the watcher's record first, then the table: what comes between is told twice
    # rather than never, and the page knows events by their number.
    place = watcher.place()
    missed = missed_after(last, topics) if last is not None else []
    response = Response(_events(watcher, topics, missed, place), mimetype="text/event-stream")
    response.call_on_close(watcher.leave)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _events(watcher: Watcher, topics: set[str], missed: list[News], place: int) -> Iterator[str]:
    end = time.monotonic() + STREAM_SECONDS
    yield "retry: 3000\n\n" + "".join(map(_lines, missed))
    said_at = time.monotonic()
    while time.monotonic() < end:
        rest = HEARTBEAT - (time.monotonic() - said_at)
        place, fresh = watcher.wait(place, max(rest, 0))
        mine = [news for news in fresh if news.topic in topics]
        if mine:
            yield "".join(map(_lines, mine))
        elif time.monotonic() - said_at >= HEARTBEAT:
            yield ": still here\n\n"
        else:
            continue
        said_at = time.monotonic()


def _lines(news: News) -> str:
    return f"id: {news.id}\ndata: {json.dumps(news._asdict(), separators=(',', ':'))}\n\n"


@bp.get("/live/poll")
def poll() -> Response:
    """Answer the same for a page whose stream was refused."""
    last = _last()
    if last is None:
        return jsonify(events=[], after=newest_id())
    rows = missed_after(last, _topics())
    return jsonify(events=[row._asdict() for row in rows], after=rows[-1].id if rows else last)


# The reader must be signed in; the gate above this room reads the mark.
for view in (stream, poll):
    view.__hearth_access__ = ("self:use",)  # type: ignore[attr-defined]


def init_app(app: Flask, checker: Checker | None = None) -> None:
    """Set live updates up; ``checker`` keeps of a list of topics those the reader may hear."""
    app.extensions["hearth-live"] = Watcher(app, read_after)
    app.extensions["hearth-live-checker"] = checker
    app.register_blueprint(bp)
