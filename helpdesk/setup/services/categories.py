"""Categories: what tickets are about, as a tree whose paths are kept whole."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people import audit
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.people.models import Skill
from helpdesk.setup.services import editing, keeping
from helpdesk.tickets.desk import Category, Queue

FIELDS = ("name", "parent_id", "queue_id", "skill_id")
ARROW = " › "
LONGEST_PATH = 500


def add(actor: Actor, wanted: Mapping[str, Any]) -> Category:
    """Add a category below another, or at the top. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_TICKETS)
    checked = _checked(wanted)
    category = Category(**checked, path=_path(checked))
    db.session.add(category)
    db.session.flush()
    audit.record(actor, "category-created", category, label=category.path)
    return category


def edit(
    actor: Actor,
    category: Category,
    wanted: Mapping[str, Any],
    seen: Mapping[str, Any] | None = None,
) -> bool:
    """Rename or move a category, name its queue or its skill; False when nothing changes.

    Everything below it comes along: their paths are written anew. Raises Denied, Refused,
    Changed.
    """
    actor.demand(Permission.SETUP_TICKETS)
    checked = _checked(wanted, category)
    changes = editing.merged(category, checked, seen)
    if not changes:
        return False
    # A field that somebody else changed meanwhile counts for the path too.
    editing.check_free(
        Category,
        changes.get("name", [None, category.name])[1],
        category,
        parent_id=changes.get("parent_id", [None, category.parent_id])[1],
    )
    old_path = category.path
    editing.write(category, changes)
    new_path = _path({"name": category.name, "parent_id": category.parent_id})
    shown = {key: value for key, value in changes.items() if key == "name"}
    if new_path != old_path:
        shown["path"] = [old_path, new_path]
        _rewrite(category, old_path, new_path)
    if "queue_id" in changes:
        shown["queue"] = [_queue_name(key) for key in changes["queue_id"]]
    if "skill_id" in changes:
        shown["skill"] = [_skill_name(key) for key in changes["skill_id"]]
    db.session.flush()
    audit.record(actor, "category-edited", category, shown, label=category.path)
    return True


def retire(actor: Actor, category: Category) -> bool:
    """Stop offering a category with everything below it. Raises Denied."""
    actor.demand(Permission.SETUP_TICKETS)
    if not keeping.retire(actor, category):
        return False
    for below in subtree(category):
        keeping.retire(actor, below)
    return True


def restore(actor: Actor, category: Category) -> bool:
    """Offer a retired category again, without what is below it. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_TICKETS)
    parent = db.session.get(Category, category.parent_id) if category.parent_id else None
    if parent is not None and parent.retired_at is not None:
        raise Refused(
            "parent-retired",
            _l("%(name)s is retired. Restore it first.", name=parent.path),
        )
    return keeping.restore(actor, category)


def delete(actor: Actor, category: Category) -> None:
    """Remove a category that was never used and has none below. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_TICKETS)
    if subtree(category):
        raise Refused("has-children", _l("There are categories below it. Delete those first."))
    keeping.delete(actor, category)


def everything() -> list[Category]:
    """Return all categories, retired ones too, in the order of the tree."""
    return sorted(
        db.session.scalars(select(Category)),
        key=lambda row: [part.casefold() for part in row.path.split(ARROW)],
    )


def subtree(category: Category) -> list[Category]:
    """Return what is below a category, at any depth."""
    begin = category.path + ARROW
    return list(
        db.session.scalars(
            select(Category)
            .where(Category.path.startswith(begin, autoescape=True))
            .order_by(Category.path)
        )
    )


def depth(category: Category) -> int:
    """Return how far from the top a category stands, 0 at the top."""
    return category.path.count(ARROW)


def _rewrite(category: Category, old_path: str, new_path: str) -> None:
    """Give a category and everything below it their new paths."""
    below = subtree(category)
    longest = max((len(row.path) for row in below), default=0) - len(old_path) + len(new_path)
    if max(longest, len(new_path)) > LONGEST_PATH:
        raise Refused("path-long", _l("The names together are too long."), "name")
    category.path = new_path
    for row in below:
        row.path = new_path + row.path[len(old_path) :]


def _path(wanted: Mapping[str, Any]) -> str:
    parent = db.session.get(Category, wanted["parent_id"]) if wanted["parent_id"] else None
    path = str(wanted["name"]) if parent is None else parent.path + ARROW + str(wanted["name"])
    if len(path) > LONGEST_PATH:
        raise Refused("path-long", _l("The names together are too long."), "name")
    return path


def _checked(wanted: Mapping[str, Any], own: Category | None = None) -> dict[str, Any]:
    name = editing.clean_name(wanted["name"])
    if "›" in name:
        raise Refused("name-arrow", _l("A name can't contain ›."), "name")
    parent_id = wanted["parent_id"] or None
    _check_parent(parent_id, own)
    editing.check_free(Category, name, own, parent_id=parent_id)
    queue_id = wanted["queue_id"] or None
    if queue_id is not None:
        queue = db.session.get(Queue, queue_id)
        kept = own is not None and own.queue_id == queue_id
        if queue is None or (queue.retired_at is not None and not kept):
            raise Refused("queue-unknown", _l("Choose a queue that is in use."), "queue_id")
    skill_id = wanted.get("skill_id") or None
    if skill_id is not None:
        skill = db.session.get(Skill, skill_id)
        kept = own is not None and own.skill_id == skill_id
        if skill is None or (skill.retired_at is not None and not kept):
            raise Refused("skill-unknown", _l("Choose a skill that is in use."), "skill_id")
    return {"name": name, "parent_id": parent_id, "queue_id": queue_id, "skill_id": skill_id}


def _check_parent(parent_id: int | None, own: Category | None) -> None:
    if parent_id is None or (own is not None and own.parent_id == parent_id):
        return
    parent = db.session.get(Category, parent_id)
    if parent is None or parent.retired_at is not None:
        raise Refused("parent-unknown", _l("Choose a category that is in use."), "parent_id")
    if own is not None and (parent.id == own.id or parent.path.startswith(own.path + ARROW)):
        raise Refused("parent-below", _l("A category can't be below itself."), "parent_id")


def _queue_name(queue_id: int | None) -> str | None:
    queue = db.session.get(Queue, queue_id) if queue_id is not None else None
    return queue.name if queue is not None else None


def _skill_name(skill_id: int | None) -> str | None:
    skill = db.session.get(Skill, skill_id) if skill_id is not None else None
    return skill.name if skill is not None else None
