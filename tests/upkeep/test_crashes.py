"""Processes that are killed while they back up or restore leave a desk that works."""

from pathlib import Path
from typing import Any

from flask import Flask

from helpdesk.db import db
from helpdesk.upkeep.backup import make
from helpdesk.upkeep.restore import restore
from tests.support import crashing
from tests.upkeep import desks
from tests.upkeep.crashing import fingerprint


def killed_again_and_again(app: Flask, what: str, file: Path) -> list[dict[str, Any]]:
    """Return how desk and file stood after each child; only the last came to its end."""
    folder = app.config["SETTINGS"].data_dir
    fates = crashing.run(app, folder, "tests.upkeep.crashing", what, str(file), timeout=150)
    assert [fate["killed"] for fate in fates] == [True] * (len(fates) - 1) + [False]
    assert len(fates) > 8
    return fates


def test_a_killed_backup_leaves_no_file_that_looks_like_one(own_desk: Flask, tmp_path: Path):
    with own_desk.app_context():
        desks.live_a_little(4)
        before = fingerprint()
        db.session.remove()
    file = tmp_path / "monday.tar"
    *killed, last = killed_again_and_again(own_desk, "backup", file)
    assert not any(fate["file"] for fate in killed)
    assert last["file"]
    assert {fate["desk"] for fate in (*killed, last)} == {before}
    with own_desk.app_context():
        restore(file, force=True)
        assert fingerprint() == before


def test_a_killed_restore_leaves_the_desk_that_was_there(own_desk: Flask, tmp_path: Path):
    file = tmp_path / "monday.tar"
    with own_desk.app_context():
        desks.live_a_little(4)
        saved = fingerprint()
        make(file)
        desks.log_another()
        later = fingerprint()
        db.session.remove()
    *killed, last = killed_again_and_again(own_desk, "restore", file)
    # The very last may die between the commit and its end.
    assert {fate["desk"] for fate in killed[:-1]} == {later}
    assert killed[-1]["desk"] in {later, saved}
    assert last["desk"] == saved
