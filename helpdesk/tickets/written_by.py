"""What wrote an entry of the journal besides a person: a rule, or somebody's macro."""

from typing import Any

from helpdesk.tickets.models import Entry
from helpdesk.tickets.services.act import BY


def rule_of(entry: Entry) -> str:
    """Return the name of the rule that wrote an entry; empty when none did."""
    by = _by(entry)
    return "" if "macro" in by else str(by.get("name", ""))


def macro_of(entry: Entry) -> str:
    """Return the name of the macro with which an entry was written; empty without one."""
    by = _by(entry)
    return str(by.get("name", "")) if "macro" in by else ""


def _by(entry: Entry) -> dict[str, Any]:
    changes: dict[str, Any] = dict(entry.changes or {})
    found = (changes.get(BY) or [None, None])[1]
    return dict(found) if found else {}
