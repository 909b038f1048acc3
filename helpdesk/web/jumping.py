"""Where the palette leads besides its own room: groups of places that higher rooms find.

The palette's address belongs to tickets; articles, later assets, belong to rooms above. They
register a finder from ``helpdesk.app``, and the palette asks all of them.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from flask import Flask, current_app


@dataclass(frozen=True, slots=True)
class Place:
    """One line of the palette: what it is called, where it leads, the name of its icon."""

    label: str
    url: str
    icon: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Places of one kind under their heading."""

    title: str
    items: list[Place] = field(default_factory=list)


Finder = Callable[[str], Group | None]
"""Finds for what is typed; asks for itself who is signed in and what they may see."""


def register(app: Flask, finder: Finder) -> None:
    """Let the palette ask ``finder``, in the order of registering."""
    app.extensions.setdefault("hearth-jumping", []).append(finder)


def groups_for(words: str) -> list[dict[str, Any]]:
    """Return what the finders know for what is typed, as the palette's scripts read it."""
    found = (finder(words) for finder in current_app.extensions.get("hearth-jumping", []))
    return [asdict(group) for group in found if group is not None and group.items]
