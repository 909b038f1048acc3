"""Which people of a ticket have an address that takes no mail."""

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from helpdesk.db import db
from helpdesk.people.models import ContactKind, ContactPoint
from helpdesk.tickets.companions import CopyRecipient
from helpdesk.tickets.models import Ticket


def undeliverable_on(ticket: Ticket) -> Sequence[ContactPoint]:
    """Return the marked addresses of those who get the ticket's answers, with their people."""
    copies = select(CopyRecipient.person_id).where(CopyRecipient.ticket_id == ticket.id)
    concerned = [key for key in (ticket.customer_id, ticket.requester_id) if key is not None]
    return db.session.scalars(
        select(ContactPoint)
        .options(joinedload(ContactPoint.person))
        .where(
            ContactPoint.undeliverable_since.is_not(None),
            ContactPoint.kind == ContactKind.EMAIL,
            ContactPoint.retired_at.is_(None),
            or_(ContactPoint.person_id.in_(concerned), ContactPoint.person_id.in_(copies)),
        )
        .order_by(ContactPoint.id)
        .limit(20)
    ).all()
