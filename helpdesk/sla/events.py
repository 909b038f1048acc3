"""What promises publish, inside the transaction in which it happened."""

from dataclasses import dataclass
from datetime import datetime

from helpdesk.sla.clocks import Promise
from helpdesk.tickets.models import Ticket


@dataclass(frozen=True, slots=True)
class PromiseInDanger:
    """People are to be told that a promise is in danger, or was missed."""

    ticket_id: int
    promise: Promise
    due_at: datetime
    missed: bool
    people: tuple[int, ...]
    """Who is to be told; each may see the ticket."""
    whose: str = ""
    """Whose promise it is: the queue of a part, or a supplier; empty for the whole ticket."""
    by_mail: bool = False
    """Whether they are told by mail, whatever they chose; otherwise as they chose."""
    address: str = ""
    """An address to mail to instead of people."""
    webhook_id: int | None = None
    """Another program to call; then nobody is told."""


@dataclass(frozen=True, slots=True)
class PromisesInDanger:
    """What one sweep found, together: hundreds may come up at the same moment."""

    found: tuple[PromiseInDanger, ...]


@dataclass(frozen=True, slots=True)
class PolicyRests:
    """The steps of a policy did too much within an hour and rest until somebody wakes them."""

    policy_id: int
    name: str
    ticket_id: int
    """At which of the tickets it was too much."""


@dataclass(frozen=True, slots=True)
class StepRunsRule:
    """A step of a policy lets a rule act on a ticket."""

    ticket: Ticket
    rule_id: int


@dataclass(frozen=True, slots=True)
class SupplierToRemind:
    """A supplier is to be written to about what they promised."""

    ticket_id: int
    supplier_id: int
    due_at: datetime
    missed: bool


@dataclass(frozen=True, slots=True)
class SuppliersToRemind:
    """Those of one sweep, together."""

    found: tuple[SupplierToRemind, ...]
