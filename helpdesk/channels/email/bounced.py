"""What a mail system's report does: the ticket says so, its owner is told, the address is marked.

A report is believed as far as it names mail of ours by its Message-ID, which nobody can guess, and
somebody whom that mail was for. Whoever got a mail of ours could still report it back falsely:
all they can reach by that is a mark on an address that the mail was sent to, which the next mail
from there takes away.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, or_, select

from helpdesk.channels.email.addressing import About, token_of
from helpdesk.channels.email.letter import Letter, key_of
from helpdesk.channels.email.reports import Bounce
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.notify import notices
from helpdesk.notify.models import OutboxMessage
from helpdesk.people.services.reachable import mark_undeliverable
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services import survivor_of
from helpdesk.tickets.services.undelivered import Undelivered, record_undelivered

NOTED_A_DAY = 20
"""Reports that a ticket's journal has of one day; who sends more of them wants to fill it."""
LOOKED_AT = 20
"""Message-IDs of one report that are looked up."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Where a report ended. ``entry_id`` is what came back, so that redacting it removes both."""

    ticket_id: int | None
    entry_id: int | None


def reported_on(read: Sequence[Letter]) -> dict[str, list[OutboxMessage]]:
    """Return our messages that these letters report on, by Message-ID. One query at the most.

    Those whose return path a report came to stand under their number, see ``_came_to``.
    """
    asked = {one for letter in read for one in _ids(letter)}
    numbers = {int(one[1:]) for one in asked if one.startswith("#")}
    found: dict[str, list[OutboxMessage]] = {}
    if asked:
        for row in db.session.scalars(
            select(OutboxMessage)
            .where(or_(OutboxMessage.message_id.in_(asked), OutboxMessage.id.in_(numbers)))
            .order_by(OutboxMessage.id)
        ):
            found.setdefault(row.message_id, []).append(row)
            if row.id in numbers:
                found[f"#{row.id}"] = [row]
    return found


def _came_to(letter: Letter) -> Iterator[str]:
    """Return the number of our message whose own return path this letter came to.

    The address is signed, so it says more than anything that the report quotes.
    """
    for address in {*letter.recipients, *letter.traces.delivered}:
        token = token_of(address)
        if token is not None and token.about == About.MAIL:
            yield f"#{token.number}"


def take(letter: Letter, returned: Mapping[str, list[OutboxMessage]]) -> Taken | None:
    """Do what a report asks for; None when it is about nothing of ours."""
    bounce = letter.bounce
    assert bounce is not None
    message = _message_of(letter, bounce, returned)
    if message is None:
        return None
    missed = _missed(message, bounce)
    for address, reason in missed_for_good(message, bounce):
        mark_undeliverable(address, reason)
    if not bounce.temporary and bounce.reason != "complaint":
        message.returned_at = message.returned_at or now()
    if message.ticket_id is None:
        # A link to sign in, say: nobody works on it.
        return Taken(None, None)
    ticket = _locked(message.ticket_id)
    if _noted_today(ticket) >= NOTED_A_DAY:
        return Taken(ticket.id, message.entry_id)
    entry = record_undelivered(ticket, missed)
    if not bounce.temporary:
        _tell(ticket, message, missed)
    return Taken(ticket.id, message.entry_id or entry.id)


def missed_for_good(message: OutboxMessage, bounce: Bounce) -> list[tuple[str, str]]:
    """Return (address, reason) of those whom no mail reaches; only if this one was for them."""
    sent_to = _addresses(message)
    return [
        (address, failure.reason)
        for failure in bounce.failures
        if failure.hard
        and not failure.temporary
        and (address := _known_as(failure.address, sent_to)) in sent_to
    ]


def _ids(letter: Letter) -> Iterator[str]:
    """Return the Message-IDs that what came back may have, the likeliest first."""
    if letter.bounce is None:
        return
    yield from _came_to(letter)
    returned = letter.bounce.returned
    named = [returned.message_id, returned.markers.get("x-hearth-message-id")]
    nearest = [*reversed(letter.references[-LOOKED_AT:]), *reversed(returned.references)]
    for one in [*named, *nearest[:LOOKED_AT]]:
        if one:
            yield key_of(one)


def _message_of(
    letter: Letter, bounce: Bounce, returned: Mapping[str, list[OutboxMessage]]
) -> OutboxMessage | None:
    own = bounce.returned.message_id
    for name in _ids(letter):
        rows = returned.get(name, [])
        reached = [
            row for row in rows if any(one.lower() in _addresses(row) for one in bounce.addresses)
        ]
        if reached:
            return reached[-1]
        # Systems that forward fail at addresses we never wrote to; then only the mail's own id
        # tells that it was ours.
        if rows and (name[0] == "#" or name == key_of(own or "") or not bounce.addresses):
            return rows[-1]
    return None


def _missed(message: OutboxMessage, bounce: Bounce) -> list[Undelivered]:
    sent_to = _addresses(message)
    return [
        Undelivered(
            _known_as(one.address, sent_to), one.reason, one.status, temporary=one.temporary
        )
        for one in bounce.failures
    ]


def _known_as(address: str, sent_to: frozenset[str]) -> str:
    """Return the address we wrote to, where the report names what became of it, or nobody."""
    low = address.lower()
    return next(iter(sent_to)) if low not in sent_to and len(sent_to) == 1 else low


def _addresses(message: OutboxMessage) -> frozenset[str]:
    """Return whom a row went to: its own recipients, else everybody it names."""
    if message.recipients:
        return frozenset(one.lower() for one in message.recipients)
    return frozenset(
        one[1].lower() for one in [*message.to, *message.cc] if len(one) > 1 and one[1]
    )


def _locked(ticket_id: int) -> Ticket:
    ticket = survivor_of(db.session.get_one(Ticket, ticket_id))
    return db.session.get_one(Ticket, ticket.id, with_for_update=True, populate_existing=True)


def _noted_today(ticket: Ticket) -> int:
    reports = select(Entry.id).where(
        Entry.ticket_id == ticket.id,
        Entry.verb == "bounce",
        Entry.happened_at > now() - timedelta(days=1),
    )
    found = select(func.count()).select_from(reports.limit(NOTED_A_DAY).subquery())
    return db.session.scalar(found) or 0


def _tell(ticket: Ticket, message: OutboxMessage, missed: Sequence[Undelivered]) -> None:
    """Tell who answers for the ticket, else who wrote what came back."""
    entry = db.session.get(Entry, message.entry_id) if message.entry_id is not None else None
    person = ticket.owner_id or (entry.author_id if entry is not None else None)
    first = next((one for one in missed if not one.temporary), None)
    if person is not None and first is not None:
        data = {"address": first.address, "reason": first.reason}
        notices.tell({person: notices.Kind.UNDELIVERED}, ticket.id, None, data)
