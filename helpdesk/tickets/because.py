"""Why a ticket was given to somebody, in the reader's words."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from babel import Locale, UnknownLocaleError
from flask_babel import gettext as _

from helpdesk.tickets.next_up import Why
from helpdesk.tickets.queries.needs import tongue
from helpdesk.tickets.wording import PRIORITIES
from helpdesk.web.i18n import duration


def language_name(tag: str) -> str:
    """Return what a language calls itself, and the tag of one that nobody knows."""
    try:
        return Locale.parse(tongue(tag)).display_name or tag
    except (UnknownLocaleError, ValueError):
        return tag


_WORDS: Mapping[Why, Callable[[Any], str]] = {
    Why.GIVEN: lambda _about: _("it was assigned and not acknowledged yet"),
    Why.MISSED: lambda late: _("a promise was missed %(time)s ago", time=duration(late)),
    Why.DUE: lambda left: _("a promise ends in %(time)s", time=duration(left)),
    Why.PRIORITY: lambda level: _("it is %(priority)s", priority=PRIORITIES[level]),
    Why.SKILL: lambda name: _("it asks for %(skill)s", skill=name),
    Why.LANGUAGE: lambda tag: _("it is in %(language)s", language=language_name(tag)),
    Why.REPLIED: lambda _about: _("the customer has written"),
    Why.BEGUN: lambda _about: _("it is begun and nothing else waits"),
    Why.WAITING: lambda waited: _("it waits longest, for %(time)s", time=duration(waited)),
}


def because(stored: object) -> str:
    """Return reasons as one phrase; empty for what is none. What is not known is left out."""
    found = []
    for each in stored if isinstance(stored, Iterable) and not isinstance(stored, str) else ():
        try:
            why, about = each
            found.append(_WORDS[Why(why)](about))
        except (ValueError, TypeError, KeyError):
            continue
    return ", ".join(found)
