"""How much a ticket is in danger of missing what was promised, as lists and pages need to know it.

Whether it is, and why, is judged above this package; here it is only written down. These are no
verbs: they change nothing that anybody did, so they leave no journal entry and no new version.
"""

from collections.abc import Iterable
from datetime import datetime

from helpdesk.tickets.lifecycle import RiskReason
from helpdesk.tickets.models import Ticket


def set_chasers(ticket: Ticket, chasers: int) -> None:
    """Write down how often the customer wrote again without an answer."""
    # Saying the same again would make the session look for what changed.
    if ticket.chasers != chasers:
        ticket.chasers = chasers


def set_risk(ticket: Ticket, reasons: Iterable[RiskReason], look_again: datetime | None) -> bool:
    """Write down why a ticket is at risk, and when time alone changes that (UTC).

    Returns whether the reasons are news.
    """
    if ticket.risk_at != look_again:
        ticket.risk_at = look_again
    said = " ".join(reasons)
    if ticket.risk == said:
        return False
    ticket.risk = said
    return True


def set_shares(ticket: Ticket, half_at: datetime | None, late_at: datetime | None) -> None:
    """Write down when half and three quarters of the time until ``due_at`` are used (UTC)."""
    ticket.half_at, ticket.late_at, ticket.shares_due_at = half_at, late_at, ticket.due_at
