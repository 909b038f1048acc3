"""Which ticket is the right one to begin, and why: an order over candidates, without a database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

SOON = timedelta(hours=1)
"""A promise that ends within so long is about to be missed."""

URGENT = 2
"""From this priority up the priority is a reason by itself."""

_NEVER = datetime.max.replace(tzinfo=UTC)


class Why(StrEnum):
    """Why a ticket was given to somebody; kept in the journal, so never renamed."""

    GIVEN = "given"
    MISSED = "missed"
    DUE = "due"
    PRIORITY = "priority"
    SKILL = "skill"
    LANGUAGE = "language"
    REPLIED = "replied"
    BEGUN = "begun"
    WAITING = "waiting"


Reason = tuple[Why, str | int]
"""A reason and what it is about: seconds, a priority, the name of a skill, a language's tag."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A ticket that somebody could begin, as it stands to them."""

    number: int
    priority: int
    waiting_since: datetime
    due_at: datetime | None = None
    is_given: bool = False
    """Whether a piece of it was given to them and they have not said that they have it."""
    is_begun: bool = False
    """Whether it is theirs and they have begun."""
    replied: bool = False
    """Whether the customer wrote and nobody has looked or answered yet."""
    skill: str = ""
    """The name of what has to be known for it; empty when nothing has to be."""
    level: int = 0
    """How well they know that: 0 not at all, to 3."""
    language: str = ""
    """The language it is in, where that is not the desk's own."""
    speaks: bool = False
    """Whether they speak that."""

    @property
    def misfit(self) -> int:
        """Return 0 when it asks for what they have, 1 when for nothing, 2 when they lack it."""
        if (self.skill and not self.level) or (self.language and not self.speaks):
            return 2
        return 0 if self.skill or self.language else 1


def is_soon(one: Waiting, moment: datetime) -> bool:
    """Whether a promise about it was missed or is about to be."""
    return one.due_at is not None and one.due_at <= moment + SOON


def in_order(candidates: Iterable[Waiting], moment: datetime) -> list[Waiting]:
    """Return candidates as they should be begun at a moment.

    What was given to the technician comes first, what they have begun and nobody asks about
    comes last. Between the two: promises about to be missed, priority, what fits what they know
    and speak (the better known the sooner), the next promise, the customer who waits longest,
    the older number.
    """

    def rank(one: Waiting) -> tuple[object, ...]:
        return (
            not one.is_given,
            one.is_begun and not one.replied,
            not is_soon(one, moment),
            one.priority,
            one.misfit,
            -one.level,
            one.due_at or _NEVER,
            one.waiting_since,
            one.number,
        )

    return sorted(candidates, key=rank)


def reasons(one: Waiting, moment: datetime) -> Sequence[Reason]:
    """Return why this one, the weightiest reason first; never none."""
    found: list[Reason] = []
    if one.is_given:
        found.append((Why.GIVEN, ""))
    if one.due_at is not None and is_soon(one, moment):
        left = int((one.due_at - moment).total_seconds())
        found.append((Why.DUE, left) if left > 0 else (Why.MISSED, -left))
    if one.priority <= URGENT:
        found.append((Why.PRIORITY, one.priority))
    if one.skill and one.level:
        found.append((Why.SKILL, one.skill))
    if one.language and one.speaks:
        found.append((Why.LANGUAGE, one.language))
    if one.replied:
        found.append((Why.REPLIED, ""))
    if one.is_begun and not found:
        found.append((Why.BEGUN, ""))
    if not found:
        waited = int((moment - one.waiting_since).total_seconds())
        found.append((Why.WAITING, max(waited, 0)))
    return found
