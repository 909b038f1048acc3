"""Finding mailboxes: which one sends what, and which addresses are ours."""

import ipaddress

from sqlalchemy import select

from helpdesk.channels.email.models import Mailbox, MailMessage, State
from helpdesk.db import db
from helpdesk.people.models import Desk
from helpdesk.tickets.models import Ticket


def in_use() -> list[Mailbox]:
    """Return the mailboxes that are not retired, by name."""
    return list(
        db.session.scalars(
            select(Mailbox).where(Mailbox.retired_at.is_(None)).order_by(Mailbox.name, Mailbox.id)
        )
    )


def own_addresses() -> frozenset[str]:
    """Return every address that is one of our mailboxes."""
    rows = db.session.scalars(select(Mailbox.addresses).where(Mailbox.retired_at.is_(None)))
    return frozenset(address for addresses in rows for address in addresses)


def is_own(address: str, own: frozenset[str]) -> bool:
    """Whether an address is a mailbox of ours, with or without a ``+detail``."""
    local, _at, domain = address.rpartition("@")
    return address in own or f"{local.partition('+')[0]}@{domain}" in own


def default_sender() -> Mailbox | None:
    """Return the mailbox that sends what no other is responsible for."""
    senders = _senders()
    return senders[0] if senders else None


def other_sender(mailbox_id: int) -> Mailbox | None:
    """Return a mailbox that can send what is to be said about another; that one if there is none.

    One that works is preferred.
    """
    senders = sorted(
        _senders(), key=lambda row: (row.id == mailbox_id, row.send_failing_since is not None)
    )
    return senders[0] if senders else None


def sender_for(ticket: Ticket) -> Mailbox | None:
    """Return the mailbox that answers on a ticket.

    The one that the customer's newest mail came to, else one of the ticket's queue, else the
    default. None when no mailbox can send.
    """
    senders = _senders()
    came_to = db.session.scalar(
        select(MailMessage.mailbox_id)
        .where(
            MailMessage.ticket_id == ticket.id,
            MailMessage.state == State.FILED,
            MailMessage.mailbox_id.is_not(None),
        )
        .order_by(MailMessage.id.desc())
        .limit(1)
    )
    for mailbox in senders:
        if mailbox.id == came_to:
            return mailbox
    for mailbox in senders:
        if mailbox.queue_id == ticket.queue_id:
            return mailbox
    return senders[0] if senders else None


def _senders() -> list[Mailbox]:
    """Return the mailboxes that can send, the default one first."""
    rows = db.session.scalars(
        select(Mailbox)
        .where(Mailbox.active, Mailbox.retired_at.is_(None), Mailbox.smtp_host != "")
        .order_by(Mailbox.is_default.desc(), Mailbox.id)
    ).all()
    if rows and is_demo():
        # The demo desk promises that no mail leaves the machine.
        return [row for row in rows if _is_loopback(row.smtp_host)]
    return list(rows)


def desk_language() -> str:
    """Return the language in which the desk keeps its own sentences."""
    return db.session.scalar(select(Desk.language).limit(1)) or "en"


def is_demo() -> bool:
    """Whether this is the demo desk, whose people are made up."""
    return bool(db.session.scalar(select(Desk.is_demo).limit(1)))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
