"""What the desk has chosen to tell customers by itself: which kinds, when, how often."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from enum import StrEnum
from typing import Any, Self

from sqlalchemy import select

from helpdesk.db import ask_again, db, once
from helpdesk.notify.quiet import QuietHours
from helpdesk.people.models import Desk


class Tell(StrEnum):
    """What customers may be told by itself."""

    RECEIVED = "received"
    TAKEN = "taken"
    WAITING = "waiting"
    EXPECTED = "expected"
    FIXED = "fixed"


ESSENTIAL = frozenset({Tell.RECEIVED, Tell.WAITING, Tell.FIXED})
"""Kinds that no cap holds back: without them a customer does not know what to do."""

COMMON: Mapping[str, str] = {
    "number": "48213",
    "subject": "VPN drops every few minutes",
    "customer": "Mei-Ling",
    "desk": "Northline",
}
PLACEHOLDERS: Mapping[Tell, tuple[str, ...]] = {
    Tell.RECEIVED: (*COMMON, "expected"),
    Tell.TAKEN: (*COMMON, "technician", "expected"),
    Tell.WAITING: (*COMMON, "technician", "needed"),
    Tell.EXPECTED: (*COMMON, "technician", "expected"),
    Tell.FIXED: (*COMMON, "technician", "solution"),
}
"""What may stand in braces in the text of each kind."""

NIGHT = QuietHours(time(21), time(7))
SETTING = "telling"
_KEPT = "telling"
"""The key under which the desk's settings keep this."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What is told, and how gently. A new desk tells nothing until somebody switches it on."""

    kinds: frozenset[Tell] = frozenset()
    quiet: QuietHours | None = NIGHT
    receipts_always: bool = False
    """Whether receipts go out in quiet hours too, to who has just written."""
    per_day: int = 6
    """Notices a person gets in 24 hours at most; those of ``ESSENTIAL`` are sent beyond that."""
    apart: int = 15
    """Minutes between a notice on a ticket and the next that is not essential."""
    without_receipt: frozenset[int] = field(default_factory=frozenset)
    """Queues whose tickets get no receipt."""

    @classmethod
    def read(cls, stored: object) -> Self:
        """Read what ``stored`` wrote; whatever is missing is as on a new desk."""
        kept: Mapping[str, Any] = stored if isinstance(stored, Mapping) else {}
        known = {str(kind) for kind in Tell}
        return cls(
            kinds=frozenset(Tell(one) for one in kept.get("kinds", []) if one in known),
            quiet=QuietHours.read(kept["quiet"]) if "quiet" in kept else NIGHT,
            receipts_always=bool(kept.get("receipts_always", False)),
            per_day=int(kept.get("per_day", 6)),
            apart=int(kept.get("apart", 15)),
            without_receipt=frozenset(int(one) for one in kept.get("without_receipt", [])),
        )

    def stored(self) -> dict[str, object]:
        """Return it as the desk's settings keep it."""
        return {
            "kinds": sorted(self.kinds),
            "quiet": self.quiet.stored() if self.quiet is not None else None,
            "receipts_always": self.receipts_always,
            "per_day": self.per_day,
            "apart": self.apart,
            "without_receipt": sorted(self.without_receipt),
        }


def telling() -> Telling:
    """Return what this desk has chosen. Asked once a transaction."""
    return once(_KEPT, _asked)


def forget_telling() -> None:
    """Ask anew what the desk has chosen, also within this transaction."""
    ask_again(_KEPT)


def _asked() -> Telling:
    kept = db.session.scalar(select(Desk.settings).limit(1)) or {}
    return Telling.read(kept.get(SETTING))
