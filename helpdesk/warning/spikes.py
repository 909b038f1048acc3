"""Bursts: many people have the same at once. Raised, followed and ended by the worker.

What is looked at are the tickets of the last hours (those above the mark of ``arrivals``); what
is usual comes from the counts of past weeks. A burst is a row from its first ticket to its end,
also when somebody said that it is none, so that it is not raised again meanwhile.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select

from helpdesk.db import db, transaction
from helpdesk.jobs import job
from helpdesk.lib.clock import now
from helpdesk.tickets.models import Ticket
from helpdesk.warning import arrivals, burst
from helpdesk.warning.arrivals import Key, Tree
from helpdesk.warning.burst import WINDOWS, Window
from helpdesk.warning.models import ArrivalsMark, Matter, Spike, SpikeTicket
from helpdesk.web.live import announce

LONGEST = timedelta(hours=max(window.hours for window in WINDOWS))
"""A burst ends when nothing has come for so long: then no window holds a ticket of it."""

YOUNGEST = 5_000
"""The newest tickets that are looked at; a desk that gets more in four hours has other worries."""

TOPIC, KIND = "desk", "spikes"
"""What open pages hear when cards come, change or go."""

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
    above = arrivals.tree()
    recent = _recent(moment, above)
    running = {
        (Matter(row.matter), row.subject_id): row
        for row in db.session.scalars(
            select(Spike).where(Spike.ended_at.is_(None)).order_by(Spike.id).with_for_update()
        )
    }
    taken = _tickets_of(running.values())
    news = [_follow(row, recent.get(key, ()), taken[row.id]) for key, row in running.items()]
    for found in without_what_is_below(_unusual(recent, running, moment), above):
        numbers = {row.id for row in found.tickets}
        # The same tickets seen from another side are no news.
        if any(2 * len(numbers & others) >= len(numbers) for others in taken.values()):
            continue
        spike = _raise(found, moment)
        running[found.key] = spike
        taken[spike.id] = numbers
        news.append(True)
    for row in running.values():
        if row.newest_at <= moment - LONGEST:
            row.ended_at = moment
            news.append(True)
    if any(news):
        announce(TOPIC, KIND)
    db.session.flush()
    return sum(row.ended_at is None for row in running.values())


def without_what_is_below(found: list[Found], above: Tree) -> list[Found]:
    """Leave out categories of which one below says more exactly what it is.

    That is one that is unusual itself, in whichever window, and has at least half of the tickets:
    then the network is in no trouble, its printers are.
    """
    categories = [one for one in found if one.key[0] is Matter.CATEGORY]
    said: set[int] = set()
    for one in categories:
        higher = set(arrivals.branch(one.key[1], above)[1:])
        said |= {
            at
            for at, other in enumerate(found)
            if other.key[0] is Matter.CATEGORY
            and other.key[1] in higher
            and 2 * len(one.tickets) >= len(other.tickets)
        }
    return [one for at, one in enumerate(found) if at not in said]


def _recent(moment: datetime, above: Tree) -> Mapping[Key, tuple[Row[Any], ...]]:
    """Return the tickets of the last hours by what they have in common, oldest first."""
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
            for key in arrivals.keys_of(row, above):
                by_key[key].append(row)
    return {key: tuple(found) for key, found in by_key.items()}


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
    recent: Mapping[Key, tuple[Row[Any], ...]], running: Mapping[Key, Spike], moment: datetime
) -> list[Found]:
    """Return what is unusual and not raised yet, the least likely first."""
    seen: list[tuple[Key, Window, tuple[Row[Any], ...], int]] = []
    for key, rows in recent.items():
        if key in running:
            continue
        for window in WINDOWS:
            start = moment - window.hours * burst.HOUR
            within = tuple(row for row in rows if row.opened_at > start)
            people = len({row.customer_id for row in within})
            if people >= window.people:
                seen.append((key, window, within, people))
    if not seen:
        return []
    since = db.session.scalar(select(ArrivalsMark.since))
    weeks = burst.weeks_known(since, moment) if since is not None else 0
    if weeks < burst.FEWEST_WEEKS:
        return []
    counts = arrivals.counts_of({key for key, *_rest in seen}, burst.hours_asked(moment, weeks))
    found = []
    for key, window, within, people in seen:
        rate = burst.usual(counts[key], moment, window, weeks)
        if burst.is_unusual(people, window, rate):
            chance = burst.tail(people, rate)
            found.append(Found(key, window, people, rate, chance, within))
    order = list(Matter)
    return sorted(found, key=lambda one: (one.chance, order.index(one.key[0])))


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
    """Add what has come since; what came before the burst is no part of it.

    Returns whether there was anything.
    """
    before = len(known)
    begins = spike.raised_at - spike.hours * burst.HOUR
    for row in rows:
        if row.id not in known and row.opened_at > begins:
            known.add(row.id)
            db.session.add(SpikeTicket(spike_id=spike.id, ticket_id=row.id))
            spike.newest_at = max(spike.newest_at, row.opened_at)
    return len(known) > before
