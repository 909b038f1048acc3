"""The command line as a whole: what is listed, and that a command costs what it needs alone."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from flask import Flask

from helpdesk.cli import root
from helpdesk.command import LazyGroup
from tests.architecture.source import modules
from tests.support import databases
from tests.support.paths import PROJECT

PROGRAM = str(Path(sys.executable).with_name("helpdesk"))
HEAVY = {"flask", "sqlalchemy", "helpdesk.app", "helpdesk.db", "alembic", "gunicorn"}
PARSE = ["mail", "parse", "--json", str(PROJECT / "tests" / "fixtures" / "mail" / "names.eml")]
CASES = ["sla", "cases", "--json", str(PROJECT / "tests" / "fixtures" / "sla" / "cases.jsonl")]


def _groups(group: LazyGroup) -> Iterator[LazyGroup]:
    yield group
    for name in group.places:
        inner = group.get_command(click.Context(group), name)
        if isinstance(inner, LazyGroup):
            yield from _groups(inner)


def _loaded(*arguments: str) -> set[str]:
    """Return the modules that a command has imported when it is done."""
    program = (
        "import sys; from helpdesk.cli import root;"
        f"root({list(arguments)!r}, standalone_mode=False);"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())


def test_every_command_says_of_itself_what_the_list_says():
    context = click.Context(root)
    for group in _groups(root):
        for name, place in group.places.items():
            command = group.get_command(context, name)
            assert command is not None
            assert (command.name, command.get_short_help_str(200)) == (name, place.says)


def test_help_lists_all_commands_by_topic():
    said = CliRunner().invoke(root, ["--help"]).stdout
    for name, place in root.places.items():
        assert f"{place.topic}:" in said
        assert f"  {name} " in said
        # A long sentence goes on in the next line.
        assert " ".join(place.says.split()[:4]) in said


def test_an_unknown_command_is_a_sentence():
    done = CliRunner().invoke(root, ["nothing"])
    assert done.exit_code == 2
    assert "No such command 'nothing'" in done.stderr


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "helpdesk init"),
        ("postgresql://nobody@127.0.0.1:1/none", "the database does not answer"),
    ],
)
def test_a_database_that_is_not_there_is_a_sentence(tmp_path: Path, url: str, says: str):
    done = subprocess.run(
        [PROGRAM, "people", "find", "ada"],
        env={"HEARTH_DATA_DIR": str(tmp_path), "HEARTH_DATABASE_URL": url, "PATH": "/usr/bin:/bin"},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert done.stderr.startswith("helpdesk: ")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [PARSE, CASES, ["--help"], ["mail", "--help"], ["--version"]])
def test_what_needs_no_desk_imports_none(arguments: list[str]):
    loaded = _loaded(*arguments)
    assert "helpdesk.cli" in loaded
    assert not loaded & HEAVY


def test_parsing_a_message_starts_quickly():
    """CPU, not time: what else runs on the machine does not count. It was 1.9 s with everything."""
    seconds = []
    for _try in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([PROGRAM, *PARSE], cwd=PROJECT, capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
        assert json.loads(done.stdout)["subject"]
    assert min(seconds) < 0.6


# ---- For programs ----

SILENT = {"web", "worker"}
"""They print nothing: what they have to say is the log's."""


def _commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield every command below a group with its whole name."""
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def test_every_command_that_prints_something_speaks_json():
    without = {
        name
        for name, command in _commands(root)
        if not any("--json" in option.opts for option in command.params)
    }
    assert without == SILENT


LINES = (
    "migrate",
    "doctor --no-mail",
    "mailbox list",
    "mail quarantine list",
    "mail outbox list",
    "people find anybody",
    "people rebuild-search",
    "search rebuild",
    "tickets rebuild-worklist",
)

_RUN_EACH = """
import json, sys
from click.testing import CliRunner
from helpdesk.cli import root
for line in sys.argv[1:]:
    done = CliRunner().invoke(root, [*line.split(), "--json"])
    print(json.dumps([line, done.exit_code, done.stdout]))
"""


def test_json_is_one_object_a_line(own_desk: Flask, tmp_path: Path):
    database = databases.Database("", "", own_desk.config["SETTINGS"].database_url)
    done = subprocess.run(
        [sys.executable, "-c", _RUN_EACH, *LINES],
        env={**os.environ, **databases.environment(database, tmp_path)},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    said = {name: (code, out) for name, code, out in map(json.loads, done.stdout.splitlines())}
    assert {name for name, (code, _out) in said.items() if code} <= {"doctor --no-mail"}
    for name, (_code, out) in said.items():
        records = [json.loads(printed) for printed in out.splitlines()]
        assert all(isinstance(record, dict) for record in records), name
    assert json.loads(said["migrate"][1])["changed"] is False
    assert said["doctor --no-mail"][1].count("\n") > 3


def test_our_own_code_is_imported_by_name_in_one_place():
    found = {
        module.path
        for module in modules()
        if "import_module(" in module.text or "__import__(" in module.text
    }
    assert found == {"helpdesk/command.py"}
