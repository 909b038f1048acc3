"""What the ticket verbs publish, inside their transaction."""

from dataclasses import dataclass

from helpdesk.people.access import Actor
from helpdesk.tickets.models import Entry, Ticket


@dataclass(frozen=True, slots=True)
class TicketEvent:
    """Something happened to a ticket: ``entry`` says what, ``verb`` names the act.

    ``quiet`` asks that nobody outside be told (bulk tidying). ``hold`` is how many seconds a
    message must wait before it leaves the house, so that it can be taken back.
    """

    actor: Actor
    ticket: Ticket
    entry: Entry
    verb: str
    quiet: bool = False
    hold: int = 0


@dataclass(frozen=True, slots=True)
class JournalWritten:
    """An entry was written, and the ticket has not yet found its place in the worklist.

    What is derived from the journal and decides about that place is worked out now. A ticket that
    is only being logged, its entry and its assignment may not have their keys yet; whoever needs
    them flushes.
    """

    ticket: Ticket
    entry: Entry


@dataclass(frozen=True, slots=True)
class MessageWithdrawn:
    """A message is taken back before it was sent. A handler that can't stop it raises Refused."""

    actor: Actor
    entry: Entry


@dataclass(frozen=True, slots=True)
class EntryRedacted:
    """The texts (and files) of an entry are to vanish everywhere: raw mail, outbox, index."""

    actor: Actor
    entry: Entry


@dataclass(frozen=True, slots=True)
class SubjectRedacted:
    """Former subjects of a ticket are to vanish: from what it was ``opening`` with, the index."""

    actor: Actor
    ticket: Ticket
    opening: Entry | None


@dataclass(frozen=True, slots=True)
class QueuesAnnounced:
    """Counts of these queues changed; live pages refresh them."""

    queue_ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class TicketsTold:
    """The journals of these tickets say something new that nobody did; their pages look again."""

    numbers: frozenset[int]


@dataclass(frozen=True, slots=True)
class LaterChanged:
    """What is to leave later on a ticket is not what it was; pages that show it look again."""

    ticket_id: int


@dataclass(frozen=True, slots=True)
class TimesPassed:
    """The time that the customers of these tickets were told has passed."""

    tickets: tuple[Ticket, ...]


@dataclass(frozen=True, slots=True)
class Mentioned:
    """These members of staff are named in a journal entry."""

    entry: Entry
    people: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TicketLooked:
    """Somebody has the ticket open in front of them."""

    actor: Actor
    ticket: Ticket
