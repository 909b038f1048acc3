"""Keeping a host's index in step with the database.

Every process of the desk, of the web or a worker, runs ``follow_forever`` in a thread; on each
host one of them holds the lock and follows, once a second. What was followed is committed with
the documents, in one commit: a process that is killed has done either all of a step or nothing of
it, and the next one goes on from there. Indexing a document twice changes nothing.

On PostgreSQL a row may be seen later than one with a higher number, because its transaction began
earlier and ended later. So the log is not followed by its numbers but by its transactions: before
it is read, the server is asked for the oldest transaction that still runs; everything older has
been seen now, and the next step reads from there on. On SQLite one transaction writes at a time,
and numbers are enough.
"""

import logging
import secrets
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask, current_app
from sqlalchemy import BigInteger, String, cast, delete, func, select, text

from helpdesk.db import db, is_postgresql, transaction
from helpdesk.lib.clock import now
from helpdesk.search import place, reading, store, synonyms, tongues
from helpdesk.search.documents import Document, Source
from helpdesk.search.models import Change, Epoch, Synonym

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""How often the log of changes is looked at."""
BATCH = 100
"""Documents of one commit."""
READ_AT_ONCE = 500
"""Documents that a rebuild reads in one transaction."""
REMEMBERED = timedelta(days=7)
"""How long the log remembers; a host that was away for longer starts anew."""
IDLE_COMMIT = timedelta(hours=6)
"""After how long without changes it is written down how far a host has followed."""
SYNONYM = "synonym"
"""The kind of change that concerns no document."""
MOST_SEGMENTS = 24
"""Segments above which a rebuild brings them together."""


@dataclass(slots=True)
class _Seen:
    """What this process has followed of one folder's log beyond what is committed."""

    folder: Path | None = None
    cursor: int = 0
    done: dict[int, int] | None = None
    """Numbers of rows that were followed, and their place in the log."""


_seen = _Seen()


# ---- The log ----


def _position() -> Any:
    return Change.xid if is_postgresql() else Change.seq


def _horizon() -> int:
    """Return the place in the log before which nothing new can be seen any more."""
    if is_postgresql():
        oldest = func.pg_snapshot_xmin(func.pg_current_snapshot())
        return db.session.scalars(select(cast(cast(oldest, String), BigInteger))).one()
    # The highest number ever given; those of forgotten rows too.
    given = text("SELECT seq FROM sqlite_sequence WHERE name = 'search_change'")
    return (db.session.scalar(given) or 0) + 1


def epoch() -> Epoch:
    """Return the present epoch, begun now when there is none. Opens its own transaction if so."""
    found = db.session.get(Epoch, 1)
    if found is None:
        with transaction():
            found = db.session.get(Epoch, 1)
            if found is None:
                begin_epoch()
        found = db.session.get_one(Epoch, 1)
    return found


def begin_epoch() -> None:
    """Let every host make its index anew. Never commits."""
    row = db.session.get(Epoch, 1)
    if row is None:
        row = Epoch(id=1, forgotten=0)
        db.session.add(row)
    row.name, row.started_at = secrets.token_hex(8), now()
    db.session.flush()


def forget_changes() -> int:
    """Remove old rows of the log; returns how many. Opens its own transaction."""
    with transaction():
        old = Change.at < now() - REMEMBERED
        last = db.session.scalar(select(func.max(_position())).where(old))
        if last is None:
            return 0
        row = db.session.get(Epoch, 1)
        if row is not None:
            row.forgotten = max(row.forgotten, last)
        gone = db.session.execute(delete(Change).where(old))
        return int(gone.rowcount)  # type: ignore[attr-defined]


# ---- Following ----


def follow() -> int:
    """Bring this host's index up to date, making it anew if it must be; returns changes followed.

    Waits for another process that writes right now.
    """
    reason = why_anew()
    if reason:
        log.info("The search index is made anew: %s", reason)
        rebuild()
    return step()


