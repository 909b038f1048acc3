"""What a mail answers, as far as anything but its references says so.

First comes an address of ours that was signed for a ticket, then what it refers to by ids that
servers changed on the way. Outlook's own conversation is a hint like a number in the subject: it
counts for people who take part.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from helpdesk.channels.email.addressing import About, Token, token_of
from helpdesk.channels.email.letter import MAX_ID, Letter
from helpdesk.channels.email.thread_models import MailTrace
from helpdesk.channels.email.threads import LOOKED_AT, everybody
from helpdesk.db import db
from helpdesk.notify.models import OutboxMessage
from helpdesk.tickets.side_talks import SideEntry


@dataclass(slots=True)
class Hints:
    """What is known of the hints in several messages."""

    # An address of ours → the ticket it was signed for, and those that were given to suppliers.
    addresses: dict[str, int] = field(default_factory=dict)
    to_suppliers: set[str] = field(default_factory=set)
    # An address of ours → the side conversation in which it was given to somebody.
    asides: dict[str, int] = field(default_factory=dict)
    # Those that stood in one mail of ours, with everybody whom that went to.
    given_to: dict[str, frozenset[str]] = field(default_factory=dict)
    # Further names of filed mail → its ticket.
    keys: dict[str, int] = field(default_factory=dict)

    def ticket_of(self, letter: Letter) -> int | None:
        """Return the ticket that an address of a message was signed for."""
        found = (self.addresses[one] for one in letter.recipients if one in self.addresses)
        return next(found, None)

    def answers_supplier(self, letter: Letter) -> bool:
        """Whether a message came to an address that only a supplier was given."""
        return any(one in self.to_suppliers for one in letter.recipients)

    def aside_of(self, letter: Letter) -> int | None:
        """Return the side conversation in which somebody got the address that a message came to."""
        return next((self.asides[one] for one in letter.recipients if one in self.asides), None)

    def is_personal(self, letter: Letter, author: str) -> bool:
        """Whether a message came to an address that nobody but its author was ever given.

        That of a ticket is none: everybody who is written to about it gets the same.
        """
        return any(self.given_to.get(one) == frozenset((author,)) for one in letter.recipients)

    def conversation_of(self, letter: Letter) -> int | None:
        """Return the ticket of the conversation that Outlook says a message belongs to."""
        traces = letter.traces
        return self.keys.get(traces.conversation) if traces.is_answer else None


def hints_of(letters: Sequence[Letter], threads: dict[str, int]) -> Hints:
    """Ask about the hints in these messages; most have none, and then nothing is asked.

    ``threads`` is what their references led to; ids found by a further name are added to it.
    """
    hints = Hints()
    tokens = {
        address: token
        for letter in letters
        for address in letter.recipients
        if "+" in address and (token := token_of(address)) is not None
    }
    _take_tokens(hints, tokens)
    wanted = {key for letter in letters for key in _keys_wanted(letter, threads)}
    if wanted:
        rows = db.session.execute(
            select(MailTrace.key, MailTrace.ticket_id)
            .where(MailTrace.key.in_(wanted))
            .order_by(MailTrace.id)
        )
        hints.keys = {row.key: row.ticket_id for row in rows}
        threads |= {key: one for key, one in hints.keys.items() if key.startswith("<")}
    return hints


def _take_tokens(hints: Hints, tokens: dict[str, Token]) -> None:
    mails = {token.number for token in tokens.values() if token.about == About.MAIL}
    sent: dict[int, Any] = {}
    if mails:
        rows = db.session.execute(
            select(
                OutboxMessage.id,
                OutboxMessage.ticket_id,
                OutboxMessage.supplier_id,
                OutboxMessage.to,
                OutboxMessage.cc,
                SideEntry.talk_id,
            )
            .join(SideEntry, SideEntry.entry_id == OutboxMessage.entry_id, isouter=True)
            .where(OutboxMessage.id.in_(mails))
        )
        sent = {row.id: row for row in rows}
    for address, token in tokens.items():
        if token.about == About.TICKET:
            hints.addresses[address] = token.number
            continue
        row = sent.get(token.number)
        if row is None:
            continue
        hints.given_to[address] = everybody(row.to, row.cc)
        if row.ticket_id is not None:
            hints.addresses[address] = row.ticket_id
        if row.supplier_id is not None:
            hints.to_suppliers.add(address)
        if row.talk_id is not None:
            hints.asides[address] = row.talk_id


def _keys_wanted(letter: Letter, threads: dict[str, int]) -> list[str]:
    nearest = letter.references[-LOOKED_AT:]
    unknown = nearest if not any(one in threads for one in nearest) else []
    conversation = letter.traces.conversation
    return [*unknown, *([conversation] if conversation else [])]


def keep_keys(letter: Letter, ticket_id: int, hints: Hints) -> None:
    """Note the further names of a message that was filed."""
    traces = letter.traces
    for key in (*traces.originals, traces.conversation):
        if 0 < len(key) <= MAX_ID and key != letter.message_id and key not in hints.keys:
            db.session.add(MailTrace(key=key, ticket_id=ticket_id))
            hints.keys[key] = ticket_id
