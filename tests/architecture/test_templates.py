"""Templates compile, obey our Content-Security-Policy and speak every language."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment

from helpdesk.app import create_app
from tests.architecture.source import relative, templates
from tests.support.databases import Database, settings_for
from tests.support.paths import PROJECT

HTML = [file for file in templates() if file.suffix == ".html"]
HOLE = "\x00"
"""Stands for whatever Jinja puts there."""

VISIBLE_ATTRIBUTES = {"title", "placeholder", "alt", "aria-label", "aria-description", "label"}
SILENT_TAGS = {"script", "style", "kbd", "code"}
LETTERS = re.compile(r"[^\W\d_]{2,}")
SAME_EVERYWHERE = {"Hearth", "English", "简体中文", "繁體中文", "CSV", "JSON"}
TRANSLATING = {"_", "gettext", "ngettext", "pgettext", "npgettext"}


def _id(file: Path) -> str:
    return relative(file)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    folder = tmp_path_factory.mktemp("desk")
    nowhere = Database("sqlite", "", f"sqlite:///{folder}/untouched.db")
    return create_app(settings_for(nowhere, folder)).jinja_env


@pytest.mark.parametrize("file", templates(), ids=_id)
def test_every_template_compiles(file: Path, environment: Environment):
    environment.compile(file.read_text("utf-8"), filename=str(file))


def markup(environment: Environment, source: str) -> str:
    """Return the HTML of a template: Jinja becomes holes, translated blocks too. Lines are kept."""
    out: list[str] = []
    in_translation = False
    opening = ""
    for _line, kind, value in environment.lex(source):
        if kind == "data":
            out.append(HOLE + "\n" * value.count("\n") if in_translation else value)
        else:
            if kind == "block_begin":
                opening = "block"
            elif kind == "name" and opening == "block":
                opening = ""
                in_translation = value == "trans" or (in_translation and value != "endtrans")
            out.append((HOLE if kind.endswith("_begin") else "") + "\n" * value.count("\n"))
    return "".join(out)


class _Reader(HTMLParser):
    """Collects what a reader would see, and what our Content-Security-Policy would refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.visible: list[str] = []
        self.refused: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        line = self.getpos()[0]
        self._refuse(tag, given, line)
        if tag in SILENT_TAGS or given.get("translate") == "no":
            self._silent.append(tag)
        shown = set(VISIBLE_ATTRIBUTES)
        if tag == "input" and given.get("type") in {"submit", "button", "reset"}:
            shown.add("value")
        for name in shown & set(given):
            self._see(given[name], line)

    def handle_endtag(self, tag: str) -> None:
        if self._silent and self._silent[-1] == tag:
            self._silent.pop()

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._see(data, self.getpos()[0])

    def _see(self, text: str, line: int) -> None:
        words = set(LETTERS.findall(text.replace(HOLE, " "))) - SAME_EVERYWHERE
        if words:
            self.visible.append(f"line {line}: {' '.join(text.replace(HOLE, '…').split())[:80]}")

    def _refuse(self, tag: str, given: dict[str, str], line: int) -> None:
        if "style" in given:
            self.refused.append(f"line {line}: style attribute on <{tag}>")
        for name, value in given.items():
            if re.match(r"on\w+$|hx-on", name):
                self.refused.append(f"line {line}: {name} on <{tag}>")
            if value.strip().lower().startswith(("javascript:", "js:")):
                self.refused.append(f"line {line}: script in {name} of <{tag}>")
        if tag in {"script", "style"} and "nonce" not in given:
            self.refused.append(f"line {line}: <{tag}> without a nonce")
        if tag in {"script", "img", "link", "iframe"}:
            address = given.get("src") or given.get("href") or ""
            if address.startswith(("http:", "https:", "//")):
                self.refused.append(f"line {line}: <{tag}> loads {address} from elsewhere")


def read(environment: Environment, source: str) -> _Reader:
    """Parse one template."""
    reader = _Reader()
    reader.feed(markup(environment, source))
    reader.close()
    return reader


@pytest.mark.parametrize("file", HTML, ids=_id)
def test_nothing_needs_what_the_security_policy_forbids(file: Path, environment: Environment):
    refused = read(environment, file.read_text("utf-8")).refused
    assert not refused, "\n".join(refused)


@pytest.mark.parametrize("file", HTML, ids=_id)
def test_visible_text_is_translated(file: Path, environment: Environment):
    source = file.read_text("utf-8")
    found = read(environment, source).visible + literals(environment, source)
    assert not found, "wrap it in _() or {% trans %}:\n" + "\n".join(found)


def literals(environment: Environment, source: str) -> list[str]:
    """Return strings in Jinja's own code that look like a sentence and are not translated."""
    found = []
    before: list[str] = []
    for line, kind, value in environment.lex(source):
        if kind in {"whitespace", "data"}:
            continue
        if kind == "string" and re.match(r"['\"][A-Z][a-z]+", value):
            translated = any(word in TRANSLATING for word in before[-6:])
            if not translated and value[1:-1] not in SAME_EVERYWHERE:
                found.append(f"line {line}: {value}")
        before.append(value)
    return found


def test_the_search_for_untranslated_text_finds_it(environment: Environment):
    def found(source: str) -> int:
        return len(read(environment, source).visible + literals(environment, source))

    assert found("<p>Hello {{ name }}</p>") == 1
    assert found('<button title="Close"></button>') == 1
    assert found("{{ button('Save') }}") == 1
    assert found("{% if x %}<b>Yes</b>{% else %}No{% endif %}") == 2
    assert found("<p>{{ _('Hello %(name)s', name=name) }}</p>") == 0
    assert found("{% trans n=n %}One{% pluralize %}{{ n }} many{% endtrans %}") == 0
    assert found("{{ ngettext('%(num)d ticket', '%(num)d tickets', n) }} · {{ n }}/7") == 0
    assert found("<kbd>Esc</kbd><span translate=no>Hearth</span>{# Note #}") == 0


def test_every_icon_is_in_the_sprite():
    listed = (PROJECT / "helpdesk" / "web" / "icons.txt").read_text().split("\n")
    known = {line.partition("#")[0].strip() for line in listed}
    wanted = re.compile(r"""#i-([a-z0-9-]+)|\bicon\(\s*['"]([a-z0-9-]+)['"]""")
    missing = {
        f"{relative(file)}: {name}"
        for file in templates()
        for match in wanted.findall(file.read_text("utf-8"))
        if (name := match[0] or match[1]) and name not in known
    }
    assert not missing, f"name it in helpdesk/web/icons.txt: {sorted(missing)}"


@pytest.mark.parametrize("file", HTML, ids=_id)
def test_a_form_sends_itself_while_its_parts_ask(file: Path):
    """A form that drops a second sending must not hand the rule down to its fields.

    htmx lets whatever stands inside inherit ``hx-sync``: while a field asks for something, the
    form's own sending would be dropped without a word.
    """
    for tag in re.findall(r"<[^<]*hx-sync=\"this:drop[^<]*", file.read_text("utf-8")):
        assert 'hx-disinherit="hx-sync"' in tag, relative(file)