def why_anew() -> str:
    """Return why the index has to be made anew; "" when it can be followed."""
    try:
        view = place.view()
    except place.Missing as missing:
        return str(missing)
    try:
        return _unfit(view)
    finally:
        db.session.rollback()


def _unfit(view: reading.View) -> str:
    state, present = view.state, epoch()
    if state.get("version") != store.VERSION:
        return "it was written by another release"
    if state.get("epoch") != present.name:
        return "another one was asked for"
    cursor = int(state["cursor"])
    # What was forgotten before the index was made is in it; a transaction that runs for days
    # may hold the cursor back behind it.
    if present.forgotten >= cursor and present.forgotten > int(state.get("forgotten", 0)):
        return "changes that it lacks are forgotten"
    if _horizon() < cursor:
        return "the database is not the one it followed"
    if len(view.parts) > MOST_SEGMENTS:
        return "it lies in too many pieces"
    return ""


def step() -> int:
    """Follow what is new in the log; returns how many changes that were."""
    with place.lock("write", wait=True):
        folder = place.current()
        return _step(folder) if folder is not None else 0


def _step(folder: Path) -> int:
    """Follow the log in a folder. The caller holds the lock."""
    try:
        # Asked before the rows are: what is older than this is among them.
        horizon = _horizon()
        state, cursor, done = _place_of(folder)
        position = _position()
        rows = db.session.execute(
            select(Change.seq, position.label("position"), Change.kind, Change.document_id)
            .where(position >= cursor)
            .order_by(Change.seq)
        ).all()
        fresh = [row for row in rows if row.seq not in done]
        for first in range(0, len(fresh), BATCH):
            some = fresh[first : first + BATCH]
            last = first + BATCH >= len(fresh)
            state = {**state, "cursor": horizon if last else cursor, "at": now().isoformat()}
            state["seq"] = max(int(state.get("seq", 0)), *(row.seq for row in some))
            _commit(folder, state, some)
            done.update((row.seq, row.position) for row in some)
        if not fresh and _long_ago(state):
            state = {**state, "cursor": horizon, "at": now().isoformat()}
            _commit(folder, state, [])
    finally:
        db.session.rollback()
    _seen.folder, _seen.cursor = folder, horizon
    _seen.done = {seq: at for seq, at in done.items() if at >= horizon}
    return len(fresh)


def _place_of(folder: Path) -> tuple[dict[str, Any], int, dict[int, int]]:
    """Return the committed state, from where to read, and which rows there are followed already."""
    state = _state_of(folder)
    if _seen.folder == folder and _seen.done is not None and _seen.cursor >= state["cursor"]:
        return state, _seen.cursor, _seen.done
    return state, int(state["cursor"]), {}


def _state_of(folder: Path) -> dict[str, Any]:
    # What this process has open anyway; reading it anew every second would cost more than asking.
    if folder == place.current():
        with suppress(place.Missing):
            view = place.view()
            if view.folder == folder:
                return view.state
    return store.read_state(folder)


def _long_ago(state: dict[str, Any]) -> bool:
    return now() - datetime.fromisoformat(state["at"]) > IDLE_COMMIT


def _commit(folder: Path, state: dict[str, Any], rows: Sequence[Any]) -> None:
    """Write the present state of some documents, and how far the log is followed."""
    writing = store.Writing(store.open_index(folder))
    try:
        spoken = set(state.get("tongues", ()))
        for source in sources():
            wanted = sorted({row.document_id for row in rows if row.kind == source.kind})
            there = {document.id: document for document in source.load(wanted)} if wanted else {}
            for document_id in wanted:
                document = there.get(document_id)
                if document is None:
                    writing.remove(source.kind, document_id)
                else:
                    writing.put(document)
                    spoken.add(tongues.of(document.language))
        if any(row.kind == SYNONYM for row in rows):
            state["synonyms"] = _synonyms()
        state["tongues"] = sorted(spoken)
    except BaseException:
        writing.cancel()
        raise
    writing.finish(state)


