"""Backup and restore: everything comes back, on either database, or nothing changes."""

import io
import json
import shutil
import stat
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text

from helpdesk import blobs
from helpdesk.db import db, transaction
from helpdesk.jobs import new_leader
from helpdesk.people import search as people_search
from helpdesk.people.access import SYSTEM
from helpdesk.people.models import Desk
from helpdesk.tickets import search as ticket_search
from helpdesk.upkeep import backup
from helpdesk.upkeep.backup import BackupError, make
from helpdesk.upkeep.restore import restore
from tests.upkeep import desks


@pytest.fixture
def lived(own_desk: Flask) -> Iterator[Flask]:
    """A desk with a bit of everything, in its application context."""
    with own_desk.app_context():
        desks.live_a_little()
        yield own_desk
        db.session.remove()


@pytest.fixture
def file(lived: Flask, tmp_path: Path) -> Path:
    """A backup of it."""
    target = tmp_path / "monday.tar"
    make(target)
    return target


@pytest.mark.parametrize("across", [False, True], ids=["same", "other"])
def test_a_desk_comes_back_on_either_database(
    lived: Flask, file: Path, database_kind: str, tmp_path: Path, across: bool
):
    before, files = desks.contents(), desks.stored(lived)
    assert sum(len(rows) for rows in before.values()) > 100
    assert len(files) == 3
    kind = desks.OTHER[database_kind] if across else database_kind
    with desks.empty_desk(kind, tmp_path / "new") as new, new.app_context():
        done = restore(file)
        assert desks.contents() == before
        assert desks.stored(new) == files
        assert done.rows == {name: len(rows) for name, rows in before.items()}
        assert desks.sign_ins() == 0, "who was signed in when it was made signs in again"
        assert ticket_search.find(SYSTEM, "斷線"), "words are found"
        assert people_search.find(SYSTEM, "美玲"), "people are found"
        highest = max(row["id"] for row in before["ticket"])
        assert desks.log_another() == highest + 1
        with pytest.raises(Exception, match="append-only"):
            db.session.execute(text("DELETE FROM entry"))


def test_a_desk_that_is_there_stays(lived: Flask, file: Path):
    before = desks.contents()
    with pytest.raises(BackupError, match="--force"):
        restore(file)
    assert desks.contents() == before


def test_force_replaces_a_desk_and_never_gives_a_number_twice(lived: Flask, file: Path):
    before = desks.contents()
    later = desks.log_another()
    restore(file, force=True)
    assert desks.contents() == before
    assert desks.log_another() == later + 1, "somebody may have the number in a mail"


def test_a_running_desk_is_not_replaced(lived: Flask, file: Path):
    before = desks.contents()
    leader = new_leader()
    leader.keep()
    try:
        with pytest.raises(BackupError, match="running"):
            restore(file, force=True)
    finally:
        leader.release()
    assert desks.contents() == before
    restore(file, force=True)


