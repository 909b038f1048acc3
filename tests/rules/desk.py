"""Rules as tests say them."""

from typing import Any

from helpdesk.db import db
from helpdesk.people.access import SYSTEM
from helpdesk.rules import saving
from helpdesk.rules.content import Content, Folder
from helpdesk.rules.models import Rule


def rule(
    name: str,
    *then: dict[str, Any],
    when: list[dict[str, Any]] | dict[str, Any] | None = None,
    if_: dict[str, Any] | None = None,
    on: bool = True,
) -> Rule:
    """Make a rule; by default it looks at new tickets, and is turned on."""
    triggers = [when] if isinstance(when, dict) else when or [{"on": "created"}]
    said = {"when": triggers, "if": if_ or {"all": []}, "then": list(then)}
    row = saving.add(SYSTEM, name, Folder.SORT, Content.from_json(said))
    if on:
        saving.turn(SYSTEM, row, True)
    db.session.commit()
    return row


def about(field: str, operator: str, *operands: object) -> dict[str, Any]:
    """Return one condition."""
    return {"field": field, "is": operator, "of": list(operands)}
