"""How many tickets usually come about one matter: small counts by hour, kept by the worker.

The counts follow the numbers of the tickets. A ticket is counted once, when it has settled: hours
after it was opened it has found its category, and every transaction with a lower number has
ended. Younger tickets, those above the mark, are few and are looked at themselves. Restricted
tickets count nowhere, nor does what was binned or merged.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, func, select, tuple_

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.tickets.desk import Category
from helpdesk.tickets.lifecycle import Kind
from helpdesk.tickets.models import Ticket
from helpdesk.warning.burst import WEEK, WEEKS
from helpdesk.warning.models import Arrivals, ArrivalsMark, Matter

SETTLED = timedelta(hours=6)
"""After so long a ticket has its category, and it is in no window any more."""

BACKLOG = 30_000
"""On a desk that has a past, counting begins so many tickets back."""

BATCH = 2_000
"""Tickets that one transaction counts."""

OUR_OWN = (Kind.PROBLEM, Kind.CHANGE)
"""Kinds of ticket that nobody out there asked for."""

Key = tuple[Matter, int]
"""What tickets have in common: the matter, and the key of the category, site or organisation."""

COLUMNS: list[Any] = [
    Ticket.id,
    Ticket.opened_at,
    Ticket.customer_id,
    Ticket.category_id,
    Ticket.site_id,
    Ticket.organisation_id,
    Ticket.restricted,
    Ticket.hidden_at,
    Ticket.kind,
]


Tree = Mapping[int, int | None]
"""The category above each category; None above the topmost."""


def tree() -> Tree:
    """Return how categories stand above each other."""
    rows = db.session.execute(select(Category.id, Category.parent_id))
    return {row.id: row.parent_id for row in rows}


def branch(category_id: int | None, above: Tree) -> list[int]:
    """Return a category and those above it, the lowest first."""
    found: list[int] = []
    while category_id is not None and category_id not in found:
        found.append(category_id)
        category_id = above.get(category_id)
    return found


def keys_of(row: Row[Any], above: Tree) -> list[Key]:
    """Return what a ticket counts for; nothing if it is restricted, hidden or our own.

    It counts for its category and for those above: three kinds of trouble with the network at
    once are trouble with the network.
    """
    if row.restricted or row.hidden_at is not None or row.kind in OUR_OWN:
        return []
    found = [(Matter.CATEGORY, key) for key in branch(row.category_id, above)]
    others = ((Matter.SITE, row.site_id), (Matter.ORGANISATION, row.organisation_id))
    return found + [(matter, key) for matter, key in others if key is not None]


def settle() -> int:
    """Count a batch of settled tickets; returns how many. Called in a transaction by the worker."""
    mark = db.session.get(ArrivalsMark, 1, with_for_update=True)
    begins = mark is None
    if mark is None:
        mark = _begin()
    rows = db.session.execute(
        select(*COLUMNS).where(Ticket.id > mark.ticket_id).order_by(Ticket.id).limit(BATCH)
    ).all()
    edge = now() - SETTLED
    settled = []
    for row in rows:
        if row.opened_at > edge:
            break
        settled.append(row)
    if not settled:
        return 0
    mark.ticket_id = settled[-1].id
    if begins:
        # Later ones may be back-dated, and say nothing of what else came at that time.
        mark.since = min(mark.since, settled[0].opened_at)
    _add(settled)
    return len(settled)


def _begin() -> ArrivalsMark:
    newest = db.session.scalar(select(func.max(Ticket.id))) or 0
    mark = ArrivalsMark(id=1, ticket_id=max(0, newest - BACKLOG), since=now())
    db.session.add(mark)
    return mark


def _add(rows: Iterable[Row[Any]]) -> None:
    """Add tickets to the counts of their hours; what is too old to be asked for is left out."""
    oldest, above = _oldest(), tree()
    counted = Counter(
        (matter.value, key, hour_of(row.opened_at))
        for row in rows
        if row.opened_at >= oldest
        for matter, key in keys_of(row, above)
    )
    if not counted:
        return
    there = {
        (row.matter, row.subject_id, row.hour): row
        for row in db.session.scalars(
            select(Arrivals).where(
                Arrivals.hour.in_({hour for _matter, _key, hour in counted}),
                Arrivals.subject_id.in_({key for _matter, key, _hour in counted}),
            )
        )
    }
    for (matter, key, hour), tickets in counted.items():
        row = there.get((matter, key, hour))
        if row is not None:
            row.tickets += tickets
        else:
            db.session.add(Arrivals(matter=matter, subject_id=key, hour=hour, tickets=tickets))
    db.session.flush()


def hour_of(moment: datetime) -> datetime:
    """Return the beginning of the hour (UTC) of a moment."""
    return moment.replace(minute=0, second=0, microsecond=0)


def _oldest() -> datetime:
    return hour_of(now() - (WEEKS + 1) * WEEK)


def forget() -> int:
    """Delete the counts that nothing looks back upon any more; returns how many there were."""
    gone = db.session.execute(delete(Arrivals).where(Arrivals.hour < _oldest()))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def counts_of(keys: Collection[Key], hours: Collection[datetime]) -> dict[Key, dict[datetime, int]]:
    """Return the counts of these keys in these hours; hours without any are left out."""
    found: dict[Key, dict[datetime, int]] = {key: {} for key in keys}
    if not keys or not hours:
        return found
    for row in db.session.execute(
        select(Arrivals.matter, Arrivals.subject_id, Arrivals.hour, Arrivals.tickets).where(
            tuple_(Arrivals.matter, Arrivals.subject_id).in_(
                [(matter.value, key) for matter, key in keys]
            ),
            Arrivals.hour.in_(hours),
        )
    ):
        found[Matter(row.matter), row.subject_id][row.hour] = row.tickets
    return found
