"""Bursts: many people have the same at once. Raised, followed and ended by the worker.

What is looked at are the tickets of the last hours (those above the mark of ``arrivals``); what
is usual comes from the counts of past weeks. A category is judged with all its branch;
``branches.bursts`` decides between a category and what is below it. A burst is a row from its
first ticket to its end, also when somebody said that it is none, so that it is not raised again
meanwhile.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select

from helpdesk.db import db, transaction
from helpdesk.jobs import job
from helpdesk.lib.clock import now
from helpdesk.tickets.desk import Category
from helpdesk.tickets.models import Ticket
from helpdesk.warning import arrivals, burst
from helpdesk.warning.arrivals import Key
from helpdesk.warning.branches import Tree, bursts
from helpdesk.warning.burst import WINDOWS, Window
from helpdesk.warning.cards import announce_cards
from helpdesk.warning.models import ArrivalsMark, Matter, Spike, SpikeTicket

LONGEST = timedelta(hours=max(window.hours for window in WINDOWS))
"""A burst ends when nothing has come for so long: then no window holds a ticket of it."""

YOUNGEST = 5_000
"""The newest tickets that are looked at; a desk that gets more in four hours has other worries."""

ROUNDS = 20
"""Batches that are counted in one turn at most."""


@dataclass(frozen=True, slots=True)
class Found:
    """Something unusual: what, within which window, and how unlikely it is."""

    key: Key
    window: Window
    people: int
    usual: float
    chance: float
    tickets: tuple[Row[Any], ...]


@job(every=60)
def watch_for_spikes() -> int:
    """Count what has settled, and raise, follow and end bursts; returns how many run."""
    for _round in range(ROUNDS):
        with transaction():
            counted = arrivals.settle()
        if counted < arrivals.BATCH:
            break
    with transaction():
        arrivals.forget()
        return look()


def look() -> int:
    """Raise, follow and end bursts as of now; returns how many run. Called in a transaction."""
    moment = now()
    tree = _tree()
    recent = _recent(moment, tree)
    running = {
        (Matter(row.matter), row.subject_id): row
        for row in db.session.scalars(
            select(Spike).where(Spike.ended_at.is_(None)).order_by(Spike.id).with_for_update()
        )
    }
    taken = _tickets_of(running.values())
    changed = False
    for key, row in running.items():
        changed |= _follow(row, recent.get(key, ()), taken[row.id])
    for found in _unusual(recent, running, moment, tree):
        numbers = {row.id for row in found.tickets}
        # The same tickets seen from another side are no news.
        if any(2 * len(numbers & others) >= len(numbers) for others in taken.values()):
            continue
        spike = _raise(found, moment)
        changed = True
        running[found.key] = spike
        taken[spike.id] = numbers
    for row in running.values():
        if row.newest_at <= moment - LONGEST:
            row.ended_at = moment
            changed = True
    db.session.flush()
    if changed:
        announce_cards()
    return sum(row.ended_at is None for row in running.values())


def _recent(moment: datetime, tree: Tree) -> Mapping[Key, tuple[Row[Any], ...]]:
    """Return the tickets of the last hours by what they have in common, oldest first.

    A ticket of a category is one of everything that this is below.
    """
    mark = db.session.scalar(select(ArrivalsMark.ticket_id))
    rows = db.session.execute(
        select(*arrivals.COLUMNS)
        .where(Ticket.id > (mark or 0))
        .order_by(Ticket.id.desc())
        .limit(YOUNGEST)
    ).all()
    by_key: dict[Key, list[Row[Any]]] = defaultdict(list)
    for row in reversed(rows):
        if moment - LONGEST < row.opened_at <= moment:
            for matter, key in arrivals.keys_of(row):
                for one in tree.lineage(key) if matter is Matter.CATEGORY else [key]:
                    by_key[matter, one].append(row)
    return {key: tuple(found) for key, found in by_key.items()}


def _tree() -> Tree:
    rows = db.session.execute(select(Category.id, Category.parent_id))
    return Tree({key: above for key, above in rows})  # noqa: C416 (dict() takes a result for a mapping)


def _tickets_of(spikes: Any) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {spike.id: set() for spike in spikes}
    if found:
        for spike_id, number in db.session.execute(
            select(SpikeTicket.spike_id, SpikeTicket.ticket_id).where(
                SpikeTicket.spike_id.in_(found)
            )
        ):
            found[spike_id].add(number)
    return found


def _unusual(
    recent: Mapping[Key, tuple[Row[Any], ...]],
    running: Mapping[Key, Spike],
    moment: datetime,
    tree: Tree,
) -> list[Found]:
    """Return what is unusual and not raised yet, the least likely first."""
    seen: list[tuple[Key, Window, tuple[Row[Any], ...], int]] = []
    for key, rows in recent.items():
        for window in WINDOWS:
            start = moment - window.hours * burst.HOUR
            within = tuple(row for row in rows if row.opened_at > start)
            people = len({row.customer_id for row in within})
            if people >= window.people:
                seen.append((key, window, within, people))
    if all(key in running for key, *_rest in seen):
        return []
    since = db.session.scalar(select(ArrivalsMark.since))
    weeks = burst.weeks_known(since, moment) if since is not None else 0
    if weeks < burst.FEWEST_WEEKS:
        return []
    branches = tree.branches(key for (matter, key), *_rest in seen if matter is Matter.CATEGORY)
    past = _Past.read({key for key, *_rest in seen}, branches, moment, weeks)
    own = _categories(recent, tree, past)
    found = []
    for key, window, within, people in seen:
        matter, subject_id = key
        if key in running or (matter is Matter.CATEGORY and subject_id not in own[window]):
            continue
        rate = past.usual(matter, branches.get(subject_id, frozenset({subject_id})), window)
        if burst.is_unusual(people, window, rate):
            chance = burst.tail(people, rate)
            found.append(Found(key, window, people, rate, chance, within))
    order = list(Matter)
    return sorted(found, key=lambda one: (one.chance, order.index(one.key[0])))


def _categories(
    recent: Mapping[Key, tuple[Row[Any], ...]], tree: Tree, past: "_Past"
) -> dict[Window, set[int]]:
    """Return the categories that have a burst of their own, by window."""
    # Tickets stand at all that their category is below; here they count where they are.
    rows = [
        row
        for (matter, key), found in recent.items()
        if matter is Matter.CATEGORY
        for row in found
        if row.category_id == key
    ]
    arrived = {
        window: {
            (row.category_id, row.customer_id)
            for row in rows
            if row.opened_at > past.moment - window.hours * burst.HOUR
        }
        for window in WINDOWS
    }
    return bursts(tree, arrived, lambda keys, window: past.usual(Matter.CATEGORY, keys, window))


@dataclass(frozen=True, slots=True)
class _Past:
    """What came in the weeks before, by hour."""

    counts: Mapping[Key, Mapping[datetime, int]]
    moment: datetime
    weeks: int

    @classmethod
    def read(
        cls,
        keys: set[Key],
        branches: Mapping[int, frozenset[int]],
        moment: datetime,
        weeks: int,
    ) -> "_Past":
        """Read the counts of these keys, and of all that is below those of categories."""
        below = {(Matter.CATEGORY, one) for branch in branches.values() for one in branch}
        return cls(
            arrivals.counts_of(keys | below, burst.hours_asked(moment, weeks)), moment, weeks
        )

    def usual(self, matter: Matter, keys: frozenset[int], window: Window) -> float:
        """Return how many tickets such a window usually has of these together."""
        together: Counter[datetime] = Counter()
        for key in keys:
            together.update(self.counts.get((matter, key), {}))
        return burst.usual(together, self.moment, window, self.weeks)


def _raise(found: Found, moment: datetime) -> Spike:
    matter, subject_id = found.key
    spike = Spike(
        matter=matter.value,
        subject_id=subject_id,
        hours=found.window.hours,
        people=found.people,
        usual=found.usual,
        raised_at=moment,
        newest_at=max(row.opened_at for row in found.tickets),
    )
    db.session.add(spike)
    db.session.flush()
    db.session.add_all(SpikeTicket(spike_id=spike.id, ticket_id=row.id) for row in found.tickets)
    return spike


def _follow(spike: Spike, rows: tuple[Row[Any], ...], known: set[int]) -> bool:
    """Add what has come since, and say whether anything did.

    What came before the burst is no part of it.
    """
    before = len(known)
    begins = spike.raised_at - spike.hours * burst.HOUR
    for row in rows:
        if row.id not in known and row.opened_at > begins:
            known.add(row.id)
            db.session.add(SpikeTicket(spike_id=spike.id, ticket_id=row.id))
            spike.newest_at = max(spike.newest_at, row.opened_at)
    return len(known) > before
