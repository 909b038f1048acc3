"""What goes out of the demo desk: signatures, an answer for tomorrow, two that came back."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from helpdesk.channels.email.models import Signature
from helpdesk.channels.email.outgoing import new_message_id
from helpdesk.db import db
from helpdesk.demo.story import Demo
from helpdesk.lib import clock
from helpdesk.notify.models import OutboxMessage, Sending
from helpdesk.people.models import Channel
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services.later import put_off

SIGNATURES = {
    "en": "**{me}**\n{title}\nNorthline Service Desk · +852 2345 6700",
    "zh_Hans_CN": "**{me}**\n{title}\n北线服务台 · +852 2345 6700",
    "zh_Hant_TW": "**{me}**\n{title}\n北線服務台 · +852 2345 6700",
}
NETWORK = "**{me}**, {queue}\nUrgent and your line is down? Call +852 2345 6711."
OWN = "Priya Nair\nNetwork & VPN, Northline Service Desk\nDirect line +852 2345 6718"
LATER = (
    "Hello Sofia,\n\nthe new policy reaches your laptop over night. Please restart it once in the"
    " morning and sign in to Outlook; it should ask for the password one last time."
)
REFUSED = "550 5.1.1 <{address}>: Recipient address rejected: User unknown in virtual mailbox table"


def make_signatures(demo: Demo) -> None:
    """Write down what stands below answers."""
    db.session.add_all(Signature(language=key, body=body) for key, body in SIGNATURES.items())
    db.session.add(Signature(queue_id=demo.queues[1].id, language="en", body=NETWORK))
    db.session.add(Signature(person_id=demo.technicians["priya"].id, language="en", body=OWN))
    db.session.flush()


def live_sending(demo: Demo, today: dict[str, Ticket]) -> None:
    """Let an answer wait for the morning, and two have come back from a mail server."""
    ticket = today["Outlook keeps asking for a password"]
    zone = ZoneInfo("Asia/Hong_Kong")
    morning = datetime.combine(
        demo.moment.astimezone(zone).date() + timedelta(days=1), time(8), zone
    )
    with clock.at(demo.moment - timedelta(minutes=5)):
        put_off(demo.actors["mina"], ticket, LATER, morning, to=[ticket.customer], cc=[])
    _came_back(demo)


def _came_back(demo: Demo) -> None:
    """Refuse the newest answers to somebody who has left their firm."""
    gone = demo.people["Omar Aziz"]
    entries = db.session.scalars(
        select(Entry)
        .join(Ticket, Ticket.id == Entry.ticket_id)
        .where(Ticket.customer_id == gone.id, Entry.verb == "reply")
        .order_by(Entry.id.desc())
        .limit(2)
    ).all()
    address = gone.contact_points[0].value
    for entry in reversed(entries):
        db.session.add(
            OutboxMessage(
                channel=Channel.EMAIL,
                entry_id=entry.id,
                ticket_id=entry.ticket_id,
                to=[[gone.name, address]],
                recipients=[address],
                message_id=new_message_id(None, entry.ticket_id),
                state=Sending.FAILED,
                created_at=entry.recorded_at,
                next_try_at=entry.recorded_at,
                turn_at=entry.recorded_at,
                attempts=1,
                reason="refused",
                last_error=REFUSED.format(address=address),
            )
        )
    db.session.flush()
