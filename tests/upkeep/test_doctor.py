"""The doctor finds what is wrong and says what to do; `helpdesk --help` shows all commands."""

import json
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import delete, text

from helpdesk import cli
from helpdesk.db import db, transaction
from helpdesk.lib import clock
from helpdesk.lib.clock import now
from helpdesk.people.models import Desk
from helpdesk.search import following, place
from helpdesk.search.changes import changed
from helpdesk.tickets.models import Worklist
from tests.upkeep import desks


@pytest.fixture
def lived(own_desk: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """A desk that the commands find."""
    monkeypatch.setattr("helpdesk.cli.create_app", lambda: own_desk)
    with own_desk.app_context():
        desks.live_a_little(4)
        db.session.remove()
    return own_desk


def _doctor() -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(cli.root, ["doctor", "--json"])
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return done.exit_code, {line["check"]: line for line in lines}


def test_a_desk_in_order(lived: Flask):
    code, found = _doctor()
    assert code == 0, found
    assert all(line["ok"] for line in found.values())
    assert {"front-end files", "data folder", "database", "desk", "clock", "worklist"} <= set(found)
    for people in CliRunner().invoke(cli.root, ["doctor"]).stdout.splitlines():
        assert people.startswith("ok ")


def test_an_index_that_lags_behind_is_a_trouble(lived: Flask):
    assert "once the desk runs" in _doctor()[1]["search index"]["detail"]
    with lived.app_context(), place.lock("follow", wait=True):
        # As if a process of this host followed the changes.
        assert "being made" in _doctor()[1]["search index"]["detail"]
        following.rebuild()
        assert _doctor()[1]["search index"]["ok"]
        with transaction(), clock.at(now() - timedelta(minutes=6)):
            changed("article", 1)
        code, found = _doctor()
        assert code == 1
        assert "helpdesk search rebuild" in found["search index"]["detail"]
        following.step()
        assert _doctor()[0] == 0


def test_each_trouble_says_what_to_do(lived: Flask):
    with lived.app_context(), transaction():
        db.session.execute(delete(Worklist))
    code, found = _doctor()
    assert code == 1
    assert "rebuild-worklist" in found["worklist"]["detail"]
    CliRunner().invoke(cli.root, ["tickets", "rebuild-worklist"])
    assert _doctor()[0] == 0


def test_no_desk_yet_and_an_older_database(own_desk: Flask, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("helpdesk.cli.create_app", lambda: own_desk)
    code, found = _doctor()
    assert code == 1
    assert "helpdesk init" in found["desk"]["detail"]
    with own_desk.app_context(), transaction():
        db.session.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    assert "helpdesk migrate" in _doctor()[1]["database"]["detail"]


def test_a_clock_that_went_back(lived: Flask, database_kind: str):
    with clock.at(now() - timedelta(days=2)):
        code, found = _doctor()
    assert code == 1
    assert not found["clock"]["ok"]


def test_a_demo_desk_that_others_can_reach(lived: Flask, monkeypatch: pytest.MonkeyPatch):
    with lived.app_context(), transaction():
        desk = db.session.get_one(Desk, 1)
        desk.is_demo = True
    assert _doctor()[0] == 0
    settings = lived.config["SETTINGS"]
    object.__setattr__(settings, "host", "0.0.0.0")
    assert "demo desk" in _doctor()[1]["desk"]["detail"]
