"""What would become of a message, in words for the dry run."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from helpdesk.channels.email.downloads import TOO_OLD
from helpdesk.channels.email.dry_run import Would
from helpdesk.channels.email.models import State
from helpdesk.channels.inbound import How

WHY: dict[str, Any] = {
    "own-address": _l("from one of our own addresses"),
    "own-message": _l("a message of ours that came back"),
    "bounce-unknown": _l("a report on a message that is not ours"),
    "spam": _l("the sender is marked as spam"),
    TOO_OLD: _l("it came before the cut-off date"),
    "only-new": _l("it lies there already, and only new mail is read"),
    "no-sender": _l("there is nobody to answer to"),
    "not-parsed": _l("it could not be understood"),
    "unreadable": _l("it could not be read"),
    "too-large": _l("it is too large to fetch without being asked"),
    "loop": _l("too much of one sender in a short time"),
    "error": _l("something would go wrong here while filing it"),
}
"""Why a message would be ignored or put aside; others are said by their name in the ledger."""


FATES: dict[str, Any] = {
    "ticket": _l("New ticket"),
    "reply": _l("Reply"),
    "note": _l("Note for staff"),
    "bounce": _l("Came back"),
    "quarantined": _l("Quarantine"),
    "ignored": _l("Ignored"),
    "duplicate": _l("Copy"),
    "here": _l("Here already"),
    "untried": _l("Not tried"),
}
"""What can become of a message, in the order in which it matters; other fates are named alone."""

_FILED = {
    How.OPENED: "ticket",
    How.FOLLOWED_UP: "ticket",
    How.JOINED: "reply",
    How.ANSWERED: "reply",
    How.NOTED: "note",
    How.DOUBTED: "note",
}


def fate_of(one: Would) -> str:
    """Return the fate of a message by which a dry run is counted and sorted."""
    return _FILED.get(How(one.reason), "ticket") if one.state == State.FILED else str(one.state)


def counted(found: Iterable[Would]) -> dict[str, int]:
    """Return how many messages have each fate, in the order of ``FATES``."""
    number = Counter(fate_of(one) for one in found)
    known = [fate for fate in FATES if number[fate]]
    return {fate: number[fate] for fate in [*known, *sorted(number.keys() - set(known))]}


def place_of(one: Would) -> int:
    """Return where the fate of a message stands among all fates, to sort by it."""
    return list(FATES).index(fate) if (fate := fate_of(one)) in FATES else len(FATES)


def in_words(one: Would) -> str:
    """Return what would become of a message."""
    said = _by_state(one)
    return str(said) if said is not None else f"{one.state}: {one.reason}".rstrip(": ")


def _by_state(one: Would) -> Any:
    why = str(WHY.get(one.reason, one.reason))
    if one.state == State.FILED:
        return _filed(one)
    if one.state == State.DUPLICATE:
        return _("A copy of a message that is here, or stands above")
    if one.state == State.BOUNCE:
        return _("A report on a message of ours, for #%(number)d", number=one.ticket or 0)
    if one.state == State.IGNORED:
        return _("Ignored: %(why)s", why=why)
    if one.state == State.QUARANTINED:
        return _("Quarantine: %(why)s", why=why)
    if one.state == "here":
        return _("Here already, nothing is done")
    if one.state == "untried":
        return _("Too large to be tried here; it would be fetched")
    return None


def _filed(one: Would) -> Any:
    if one.reason == How.OPENED:
        return _("A new ticket")
    if one.reason == How.FOLLOWED_UP:
        return _("A new ticket, linked to a closed one")
    if one.reason == How.DOUBTED:
        return _("A note: its sender could not be verified")
    if one.reason not in {How.JOINED, How.NOTED}:
        return None
    if one.above is not None:
        joined = _("A reply to the ticket of message %(place)d", place=one.above + 1)
        noted = _("A note on the ticket of message %(place)d", place=one.above + 1)
    else:
        joined = _("A reply to #%(number)d", number=one.ticket or 0)
        noted = _("A note on #%(number)d", number=one.ticket or 0)
    return joined if one.reason == How.JOINED else noted