def _content(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(name)
    assert member is not None
    return member.read()


def _rewrite(file: Path, change: Callable[[str, bytes], bytes | None]) -> None:
    """Write an archive anew, with members changed or left out."""
    with tarfile.open(file) as old:
        members = [(one, _content(old, one.name)) for one in old]
    with tarfile.open(file, "w") as new:
        for member, data in members:
            changed = change(member.name, data)
            if changed is not None:
                member.size = len(changed)
                new.addfile(member, io.BytesIO(changed))


def _without_last_line(name: str, data: bytes) -> bytes:
    return data[: data.rstrip().rfind(b"\n") + 1] if name == "tables/worklist.jsonl" else data


DAMAGES = {
    "a letter": lambda name, data: data.replace(b"Moved you", b"Moved him"),
    "a line": _without_last_line,
    "a table": lambda name, data: None if name == "tables/task.jsonl" else data,
    "a blob": lambda name, data: data[:-1] + b"x" if name.startswith("blobs/") else data,
    "all blobs": lambda name, data: None if name.startswith("blobs/") else data,
    "the end": lambda name, data: None if name == "manifest.json" else data,
    "the beginning": lambda name, data: None if name == "hearth.json" else data,
}


def test_a_damaged_backup_changes_nothing(file: Path, database_kind: str, tmp_path: Path):
    wrong = {"half": tmp_path / "half.tar", "no backup": tmp_path / "letter.txt"}
    wrong["half"].write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    wrong["no backup"].write_text("Dear Sir or Madam")
    for what, damage in DAMAGES.items():
        wrong[what] = tmp_path / f"{what}.tar"
        shutil.copyfile(file, wrong[what])
        _rewrite(wrong[what], damage)
    with desks.empty_desk(database_kind, tmp_path / "new") as new, new.app_context():
        for what, damaged in wrong.items():
            with pytest.raises(BackupError, match="damaged"):
                restore(damaged)
            assert db.session.scalar(select(Desk)) is None, what
            assert desks.stored(new) == set(), what
        restore(file)


def test_a_backup_of_another_release_is_refused(file: Path, database_kind: str, tmp_path: Path):
    def older(name: str, data: bytes) -> bytes:
        if name != "hearth.json":
            return data
        return json.dumps({**json.loads(data), "version": "0.0.9", "revision": "0"}).encode()

    _rewrite(file, older)
    with (
        desks.empty_desk(database_kind, tmp_path / "new") as new,
        new.app_context(),
        pytest.raises(BackupError, match=r"release 0\.0\.9"),
    ):
        restore(file)


def test_a_backup_is_whole_private_and_never_overwrites(lived: Flask, file: Path, tmp_path: Path):
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(BackupError, match="exists already"):
        make(file)
    with pytest.raises(BackupError, match="cannot write"):
        make(tmp_path / "no such folder" / "monday.tar")
    assert [one.name for one in tmp_path.glob(".*")] == []


def test_a_backup_says_which_files_the_store_has_lost(
    lived: Flask, database_kind: str, tmp_path: Path
):
    lost = min(desks.stored(lived))
    blobs.delete(lost)
    made = make(tmp_path / "monday.tar")
    assert made.missing == [lost]
    assert made.blobs == 2
    with desks.empty_desk(database_kind, tmp_path / "new") as new, new.app_context():
        assert restore(tmp_path / "monday.tar").blobs == 2


def test_files_that_nobody_names_are_left_out(lived: Flask, tmp_path: Path):
    blobs.put(b"written by something that was rolled back")
    assert make(tmp_path / "monday.tar").blobs == 3


def test_what_is_written_meanwhile_is_not_half_in_it(lived: Flask, tmp_path: Path, monkeypatch):
    """The snapshot is taken once: a ticket logged meanwhile is in none of the tables."""
    before = desks.contents()
    original = backup.tables
    logged: list[int] = []

    def tables_and_a_ticket():
        for table in original():
            yield table
            if table.name == "person":
                logged.append(_log_beside(lived))

    monkeypatch.setattr(backup, "tables", tables_and_a_ticket)
    file = tmp_path / "monday.tar"
    make(file)
    monkeypatch.undo()
    assert logged
    with desks.empty_desk("sqlite", tmp_path / "new") as new, new.app_context():
        restore(file)
        assert desks.contents() == before


def _log_beside(app: Flask) -> int:
    with app.app_context():
        return desks.log_another()


def test_the_signing_key_comes_back_unless_it_is_set_from_outside(
    file: Path, database_kind: str, tmp_path: Path
):
    with tarfile.open(file) as archive:
        key = _content(archive, "secret-key").decode()
    outside = "another key from the environment, long enough"
    with (
        desks.empty_desk(database_kind, tmp_path / "a", secret_key=outside) as new,
        new.app_context(),
    ):
        assert restore(file).key_differs
    own = "a key that this installation made for itself"
    with desks.empty_desk(database_kind, tmp_path / "b", secret_key=own) as new:
        (tmp_path / "b" / "secret-key").write_text(own)
        with new.app_context():
            assert not restore(file).key_differs
        assert (tmp_path / "b" / "secret-key").read_text() == key
        assert stat.S_IMODE((tmp_path / "b" / "secret-key").stat().st_mode) == 0o600


def test_nothing_of_a_row_is_lost_on_the_way(lived: Flask, file: Path, tmp_path: Path):
    """None stays NULL, also in a JSON column, where it could become JSON's own null."""
    with desks.empty_desk("sqlite", tmp_path / "new") as new, new.app_context():
        restore(file)
        with transaction():
            nulls = db.session.scalar(text("SELECT count(*) FROM entry WHERE changes = 'null'"))
            assert nulls == 0
