"""E-mail as a way to tell people something: where it reaches them, and which mailbox sends it."""

from sqlalchemy import select

from helpdesk.channels.email.automatic import is_nobody
from helpdesk.channels.email.mailboxes import (
    default_sender,
    is_demo,
    is_own,
    own_addresses,
    sender_for,
)
from helpdesk.channels.email.muting import is_muted
from helpdesk.channels.email.outgoing import addresses_of, new_message_id
from helpdesk.db import db
from helpdesk.notify.carriers import Carrier
from helpdesk.notify.models import OutboxMessage
from helpdesk.people.models import Account, Channel, Person
from helpdesk.tickets.models import Ticket


def address_of(person: Person, ticket: Ticket | None) -> str | None:
    """Return the address at which a person reads mail; about a ticket, where they wrote from.

    None for addresses that nobody reads, and for our own: what is sent there comes back to us.
    """
    address = addresses_of(ticket, [person.id]).get(person.id)
    if address is None and ticket is None:
        address = db.session.scalar(select(Account.login).where(Account.person_id == person.id))
    if address is None or "@" not in address:
        return None
    return None if is_nobody(address) or is_own(address, own_addresses()) else address


def put_on_its_way(message: OutboxMessage, name: str, address: str) -> bool:
    """Address a message; False on a demo desk without a mail server, where none leaves."""
    ticket = message.ticket
    mailbox = sender_for(ticket) if ticket is not None else default_sender()
    number = ticket.number if ticket is not None else None
    message.mailbox_id = mailbox.id if mailbox is not None else None
    message.message_id = new_message_id(mailbox, number)
    message.to, message.recipients = [[name, address]], [address]
    return mailbox is not None or not is_demo()


CARRIER = Carrier(Channel.EMAIL, address_of, put_on_its_way, is_muted)
