"""How the desk handles mail that comes in: what staff pass on, and how much is too much.

Kept in the desk's settings, so that there is one answer for all mailboxes.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people import audit
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import Desk

SETTING = "mail"
"""The key under which the desk's settings keep this."""
MOST = 100_000
"""More of anything than this is no limit."""


@dataclass(frozen=True, slots=True)
class Handling:
    """What was chosen. A limit of 0 is none."""

    passed_on: bool = True
    """Whether mail that staff forward becomes a ticket of who wrote it first."""
    receipt_for_passed_on: bool = False
    per_sender: int = 20
    """Messages of one sender in ten minutes; what is more is held."""
    per_ticket: int = 10
    """Automatic mails on one ticket, or to one person, in an hour; more is not sent."""
    unlimited: tuple[str, ...] = ()
    """Senders that may write as much as they like."""

    @classmethod
    def read(cls, stored: object) -> Self:
        """Read what ``stored`` wrote; whatever is missing is as on a new desk."""
        kept: Mapping[str, Any] = stored if isinstance(stored, Mapping) else {}
        return cls(
            passed_on=bool(kept.get("passed_on", True)),
            receipt_for_passed_on=bool(kept.get("receipt_for_passed_on", False)),
            per_sender=int(kept.get("per_sender", 20)),
            per_ticket=int(kept.get("per_ticket", 10)),
            unlimited=tuple(str(one) for one in kept.get("unlimited", ())),
        )

    def stored(self) -> dict[str, Any]:
        """Return it as the desk's settings keep it."""
        return {**asdict(self), "unlimited": list(self.unlimited)}


def handling() -> Handling:
    """Return what this desk has chosen. One query."""
    kept = db.session.scalar(select(Desk.settings).limit(1)) or {}
    return Handling.read(kept.get(SETTING))


def choose(actor: Actor, wanted: Handling) -> bool:
    """Keep what was chosen; False when nothing changes. Raises Denied."""
    actor.demand(Permission.SETUP_MAIL)
    desk = db.session.scalars(select(Desk).limit(1).with_for_update()).one()
    old, new = Handling.read(desk.settings.get(SETTING)).stored(), wanted.stored()
    if old == new:
        return False
    desk.settings = {**desk.settings, SETTING: new}
    changes = {key: [old[key], new[key]] for key in new if old[key] != new[key]}
    audit.record(actor, "mail-handling-edited", desk, changes)
    return True
