"""Questions with known answers: our own, and those of other people's libraries."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from helpdesk.cli import root
from helpdesk.sla.cases import run
from tests.support.paths import PROJECT

OWN = PROJECT / "tests" / "fixtures" / "sla" / "cases.jsonl"


def _read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_our_own():
    wrong = [outcome for case in _read(OWN) if not (outcome := run(case)).ok]
    assert not wrong


def test_those_of_other_libraries(shared_data: Path):
    cases = _read(shared_data / "sla" / "business_time" / "cases.jsonl")
    outcomes = [(case, run(case)) for case in cases]
    assert len(outcomes) > 200
    agreed = [outcome for case, outcome in outcomes if case["agrees_with_simple_reference"]]
    assert not [outcome for outcome in agreed if not outcome.ok]
    # Nothing goes unanswered; where libraries differ, it is about whole days (see the ADR).
    assert not [outcome for _, outcome in outcomes if outcome.why]
    differing = {case["op"] for case, outcome in outcomes if not outcome.ok}
    assert differing <= {"add_days", "between_days"}


def test_lives_of_tickets(shared_data: Path):
    cases = _read(shared_data / "sla" / "zammad_escalation" / "cases.jsonl")
    outcomes = [(case["semantics"], run(case)) for case in cases]
    assert not [outcome for _, outcome in outcomes if outcome.why]
    # The rules of old, which were given up where they come from, are not ours (see the ADR).
    assert not [outcome for semantics, outcome in outcomes if semantics != "old" and not outcome.ok]


def test_the_command_prints_a_line_a_question_and_a_sum(tmp_path: Path):
    environment = {**os.environ, "HEARTH_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    done = subprocess.run(
        [str(Path(sys.executable).with_name("helpdesk")), "sla", "cases", "--json", str(OWN)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    *lines, total = map(json.loads, done.stdout.splitlines())
    cases = _read(OWN)
    assert [line["id"] for line in lines] == [case["id"] for case in cases]
    assert all(line.keys() == {"id", "ok", "got", "expected"} for line in lines)
    assert total == {"total": len(cases), "ok": len(cases)}


def test_what_cannot_be_answered_says_why():
    calendar = {"tz": "UTC", "week": {}}
    lines = [
        json.dumps({"id": "a", "calendar": calendar, "op": "next_open", "at": "2026-11-22"}),
        json.dumps({"id": "b", "calendar": calendar, "op": "guess", "expected": 1}),
        json.dumps({"id": "c", "calendar": {"tz": "Mars"}, "op": "add"}),
        json.dumps({"id": "d", "calendar": calendar, "op": "add", "start": "soon", "seconds": 1}),
        json.dumps({"id": "e", "calendar": calendar, "op": "is_open"}),
        json.dumps({"id": "f", "calendar": 3, "op": "is_open"}),
        json.dumps({"id": "g", "calendar": calendar, "events": []}),
        "[]",
        "no json",
        "",
    ]
    done = CliRunner().invoke(root, ["sla", "cases", "--json", "-"], input="\n".join(lines))
    assert done.exit_code == 0
    *said, total = map(json.loads, done.stdout.splitlines())
    assert total == {"total": 9, "ok": 0}
    assert [line["ok"] for line in said] == [False] * 9
    assert all(line["why"] for line in said)
    plain = CliRunner().invoke(root, ["sla", "cases", str(OWN)]).stdout
    assert plain.endswith(f"{len(_read(OWN))} of {len(_read(OWN))} as expected\n")
