"""What the house told a customer by itself, as a small line of the journal."""

from datetime import datetime

from helpdesk.db import db
from helpdesk.events import publish
from helpdesk.lib.clock import now
from helpdesk.people.models import Person
from helpdesk.tickets.events import TicketsTold
from helpdesk.tickets.lifecycle import EntryKind
from helpdesk.tickets.models import Entry, Ticket


def record_told(
    ticket: Ticket, person: Person, notice: str, channel: str, *, expected: datetime | None = None
) -> Entry:
    """Write down that a person was told something of a ticket by itself.

    It is no answer: no clock looks at it, no version moves and no page clashes. The text is not
    kept here, so that what is redacted elsewhere does not live on in it.
    """
    told: dict[str, object] = {
        "notice": notice,
        "person": {"id": person.id, "name": person.name},
        "expected": expected.isoformat() if expected is not None else None,
    }
    entry = Entry(
        ticket_id=ticket.id,
        kind=EntryKind.EVENT,
        verb="tell",
        channel=channel,
        happened_at=now(),
        changes={"told": [None, told]},
    )
    db.session.add(entry)
    db.session.flush()
    publish(TicketsTold(frozenset({ticket.id})))
    return entry
