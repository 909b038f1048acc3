"""Why a verb says no. The texts are for the person who asked."""

from collections.abc import Sequence

from helpdesk.people.errors import Refused
from helpdesk.tickets.models import Entry

__all__ = ["Clash", "Refused"]


class Clash(Exception):
    """Somebody wrote meanwhile. ``entries`` are what the person has not seen yet."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        """Carry the unseen entries to the page that shows them beside what was typed."""
        super().__init__(f"{len(entries)} unseen entries")
        self.entries = list(entries)
