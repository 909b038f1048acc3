"""What a line of a work plan says. Pure: no request, no database."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

MOST_LINES = 30


class What(StrEnum):
    """What a line makes."""

    TASK = "task"
    TICKET = "ticket"


class Who(StrEnum):
    """For whom a task is, when it is for no certain person or queue."""

    NOBODY = ""
    OWNER = "owner"
    STARTER = "starter"


@dataclass(frozen=True, slots=True)
class Line:
    """One line. ``due`` counts in seconds of working time from the start; 0 is no date."""

    what: What
    title: str
    who: Who = Who.NOBODY
    person: int | None = None
    queue: int | None = None
    due: int = 0
    kind: str = ""
    """Of a ticket; empty for that of its parent."""
    category: int | None = None
    priority: int | None = None
    """Of a ticket; None for that of its parent."""
    text: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as it is stored: only what was said."""
        return {name: value for name, value in asdict(self).items() if value}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Line":
        """Read a stored line."""
        what, who = What(stored["what"]), Who(stored.get("who", ""))
        return cls(**{**stored, "what": what, "who": who})
