"""The ways in which people are written to. Each channel registers one; texts know none of them.

What a person is told is made once, in their language; the carrier of a channel says where it
reaches them and puts an address on the row of the outbox. So another channel (SMS, chat, the
portal) is another carrier in ``helpdesk.app: CARRIERS``, and nothing that writes texts changes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import current_app

from helpdesk.notify.models import OutboxMessage
from helpdesk.people.models import Channel, Person
from helpdesk.tickets.models import Ticket


@dataclass(frozen=True, slots=True)
class Carrier:
    """A way to write to people."""

    channel: Channel
    address_of: Callable[[Person, Ticket | None], str | None]
    """Where somebody is reached, about a ticket or at all; None when they are not."""
    put_on_its_way: Callable[[OutboxMessage, str, str], bool]
    """Address a message to a name and an address. False where nothing may leave (the demo)."""
    is_muted: Callable[[Ticket], bool] = lambda _ticket: False
    """Whether nothing may be told by itself about a ticket yet."""


def provide(app: Any, carriers: list[Carrier]) -> None:
    """Let these carriers be used, the preferred one first; called when the application is built."""
    app.extensions["hearth-carriers"] = {carrier.channel: carrier for carrier in carriers}


def carrier_for(person: Person, ticket: Ticket | None = None) -> tuple[Carrier, str] | None:
    """Return how and where to write to somebody; None when no channel reaches them.

    About a ticket it is the channel through which it came, if that reaches them.
    """
    known: dict[Channel, Carrier] = current_app.extensions.get("hearth-carriers", {})
    order = sorted(known.values(), key=lambda one: ticket is None or one.channel != ticket.channel)
    for carrier in order:
        address = carrier.address_of(person, ticket)
        if address is not None:
            return carrier, address
    return None


def by_mail() -> Carrier | None:
    """Return the carrier of e-mail, where there is one."""
    known: dict[Channel, Carrier] = current_app.extensions.get("hearth-carriers", {})
    return known.get(Channel.EMAIL)
