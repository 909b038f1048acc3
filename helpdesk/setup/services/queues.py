"""Queues: where tickets wait, whose team works them, who may see them."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update
from sqlalchemy.orm import joinedload

from helpdesk.db import db
from helpdesk.people import audit
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.people.models import Team
from helpdesk.people.stamp import access_changed
from helpdesk.setup.services import editing, keeping
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.models import Worklist
from helpdesk.tickets.services.restrict import open_tickets_of, restrict_tickets_of

FIELDS = ("name", "team_id", "description", "restricted")


def add(actor: Actor, wanted: Mapping[str, Any]) -> Queue:
    """Add a queue behind the others. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_TEAMS)
    queue = Queue(**_checked(wanted), position=editing.next_position(Queue))
    db.session.add(queue)
    db.session.flush()
    if _default() is None:
        queue.is_default = True
    audit.record(actor, "queue-created", queue)
    access_changed()
    return queue


def edit(
    actor: Actor, queue: Queue, wanted: Mapping[str, Any], seen: Mapping[str, Any] | None = None
) -> bool:
    """Change a queue; False when nothing changes. Raises Denied, Refused, Changed.

    Tickets of a queue that becomes restricted are hidden from other teams at once. When it no
    longer is, they are shown again, unless another restricted queue has a part in them.
    """
    actor.demand(Permission.SETUP_TEAMS)
    changes = editing.merged(queue, _checked(wanted, queue), seen)
    if not changes:
        return False
    editing.write(queue, changes)
    db.session.flush()
    if "restricted" in changes:
        if queue.restricted:
            restrict_tickets_of(queue)
        else:
            open_tickets_of(queue)
    if "team_id" in changes:
        changes["team"] = [_team_name(key) for key in changes.pop("team_id")]
    audit.record(actor, "queue-edited", queue, changes)
    access_changed()
    return True


def make_default(actor: Actor, queue: Queue) -> bool:
    """Let mail and calls without a queue of their own land here. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_TEAMS)
    if queue.retired_at is not None:
        raise Refused("queue-retired", _l("This queue is retired. Restore it first."))
    if queue.is_default:
        return False
    old = _default()
    db.session.execute(update(Queue).where(Queue.id != queue.id).values(is_default=False))
    queue.is_default = True
    audit.record(
        actor, "queue-default", queue, {"default": [old.name if old else None, queue.name]}
    )
    return True


def move(actor: Actor, queue: Queue, step: int) -> bool:
    """Move a queue one place up (-1) or down (+1). Raises Denied."""
    actor.demand(Permission.SETUP_TEAMS)
    return keeping.move(actor, in_order(), queue, step) if queue.retired_at is None else False


def retire(actor: Actor, queue: Queue) -> bool:
    """Stop using a queue that has no open work. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_TEAMS)
    if queue.is_default:
        raise Refused(
            "queue-default",
            _l("New tickets land in this queue. Make another queue the default first."),
        )
    waiting = select(Worklist.ticket_id).where(Worklist.queue_id == queue.id).limit(1)
    if db.session.scalar(waiting) is not None:
        raise Refused("queue-open", _l("Open tickets wait in this queue. Move them first."))
    return keeping.retire(actor, queue)


def restore(actor: Actor, queue: Queue) -> bool:
    """Use a retired queue again. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_TEAMS)
    if queue.team.retired_at is not None:
        raise Refused("team-retired", _l("Its team is retired. Restore the team first."))
    return keeping.restore(actor, queue)


def delete(actor: Actor, queue: Queue) -> None:
    """Remove a queue that was never used. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_TEAMS)
    if queue.is_default:
        raise Refused(
            "queue-default",
            _l("New tickets land in this queue. Make another queue the default first."),
        )
    keeping.delete(actor, queue)
    access_changed()


def in_order() -> list[Queue]:
    """Return the queues in use, in the desk's order."""
    return list(
        db.session.scalars(
            select(Queue)
            .options(joinedload(Queue.team))
            .where(Queue.retired_at.is_(None))
            .order_by(Queue.position, Queue.name, Queue.id)
        )
    )


def _checked(wanted: Mapping[str, Any], own: Queue | None = None) -> dict[str, Any]:
    name = editing.clean_name(wanted["name"])
    editing.check_free(Queue, name, own)
    team = db.session.get(Team, wanted["team_id"] or 0)
    if team is None or (team.retired_at is not None and (own is None or own.team_id != team.id)):
        raise Refused("team-missing", _l("Choose the team that works this queue."), "team_id")
    return {
        "name": name,
        "team_id": team.id,
        "description": editing.clean_text(wanted["description"]),
        "restricted": bool(wanted["restricted"]),
    }


def _default() -> Queue | None:
    return db.session.scalar(
        select(Queue).where(Queue.is_default, Queue.retired_at.is_(None)).limit(1)
    )


def _team_name(team_id: int) -> str:
    team = db.session.get(Team, team_id)
    return team.name if team is not None else "?"
