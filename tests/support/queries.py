"""Counting what a page asks of the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, event

_BOOKKEEPING = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT", "PRAGMA")


@dataclass
class Queries:
    """The statements seen so far, in order. Transaction bookkeeping is left out."""

    statements: list[str] = field(default_factory=list)
    seen: list[tuple[str, Any]] = field(default_factory=list)
    """The same with what was bound to them, to ask how they are carried out."""

    @property
    def count(self) -> int:
        """How many statements were sent."""
        return len(self.statements)

    def __str__(self) -> str:
        """Show every statement on a line, for the message of a failing assertion."""
        return "\n".join(" ".join(statement.split())[:300] for statement in self.statements)


@contextmanager
def count_queries() -> Iterator[Queries]:
    """Collect the statements sent to any database of this process meanwhile."""
    queries = Queries()

    def note(_connection: Any, _cursor: Any, statement: str, bound: Any, *_rest: Any) -> None:
        if not statement.lstrip().upper().startswith(_BOOKKEEPING):
            queries.statements.append(statement)
            queries.seen.append((statement, bound))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield queries
    finally:
        event.remove(Engine, "before_cursor_execute", note)
