import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from helpdesk.db import db
from helpdesk.people.commands import people
from helpdesk.people.models import Person, SingleUseLink
from helpdesk.people.services import find_or_create_by_address
from tests import factories
from tests.people.makers import account

FILE = "name;email;company\n王芳;wang@example.cn;北方公司\nBad;not-an-address;\n"


@pytest.fixture
def run(own_desk):
    """The command line on a desk of its own."""
    with own_desk.app_context():
        factories.desk()

    def call(*arguments: str):
        return CliRunner().invoke(people, [*arguments], obj=lambda: own_desk)

    return call


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_bytes(FILE.encode("gb18030"))
    return path


def count(desk) -> int:
    with desk.app_context():
        return int(db.session.scalar(select(func.count(Person.id))) or 0)


def test_a_dry_run_tells_programs_everything_and_writes_nothing(run, file, own_desk):
    done = run("import", str(file), "--dry-run", "--json")
    first, second, total = (json.loads(line) for line in done.output.splitlines())
    assert (first["line"], first["result"], first["label"]) == (2, "create", "王芳")
    assert second["result"] == "error"
    assert total == {
        "create": 1,
        "update": 0,
        "same": 0,
        "error": 1,
        "dry_run": True,
        "encoding": "gb18030",
        "unknown": [],
    }
    assert done.exit_code == 1
    assert count(own_desk) == 0


def test_an_import_can_be_repeated(run, file, own_desk):
    assert "1 new" in run("import", str(file)).output
    again = run("import", str(file))
    assert "0 new, 0 changed, 1 as they are, 1 left out" in again.output
    assert "line 3: Bad" in again.output
    assert count(own_desk) == 1
    assert "王芳" in run("find", "王芳").output
    found = json.loads(run("find", "wang@example.cn", "--json").output)
    assert (found["name"], found["organisation"]) == ("王芳", "北方公司")


def test_what_is_no_table_is_refused(run, tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(b"\x00\x00")
    done = run("import", str(path))
    assert done.exit_code == 1
    assert "not a CSV file" in done.output


def test_a_locked_out_administrator_gets_a_link(run, own_desk):
    with own_desk.app_context():
        account("administrator", login="boss@example.net")
    done = run("sign-in-link", "Boss@example.net")
    assert "/first-sign-in/" in done.output
    assert run("sign-in-link", "nobody@example.net").exit_code == 1
    with own_desk.app_context():
        assert db.session.scalar(select(func.count(SingleUseLink.id))) == 1


def test_the_words_can_be_made_anew(run, own_desk):
    with own_desk.app_context():
        find_or_create_by_address("ana@example.org", "Ana Duarte")
        db.session.commit()
    assert json.loads(run("rebuild-search", "--json").output) == {"people": 1}
    assert "Ana Duarte" in run("find", "duarte").output
