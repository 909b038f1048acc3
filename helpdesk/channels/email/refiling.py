"""Filing a message somewhere else, by hand: another queue, another ticket, another person.

The journal keeps what was said where it was said, so nothing is moved: the message is filed anew,
from its source, and the ticket it was in says where it went. A ticket that it opened, and in which
nothing else was said, goes to the bin. Filing it back takes that out of the bin again.
"""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from helpdesk import blobs
from helpdesk.channels.email import letter as reading
from helpdesk.channels.email.deciding import inbound_of, known_of
from helpdesk.channels.email.ledger import may_read
from helpdesk.channels.email.models import MailMessage, State
from helpdesk.channels.inbound import Correspondent, receive_by_hand
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people import audit, contact_values
from helpdesk.people.access import Actor, Permission
from helpdesk.tickets import services
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.lifecycle import BinReason, EntryKind
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.queries.access import get_for
from helpdesk.tickets.services import Refused

REFILED = "refiled"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a message is to go. Without a ticket a new one is opened."""

    queue: Queue | None = None
    ticket: int | None = None
    author: str = ""


def refile(actor: Actor, message: MailMessage, target: Target) -> Ticket:
    """File a message somewhere else; returns the ticket it is in now. Raises Denied, Refused.

    The ticket it goes to has to be one that the actor may work on (NotFound otherwise).
    """
    actor.demand(Permission.SETUP_MAIL)
    if message.raw_sha256 is None or not may_read(actor, message):
        raise Refused("raw-gone", _l("This message is not kept here; there is nothing to file."))
    if message.state not in {State.FILED, State.IGNORED, State.QUARANTINED, State.DISMISSED}:
        raise Refused("not-settled", _l("This message is a copy, a report, or still on its way."))
    letter = reading.read(blobs.get(message.raw_sha256))
    if target.author:
        try:
            letter.author = Correspondent(contact_values.email(target.author))
        except ValueError as error:
            raise Refused("no-address", _l("Type an e-mail address."), "author") from error
    if letter.author is None:
        raise Refused("no-author", _l("Say whose message this is."), "author")
    before = message.ticket
    if target.queue is not None:
        message.queue = target.queue
        db.session.flush()
    inbound = inbound_of(message, letter, known_of([letter], asked_for=True))
    inbound.thread = inbound.quoted = None
    inbound.doubted = inbound.staff_answer = False
    ticket = None
    if target.ticket is not None:
        ticket = get_for(actor, target.ticket, permission=Permission.TICKET_WORK, lock=True)
        if (
            before is not None
            and services.survivor_of(ticket).id == before.id
            and not target.author
        ):
            raise Refused("same", _l("It is in this ticket already."), "ticket")
    entry = receive_by_hand(inbound, ticket)
    _settle(message, entry, letter)
    if before is not None and before.id != entry.ticket_id:
        _leave(actor, before, entry.ticket)
    audit.record(
        actor,
        "mail-refiled",
        message,
        {"ticket": [before.id if before else None, entry.ticket_id]},
        label=message.subject or message.sender,
    )
    return entry.ticket


def _settle(message: MailMessage, entry: Entry, letter: reading.Letter) -> None:
    message.state, message.reason, message.error = State.FILED, REFILED, ""
    message.ticket_id, message.entry_id, message.settled_at = entry.ticket_id, entry.id, now()
    message.sender = letter.author.address[:320] if letter.author else ""
    message.identity = message.identity or letter.identity
    db.session.flush()


def _leave(actor: Actor, before: Ticket, after: Ticket) -> None:
    """Say in the old ticket where the message went; one that was nothing else goes to the bin."""
    services.note_refiled(actor, before, after)
    if after.hidden_at is not None and after.bin_reason is not None:
        services.restore(actor, after)
    said = db.session.scalar(
        select(func.count(Entry.id)).where(
            Entry.ticket_id == before.id, Entry.kind != EntryKind.EVENT
        )
    )
    if said == 1 and before.hidden_at is None:
        services.bin_ticket(actor, before, BinReason.MISTAKE)
