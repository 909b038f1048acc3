"""Words for what the tables keep as keys: kinds, levels, outcomes, reasons, statuses, verbs."""

from collections.abc import Mapping
from typing import Any, Protocol

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from helpdesk.people.absent import Away
from helpdesk.people.models import Channel
from helpdesk.tickets.lifecycle import (
    BinReason,
    HoldReason,
    Kind,
    LinkType,
    MissReason,
    Outcome,
    RiskReason,
    StatusClass,
)
from helpdesk.tickets.queries.ready import Hindrance, Standing
from helpdesk.tickets.seed import STATUS_NAMES, STATUSES
from helpdesk.web.i18n import moment

KINDS = {
    Kind.INCIDENT: _l("Incident"),
    Kind.REQUEST: _l("Request"),
    Kind.QUESTION: _l("Question"),
    Kind.COMPLAINT: _l("Complaint"),
    Kind.PROBLEM: _l("Problem"),
    Kind.CHANGE: lazy_pgettext("kind", "Change"),
}

PRIORITIES = {1: _l("P1 Critical"), 2: _l("P2 High"), 3: _l("P3 Medium"), 4: _l("P4 Low")}

IMPACTS = {1: _l("Everybody"), 2: _l("Several people"), 3: _l("Only one person")}

URGENCIES = {1: _l("Work stops"), 2: _l("Work is slowed"), 3: _l("Can wait")}

OUTCOMES = {
    Outcome.SOLVED: _l("Solved"),
    Outcome.WORKAROUND: _l("Workaround"),
    Outcome.WITHDRAWN: _l("Withdrawn"),
    Outcome.DUPLICATE: _l("Duplicate"),
    Outcome.NO_ANSWER: _l("No answer"),
    Outcome.NOT_OURS: _l("Not ours"),
}

HOLD_REASONS = {
    HoldReason.CUSTOMER: _l("Waiting on the customer"),
    HoldReason.SUPPLIER: _l("Waiting on a supplier"),
    HoldReason.DATE: _l("Waiting for a date"),
    HoldReason.CHANGE: _l("Waiting for a change"),
    HoldReason.OTHER: _l("Another reason"),
}

MISS_REASONS = {
    MissReason.WORKLOAD: _l("Too much work at once"),
    MissReason.SEEN_LATE: _l("Seen too late"),
    MissReason.WRONG_PLACE: _l("Wrong queue or priority at first"),
    MissReason.CUSTOMER: _l("The customer could not be reached"),
    MissReason.SUPPLIER: _l("A supplier or another team was late"),
    MissReason.HARD: _l("Harder than it looked"),
    MissReason.PARTS: _l("Parts or access were missing"),
    MissReason.OTHER: _l("Another reason"),
}

RISK_REASONS = {
    RiskReason.REOPENED: _l("it was reopened"),
    RiskReason.ASKED_AGAIN: _l("they wrote again without an answer"),
    RiskReason.HANDED_OVER: _l("it was handed over more than once"),
    RiskReason.UNOWNED: _l("half the time is used and nobody owns it"),
    RiskReason.UNACKNOWLEDGED: _l("half the time is used and nobody has acknowledged it"),
    RiskReason.RUNNING_OUT: _l("little time is left"),
    RiskReason.OLD: _l("it is old and nothing is promised"),
}
"""Why a ticket is at risk, as the end of a sentence."""

BIN_REASONS = {BinReason.SPAM: _l("Spam"), BinReason.MISTAKE: _l("Mistake")}
BIN_CHOICES = {
    "spam-sender": _l("Spam, and so is all mail of this sender from now on"),
    "spam-domain": _l("Spam, and so is all mail of the sender's whole domain"),
    "spam": _l("Spam, this once"),
    "mistake": _l("Mistake"),
}
"""What people choose from: the reason, and after a hyphen whose mail is put aside from now on."""

STATUS_CLASSES = {
    StatusClass.NEW: _l("New"),
    StatusClass.OPEN: _l("Open"),
    StatusClass.PENDING: _l("Waiting"),
    StatusClass.RESOLVED: _l("Resolved"),
    StatusClass.CLOSED: _l("Closed"),
}

CHANNELS = {
    Channel.EMAIL: _l("Email"),
    Channel.PHONE: _l("Phone"),
    Channel.PORTAL: _l("Portal"),
    Channel.CHAT: _l("Chat"),
    Channel.SMS: _l("SMS"),
    Channel.FAX: _l("Fax"),
    Channel.WALK_IN: _l("Walk-in"),
    Channel.VISIT: _l("Visit"),
    Channel.MONITORING: _l("Monitoring"),
    Channel.STAFF: _l("Staff"),
}

