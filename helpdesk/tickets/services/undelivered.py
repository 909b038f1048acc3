"""Mail about a ticket that came back: a line of the journal, and a mark until it is dealt with."""

from collections.abc import Sequence
from dataclasses import dataclass

from helpdesk.db import db
from helpdesk.events import publish
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import Channel
from helpdesk.tickets.events import TicketsTold
from helpdesk.tickets.lifecycle import EntryKind
from helpdesk.tickets.models import Entry, Ticket


@dataclass(frozen=True, slots=True)
class Undelivered:
    """One recipient who was not reached, as a mail system reports it.

    ``reason`` is one word (see ``people.services.reachable``); ``status`` is of RFC 3463.
    ``temporary`` says that the mail system still tries.
    """

    address: str
    reason: str
    status: str
    temporary: bool


def record_undelivered(ticket: Ticket, missed: Sequence[Undelivered]) -> Entry:
    """Write down, for staff, who was not reached. The caller holds the ticket's lock.

    It is nobody's answer: no clock looks at it, nothing wakes or reopens, no version moves and no
    page clashes. What is only late leaves no mark on the ticket.
    """
    entry = Entry(
        ticket_id=ticket.id,
        kind=EntryKind.EVENT,
        verb="bounce",
        channel=Channel.EMAIL,
        happened_at=now(),
        changes={
            "undelivered": [
                None,
                [
                    {
                        "address": one.address,
                        "reason": one.reason,
                        "status": one.status,
                        "temporary": one.temporary,
                    }
                    for one in missed
                ],
            ]
        },
    )
    db.session.add(entry)
    if any(not one.temporary and one.reason != "complaint" for one in missed):
        ticket.undelivered_at = now()
    db.session.flush()
    publish(TicketsTold(frozenset({ticket.id})))
    return entry


def settle_undelivered(actor: Actor, ticket: Ticket) -> None:
    """Take the mark away: somebody has seen to it in another way. Raises Denied."""
    actor.demand(Permission.TICKET_WORK)
    if ticket.undelivered_at is not None:
        ticket.undelivered_at = None
        publish(TicketsTold(frozenset({ticket.id})))
