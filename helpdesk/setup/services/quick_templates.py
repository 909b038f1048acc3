"""Quick templates: common matters that are logged and resolved in one form."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from helpdesk.db import db
from helpdesk.people import audit, typed_text
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.setup.services import editing, keeping
from helpdesk.tickets.desk import Category, Cause, QuickTemplate
from helpdesk.tickets.lifecycle import LEVELS, Kind

FIELDS = ("name", "subject", "kind", "category_id", "cause_id", "impact", "urgency", "solution")


def add(actor: Actor, wanted: Mapping[str, Any]) -> QuickTemplate:
    """Add a template behind the others. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_TICKETS)
    template = QuickTemplate(**_checked(wanted), position=editing.next_position(QuickTemplate))
    db.session.add(template)
    db.session.flush()
    audit.record(actor, "quick-template-created", template)
    return template


def edit(
    actor: Actor,
    template: QuickTemplate,
    wanted: Mapping[str, Any],
    seen: Mapping[str, Any] | None = None,
) -> bool:
    """Change a template; False when nothing changes. Raises Denied, Refused, Changed."""
    actor.demand(Permission.SETUP_TICKETS)
    changes = editing.merged(template, _checked(wanted, template), seen)
    if not changes:
        return False
    editing.write(template, changes)
    for field, model, name in (("category", Category, "path"), ("cause", Cause, "name")):
        if f"{field}_id" in changes:
            changes[field] = [_name(model, name, key) for key in changes.pop(f"{field}_id")]
    db.session.flush()
    audit.record(actor, "quick-template-edited", template, changes)
    return True


def move(actor: Actor, template: QuickTemplate, step: int) -> bool:
    """Move a template one place up (-1) or down (+1). Raises Denied."""
    actor.demand(Permission.SETUP_TICKETS)
    if template.retired_at is not None:
        return False
    return keeping.move(actor, in_order(), template, step)


def retire(actor: Actor, template: QuickTemplate) -> bool:
    """Stop offering a template. Raises Denied."""
    actor.demand(Permission.SETUP_TICKETS)
    return keeping.retire(actor, template)


def restore(actor: Actor, template: QuickTemplate) -> bool:
    """Offer a retired template again. Raises Denied."""
    actor.demand(Permission.SETUP_TICKETS)
    return keeping.restore(actor, template)


def delete(actor: Actor, template: QuickTemplate) -> None:
    """Remove a template; tickets made with it keep no tie to it. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_TICKETS)
    keeping.delete(actor, template)


def in_order() -> list[QuickTemplate]:
    """Return the templates in use, in the order in which they are offered."""
    return list(
        db.session.scalars(
            select(QuickTemplate)
            .options(joinedload(QuickTemplate.category))
            .where(QuickTemplate.retired_at.is_(None))
            .order_by(QuickTemplate.position, QuickTemplate.name, QuickTemplate.id)
        )
    )


def _checked(wanted: Mapping[str, Any], own: QuickTemplate | None = None) -> dict[str, Any]:
    name = editing.clean_name(wanted["name"])
    editing.check_free(QuickTemplate, name, own)
    subject = typed_text.line(wanted["subject"], 300, "subject")
    if not subject:
        raise Refused("subject-missing", _l("Say in one line what it is about."), "subject")
    if wanted["kind"] not in set(Kind):
        raise Refused("kind-unknown", _l("Choose a kind."), "kind")
    for field in ("impact", "urgency"):
        if wanted[field] not in LEVELS:
            raise Refused("level-unknown", _l("Impact and urgency go from 1 to 3."), field)
    return {
        "name": name,
        "subject": subject,
        "kind": str(wanted["kind"]),
        "category_id": _in_use(
            Category, wanted["category_id"], own.category_id if own else None, "category_id"
        ),
        "cause_id": _in_use(Cause, wanted["cause_id"], own.cause_id if own else None, "cause_id"),
        "impact": wanted["impact"],
        "urgency": wanted["urgency"],
        "solution": editing.clean_text(wanted["solution"], "solution", 20_000),
    }


def _in_use(model: Any, key: int | None, kept: int | None, field: str) -> int | None:
    """Return the key of a row that may be chosen: one in use, or the one that is there already."""
    if not key:
        return None
    row = db.session.get(model, key)
    if row is None or (row.retired_at is not None and key != kept):
        raise Refused("choice-retired", _l("Choose one that is in use."), field)
    return key


def _name(model: Any, attribute: str, key: int | None) -> str | None:
    row = db.session.get(model, key) if key is not None else None
    return getattr(row, attribute) if row is not None else None
