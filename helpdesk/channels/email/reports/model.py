"""What a mail system's report says: who was not reached and why, and which mail came back."""

from dataclasses import dataclass, field
from typing import Literal

Reason = Literal[
    "user-unknown",
    "host-unknown",
    "moved",
    "not-accepting",
    "mailbox-full",
    "disabled",
    "too-large",
    "too-many",
    "spam",
    "virus",
    "content",
    "policy",
    "blocked",
    "authentication",
    "relaying",
    "rejected",
    "network",
    "expired",
    "delayed",
    "system",
    "complaint",
    "unknown",
]
"""Why, in one word. The first four say that the address is no good: such a bounce is hard."""

HARD: frozenset[Reason] = frozenset({"user-unknown", "host-unknown", "moved", "not-accepting"})


@dataclass(frozen=True, slots=True)
class Failure:
    """One recipient who was not reached."""

    address: str
    """As the report writes it; empty when it names nobody."""
    status: str
    """RFC 3463, for instance 5.1.1; empty when the report has none."""
    reason: Reason
    temporary: bool
    """Whether the mail system still tries, or says that trying later may help."""
    said: str = ""
    """The server's own words, one line, cut."""

    @property
    def hard(self) -> bool:
        """Whether the address itself is no good: no mail will ever arrive there."""
        return self.reason in HARD


@dataclass(frozen=True, slots=True)
class Returned:
    """What a report gives back of the mail it is about."""

    message_id: str | None = None
    """With angle brackets."""
    references: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    markers: dict[str, str] = field(default_factory=dict)
    """Its headers that begin with ``X-Hearth-``, names in lower case."""


@dataclass(frozen=True, slots=True)
class Bounce:
    """A report about mail that was not delivered, is late, or was complained about."""

    failures: tuple[Failure, ...]
    returned: Returned = field(default_factory=Returned)
    proven: bool = True
    """Whether its form, or who sent it, leave no doubt that no person wrote it."""

    @property
    def hard(self) -> bool:
        """Whether one of the addresses is no good."""
        return any(failure.hard for failure in self.failures)

    @property
    def temporary(self) -> bool:
        """Whether none of the failures is final."""
        return all(failure.temporary for failure in self.failures)

    @property
    def status(self) -> str:
        """The status of the failure that weighs most."""
        return self.worst.status

    @property
    def reason(self) -> Reason:
        """The reason of the failure that weighs most."""
        return self.worst.reason

    @property
    def worst(self) -> Failure:
        """The failure that weighs most: a hard one, else a final one, else the first."""
        return max(self.failures, key=lambda one: (one.hard, not one.temporary))

    @property
    def addresses(self) -> tuple[str, ...]:
        """Everybody who was not reached, each once."""
        found: dict[str, str] = {}
        for failure in self.failures:
            if failure.address:
                found.setdefault(failure.address.lower(), failure.address)
        return tuple(found.values())
