"""What would become of a message, in words for the dry run."""

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
    if one.reason not in {How.JOINED, How.NOTED}:
        return None
    if one.above is not None:
        joined = _("A reply to the ticket of message %(place)d", place=one.above + 1)
        noted = _("A note on the ticket of message %(place)d", place=one.above + 1)
    else:
        joined = _("A reply to #%(number)d", number=one.ticket or 0)
        noted = _("A note on #%(number)d", number=one.ticket or 0)
    return joined if one.reason == How.JOINED else noted
