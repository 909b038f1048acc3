"""How the sentences of the journal are put together: patterns, values, pairs of old and new."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from markupsafe import Markup, escape

from helpdesk.web.i18n import moment

Changes = Mapping[str, Any]


def say(pattern: object, **values: object) -> Markup:
    """Fill a translated pattern; values that are no markup are escaped, the pattern too."""
    return escape(str(pattern)) % values


def bold(text: object) -> Markup:
    """Return a text in bold type, escaped."""
    return Markup("<b>{}</b>").format(text)


def pair(changes: Changes, field: str) -> tuple[Any, Any]:
    """Return the old and the new value of a field; twice None when it says neither."""
    value = changes.get(field)
    is_pair = isinstance(value, (list, tuple)) and len(value) == 2
    return (value[0], value[1]) if value is not None and is_pair else (None, None)


def name(value: object) -> str:
    """Return the name of a value of the journal: a key with its name, or the value itself."""
    if isinstance(value, Mapping):
        return str(value.get("name", "?"))
    return "–" if value is None else str(value)


def when(value: object) -> str:
    """Return a moment of the journal for the reader; what is none stays as it is."""
    try:
        return moment(datetime.fromisoformat(str(value)))
    except ValueError:
        return name(value)
