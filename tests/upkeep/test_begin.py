"""Beginning a desk with `helpdesk init`, as a person and as a script."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import select

from helpdesk.cli import root
from helpdesk.db import db
from helpdesk.people.models import Account, Desk, Role, Team, TeamMember
from helpdesk.sla import stored
from helpdesk.sla.models import BusinessCalendar, Policy
from helpdesk.tickets.desk import Cause, PriorityCell, Queue, Status
from helpdesk.upkeep.begin import region_of
from tests.support.server import LiveDesk

ANSWERS = "Acme help\nzh-Hant\nEurope/Lndon\nAsia/Hong_Kong\nAda Lovelace\nada\nada@acme.example\n"
OPTIONS = {
    "--name": "Acme help",
    "--language": "zh-Hant",
    "--time-zone": "Asia/Hong_Kong",
    "--admin-name": "Ada Lovelace",
    "--admin-email": "Ada@Acme.example",
}


@pytest.fixture
def command(own_desk: Flask, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run `helpdesk` on a database of its own."""
    monkeypatch.setattr("helpdesk.cli.create_app", lambda: own_desk)

    def run(*arguments: str, said: str = "") -> Result:
        return CliRunner().invoke(root, arguments, input=said)

    return run


def _options(**changes: str) -> list[str]:
    chosen = OPTIONS | {f"--{name.replace('_', '-')}": value for name, value in changes.items()}
    return [part for pair in chosen.items() for part in pair]


def test_it_asks_for_what_it_needs_until_the_answers_are_right(command: Any, own_desk: Flask):
    done = command("init", said=ANSWERS)
    assert done.exit_code == 0, done.output
    assert "There is no time zone 'Europe/Lndon'" in done.stderr
    assert "not an e-mail address" in done.stderr
    assert "first-sign-in" in done.stdout
    with own_desk.app_context():
        desk = db.session.scalars(select(Desk)).one()
        assert (desk.name, desk.language, desk.time_zone) == (
            "Acme help",
            "zh_Hant_TW",
            "Asia/Hong_Kong",
        )
        assert desk.phone_region == "HK", "numbers without a country code are local ones"
        assert not desk.is_demo
        account = db.session.scalars(select(Account)).one()
        assert account.login == "ada@acme.example"
        assert [role.key for role in account.roles] == ["administrator"]
        assert db.session.scalars(select(Queue.is_default)).all() == [True]
        assert db.session.scalars(select(TeamMember.is_lead)).all() == [True]
        for model in (Status, Cause, PriorityCell, Role, Team):
            assert db.session.scalar(select(model).limit(1)) is not None
        hours = db.session.scalars(select(BusinessCalendar)).one()
        assert (hours.name, hours.is_default) == ("Office hours", True)
        said = stored.calendar_of(stored.newest_calendar_version(hours.id))
        assert said.zone == "Asia/Hong_Kong"
        assert [len(spans) for spans in said.week] == [1, 1, 1, 1, 1, 0, 0]
        assert db.session.scalar(select(Policy.id)) is None, "nobody promised anything yet"


def test_options_answer_for_a_script(command: Any):
    done = command("init", *_options(), "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["administrator"] == "ada@acme.example"
    assert said["link"].startswith("http://")
    assert set(said) == {"desk", "administrator", "link", "expires_at"}


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("language", "fr", "zh-Hans"),
        ("time_zone", "hong", "Asia/Hong_Kong"),
        ("phone_region", "ZZ", "two letters"),
        ("admin_email", "ada", "e-mail address"),
        ("name", "  ", "1 to 100"),
    ],
)
def test_a_wrong_option_ends_it_and_leaves_nothing(
    command: Any, own_desk: Flask, option: str, value: str, words: str
):
    done = command("init", *_options(**{option: value}))
    assert done.exit_code != 0
    assert words in done.output
    with own_desk.app_context():
        assert db.session.scalar(select(Desk)) is None


def test_a_desk_that_is_there_is_left_alone(command: Any, own_desk: Flask):
    command("init", *_options())
    done = command("init", *_options(name="Another"))
    assert done.exit_code == 1
    assert "already" in done.output
    with own_desk.app_context():
        assert db.session.scalars(select(Desk.name)).all() == ["Acme help"]


def test_the_link_lets_the_administrator_in_once(command: Any, own_desk: Flask):
    link = json.loads(command("init", *_options(), "--json").stdout)["link"]
    path = "/" + link.split("/", 3)[3]
    browser = own_desk.test_client()
    page = browser.get(path)
    assert page.status_code == 200
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.get_data(as_text=True))
    assert token is not None
    new = "a sentence that is long enough"
    fields = {"csrf_token": token[1], "password": new, "again": new, "repeat": new}
    answer = browser.post(path, data=fields)
    assert answer.status_code in {302, 303}, answer.get_data(as_text=True)[-2000:]
    assert browser.get("/setup/").status_code == 200
    assert own_desk.test_client().get(path).status_code != 200


def test_every_time_zone_has_a_country_or_the_default():
    assert region_of("Asia/Taipei") == "TW"
    assert region_of("America/New_York") == "US"
    assert region_of("UTC") == "GB"


def test_it_makes_the_tables_itself(live_desk: LiveDesk, tmp_path: Path):
    """A new folder and one command: nobody has to think of `helpdesk migrate`."""
    folder = tmp_path / "new"
    live_desk.environment |= {
        "HEARTH_DATA_DIR": str(folder),
        "HEARTH_DATABASE_URL": f"sqlite:///{folder}/hearth.db",
    }
    done = live_desk.run("init", *_options(), "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert json.loads(done.stdout)["desk"] == "Acme help"
