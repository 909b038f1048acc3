"""Whom an answer reaches, before it is sent: every recipient, their address, and what to know."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from helpdesk.channels.email.mailboxes import is_own, own_addresses
from helpdesk.channels.email.outgoing import addresses_of
from helpdesk.db import db
from helpdesk.notify.models import OutboxMessage, Sending
from helpdesk.people import contact_values
from helpdesk.people.models import ContactKind, ContactPoint, Person
from helpdesk.people.services.reachable import undeliverable_among
from helpdesk.tickets.models import Ticket


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who is written to. Without an address they can't be."""

    name: str
    address: str
    copy: bool
    # Neither staff nor of the customer's organisation.
    outside: bool
    # The last message to this address was refused for good.
    refused: bool
    # Mail to it is known to come back.
    returned: bool


def recipients(ticket: Ticket, to: Sequence[str], cc: Sequence[str]) -> list[Recipient]:
    """Return who gets an answer. Both hold keys of people and addresses as they were typed.

    Who stands in both, or has the address of another one, is named once: they get one message.
    """
    known = _people([*to, *cc])
    addresses = addresses_of(ticket, [person.id for person in known.values()])
    own = own_addresses()
    found: dict[tuple[int, str], tuple[Person | None, str, bool]] = {}
    for values, copy in ((to, False), (cc, True)):
        for value in values:
            person = known.get(_key(value))
            if person is None and value.isdigit():
                continue
            address = addresses.get(person.id, "") if person is not None else _key(value)
            address = "" if is_own(address, own) else address
            place = (0, address) if address else (person.id if person is not None else 0, "")
            found.setdefault(place, (person, address, copy))
    reached = {address for _person, address, _copy in found.values()}
    refused, returned = _refused(ticket, reached), undeliverable_among(reached)
    return [
        Recipient(
            name=person.name if person is not None else "",
            address=address,
            copy=copy,
            outside=is_outside(person, ticket),
            refused=address in refused,
            returned=address in returned,
        )
        for person, address, copy in found.values()
    ]


def is_outside(person: Person | None, ticket: Ticket) -> bool:
    """Whether somebody is neither staff, nor the customer, nor of the customer's organisation."""
    if person is None:
        return True
    if person.is_technician or person.id in {ticket.customer_id, ticket.requester_id}:
        return False
    theirs = {ticket.organisation_id, ticket.customer.organisation_id} - {None}
    return person.organisation_id not in theirs


def _key(value: str) -> str:
    """Return a value as people are found by it: a key, or an address as it is stored."""
    if value.isdigit():
        return value
    try:
        return contact_values.email(value)
    except ValueError:
        return value.strip()[:320]


def _people(values: Collection[str]) -> dict[str, Person]:
    """Return the people that keys and addresses name, by both. Two queries at most."""
    keys = [int(value) for value in values if value.isdigit() and len(value) < 16]
    typed = [_key(value) for value in values if not value.isdigit()]
    found = {
        str(person.id): person
        for person in db.session.scalars(select(Person).where(Person.id.in_(keys)))
    }
    if typed:
        points = db.session.scalars(
            select(ContactPoint)
            .where(
                ContactPoint.kind == ContactKind.EMAIL,
                ContactPoint.value.in_(typed),
                ContactPoint.identifies,
                ContactPoint.retired_at.is_(None),
            )
            .options(joinedload(ContactPoint.person))
        )
        found |= {point.value: point.person for point in points}
    return found


def _refused(ticket: Ticket, addresses: Collection[str]) -> set[str]:
    """Return those addresses to which the newest message of this ticket was refused for good."""
    rows = db.session.execute(
        select(OutboxMessage.recipients, OutboxMessage.state, OutboxMessage.reason)
        .where(
            OutboxMessage.ticket_id == ticket.id,
            OutboxMessage.state.in_((Sending.SENT, Sending.FAILED)),
        )
        .order_by(OutboxMessage.id)
    )
    last = {
        address: state == Sending.FAILED and reason == "refused"
        for reached, state, reason in rows
        for address in reached
    }
    return {address for address in addresses if last.get(address)}
