"""Panels: parts of a lower room's page that a higher room fills.

The person page belongs to people, yet it shows that person's tickets, later their assets and
calls. The higher rooms register a renderer for a place from ``helpdesk.app``; the page asks for
whatever is registered and imports none of them.
"""

from collections.abc import Callable
from typing import Any

from flask import current_app
from markupsafe import Markup

Renderer = Callable[[Any], "Markup | str | None"]


def register(app: Any, place: str, order: int, render: Renderer) -> None:
    """Let ``render`` fill ``place`` ("person", "organisation", "person-side" …) in this order."""
    places = app.extensions.setdefault("hearth-panels", {})
    places.setdefault(place, []).append((order, render))
    places[place].sort(key=lambda item: item[0])


def panels_for(place: str, subject: Any) -> list[Markup]:
    """Render every panel of a place for its subject; a renderer that says None is left out."""
    places = current_app.extensions.get("hearth-panels", {})
    rendered = (render(subject) for _order, render in places.get(place, []))
    return [Markup(part) for part in rendered if part is not None]  # noqa: S704 (our own templates)
