"""What wrote an entry of the journal besides a person: a rule, a policy, or somebody's macro."""

from typing import Any

from helpdesk.tickets.models import Entry
from helpdesk.tickets.services.act import BY


def rule_of(entry: Entry) -> str:
    """Return the name of the rule that wrote an entry; empty when none did."""
    by = _by(entry)
    return "" if "macro" in by or "policy" in by else str(by.get("name", ""))


def policy_of(entry: Entry) -> str:
    """Return the name of the policy in whose name an entry was written; empty without one."""
    by = _by(entry)
    return str(by.get("name", "")) if "policy" in by else ""


def is_by_itself(entry: Entry) -> bool:
    """Whether a rule, or a step of a policy, wrote an entry: it can be told why."""
    if by := _by(entry):
        return "macro" not in by
    changes: dict[str, Any] = dict(entry.changes or {})
    told = (changes.get("promise") or [None, None])[1]
    return isinstance(told, dict) and "step" in told


def macro_of(entry: Entry) -> str:
    """Return the name of the macro with which an entry was written; empty without one."""
    by = _by(entry)
    return str(by.get("name", "")) if "macro" in by else ""


def _by(entry: Entry) -> dict[str, Any]:
    changes: dict[str, Any] = dict(entry.changes or {})
    found = (changes.get(BY) or [None, None])[1]
    return dict(found) if found else {}
