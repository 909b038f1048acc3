"""What teams have to do with queues: asked by the gate."""

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.tickets.desk import Queue


def queue_ids(team_ids: frozenset[int]) -> frozenset[int]:
    """Return the queues of these teams."""
    if not team_ids:
        return frozenset()
    return frozenset(db.session.scalars(select(Queue.id).where(Queue.team_id.in_(team_ids))))