def sources() -> list[Source]:
    """Return what is searched, as the application names it."""
    found: list[Source] = current_app.extensions["hearth-searched"]
    return found


def _synonyms() -> list[list[str]]:
    rows = db.session.execute(
        select(Synonym.language, Synonym.words)
        .where(Synonym.retired_at.is_(None))
        .order_by(Synonym.id)
    )
    return [[row.language, *synonyms.split_words(row.words)] for row in rows]


# ---- Making it anew ----


class Stopped(Exception):
    """The process is to end; the index is made anew by the next one."""


def rebuild(stop: threading.Event | None = None) -> int | None:
    """Make the index anew in a folder of its own and swap it in; searching goes on meanwhile.

    Returns how many documents it holds; None when another process of this host is at it. Raises
    Stopped when ``stop`` was set meanwhile.
    """
    with place.lock("rebuild", wait=False) as ours:
        if not ours:
            return None
        place.clear(place.current())
        folder = place.new_folder()
        try:
            present = epoch()
            state: dict[str, Any] = {
                "version": store.VERSION,
                "epoch": present.name,
                # Asked before anything is read: what changes from now on is followed afterwards.
                "cursor": _horizon(),
                "forgotten": present.forgotten,
                "seq": db.session.scalar(select(func.max(Change.seq))) or 0,
                "at": now().isoformat(),
                "synonyms": _synonyms(),
            }
            db.session.rollback()
            spoken: set[str] = set()
            count = store.write_all(store.create(folder), _everything(spoken, stop), state, spoken)
            with place.lock("write", wait=True):
                _step(folder)
                place.swap(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            db.session.rollback()
        place.clear(folder)
        return count


def _everything(spoken: set[str], stop: threading.Event | None) -> Iterator[Document]:
    for source in sources():
        last = 0
        while ids := source.ids(last, READ_AT_ONCE):
            last = ids[-1]
            if stop is not None and stop.is_set():
                raise Stopped
            for document in source.load(ids):
                spoken.add(tongues.of(document.language))
                yield document
            # A transaction that reads for minutes would keep the database from tidying up.
            db.session.rollback()


# ---- Running ----


def follow_forever(stop: threading.Event) -> None:
    """Follow the changes on this host until ``stop``, or wait to do so while another one does."""
    while not stop.is_set():
        with place.lock("follow", wait=False) as ours:
            if ours:
                _follow_until(stop)
        stop.wait(LOOK_SECONDS)


def _follow_until(stop: threading.Event) -> None:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    anew: threading.Thread | None = None
    while not stop.is_set():
        try:
            reason = why_anew()
            if reason and (anew is None or not anew.is_alive()):
                # Beside us, so that the present index is kept in step until the new one is there.
                log.info("The search index is made anew: %s", reason)
                anew = threading.Thread(target=_rebuild_apart, args=(app, stop), daemon=True)
                anew.start()
            if _readable():
                step()
        except Exception:
            log.exception("The search index could not be brought up to date")
            db.session.rollback()
        stop.wait(LOOK_SECONDS)
    if anew is not None:
        # It sees that it is to stop; who ends the process does not wait for long.
        anew.join(5)


def _readable() -> bool:
    try:
        return place.view().state.get("version") == store.VERSION
    except place.Missing:
        return False


def _rebuild_apart(app: Flask, stop: threading.Event) -> None:
    with app.app_context():
        try:
            rebuild(stop)
        except Stopped:
            log.info("Making the search index anew was interrupted")
        except Exception:
            log.exception("The search index could not be made anew")


def start(app: Flask) -> None:
    """Follow in a thread of this process, as long as the process lives."""

    def run() -> None:
        with app.app_context():
            follow_forever(threading.Event())

    threading.Thread(target=run, name="follow-search", daemon=True).start()
