"""Side conversations of the demo: what suppliers and colleagues were asked about tickets."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from helpdesk.db import db
from helpdesk.demo.story import Demo
from helpdesk.lib import clock
from helpdesk.people.services import find_or_create_by_address
from helpdesk.tickets import services
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.queries import side_talks
from helpdesk.tickets.services import Aside, Heard, Said


@dataclass(frozen=True)
class Asked:
    """Who was asked what about a ticket, how many minutes ago, and what came back when."""

    ticket: str
    by: str
    to: tuple[str, str]
    subject: str
    words: str
    ago: int
    answer: str = ""
    answered_ago: int = 0
    closed: bool = False


ASKED = (
    Asked(
        "Firewall rule for carrier EDI, waiting on PCCW",
        "priya",
        ("lines@pccw.example", "PCCW"),
        "SR-882140 Firewall rule for carrier EDI",
        "Good morning,\n\nthe rule for 203.0.113.40, port 6443, was promised for this week."
        " Which maintenance window do you plan, and will the line be down meanwhile?\n",
        ago=190,
        answer="Hello,\n\nthe change is approved for tonight, 23:00 to 23:30. Expect an"
        " interruption of less than a minute.\n\nRegards\nPCCW Enterprise Support, tier 2\n",
        answered_ago=64,
    ),
    Asked(
        "Warehouse scanners can’t reach WMS at gate 3",
        "priya",
        ("facilities@northline.example", "Facilities"),
        "Ladder and power at gate 3",
        "Can somebody be at gate 3 with the long ladder at 14:00? The access point hangs at about"
        " six metres, and we need the power socket beside it.\n",
        ago=25,
    ),
    Asked(
        "Label printer at bench 4 eats the labels",
        "priya",
        ("service@kestrel.example", "Kestrel Office Machines"),
        "K-20931 Feed roller of the label printer",
        "The feed roller of the TX-420 at bench 4 is worn. Do you have the part in stock?\n",
        ago=1500,
        answer="Yes, two in stock. Our engineer brings one along.\n\nKestrel Office Machines\n",
        answered_ago=1440,
        closed=True,
    ),
)


def live_asides(demo: Demo, tickets: dict[str, Ticket]) -> None:
    """Write to others about tickets, and let some of them answer."""
    for asked in ASKED:
        ticket = tickets.get(asked.ticket)
        if ticket is not None:
            _live(demo, ticket, asked)


def _live(demo: Demo, ticket: Ticket, asked: Asked) -> None:
    with clock.at(_after(demo, ticket, asked.ago)):
        other, _new = find_or_create_by_address(*asked.to, language="en")
        aside = Aside(asked.subject, [other])
        services.write_aside(demo.actors[asked.by], ticket, aside, Said(asked.words))
    [talk] = side_talks.of_ticket(ticket)
    if asked.answer:
        with clock.at(_after(demo, ticket, asked.answered_ago)):
            services.hear_aside(talk, Heard(author=other, body=asked.answer))
    if asked.closed:
        with clock.at(_after(demo, ticket, asked.answered_ago)):
            services.close_aside(demo.actors[asked.by], ticket, talk)


def _after(demo: Demo, ticket: Ticket, minutes_ago: int) -> datetime:
    """Return a moment so many minutes ago, or soon after what the journal says last."""
    last = db.session.scalar(
        select(func.max(Entry.happened_at)).where(Entry.ticket_id == ticket.id)
    )
    assert last is not None
    return max(demo.moment - timedelta(minutes=minutes_ago), last + timedelta(seconds=50))
