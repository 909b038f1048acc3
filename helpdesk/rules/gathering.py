"""Gathering what belongs together: mails of a monitoring program become one ticket."""

import re
from datetime import timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.lib.folded import fold_part
from helpdesk.lib.text import bare_subject
from helpdesk.rules import choices
from helpdesk.rules.actions import Action, Ask, Given, Param, Running, register
from helpdesk.rules.setting import DONE, NO_CHANGE, said
from helpdesk.tickets import services
from helpdesk.tickets.lifecycle import UNFINISHED, LinkType
from helpdesk.tickets.models import Ticket

LOOKED_AT = 200
"""The newest open tickets of the sender are compared."""

_CHANGING = re.compile(r"\d+([:.,/-]\d+)*|\b(?:problem|recovery|ok|warning|critical|down|up)\b")


def subject_key(subject: str) -> str:
    """Return what is the same in the subjects of one trouble: no numbers, no words of state."""
    plain = fold_part(bare_subject(subject)).replace("\x1f", "")
    return " ".join(_CHANGING.sub(" ", plain).split())


def _first(running: Running, given: Given) -> Ticket | None:
    """Return the first open ticket of the same trouble; None when there is no earlier one."""
    ticket = running.ticket
    key = subject_key(ticket.subject)
    if not key:
        return None
    since = running.facts.moment - timedelta(hours=given["hours"])
    earlier = db.session.scalars(
        select(Ticket)
        .where(
            Ticket.customer_id == ticket.customer_id,
            Ticket.id < ticket.id,
            Ticket.opened_at >= since,
            Ticket.status_class.in_(sorted(UNFINISHED)),
            Ticket.hidden_at.is_(None),
        )
        .order_by(Ticket.id.desc())
        .limit(LOOKED_AT)
    )
    same = [one for one in earlier if subject_key(one.subject) == key]
    return same[-1] if same else None


def _gather(running: Running, given: Given) -> str:
    first = _first(running, given)
    if first is None:
        return NO_CHANGE
    services.merge(running.actor, first, running.ticket)
    return DONE


def _link(running: Running, given: Given) -> str:
    first = _first(running, given)
    if first is None:
        return NO_CHANGE
    if given["way"] == "child":
        return said(services.link(running.actor, first, running.ticket, LinkType.PARENT))
    return said(services.link(running.actor, running.ticket, first, LinkType.DUPLICATE))


WAYS = {"duplicate": _l("as a duplicate"), "child": _l("as a part of it")}
"""How a later ticket hangs on the first one, when each stays a ticket of its own."""

_HOURS = Param("hours", _l("Hours"), Ask.NUMBER, most=24 * 30)

_ACTIONS = [
    Action(
        "gather",
        _l("Gather into the first ticket of the same sender and subject, within hours"),
        _gather,
        (_HOURS,),
        by_hand=False,
        icon="merge",
        says=_l("gather what the same sender writes about the same within %(hours)s hours"),
    ),
    Action(
        "gather-link",
        _l("Link to the first ticket of the same sender and subject, within hours"),
        _link,
        (
            _HOURS,
            Param("way", _l("How"), Ask.CHOICE, choices.of_words(WAYS), words=frozenset(WAYS)),
        ),
        by_hand=False,
        icon="link",
        says=_l(
            "link what the same sender writes about the same within %(hours)s hours"
            " to the first ticket %(way)s"
        ),
    ),
]


def register_shipped() -> None:
    """Register all of them; ``app.create_app`` does."""
    for action in _ACTIONS:
        register(action)
