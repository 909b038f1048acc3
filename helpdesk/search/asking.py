"""Asking the index: what is found, what is suggested while typing, and what is like a text."""

from collections.abc import Collection
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Hit:
    """One document that was found."""

    kind: str
    id: int
    group: int
    score: float
    language: str


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, the best first.

    ``total`` counts all that matched, up to the bound of ``TOTAL``; ``words`` is what
    ``extracts.extract`` marks; ``did_you_mean`` is the question in other letters, or "".
    """

    hits: list[Hit] = field(default_factory=list)
    did_you_mean: str = ""
    total: int = 0
    words: frozenset[str] = frozenset()


def search(
    text: str,
    *,
    kind: str,
    readers: Collection[str],
    language: str = "",
    only: str = "",
    tags: Collection[str] = (),
    category: str = "",
    limit: int = 20,
    after: int = 0,
    without: Collection[int] = (),
) -> Found:
    """Find documents by what somebody typed.

    Only those that name one of ``readers`` exist for the question. ``language`` is the asker's:
    it says how words are read, and breaks ties; ``only`` leaves out other languages. All of
    ``tags`` must be there, and all words of ``category``. ``after`` skips hits that were shown
    already; ``without`` leaves out ids.
    """
    return Found()


def suggest(
    text: str,
    *,
    kind: str,
    readers: Collection[str],
    language: str = "",
    limit: int = 6,
) -> Found:
    """Find documents while somebody types: the last word may go on."""
    return Found()


def like(
    text: str,
    *,
    kind: str,
    readers: Collection[str],
    language: str = "",
    limit: int = 5,
    without: Collection[int] = (),
) -> Found:
    """Find documents about what a longer text is about, by the words that tell it apart.

    Documents need not have all of the words; ``without`` leaves out ids.
    """
    return Found()
