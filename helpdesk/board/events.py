"""What the board publishes, inside the transaction in which it happened."""

from dataclasses import dataclass

from helpdesk.people.models import Person


@dataclass(frozen=True, slots=True)
class FixedForPerson:
    """Somebody who waits for the end of a trouble, and has no ticket to be told through."""

    person: Person
    headline: str
    closing: str
