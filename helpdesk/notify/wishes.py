"""How members of staff want to be told: on screen, by mail, both or not, and when they rest."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from helpdesk.notify.quiet import QuietHours

WAIT = timedelta(minutes=3)
"""How long a notice waits for others to come along before it is mailed."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """How somebody wants to be told: kinds they do not want on screen, and those by mail."""

    not_on_screen: frozenset[str] = frozenset()
    by_mail: frozenset[str] = frozenset()
    quiet: QuietHours | None = None

    @classmethod
    def read(cls, preferences: Mapping[str, object]) -> "Wishes":
        """Read them from somebody's preferences."""
        return cls(
            not_on_screen=_kinds(preferences.get("no_notices")),
            by_mail=_kinds(preferences.get("mail_notices")),
            quiet=QuietHours.read(preferences.get("mail_quiet")),
        )


def _kinds(kept: object) -> frozenset[str]:
    return frozenset(str(kind) for kind in kept) if isinstance(kept, list) else frozenset()
