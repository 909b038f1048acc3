"""What a customer was told by itself, as a sentence of the journal."""

from collections.abc import Callable, Mapping

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from helpdesk.tickets.saying import Changes, bold, name, pair, say, when

_NOTICES: dict[str, Callable[[], str]] = {
    "received": lambda: _("%(who)s was told: we have it"),
    "taken": lambda: _("%(who)s was told: somebody works on it"),
    "waiting": lambda: _("%(who)s was told: we wait for them"),
    "expected": lambda: _("%(who)s was told another expected time"),
    "fixed": lambda: _("%(who)s was told: it is fixed"),
}

NAMES = {
    "received": _l("We have it"),
    "taken": _l("Somebody works on it"),
    "waiting": _l("We wait for you"),
    "expected": _l("Another time is expected"),
    "fixed": _l("It is fixed"),
}
"""What each notice tells, in a few words."""


def told(_name: Markup, changes: Changes) -> Markup | None:
    """Say who was told what, and which time they were promised."""
    found = pair(changes, "told")[1]
    if not isinstance(found, Mapping):
        return None
    notice = str(found.get("notice"))
    pattern = _NOTICES[notice]() if notice in _NOTICES else _("%(who)s was told of it")
    said = say(pattern, who=bold(name(found.get("person"))))
    expected = found.get("expected")
    if expected is None:
        return said
    return say(_("%(said)s, expected %(time)s"), said=said, time=bold(when(expected)))
