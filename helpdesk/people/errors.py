"""Why a verb about people says no. The texts are for the person who asked."""

from collections.abc import Mapping


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


class Missing(Exception):
    """There is no such record, or the actor may not know that there is."""


class Clash(Exception):
    """Somebody saved the same record meanwhile.

    ``theirs`` maps the fields in which the saved record differs from what was sent to the saved
    value, so that the page can show both; ``by`` is who saved last, where that is known.
    """

    def __init__(self, version: int, theirs: Mapping[str, object], by: str | None) -> None:
        """Carry the newer version number to the form that is shown again."""
        super().__init__(f"version {version} was saved meanwhile")
        self.version = version
        self.theirs = dict(theirs)
        self.by = by
