"""Tickets like this one that were solved, and what they say about its cause.

The words of the subject are looked for in the index: first all of them at once, then fewer, the
longest ones, because long words say most. Every question is an AND of words, which both databases
answer from the index, newest first; only so many hits are looked at.
"""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.lib.bigrams import words
from helpdesk.people.access import Actor
from helpdesk.people.models import Person
from helpdesk.tickets import search
from helpdesk.tickets.desk import Cause
from helpdesk.tickets.lifecycle import FINISHED, Outcome
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import visible

HITS = 200
"""Hits of one question that are looked at."""

ENOUGH = 12
"""Tickets to choose from, after which no wider question is asked."""

LIKE_ENOUGH = 0.25
"""Share of the words of two subjects that must be the same."""

RECENT = 2000
"""Newest tickets among which a category's usual cause is looked for."""

_FILLERS = frozenset(
    """a about after again all an and any are as at be but by can cannot can't does doesn't error
    for from get gets has have help how in into is issue it its me my need new no not of off on or
    our out please problem since so that the then there they this to up us was we when while will
    with won't work working works yesterday you your afternoon today""".split()
)
"""Words that most subjects have; they say nothing about likeness."""


@dataclass(frozen=True, slots=True)
class Similar:
    """A solved ticket: what it was about, who solved it, how long it took and what helped."""

    id: int
    subject: str
    solution: str
    solved_by: str | None
    opened_at: datetime
    resolved_at: datetime
    cause_id: int | None

    @property
    def took(self) -> int:
        """Seconds from opening to resolving."""
        return int((self.resolved_at - self.opened_at).total_seconds())


def telling_words(subject: str) -> list[str]:
    """Return the words of a subject that say what it is about, in their order."""
    found = dict.fromkeys(words(subject))
    return [word for word in found if word not in _FILLERS and (len(word) > 1)]


def _questions(said: Sequence[str]) -> Iterator[str]:
    """Yield questions from the narrowest to the widest."""
    seen: set[tuple[str, ...]] = set()
    longest = sorted(said, key=len, reverse=True)
    choices = [tuple(said[:8]), tuple(longest[:4]), tuple(longest[:3])]
    choices += list(itertools.combinations(longest[:3], 2))
    choices += [(longest[0],)] if len(longest[0]) > 5 else []
    for choice in choices:
        if choice not in seen:
            seen.add(choice)
            yield " ".join(choice)


def similar_solved(actor: Actor, ticket: Ticket, limit: int = 3) -> list[Similar]:
    """Return solved tickets with the same words, the likest first. The actor may see them all."""
    said = telling_words(ticket.subject)
    if not said:
        return []
    found: dict[int, Similar] = {}
    categories: dict[int, int | None] = {}
    for question in _questions(said):
        hits = itertools.islice(search.hits(question, quick=True), HITS)
        fresh = {key for key in hits if key != ticket.id and key not in found}
        if not fresh:
            continue
        for row in db.session.execute(
            select(
                Ticket.id,
                Ticket.subject,
                Ticket.solution,
                Person.name,
                Ticket.opened_at,
                Ticket.resolved_at,
                Ticket.cause_id,
                Ticket.category_id,
            )
            .join(Person, Person.id == Ticket.resolved_by_id, isouter=True)
            .where(
                Ticket.id.in_(fresh),
                Ticket.status_class.in_(FINISHED),
                Ticket.outcome.in_([Outcome.SOLVED, Outcome.WORKAROUND]),
                Ticket.resolved_at.is_not(None),
                Ticket.solution != "",
                Ticket.hidden_at.is_(None),
                visible(actor),
            )
            .limit(HITS)
        ):
            found[row.id] = Similar(
                id=row.id,
                subject=row.subject,
                solution=row.solution,
                solved_by=row.name,
                opened_at=row.opened_at,
                resolved_at=row.resolved_at or row.opened_at,
                cause_id=row.cause_id,
            )
            categories[row.id] = row.category_id
        if len(found) >= ENOUGH:
            break
    asked = set(said)

    def likeness(other: Similar) -> tuple[float, datetime]:
        own = set(telling_words(other.subject))
        shared = len(asked & own) / (len(asked | own) or 1)
        same = ticket.category_id is not None and categories[other.id] == ticket.category_id
        return shared + (0.2 if same else 0.0), other.resolved_at

    alike: dict[str, Similar] = {}
    for other in sorted(found.values(), key=likeness, reverse=True):
        if likeness(other)[0] >= LIKE_ENOUGH:
            # The same solution helps once, however often it was written.
            alike.setdefault(other.solution.strip().casefold(), other)
    return list(alike.values())[:limit]


def suggested_cause(actor: Actor, ticket: Ticket, solved: Sequence[Similar] = ()) -> Cause | None:
    """Return the likeliest cause: the ticket's own, that of similar tickets, else the category's.

    Similar tickets count double. None when there is nothing to learn from.
    """
    if ticket.cause is not None:
        return ticket.cause
    tally: Counter[int] = Counter()
    for other in solved:
        if other.cause_id is not None:
            tally[other.cause_id] += 2
    if ticket.category_id is not None:
        newest = (
            select(Ticket.id, Ticket.category_id, Ticket.cause_id)
            .where(visible(actor))
            .order_by(Ticket.updated_at.desc(), Ticket.id.desc())
            .limit(RECENT)
            .subquery()
        )
        tally.update(
            db.session.scalars(
                select(newest.c.cause_id).where(
                    newest.c.category_id == ticket.category_id, newest.c.cause_id.is_not(None)
                )
            )
        )
    for cause_id, _count in tally.most_common():
        cause = db.session.get(Cause, cause_id)
        if cause is not None and cause.retired_at is None:
            return cause
    return None
