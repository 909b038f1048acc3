"""Names of the records that a filter speaks of."""

from typing import Any

from sqlalchemy import literal, select, union_all

from helpdesk.db import db
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import Organisation, Person, Site
from helpdesk.tickets.desk import Category, Supplier, Tag
from helpdesk.tickets.queries.access import visible_queues
from helpdesk.tickets.queries.filters import Filter, Owner

Names = dict[str, dict[int, str]]
"""Key of the URL → key of the record → name. What is missing is not there, or not to be seen."""


def names_in(actor: Actor, wanted: Filter, queues: dict[int, str] | None = None) -> Names:
    """Return the names of a filter's records. One query at most.

    ``queues`` are those the actor may see, where the caller has read them already.
    """
    actor.demand(Permission.TICKET_READ)
    found: Names = {}
    if wanted.queues:
        known = queues if queues is not None else _queue_names(actor)
        found["queue"] = {key: known[key] for key in wanted.queues if key in known}
    owners = [owner for owner in wanted.owners if not isinstance(owner, Owner)]
    asked: list[tuple[str, Any, Any, list[int]]] = [
        ("owner", Person, Person.name, owners),
        ("customer", Person, Person.name, list(wanted.customers)),
        ("organisation", Organisation, Organisation.name, list(wanted.organisations)),
        ("site", Site, Site.name, list(wanted.sites)),
        ("category", Category, Category.path, list(wanted.categories)),
        ("supplier", Supplier, Supplier.name, list(wanted.suppliers)),
        ("tag", Tag, Tag.name, list(wanted.tags)),
    ]
    parts = [
        select(literal(key).label("key"), model.id.label("id"), name.label("name")).where(
            model.id.in_(keys)
        )
        for key, model, name, keys in asked
        if keys
    ]
    if parts:
        for row in db.session.execute(union_all(*parts) if len(parts) > 1 else parts[0]):
            found.setdefault(row.key, {})[row.id] = row.name
    return found


def _queue_names(actor: Actor) -> dict[int, str]:
    return {queue.id: queue.name for queue in visible_queues(actor)}
