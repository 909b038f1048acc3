"""`helpdesk sla replay`: differences first, then in batches."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from helpdesk.cli import root
from helpdesk.db import db, transaction
from helpdesk.lib import clock
from helpdesk.people.access import SYSTEM
from helpdesk.sla import replay, saving
from helpdesk.tickets.models import Entry, Ticket
from tests import factories
from tests.sla.desk import monday, office, promised, terms


@pytest.fixture
def command(own_desk: Flask, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run `helpdesk` on a desk with an edited policy, in batches of two."""
    monkeypatch.setattr("helpdesk.cli.create_app", lambda: own_desk)
    monkeypatch.setattr(replay, "BATCH", 2)
    with own_desk.app_context():
        calendar = office()
        row = promised(calendar=calendar, fix=8)
        db.session.commit()
        for day in range(5):
            with clock.at(monday("09:00", day)):
                factories.ticket(by=factories.actor(role="lead"))
        with transaction():
            saving.change_policy(SYSTEM, db.session.merge(row), terms(calendar, fix=4))

    def run(*arguments: str) -> Result:
        with clock.at(monday("09:30")):
            return CliRunner().invoke(root, ["sla", "replay", *arguments])

    return run


def lines(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_it_only_looks_unless_it_is_told_to_write(command, own_desk):
    *found, total = lines(command("--json"))
    assert len(found) == 5
    assert found[0]["before"]["due"] == monday("17:00").isoformat()
    assert found[0]["after"]["due"] == monday("13:00").isoformat()
    assert total == {"tickets": 5, "changed_tickets": 5, "differences": 5, "applied": False}
    with own_desk.app_context():
        assert not db.session.query(Entry).filter_by(verb="replay").count()
    said = command().stdout
    assert "due 2026-11-23 17:00 -> due 2026-11-23 13:00" in said
    assert "5 tickets looked at, 5 would change" in said


def test_it_writes_with_a_reason(command, own_desk):
    refused = command("--apply")
    assert refused.exit_code == 2
    assert "--reason" in refused.output
    *_found, total = lines(command("--apply", "--reason", "New contract", "--json"))
    assert (total["applied"], total["changed_tickets"]) == (True, 5)
    with own_desk.app_context():
        first = db.session.query(Ticket).order_by(Ticket.id).first()
        assert first is not None
        assert first.due_at == monday("13:00")
        assert db.session.query(Entry).filter_by(verb="replay", body="New contract").count() == 5
    assert lines(command("--json")) == [
        {"tickets": 5, "changed_tickets": 0, "differences": 0, "applied": False}
    ]


def test_it_is_narrowed_by_policy_and_day(command):
    assert lines(command("--json", "--since", "2026-11-26"))[-1]["tickets"] == 2
    assert lines(command("--json", "--policy", "Standard"))[-1]["tickets"] == 5
    wrong = command("--policy", "Platinum")
    assert (wrong.exit_code, "no policy" in wrong.output) == (2, True)
    wrong = command("--since", "yesterday")
    assert (wrong.exit_code, "2026-11-23" in wrong.output) == (2, True)
