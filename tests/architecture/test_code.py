"""Rules about Python code that no linter knows."""

import ast
import re

from helpdesk.app import create_app  # noqa: F401 (imports every model)
from helpdesk.db import Model
from helpdesk.tickets.models import Ticket
from tests.architecture.source import called_name, imports, modules, relative, tracked_files

SERVICES = "helpdesk/tickets/services/"
COMMITS = {"helpdesk/db.py", "helpdesk/search/store.py"}
"""The one place that commits; the web edge calls ``db.commit()`` once, see below. The other one
writes the index of articles, which is no database."""
WEB_EDGE = re.compile(r"^helpdesk/web/\w+\.py$")
LONGEST_FILE = 450
LONGEST_TEST = 900
LAYERS_WITHIN = ("views", "forms", "services", "queries", "models", "lifecycle")
WEB_NAMES = {"request", "session", "g", "abort", "redirect", "render_template", "flash"}
VAGUE = {"util", "utils", "manager", "managers", "handler", "handlers", "helper", "helpers"}
VAGUE |= {"misc", "common", "base"}


def _core(path: str) -> bool:
    """Whether a file belongs to the part of a package that knows nothing of the web."""
    parts = path.removesuffix(".py").split("/")
    return any(part in {"services", "queries", "models", "lifecycle"} for part in parts)


def test_only_the_edge_commits():
    found = [
        module.at(node)
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "commit"
        and module.path not in COMMITS
    ]
    at_the_edge = [place for place in found if WEB_EDGE.match(place.partition(":")[0])]
    assert len(at_the_edge) <= 1, f"the web edge commits in one place: {at_the_edge}"
    elsewhere = sorted(set(found) - set(at_the_edge))
    assert not elsewhere, f"use `with transaction():` in jobs and commands: {elsewhere}"


def _ticket_columns() -> tuple[set[str], set[str]]:
    """Return the names of ticket columns: all of them, and those no other table has."""
    of_tickets = {attribute.key for attribute in Ticket.__mapper__.attrs}
    of_others = {
        attribute.key
        for mapper in Model.registry.mappers
        if mapper.class_ is not Ticket
        for attribute in mapper.attrs
    }
    return of_tickets, of_tickets - of_others


def _targets(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        return [
            part
            for target in node.targets
            for part in (target.elts if isinstance(target, ast.Tuple) else [target])
        ]
    return [node.target] if isinstance(node, ast.AugAssign | ast.AnnAssign) else []


def test_only_verbs_change_tickets():
    every, own = _ticket_columns()
    found = []
    for module in modules():
        if module.path.startswith(SERVICES):
            continue
        for node in ast.walk(module.tree):
            for target in _targets(node):
                if not isinstance(target, ast.Attribute):
                    continue
                receiver = ast.unparse(target.value)
                if receiver in {"self", "cls"}:
                    continue
                of_a_ticket = receiver.rpartition(".")[2].endswith("ticket")
                if target.attr in own or (target.attr in every and of_a_ticket):
                    found.append(f"{module.at(node)} {receiver}.{target.attr}")
    assert not found, f"a ticket is changed by a verb in {SERVICES} alone: {found}"


def test_only_verbs_make_or_remove_tickets():
    found = []
    for module in modules():
        if module.path.startswith(SERVICES):
            continue
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call):
                continue
            makes = ast.unparse(node.func) == "Ticket"
            writes = called_name(node) in {"insert", "update", "delete"}
            if makes or (writes and node.args and ast.unparse(node.args[0]) == "Ticket"):
                found.append(module.at(node))
    assert not found, f"use a verb of {SERVICES}: {found}"


def test_our_own_modules_are_imported_at_the_top():
    found = []
    for module in modules():
        for function in ast.walk(module.tree):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for node, name, _names in imports(function):
                if name.startswith(".") or name.partition(".")[0] in {"helpdesk", "config"}:
                    found.append(f"{module.at(node)} {name}")
    assert not found, f"a hidden import hides a wrong direction: {found}"


def test_the_core_of_a_package_knows_nothing_of_the_request():
    found = []
    for module in modules():
        if not _core(module.path):
            continue
        for node, name, names in imports(module.tree):
            top = name.partition(".")[0]
            if top in {"wtforms", "flask_wtf"} or (top == "flask" and WEB_NAMES & set(names)):
                found.append(f"{module.at(node)} {name} {sorted(names)}")
    assert not found, f"the actor is a parameter, the request stays in views: {found}"


def _stage(parts: list[str]) -> int | None:
    """Return how far down a module is within its package, by its name; None for the others."""
    for part in parts:
        if part in LAYERS_WITHIN:
            return LAYERS_WITHIN.index(part)
    return None


def test_imports_within_a_package_point_downwards():
    found = []
    for module in modules():
        own = module.path.removesuffix(".py").split("/")
        if len(own) < 3 or (stage := _stage(own[2:])) is None:
            continue
        package = ".".join(own[:2])
        for node, name, names in imports(module.tree):
            if name != package and not name.startswith(f"{package}."):
                continue
            for target in [name, *(f"{name}.{part}" for part in names)]:
                below = _stage(target.split(".")[2:])
                if below is not None and below < stage:
                    found.append(f"{module.at(node)} {target}")
                    break
    assert not found, f"views → forms → services → queries → models: {found}"


def test_time_comes_from_our_clock():
    readers = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "dt.datetime.now"}
    found = [
        module.at(node)
        for module in modules()
        if module.path != "helpdesk/lib/clock.py"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in readers
    ]
    assert not found, f"use helpdesk.lib.clock.now(): {found}"


def test_files_stay_readable():
    kinds = {".py", ".html", ".js"}
    long = {
        relative(file): lines
        for file in tracked_files()
        if file.suffix in kinds
        # A migration is written once and never read from top to bottom again.
        and file.parent.name != "versions"
        # Tests are read one at a time, so a file of them may be a long list.
        and (lines := len(file.read_text("utf-8").splitlines()))
        > (LONGEST_TEST if str(relative(file)).startswith("tests/") else LONGEST_FILE)
    }
    assert not long, f"split by what the parts are for: {long}"


def test_modules_are_named_for_what_they_do():
    vague = [module.path for module in modules() if module.path.split("/")[-1][:-3] in VAGUE]
    vague += [
        f"{module.at(node)} {node.name}"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and node.name.endswith(("Manager", "Handler", "Helper"))
    ]
    assert not vague, f"say what it does: {vague}"


VISIBLE_CALLS = {"flash", "Refused", "ValidationError", "StopValidation"}


def _reads_as_text(value: object) -> bool:
    """Whether a constant is for people: the codes of refusals are words-with-dashes."""
    return (
        isinstance(value, str)
        and re.search(r"[^\W\d_]", value) is not None
        and re.fullmatch(r"[a-z0-9_-]+", value) is None
    )


def test_visible_strings_in_code_are_translated():
    found = []
    for module in modules():
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call):
                continue
            name = called_name(node)
            is_field = name.endswith("Field") and module.path.endswith("forms.py")
            words = [
                keyword.value
                for keyword in node.keywords
                if (keyword.arg in {"label", "description"} and is_field)
                or (keyword.arg == "message" and "/forms" in module.path)
            ]
            if (is_field or name in VISIBLE_CALLS) and node.args:
                words.extend(node.args)
            for word in words:
                text = word.values[0] if isinstance(word, ast.JoinedStr) and word.values else word
                if isinstance(text, ast.Constant) and _reads_as_text(text.value):
                    found.append(f"{module.at(word)} {ast.unparse(word)}")
    assert not found, f"wrap it in _() or _l(): {found}"
