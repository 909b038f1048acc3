"""Why a ticket is at risk, on its page."""

from flask import render_template
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup

from helpdesk.people.access import Permission
from helpdesk.people.guard import actor_or_none
from helpdesk.tickets import wording
from helpdesk.tickets.lifecycle import RiskReason
from helpdesk.tickets.models import Ticket


def of_ticket(ticket: Ticket) -> Markup | None:
    """Return the card that says why a ticket is at risk; None when it is not."""
    actor = actor_or_none()
    if not ticket.risk or actor is None or not actor.can(Permission.TICKET_READ):
        return None
    return Markup(  # noqa: S704 (our own template)
        render_template("warning/_at_risk.html", reasons=reasons_of(ticket))
    )


def reasons_of(ticket: Ticket) -> list[str]:
    """Return why a ticket is at risk, each with its number where there is one."""
    return [_said(ticket, reason) for reason in ticket.risk.split()]


def _said(ticket: Ticket, reason: str) -> str:
    said: str
    match reason:
        case RiskReason.REOPENED if ticket.reopenings > 1:
            said = _("it was reopened %(count)d times", count=ticket.reopenings)
        case RiskReason.ASKED_AGAIN if ticket.chasers:
            said = ngettext(
                "they wrote again without an answer",
                "they wrote again %(num)d times without an answer",
                ticket.chasers,
            )
        case RiskReason.HANDED_OVER:
            said = _("it was handed over %(count)d times", count=ticket.handovers)
        case _other:
            said = wording.word(wording.RISK_REASONS, reason)
    return said
