"""Why a verb says no. The texts are for the person who asked."""

from collections.abc import Sequence

from helpdesk.tickets.models import Entry


class Refused(Exception):
    """A rule forbids it. ``message`` is a translatable sentence; ``code`` is for programs."""

    def __init__(self, code: str, message: object, field: str | None = None) -> None:
        """Name the rule (``code``), say it (``message``) and point at the form's field."""
        super().__init__(code)
        self.code = code
        self.message = message
        self.field = field

    def __str__(self) -> str:
        """Return the sentence in the reader's language."""
        return str(self.message)


class Clash(Exception):
    """Somebody wrote meanwhile. ``entries`` are what the person has not seen yet."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        """Carry the unseen entries to the page that shows them beside what was typed."""
        super().__init__(f"{len(entries)} unseen entries")
        self.entries = list(entries)
