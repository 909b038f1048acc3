"""Which ticket a mail answers, and which Message-IDs an answer of ours names."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from helpdesk.channels.email.models import MailMessage, State
from helpdesk.db import db
from helpdesk.notify.models import OutboxMessage, Sending
from helpdesk.people.models import Channel
from helpdesk.tickets.models import Entry

LOOKED_AT = 50
"""References that are looked up, the nearest first."""
NAMED = 20
"""References that an answer carries; longer headers get refused or cut on the way."""


def threads_of(references: Iterable[Sequence[str]]) -> dict[str, int]:
    """Return the tickets that the references of messages belong to, by Message-ID. Two queries.

    Both kinds count: our own messages (their ids can't be guessed) and mail that was filed.
    """
    asked = {one for named in references for one in named[-LOOKED_AT:]}
    if not asked:
        return {}
    known: dict[str, int] = {}
    for statement in (
        select(MailMessage.message_id, MailMessage.ticket_id).where(
            MailMessage.message_id.in_(asked),
            MailMessage.state == State.FILED,
            # Whoever wrote what may be forged knows its id: it must open no ticket to them.
            MailMessage.reason != "doubted",
        ),
        select(OutboxMessage.message_id, OutboxMessage.ticket_id).where(
            OutboxMessage.message_id.in_(asked)
        ),
    ):
        known |= {
            message_id: ticket_id
            for message_id, ticket_id in db.session.execute(statement)
            if message_id is not None and ticket_id is not None
        }
    return known


def number_of(references: Sequence[str], threads: Mapping[str, int]) -> int | None:
    """Return the number of the ticket that the nearest known reference belongs to."""
    nearest = references[-LOOKED_AT:]
    return next((threads[one] for one in reversed(nearest) if one in threads), None)


def written_to_suppliers(references: Iterable[Sequence[str]]) -> frozenset[str]:
    """Return those Message-IDs that are of mail which we wrote to suppliers. One query."""
    asked = {one for named in references for one in named[-LOOKED_AT:]}
    if not asked:
        return frozenset()
    return frozenset(
        db.session.scalars(
            select(OutboxMessage.message_id).where(
                OutboxMessage.message_id.in_(asked), OutboxMessage.supplier_id.is_not(None)
            )
        )
    )


def answers_supplier(
    references: Sequence[str], threads: Mapping[str, int], to_suppliers: frozenset[str]
) -> bool:
    """Whether the nearest known reference is of a mail that we wrote to a supplier."""
    nearest = references[-LOOKED_AT:]
    return next((one in to_suppliers for one in reversed(nearest) if one in threads), False)


def is_answer_to_us(address: str, references: Sequence[str]) -> bool:
    """Whether a message refers to one that we wrote to this address and to nobody else.

    Our ids can't be guessed, so whoever names one has read that address's mail. One query.
    """
    nearest = references[-LOOKED_AT:]
    if not nearest:
        return False
    rows = db.session.execute(
        select(OutboxMessage.to, OutboxMessage.cc).where(OutboxMessage.message_id.in_(nearest))
    )
    return any(everybody(to, cc) == {address} for to, cc in rows)


def everybody(to: Sequence[Sequence[str]], cc: Sequence[Sequence[str]]) -> frozenset[str]:
    """Return the addresses that a mail of ours went to, in lower case."""
    return frozenset(pair[1].lower() for pair in [*to, *cc] if len(pair) > 1)


def sent_by_us(message_ids: Sequence[str]) -> frozenset[str]:
    """Return those of these Message-IDs that are messages of ours."""
    return frozenset(
        db.session.scalars(
            select(OutboxMessage.message_id).where(OutboxMessage.message_id.in_(message_ids))
        )
    )


@dataclass(frozen=True, slots=True)
class Chain:
    """The Message-IDs that an answer names: all before it, oldest first, and the one it answers."""

    references: list[str]
    answered: str | None


def chain(ticket_id: int, before: OutboxMessage) -> Chain:
    """Return what an answer refers to.

    Only messages that the customer knows: their own mail and what was sent to them. The first and
    the newest are kept of a long conversation. The answer is to their newest message, if there is
    one, else to ours.
    """
    theirs = db.session.execute(
        select(MailMessage.entry_id, MailMessage.message_id)
        .join(Entry, Entry.id == MailMessage.entry_id)
        .where(
            MailMessage.ticket_id == ticket_id,
            MailMessage.state == State.FILED,
            MailMessage.stored_at <= before.created_at,
            Entry.public,
        )
    )
    ours = db.session.execute(
        select(OutboxMessage.entry_id, OutboxMessage.message_id)
        .join(Entry, Entry.id == OutboxMessage.entry_id)
        .where(
            OutboxMessage.ticket_id == ticket_id,
            OutboxMessage.channel == Channel.EMAIL,
            OutboxMessage.state == Sending.SENT,
            OutboxMessage.id < before.id,
            # Of side conversations they know nothing, and must not get into one by answering.
            Entry.public,
        )
    )
    return chained(theirs, ours)


def chained(
    theirs: Iterable[tuple[int | None, str | None]], ours: Iterable[tuple[int | None, str | None]]
) -> Chain:
    """Put (journal entry, Message-ID) of what was heard and of what was said into one chain."""
    heard = _in_order(theirs)
    ids = list(dict.fromkeys(name for _entry, name in sorted(heard + _in_order(ours))))
    if len(ids) > NAMED:
        ids = ids[:1] + ids[1 - NAMED :]
    answered = heard[-1][1] if heard else (ids[-1] if ids else None)
    return Chain(ids, answered)


def _in_order(rows: Iterable[tuple[int | None, str | None]]) -> list[tuple[int, str]]:
    """Sort by journal entry, because clocks of different machines disagree."""
    return sorted(
        (entry_id, name)
        for entry_id, name in rows
        # A hash stands for an id that was too long to be kept; nobody could follow it.
        if entry_id is not None and name is not None and name.startswith("<")
    )
