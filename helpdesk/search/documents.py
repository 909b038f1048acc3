"""What is searched: documents of a kind, and where they come from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Document:
    """One thing to find, in one language.

    ``readers`` says who may find it, in words of the source ("public", "staff", "team:3"): a
    document that names nobody is found by nobody. ``body`` is plain text.
    """

    kind: str
    id: int
    language: str
    """A locale as the house writes it: "en", "zh_Hans_CN", "de"."""
    title: str
    body: str
    changed_at: datetime
    summary: str = ""
    tags: tuple[str, ...] = ()
    category: str = ""
    """The names of its path, separated by spaces."""
    readers: frozenset[str] = frozenset()
    group: int = 0
    """What the language versions of one thing share; 0 stands for the document's own id."""
    helpful: float = 0.5
    """The share of readers whom it helped, 0 to 1; half is neutral and stands for unknown."""
    uses: int = 0
    """How often it answered a ticket."""


class Source(Protocol):
    """Where the documents of one kind come from. Reads the database, within an app context."""

    @property
    def kind(self) -> str:
        """The kind, as changes and questions name it; at most 20 characters."""

    def ids(self, after: int, limit: int) -> list[int]:
        """Return the ids above ``after`` of all that can be found, ascending, at most ``limit``."""

    def load(self, ids: Sequence[int]) -> list[Document]:
        """Return these documents; what can no longer be found is simply missing."""
