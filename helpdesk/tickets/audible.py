"""Which live updates of tickets a reader may hear."""

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people.access import Permission
from helpdesk.people.guard import actor_or_none
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import visible


def audible_topics(asked: list[str]) -> list[str]:
    """Keep the topics of live updates that the present actor may hear of.

    A topic names a thing; hearing that something happened to a restricted ticket would already
    say that it exists.
    """
    actor = actor_or_none()
    if actor is None:
        return []
    parts = [(topic, *topic.partition(":")[::2]) for topic in asked]
    numbered = [(topic, kind, int(ref)) for topic, kind, ref in parts if ref.isdigit()]
    fine = [topic for topic, kind, _ref in parts if kind == "desk"]
    fine += [topic for topic, kind, ref in numbered if kind == "person" and ref == actor.person_id]
    if not actor.can(Permission.TICKET_READ):
        return fine
    queues = {ref for _topic, kind, ref in numbered if kind == "queue"}
    tickets = {ref for _topic, kind, ref in numbered if kind == "ticket"}
    if queues:
        open_to_all = select(Queue.id).where(Queue.id.in_(queues), Queue.restricted.is_(False))
        queues &= set(db.session.scalars(open_to_all)) | actor.queue_ids
    if tickets:
        seen = select(Ticket.id).where(Ticket.id.in_(tickets), visible(actor))
        tickets = set(db.session.scalars(seen))
    keep = {"queue": queues, "ticket": tickets}
    return fine + [topic for topic, kind, ref in numbered if ref in keep.get(kind, ())]
