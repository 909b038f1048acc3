"""Bringing the database to the newest state, and finding out quickly that it is there."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

import config
from helpdesk.upkeep import migrations
from tests.support.paths import PROJECT

pytestmark = pytest.mark.one_database


def test_the_newest_state_is_the_one_alembic_finds():
    scripts = ScriptDirectory.from_config(Config(str(PROJECT / "alembic.ini")))
    assert migrations.newest() == scripts.get_current_head() is not None


def test_two_states_that_nothing_follows_are_left_to_alembic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(migrations, "VERSIONS", tmp_path)
    (tmp_path / "first.py").write_text('revision = "aaa"\ndown_revision = None\n')
    (tmp_path / "second.py").write_text("revision = 'bbb'\ndown_revision = 'aaa'\n")
    assert migrations.newest() == "bbb"
    (tmp_path / "other.py").write_text('revision = "ccc"\ndown_revision = "aaa"\n')
    assert migrations.newest() is None
    (tmp_path / "both.py").write_text('revision = "ddd"\ndown_revision = ("bbb", "ccc")\n')
    assert migrations.newest() == "ddd"


def test_an_empty_database_is_filled_and_the_next_start_needs_no_alembic(tmp_path: Path):
    settings = config.load({"HEARTH_DATA_DIR": str(tmp_path)})
    assert migrations.state(settings) is None
    program = (
        "import logging, sys, config; from helpdesk.upkeep.migrations import migrate;"
        "logging.basicConfig(level='INFO', stream=sys.stdout);"
        "migrate(config.load()); print('alembic' in sys.modules)"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=PROJECT,
            env={"HEARTH_DATA_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for _start in range(2)
    ]
    assert said == ["True", "False"], "and it says nothing of its own"
    assert migrations.state(settings) == migrations.newest()


def test_a_database_of_a_newer_release_is_left_alone(tmp_path: Path):
    settings = config.load({"HEARTH_DATA_DIR": str(tmp_path)})
    engine = sqlalchemy.create_engine(settings.database_url)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE alembic_version (version_num TEXT)"))
        connection.execute(sqlalchemy.text("INSERT INTO alembic_version VALUES ('ffffffffffff')"))
    engine.dispose()
    with pytest.raises(config.ConfigError, match=r"ffffffffffff.*newer"):
        migrations.migrate(settings)


def test_a_desk_that_is_there_gets_the_views_of_what_is_in_danger(tmp_path: Path):
    settings = config.load({"HEARTH_DATA_DIR": str(tmp_path)})
    alembic = Config(str(PROJECT / "alembic.ini"))
    alembic.attributes["url"] = settings.database_url
    command.upgrade(alembic, "cdf04774b33d")
    engine = sqlalchemy.create_engine(settings.database_url)
    with engine.begin() as connection:
        connection.execute(
            sqlalchemy.text(
                "INSERT INTO view (key, name, colour, filters, position, created_at)"
                " VALUES ('unassigned', 'Unassigned', 'c2', '{}', 0, '2026-01-01')"
            )
        )
    migrations.migrate(settings)
    shown = sqlalchemy.text("SELECT key, filters FROM view ORDER BY position, name")
    with engine.begin() as connection:
        rows = connection.execute(shown).all()
    keys = [key for key, _filters in rows]
    assert keys[0] == "breaching"
    assert set(keys) == {"breaching", "at-risk", "unassigned", "suppliers"}
    filters = {row.key: json.loads(row.filters) for row in rows}
    assert filters["breaching"] == {"due": ["today"]}
    assert filters["at-risk"] == {"flag": ["at-risk"]}
    command.downgrade(alembic, "cdf04774b33d")
    with engine.begin() as connection:
        assert [key for key, _filters in connection.execute(shown)] == ["unassigned"]
    engine.dispose()
