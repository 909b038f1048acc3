"""Reading our own source: every rule looks at the same parsed files."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.support.paths import PROJECT


@dataclass(frozen=True)
class Module:
    """One Python file of the product, parsed."""

    path: str
    """Relative to the project, with forward slashes."""
    text: str
    tree: ast.Module

    def at(self, node: ast.AST) -> str:
        """Return the place of a node as editors understand it."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}"


@cache
def modules() -> tuple[Module, ...]:
    """Return every Python file of the package and the settings."""
    files = [PROJECT / "config.py", *sorted((PROJECT / "helpdesk").rglob("*.py"))]
    return tuple(
        Module(
            file.relative_to(PROJECT).as_posix(), text := file.read_text("utf-8"), ast.parse(text)
        )
        for file in files
    )


def imports(tree: ast.AST) -> Iterator[tuple[ast.AST, str, tuple[str, ...]]]:
    """Yield each import as (node, module, names taken from it)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name, ()
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield node, module, tuple(alias.name for alias in node.names)


def called_name(call: ast.Call) -> str:
    """Return the last part of what a call calls: ``flash`` of ``flask.flash(…)``."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


@cache
def templates() -> tuple[Path, ...]:
    """Return every template of the product."""
    return tuple(
        sorted(
            file
            for folder in (PROJECT / "helpdesk").rglob("templates")
            for file in folder.rglob("*")
            if file.suffix in {".html", ".txt"}
        )
    )


@cache
def tracked_files() -> tuple[Path, ...]:
    """Return the files that are in git or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=PROJECT,
        capture_output=True,
        check=True,
    )
    names = listed.stdout.decode().split("\0")
    return tuple(
        path for name in names if name and (path := PROJECT / name).is_file() and path.exists()
    )


def relative(path: Path) -> str:
    """Return a path as it is shown in a failure."""
    return path.relative_to(PROJECT).as_posix()
