"""How much may happen by itself within an hour before somebody is to look at it.

One setting of the desk for everything that acts without being asked: each rule, and the steps of
each policy.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people.models import Desk

SETTING = "rules"
"""The key under which the desk's settings keep the brake."""
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Brake:
    """How much one rule, or the steps of one policy, may do within an hour."""

    tickets: int = 200
    messages: int = 100


def brake() -> Brake:
    """Return the brake of this desk."""
    kept = (db.session.scalar(select(Desk.settings).limit(1)) or {}).get(SETTING)
    if not isinstance(kept, Mapping):
        return Brake()
    usual = Brake()
    return Brake(int(kept.get("tickets", usual.tickets)), int(kept.get("messages", usual.messages)))
