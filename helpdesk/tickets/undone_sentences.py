"""What somebody took back, as a sentence of the journal."""

from collections.abc import Callable, Mapping

from flask_babel import gettext as _
from markupsafe import Markup

from helpdesk.tickets.saying import Changes, pair, say

_WORDS: dict[str, Callable[[], str]] = {
    "reply": lambda: _("%(who)s took back a reply"),
    "broadcast": lambda: _("%(who)s took back a message to everybody"),
    "write-aside": lambda: _("%(who)s took back a message to others"),
    "close-aside": lambda: _("%(who)s opened a side conversation again"),
    "note": lambda: _("%(who)s took back a note"),
    "call": lambda: _("%(who)s took back a call"),
    "resolve": lambda: _("%(who)s took back resolving it"),
    "merge": lambda: _("%(who)s took back the merge"),
}


def undone(name: Markup, changes: Changes) -> Markup:
    """Say who took back what."""
    before = pair(changes, "undone")[1]
    verb = before.get("verb") if isinstance(before, Mapping) else None
    pattern = _WORDS[verb]() if verb in _WORDS else _("%(who)s took back the last change")
    return say(pattern, who=name)
