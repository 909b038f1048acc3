"""Scripts say only what is translated, draw only icons there are, and need no eval."""

import re
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel

from helpdesk.web.strings import js_strings
from tests.architecture.source import relative
from tests.support.paths import PROJECT

SCRIPTS = sorted((PROJECT / "helpdesk" / "web" / "static" / "js").glob("*.js"))
COMMENT = re.compile(r"/\*.*?\*/|^\s*//[^\n]*", re.DOTALL | re.MULTILINE)

TEXT = re.compile(r"\bt\(\s*[\"']([\w.-]+)[\"']")
COMPOSED = re.compile(r"\bt\(\s*`([\w.-]+\.)\$\{")
QUOTED = re.compile(r"[\"']([a-z][\w.-]*)[\"']")
ICON = re.compile(r"\b(?:icon\(\s*|picture: )[\"']([a-z][a-z0-9-]+)[\"']")
FORBIDDEN = re.compile(r"\beval\(|new Function\(|\.(?:inner|outer)HTML\s*=|document\.write\(")


def code(file: Path) -> str:
    return COMMENT.sub("", file.read_text("utf-8"))


@pytest.fixture(scope="module")
def strings() -> dict[str, str]:
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context():
        return js_strings()


@pytest.mark.parametrize("file", SCRIPTS, ids=relative)
def test_every_text_of_a_script_is_known(file: Path, strings: dict[str, str]):
    missing = {key for key in TEXT.findall(code(file)) if key not in strings}
    for prefix in COMPOSED.findall(code(file)):
        if not any(key.startswith(prefix) for key in strings):
            missing.add(prefix)
    assert not missing, f"add them to helpdesk/web/strings.py: {sorted(missing)}"


def test_every_text_is_used(strings: dict[str, str]):
    everything = "\n".join(map(code, SCRIPTS))
    quoted = set(QUOTED.findall(everything))
    prefixes = tuple(COMPOSED.findall(everything))
    unused = {key for key in strings if key not in quoted and not key.startswith(prefixes)}
    assert not unused, f"no script says these any more: {sorted(unused)}"


def test_every_icon_of_a_script_is_in_the_sprite():
    listed = (PROJECT / "helpdesk" / "web" / "icons.txt").read_text().split("\n")
    known = {line.partition("#")[0].strip() for line in listed}
    missing = {
        f"{relative(file)}: {name}"
        for file in SCRIPTS
        for name in ICON.findall(code(file))
        if name not in known
    }
    assert not missing, f"name it in helpdesk/web/icons.txt: {sorted(missing)}"


@pytest.mark.parametrize("file", SCRIPTS, ids=relative)
def test_no_script_makes_code_or_html_from_text(file: Path):
    found = FORBIDDEN.findall(code(file))
    assert not found, "what comes from elsewhere could run; use make() or htmx.swap()"
