"""Promises and their accounts in the reader's words."""

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from helpdesk.sla.clocks import Because, Line, Promise
from helpdesk.sla.ledger import Account
from helpdesk.tickets import wording

PROMISES = {
    Promise.ACKNOWLEDGE: _l("Acknowledge"),
    Promise.FIRST_REPLY: _l("First reply"),
    Promise.NEXT_REPLY: _l("Next reply"),
    Promise.FIX: _l("Fix"),
}
BY = {
    Promise.ACKNOWLEDGE: _l("Acknowledge by %(time)s"),
    Promise.FIRST_REPLY: _l("First reply by %(time)s"),
    Promise.NEXT_REPLY: _l("Next reply by %(time)s"),
    Promise.FIX: _l("Fix by %(time)s"),
}
SHORT_BY = {
    Promise.ACKNOWLEDGE: _l("Ack by %(time)s"),
    Promise.FIRST_REPLY: _l("Reply by %(time)s"),
    Promise.NEXT_REPLY: _l("Reply by %(time)s"),
    Promise.FIX: _l("Fix by %(time)s"),
}
ICONS = {
    Promise.ACKNOWLEDGE: "circle-check",
    Promise.FIRST_REPLY: "reply",
    Promise.NEXT_REPLY: "reply",
    Promise.FIX: "timer",
}
BECAUSE = {
    Because.COUNTED: _l("Open hours"),
    Because.CLOSED: lazy_pgettext("calendar", "Closed"),
    Because.WAITING: _l("Waiting"),
    Because.RESOLVED: _l("Resolved"),
    Because.GONE: _l("In the bin, or part of another ticket"),
}
CONDITIONS = {
    "suppliers": _l("supplier"),
    "organisations": _l("organisation"),
    "support_levels": _l("support level"),
    "vip": _l("VIP"),
    "categories": _l("category"),
    "queues": _l("queue"),
    "kinds": _l("kind"),
}


def promise(value: str) -> str:
    """Return the name of a promise as it is stored."""
    return str(PROMISES[Promise(value)])


def why(because: Because, reason: str) -> str:
    """Return why a stretch counted or not: "Waiting for the customer"."""
    if because is Because.WAITING and reason:
        return str(wording.word(wording.HOLD_REASONS, reason))
    return str(BECAUSE[because])


_OF_SUPPLIERS = {
    Because.RESOLVED: _l("Not with them"),
    Because.COUNTED: _l("With them, open hours"),
}


def account_why(account: Account, line: Line) -> str:
    """Return the same within an account: a supplier's time is theirs while we wait for them."""
    if account.by_supplier and line.because in _OF_SUPPLIERS:
        return str(_OF_SUPPLIERS[line.because])
    return why(line.because, line.why)


def conditions(names: list[str]) -> str:
    """Return conditions as a list in words: "organisation, VIP"."""
    return ", ".join(str(CONDITIONS.get(name, name)) for name in names)
