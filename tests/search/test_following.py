"""The index follows the database: every change, in order or not, through kills and rebuilds."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from helpdesk.db import db, is_postgresql, transaction
from helpdesk.lib import clock
from helpdesk.lib.clock import now
from helpdesk.run import WebServer
from helpdesk.search import asking, following, place, reading, store
from helpdesk.search.changes import changed
from helpdesk.search.models import Change, Epoch, Synonym
from helpdesk.search.standing import standing
from helpdesk.tickets.desk import Tag
from helpdesk.upkeep.commands import search
from tests.search.crashing import Tags
from tests.search.desk import Shelf, document, searching
from tests.support import crashing

PUBLIC = ("public",)


def found(words: str, **more: Any) -> list[int]:
    hits = asking.search(words, kind="article", readers=PUBLIC, **more).hits
    return [hit.id for hit in hits]


def note(*ids: int) -> None:
    with transaction():
        changed("article", *ids)


@pytest.fixture
def shelf(own_desk: Flask) -> Iterator[Shelf]:
    kept = Shelf([document(1, "Toner", "The printer asks for toner.")])
    with searching(own_desk, kept), own_desk.app_context():
        yield kept


def contents(view: reading.View) -> dict[tuple[str, str], dict[int, int]]:
    """Return every list of an index by the ids of its documents: what can be asked at all."""
    told: dict[tuple[str, str], dict[int, int]] = {}
    for part in view.parts:
        for field in ("words", "forms", "pairs", "parts", "title", "tags", "category", "has"):
            for term in part.segment.starting(field, "", 100_000):
                if term == store.STATE:
                    continue
                ids, weights = part.segment.postings(field, term)
                for at, weight in zip(ids, weights, strict=True):
                    if at not in part.gone:
                        told.setdefault((field, term), {})[part.segment.numbers[at]] = weight
    return told


def anew(folder: Path, documents: list[Any]) -> reading.View:
    store.write_all(store.create(folder), documents, {}, ())
    return reading.open_view(folder)


def test_what_changes_is_found_and_what_goes_is_not(shelf: Shelf):
    assert following.follow() == 0
    assert found("toner") == [1]
    shelf.put(document(1, "Ink", "The printer asks for ink."), document(2, "Paper", "No toner."))
    assert found("ink") == [], "nobody said so yet"
    note(1, 2)
    assert following.step() == 2
    assert (found("ink"), found("toner")) == ([1], [2])
    del shelf.kept[2]
    note(2, 77)
    following.step()
    assert found("toner") == []
    assert following.step() == 0, "nothing is followed twice"


def test_a_change_that_is_rolled_back_is_none(shelf: Shelf):
    following.follow()
    with suppress(ZeroDivisionError), transaction():
        changed("article", 1)
        raise ZeroDivisionError
    assert db.session.query(Change).count() == 0


def test_changes_of_other_kinds_and_twice_in_one_go_do_no_harm(shelf: Shelf):
    following.follow()
    with transaction():
        changed("something", 1)
        changed("article", 1, 1)
        changed("article", 1)
        changed("article")
    assert following.step() == 3
    assert found("toner") == [1]


def test_a_transaction_that_ends_late_is_not_passed_over(shelf: Shelf, own_desk: Flask):
    if not is_postgresql():
        return  # SQLite lets one write at a time.
    following.follow()
    begun, go_on = threading.Event(), threading.Event()

    def late() -> None:
        with own_desk.app_context(), transaction():
            changed("article", 1)
            begun.set()
            assert go_on.wait(20)

    thread = threading.Thread(target=late)
    thread.start()
    assert begun.wait(20)
    shelf.put(document(1, "Late"), document(2, "Early"))
    note(2)
    assert following.step() == 1
    assert (found("early"), found("late")) == ([2], [])
    assert following.step() == 0, "what is followed already is not written again and again"
    go_on.set()
    thread.join()
    assert following.step() == 1
    assert found("late") == [1]


def test_another_process_goes_on_from_what_was_committed(shelf: Shelf):
    following.follow()
    shelf.put(document(1, "Other"))
    note(1)
    following.step()
    # A process that knows nothing yet, as after a start.
    following._seen.folder = following._seen.done = None
    shelf.put(document(1, "Again"))
    note(1)
    assert following.step() >= 1
    assert found("again") == [1]


def test_the_log_is_trimmed_and_who_was_away_starts_anew(shelf: Shelf):
    following.follow()
    first = place.current()
    shelf.put(document(1, "Away"))
    with clock.at(now() - timedelta(days=8)):
        note(1)
    following.forget_changes()
    assert db.session.query(Change).count() == 0
    assert "forgotten" in following.why_anew()
    following.follow()
    assert place.current() != first
    assert found("away") == [1]
    assert following.why_anew() == ""


def test_an_index_made_after_the_log_was_trimmed_is_not_made_again(shelf: Shelf):
    """A transaction that runs for days holds the place back behind what is forgotten."""
    following.follow()
    with transaction():
        following.epoch().forgotten = 2**40
    assert "forgotten" in following.why_anew()
    following.follow()
    assert following.why_anew() == ""
    with transaction():
        following.epoch().forgotten += 1
    assert "forgotten" in following.why_anew()


def test_trimming_what_was_followed_costs_no_rebuild(shelf: Shelf):
    following.follow()
    with clock.at(now() - timedelta(days=8)):
        note(1)
    following.step()
    if is_postgresql():
        # The log's place moves on as soon as what else ran on the server then has ended: the
        # transactions of other tests, which may take a while.
        old = db.session.scalars(select(func.max(Change.xid))).one()
        until = time.monotonic() + 60
        while following._horizon() <= old and time.monotonic() < until:
            db.session.rollback()
            time.sleep(0.05)
        note(1)
        following.step()
    following.forget_changes()
    assert following.why_anew() == ""
    shelf.put(document(1, "Later"))
    note(1)
    following.step()
    assert found("later") == [1]


def test_another_epoch_makes_the_index_anew_while_the_old_one_answers(shelf: Shelf):
    following.follow()
    first = place.current()
    with transaction():
        following.begin_epoch()
    assert following.why_anew()
    assert standing().renewing
    assert found("toner") == [1]
    following.follow()
    assert place.current() != first
    assert first is not None
    assert not first.exists(), "the old one is gone"
    assert found("toner") == [1]
    assert not standing().renewing


def test_an_emptied_desk_has_another_epoch(shelf: Shelf):
    following.follow()
    with transaction():
        db.session.query(Epoch).delete()
    assert following.why_anew()


@pytest.mark.parametrize("damage", ["gone", "cut", "pointer", "rubbish"])
def test_a_damaged_index_is_made_anew_and_questions_are_answered_meanwhile(
    shelf: Shelf, damage: str
):
    following.follow()
    folder = place.current()
    assert folder is not None
    if damage == "pointer":
        (place.root() / place.CURRENT).write_text("../../etc")
    for file in folder.iterdir():
        if damage == "gone":
            file.unlink()
        elif damage == "cut":
            file.write_bytes(file.read_bytes()[:20])
        elif damage == "rubbish" and file.suffix == ".toc":
            file.write_bytes(b"\x80\x04rubbish")
    place._opened.clear()
    answer = asking.search("toner", kind="article", readers=PUBLIC)
    assert ([hit.id for hit in answer.hits], answer.ready) == ([1], False)
    assert asking.search("toner", kind="article", readers=("staff",)).hits == []
    following.follow()
    answer = asking.search("toner", kind="article", readers=PUBLIC)
    assert ([hit.id for hit in answer.hits], answer.ready) == ([1], True)


def test_changes_during_a_rebuild_are_in_the_new_index(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
):
    following.follow()
    real = store.write_all

    def slow(*arguments: Any) -> int:
        count = real(*arguments)
        # Everything has been read by now.
        shelf.put(document(1, "Meanwhile"), document(9, "Newcomer"))
        note(1, 9)
        return count

    monkeypatch.setattr(store, "write_all", slow)
    assert following.rebuild() == 1
    assert (found("meanwhile"), found("newcomer")) == ([1], [9])


def test_two_rebuilds_at_once_are_one(shelf: Shelf):
    with place.lock("rebuild", wait=False) as ours:
        assert ours
        assert following.rebuild() is None


def test_synonyms_arrive_by_the_log(shelf: Shelf):
    following.follow()
    assert found("cartridge") == []
    with transaction():
        row = Synonym(words="toner, cartridge, ink", language="")
        db.session.add(row)
        db.session.flush()
        changed(following.SYNONYM, row.id)
    following.step()
    assert found("cartridge") == [1]
    assert found("ink") == [1]


def test_the_thread_follows_by_itself_within_two_seconds(shelf: Shelf, own_desk: Flask):
    stop = threading.Event()

    def run() -> None:
        with own_desk.app_context():
            following.follow_forever(stop)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        wait_until(lambda: found("toner") == [1] and standing().ready)
        shelf.put(document(3, "Quickly"))
        note(3)
        begun = now()
        wait_until(lambda: found("quickly") == [3])
        assert (now() - begun).total_seconds() < 5, "two seconds on a machine with nothing else"
    finally:
        stop.set()
        thread.join()


def wait_until(true: Any) -> None:
    waiting = threading.Event()
    for _ in range(200):
        if true():
            return
        waiting.wait(0.05)
    raise AssertionError("it never came to be")


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(1, 6), st.integers(0, 5)),
        st.tuples(st.just("drop"), st.integers(1, 6), st.just(0)),
        st.tuples(st.sampled_from(["step", "forget", "follow"]), st.just(0), st.just(0)),
    ),
    max_size=14,
)
TEXTS = ("red printer", "green mail-box", "打印机 blue", "Drucker-Treiber", "", "サーバー réseau")


@pytest.mark.one_database
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_happened_the_index_is_what_a_rebuild_makes(
    shelf: Shelf, tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]]
):
    shelf.kept.clear()
    with transaction():
        following.begin_epoch()
    following.follow()
    for step, number, which in steps:
        if step == "put":
            shelf.put(document(number, TEXTS[which], TEXTS[which - 1], tags=(TEXTS[which - 2],)))
            note(number)
        elif step == "drop":
            shelf.kept.pop(number, None)
            note(number)
        elif step == "forget":
            # A process that was killed knows what is committed, and nothing else.
            following._seen.folder = following._seen.done = None
        else:
            following.follow() if step == "follow" else following.step()
    following.step()
    fresh = anew(tmp_path_factory.mktemp("fresh") / "index-fresh", list(shelf.kept.values()))
    assert contents(place.view()) == contents(fresh)


@pytest.mark.slow
def test_killed_at_any_moment_no_change_is_lost(own_desk: Flask, tmp_path: Path):
    *deaths, end = crashing.run(own_desk, tmp_path, "tests.search.crashing")
    where = {line["where"] for line in deaths if line["killed"]}
    assert sum(line["killed"] for line in deaths) >= 20
    assert {"before write", "after write"} & where, "within the commit of the index too"
    assert end["same"], "it was followed all along, and never made anew"
    with own_desk.app_context(), searching(own_desk, Tags()):
        rows = db.session.execute(select(Tag.id, Tag.name)).all()
        assert len(rows) > 10
        base = next(iter((tmp_path / "search").glob("index-*")))
        view = reading.open_view(base)
        fresh = anew(tmp_path / "index-fresh", Tags().load([row.id for row in rows]))
        assert contents(view) == contents(fresh)


def test_the_log_gives_no_number_twice(shelf: Shelf):
    note(1)
    last = db.session.scalars(select(Change.seq)).one()
    with transaction():
        db.session.execute(text("DELETE FROM search_change"))
    note(1)
    assert db.session.scalars(select(Change.seq)).one() > last


def test_a_rebuild_that_is_interrupted_leaves_everything_as_it_was(shelf: Shelf):
    following.follow()
    first = place.current()
    stop = threading.Event()
    stop.set()
    with pytest.raises(following.Stopped):
        following.rebuild(stop)
    assert place.current() == first
    assert list(place.root().glob("index-*")) == [first]


def test_every_process_of_the_web_server_follows(own_desk: Flask, monkeypatch: pytest.MonkeyPatch):
    started: list[Flask] = []
    monkeypatch.setattr(following, "start", started.append)
    assert WebServer(own_desk).load() is own_desk
    assert started == [own_desk]


def test_the_command_makes_this_hosts_index_anew(shelf: Shelf, own_desk: Flask):
    following.follow()
    first = place.current()
    done = CliRunner().invoke(search, ["rebuild", "--json"], obj=lambda: own_desk)
    assert json.loads(done.stdout)["articles"] == 1
    assert place.current() != first
    with place.lock("rebuild", wait=False):
        done = CliRunner().invoke(search, ["rebuild"], obj=lambda: own_desk)
    assert "by another process" in done.stdout
