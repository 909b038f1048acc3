"""Gathering what belongs together: mails of a monitoring program become one ticket."""

import re
from datetime import timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.lib.folded import fold_part
from helpdesk.lib.text import bare_subject
from helpdesk.rules.actions import Action, Ask, Given, Param, Running, register
from helpdesk.rules.setting import DONE, NO_CHANGE
from helpdesk.tickets import services
from helpdesk.tickets.lifecycle import UNFINISHED
from helpdesk.tickets.models import Ticket

LOOKED_AT = 200
"""The newest open tickets of the sender are compared."""

_CHANGING = re.compile(r"\d+([:.,/-]\d+)*|\b(?:problem|recovery|ok|warning|critical|down|up)\b")


def subject_key(subject: str) -> str:
    """Return what is the same in the subjects of one trouble: no numbers, no words of state."""
    plain = fold_part(bare_subject(subject)).replace("\x1f", "")
    return " ".join(_CHANGING.sub(" ", plain).split())


def _gather(running: Running, given: Given) -> str:
    ticket = running.ticket
    key = subject_key(ticket.subject)
    if not key:
        return NO_CHANGE
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
    if not same:
        return NO_CHANGE
    services.merge(running.actor, same[-1], ticket)
    return DONE


_ACTIONS = [
    Action(
        "gather",
        _l("Gather into the first ticket of the same sender and subject, within hours"),
        _gather,
        (Param("hours", _l("Hours"), Ask.NUMBER, most=24 * 30),),
        icon="merge",
        says=_l("gather what the same sender writes about the same within %(hours)s hours"),
    ),
]


def register_shipped() -> None:
    """Register all of them; ``app.create_app`` does."""
    for action in _ACTIONS:
        register(action)
