"""Which macros somebody may use, and which they may write."""

from collections.abc import Collection

from sqlalchemy import or_, select

from helpdesk.db import db
from helpdesk.macros.models import Macro
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Missing
from helpdesk.tickets.queries.access import visible_queues

OFFERED = 12
"""Macros that the finder shows at once."""


def in_use(actor: Actor) -> list[Macro]:
    """Return the macros that the actor may use, by name. Raises Denied.

    Others' own macros are nobody's business, and a macro that names a queue which the actor may
    not know does not exist for them.
    """
    actor.demand(Permission.TICKET_WORK)
    statement = select(Macro).where(
        Macro.retired_at.is_(None),
        or_(Macro.owner_id.is_(None), Macro.owner_id == actor.person_id),
    )
    known = {queue.id for queue in visible_queues(actor)}
    rows = [row for row in db.session.scalars(statement) if _uses(actor, row, known)]
    return sorted(rows, key=lambda row: (row.name.casefold(), row.id))


def offered(actor: Actor, question: str) -> list[Macro]:
    """Return the macros in whose name every typed word occurs, most used first. Raises Denied."""
    words = question.casefold().split()
    found = [row for row in in_use(actor) if all(word in row.name.casefold() for word in words)]
    found.sort(key=lambda row: -row.used)
    return found[:OFFERED]


def find(actor: Actor, key: int) -> Macro:
    """Return a macro that the actor may use. Raises Denied; Missing when there is none."""
    actor.demand(Permission.TICKET_WORK)
    row = db.session.get(Macro, key) if 0 < key < 2**31 else None
    if row is None or row.retired_at is not None or row.owner_id not in {None, actor.person_id}:
        raise Missing
    if not _uses(actor, row, {queue.id for queue in visible_queues(actor)}):
        raise Missing
    return row


def _uses(actor: Actor, row: Macro, known: Collection[int]) -> bool:
    is_theirs = row.owner_id is not None or not row.teams
    if not is_theirs and not any(key in actor.team_ids for key in row.team_ids):
        return False
    named = (step.get("queue") for step in row.actions)
    return all(key is None or key in known for key in named)


# ---- Writing ----


def may_share(actor: Actor) -> bool:
    """Whether the actor writes macros for teams and for everybody."""
    return actor.can(Permission.SETUP_TICKETS)


def may_write(actor: Actor, row: Macro) -> bool:
    """Whether the actor writes this macro."""
    if row.owner_id is not None:
        return row.owner_id == actor.person_id and actor.can(Permission.TICKET_WORK)
    return may_share(actor)


def written_by(actor: Actor) -> list[Macro]:
    """Return the macros that the actor may write, in use and retired, by name. Raises Denied."""
    actor.demand(Permission.TICKET_WORK)
    mine = Macro.owner_id == actor.person_id
    whose = or_(mine, Macro.owner_id.is_(None)) if may_share(actor) else mine
    rows = db.session.scalars(select(Macro).where(whose))
    return sorted(rows, key=lambda row: (row.name.casefold(), row.id))


def to_write(actor: Actor, key: int, *, lock: bool = False) -> Macro:
    """Return a macro to be changed. Raises Denied; Missing for one the actor may not write."""
    actor.demand(Permission.TICKET_WORK)
    row = db.session.get(Macro, key, with_for_update=lock) if 0 < key < 2**31 else None
    if row is None or not may_write(actor, row):
        raise Missing
    return row
