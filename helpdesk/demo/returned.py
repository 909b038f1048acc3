"""A mail of the demo that came back: somebody who left, whose mailbox is gone."""

from datetime import timedelta

from sqlalchemy import exists, select

from helpdesk.db import db
from helpdesk.demo.story import Demo
from helpdesk.lib import clock
from helpdesk.people.models import Channel, ContactKind
from helpdesk.people.services.reachable import mark_undeliverable
from helpdesk.tickets.lifecycle import StatusClass
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services.undelivered import Undelivered, record_undelivered


def live_returned(demo: Demo) -> None:
    """Let the answer on one open ticket come back, twenty minutes ago."""
    ticket = db.session.scalar(
        select(Ticket)
        .where(
            Ticket.status_class == StatusClass.OPEN,
            Ticket.channel == Channel.EMAIL,
            Ticket.owner_id.is_not(None),
            Ticket.hidden_at.is_(None),
            Ticket.updated_at < demo.moment - timedelta(minutes=45),
            exists().where(Entry.ticket_id == Ticket.id, Entry.verb == "reply"),
        )
        .order_by(Ticket.id.desc())
        .limit(1)
    )
    points = ticket.customer.contact_points if ticket is not None else []
    address = next((one.value for one in points if one.kind == ContactKind.EMAIL), None)
    if ticket is None or address is None:
        return
    with clock.at(demo.moment - timedelta(minutes=20)):
        missed = Undelivered(address, "user-unknown", "5.1.1", temporary=False)
        record_undelivered(ticket, [missed])
        mark_undeliverable(address, "user-unknown")