BY_CHANNEL = {
    Channel.EMAIL: _l("by email"),
    Channel.PHONE: _l("by phone"),
    Channel.PORTAL: _l("through the portal"),
    Channel.CHAT: _l("in chat"),
    Channel.SMS: _l("by SMS"),
    Channel.FAX: _l("by fax"),
    Channel.WALK_IN: _l("in person"),
    Channel.VISIT: _l("during a visit"),
    Channel.MONITORING: _l("from monitoring"),
    Channel.STAFF: _l("entered by staff"),
}
"""After a name: "Ho Mei-Ling by email"."""

CHANNEL_ICONS = {
    Channel.EMAIL: "mail",
    Channel.PHONE: "phone",
    Channel.PORTAL: "monitor",
    Channel.CHAT: "messages-square",
    Channel.SMS: "messages-square",
    Channel.FAX: "printer",
    Channel.WALK_IN: "handshake",
    Channel.VISIT: "handshake",
    Channel.MONITORING: "radio-tower",
    Channel.STAFF: "headset",
}

LINKS = {
    (LinkType.PARENT, True): _l("Child"),
    (LinkType.PARENT, False): _l("Parent"),
    (LinkType.RELATED, True): _l("Related"),
    (LinkType.RELATED, False): _l("Related"),
    (LinkType.DUPLICATE, True): _l("Duplicate of"),
    (LinkType.DUPLICATE, False): _l("Has the duplicate"),
    (LinkType.CAUSED_BY, True): _l("Caused by"),
    (LinkType.CAUSED_BY, False): _l("Causes"),
}
"""What the other ticket is to this one; True when the link starts here."""

STATUS_CSS = {"new": "new", "open": "open", "pending": "wait", "resolved": "done", "closed": "done"}
"""The style of a status's dot, by its class."""

_ENGLISH = {name: STATUS_NAMES[key] for key, name, *_rest in STATUSES}


class Named(Protocol):
    """A status, or what a query brings of one."""

    @property
    def key(self) -> str | None:
        """The word by which our own statuses are known; a desk's own have none."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def status_class(self) -> str:
        """The fixed class it is in."""


def status_label(status: Named) -> str:
    """Return a status's name: translated while it is one of ours that nobody renamed."""
    return status_name(status.name)


def status_name(name: str) -> str:
    """Return the name of a status as the journal kept it, translated if it is one of ours."""
    return str(_ENGLISH[name]) if name in _ENGLISH else name


def status_css(status: Named) -> str:
    """Return the class of a status's dot."""
    return "asg" if status.key == "assigned" else STATUS_CSS[status.status_class]


def word(table: Mapping[Any, object], key: object) -> str:
    """Return the word for a key, or the key itself when a later release wrote it."""
    return str(table.get(key, key if key is not None else "–"))


def load_words(in_hand: int, most: int | None) -> str:
    """Return how much somebody has in hand, of how much: "5 of 8"."""
    if most is None:
        return str(_("%(number)d in hand", number=in_hand))
    return str(_("%(number)d of %(most)d in hand", number=in_hand, most=most))


def standing_words(standing: Standing, *, room: bool = True) -> str:
    """Return why somebody gets no work now and how much they have; empty when nothing is to say.

    ``room`` says what they have in hand wherever a limit is set, not only when it is reached.
    """
    said = []
    match standing.hindrance:
        case Hindrance.NO_ACCOUNT:
            return str(_("cannot sign in"))
        case Hindrance.ABSENT if standing.absence is not None:
            said.append(away_words(standing.absence))
        case Hindrance.OFF if standing.back_at is not None:
            said.append(str(_("off until %(time)s", time=moment(standing.back_at))))
        case Hindrance.OFF:
            said.append(str(_("off")))
        case Hindrance.BUSY:
            said.append(str(_("busy")))
        case Hindrance.AWAY:
            said.append(str(_("away")))
        case Hindrance.SILENT:
            said.append(str(_("not at the desk")))
    if standing.load.most is not None and (room or standing.hindrance is Hindrance.FULL):
        said.append(load_words(standing.load.in_hand, standing.load.most))
    return " · ".join(said)


def away_words(away: Away) -> str:
    """Return until when somebody is away, and who covers."""
    until = moment(away.until)
    if away.cover:
        return str(_("away until %(time)s, %(name)s covers", time=until, name=away.cover))
    return str(_("away until %(time)s", time=until))
