"""Side conversations of the demo: what suppliers and colleagues were asked about tickets."""

from dataclasses import dataclass
from datetime import timedelta

from helpdesk.demo.story import Demo
from helpdesk.lib import clock
from helpdesk.people.services import find_or_create_by_address
from helpdesk.tickets import services
from helpdesk.tickets.models import Ticket
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
    ago = [timedelta(minutes=minutes) for minutes in (asked.ago, asked.answered_ago)]
    with clock.at(max(demo.moment - ago[0], ticket.opened_at + timedelta(minutes=2))):
        other, _new = find_or_create_by_address(*asked.to)
        aside = Aside(asked.subject, [other])
        services.write_aside(demo.actors[asked.by], ticket, aside, Said(asked.words))
    [talk] = side_talks.of_ticket(ticket)
    if asked.answer:
        with clock.at(max(demo.moment - ago[1], ticket.opened_at + timedelta(minutes=4))):
            services.hear_aside(talk, Heard(author=other, body=asked.answer))
    if asked.closed:
        with clock.at(max(demo.moment - ago[1], ticket.opened_at) + timedelta(minutes=6)):
            services.close_aside(demo.actors[asked.by], ticket, talk)
