"""The tree of categories: adding, renaming, moving, and removing what is empty."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, func, select

from helpdesk.db import db
from helpdesk.kb.models import Article, KbCategory
from helpdesk.people import audit, typed_text
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused

MAX_NAME, MAX_DEPTH, MAX_SHELVES = 100, 5, 500
BETWEEN = " › "


def add(actor: Actor, name: str, parent: KbCategory | None = None) -> KbCategory:
    """Add a category below another, or at the root. Raises Denied, Refused."""
    actor.demand(Permission.KB_MANAGE)
    name = _checked_name(name)
    if (db.session.scalar(select(func.count(KbCategory.id))) or 0) >= MAX_SHELVES:
        raise Refused("many", _l("There are as many categories as there may be."), "name")
    last = db.session.scalar(
        select(func.max(KbCategory.position)).where(_below(parent.id if parent else None))
    )
    row = KbCategory(
        name=name,
        parent_id=parent.id if parent is not None else None,
        path=_path(parent, name),
        position=(last or 0) + 1,
    )
    _check_free(row.path, None)
    _check_depth(parent, 1)
    db.session.add(row)
    db.session.flush()
    audit.record(actor, "kb-category-added", row)
    return row


def change(actor: Actor, row: KbCategory, name: str, parent: KbCategory | None) -> bool:
    """Rename or move a category with all below it; False when nothing is new.

    Raises Denied, Refused.
    """
    actor.demand(Permission.KB_MANAGE)
    name = _checked_name(name)
    below = _all_below(row)
    if parent is not None and (parent.id == row.id or parent.id in {one.id for one in below}):
        raise Refused("parent", _l("A category can't stand below itself."), "parent")
    path = _path(parent, name)
    if path == row.path:
        return False
    _check_free(path, row.id)
    _check_depth(
        parent,
        1
        + max((one.path.count(BETWEEN) for one in below), default=0)
        - (row.path.count(BETWEEN) if below else 0),
    )
    before = row.path
    row.name, row.parent_id = name, parent.id if parent is not None else None
    row.path = path
    for one in below:
        one.path = path + one.path[len(before) :]
        if len(one.path) > 500:
            raise Refused("long", _l("The names on the way to it are too long."), "name")
    db.session.flush()
    audit.record(actor, "kb-category-changed", row, {"path": [before, path]})
    return True


def remove(actor: Actor, row: KbCategory, to: KbCategory | None = None) -> int:
    """Remove a category; its articles go to another one, or to none. Returns how many went.

    What has others below it is not removed. Raises Denied, Refused.
    """
    actor.demand(Permission.KB_MANAGE)
    if _all_below(row):
        raise Refused("below", _l("There are categories below it. Move or remove those first."))
    if to is not None and to.id == row.id:
        raise Refused("same", _l("Choose another category for its articles."), "to")
    articles = list(db.session.scalars(select(Article).where(Article.category_id == row.id)))
    for article in articles:
        article.category_id = to.id if to is not None else None
    db.session.flush()
    audit.record(actor, "kb-category-removed", row)
    db.session.delete(row)
    db.session.flush()
    return len(articles)


def by_path(actor: Actor, path: str) -> KbCategory:
    """Return the category with this path (names between ``/``), made where it is missing.

    Raises Denied, Refused.
    """
    row: KbCategory | None = None
    for name in filter(None, (part.strip() for part in path.replace(BETWEEN, "/").split("/"))):
        wanted = _path(row, _checked_name(name))
        found = db.session.scalar(select(KbCategory).where(KbCategory.path == wanted))
        row = found or add(actor, name, row)
    if row is None:
        raise Refused("category-missing", _l("Choose a category."), "category")
    return row


def _below(parent_id: int | None) -> ColumnElement[bool]:
    column = KbCategory.parent_id
    return column == parent_id if parent_id is not None else column.is_(None)


def _checked_name(name: str) -> str:
    found = typed_text.name(name, MAX_NAME)
    if BETWEEN.strip() in found or "/" in found:
        raise Refused("name-mark", _l("A name has neither “›” nor “/” in it."), "name")
    return found


def _path(parent: KbCategory | None, name: str) -> str:
    path = f"{parent.path}{BETWEEN}{name}" if parent is not None else name
    if len(path) > 500:
        raise Refused("long", _l("The names on the way to it are too long."), "name")
    return path


def _check_free(path: str, own: int | None) -> None:
    taken = db.session.scalar(select(KbCategory.id).where(KbCategory.path == path))
    if taken is not None and taken != own:
        raise Refused("taken", _l("There is a category of this name here already."), "name")


def _check_depth(parent: KbCategory | None, levels: int) -> None:
    above = parent.path.count(BETWEEN) + 1 if parent is not None else 0
    if above + levels > MAX_DEPTH:
        raise Refused("deep", _l("Categories stand at most five deep."), "parent")


def _all_below(row: KbCategory) -> list[KbCategory]:
    start = f"{row.path}{BETWEEN}"
    return list(
        db.session.scalars(
            select(KbCategory).where(KbCategory.path.startswith(start, autoescape=True))
        )
    )
