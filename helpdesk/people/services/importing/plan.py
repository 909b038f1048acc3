"""What an import is going to do, line by line, before it does anything.

A dry run is a plan that is not carried out: it only reads, so it holds no lock while somebody
looks at it. Carrying it out checks everything again by the verbs.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from helpdesk.lib.csvfile import Row


class Outcome(StrEnum):
    """What happens, or happened, to a line."""

    CREATE = "create"
    UPDATE = "update"
    SAME = "same"
    ERROR = "error"


@dataclass(slots=True)
class Line:
    """One line of the file and what it means."""

    number: int
    label: str
    result: Outcome = Outcome.CREATE
    # Sentences for the reader, translated: what is wrong, or what will be made besides.
    messages: list[str] = field(default_factory=list)
    # Fields that would change, for the preview: {"title": ["", "Finance manager"]}.
    changes: dict[str, list[Any]] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    # Key of the record that the line is about, when it exists already.
    found_id: int | None = None

    def fail(self, message: object) -> None:
        """Say what is wrong; the line is left out of the import."""
        self.result = Outcome.ERROR
        self.messages.append(str(message))

    def has_failed(self) -> bool:
        """Whether the line is left out."""
        return self.result == Outcome.ERROR


@dataclass(slots=True)
class Plan:
    """A whole file, read and understood."""

    kind: str
    lines: list[Line]
    encoding: str
    separator: str
    columns: dict[str, int]
    unknown: list[str]

    def count(self, outcome: Outcome) -> int:
        """Return how many lines have this outcome."""
        return sum(line.result == outcome for line in self.lines)

    @property
    def counts(self) -> dict[str, int]:
        """How many lines have which outcome, in a fixed order."""
        return {outcome.value: self.count(outcome) for outcome in Outcome}


def cells(columns: dict[str, int], row: Row) -> dict[str, str]:
    """Return the cells of a row by column; columns that the file lacks are missing."""
    return {
        column: row.cells[place] if place < len(row.cells) else ""
        for column, place in columns.items()
    }
