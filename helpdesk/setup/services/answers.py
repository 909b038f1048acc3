"""Answer templates, as Set up keeps them."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.answers import writing
from helpdesk.answers.models import TEXTS, AnswerTemplate
from helpdesk.db import db
from helpdesk.people import audit
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.people.models import Team
from helpdesk.setup.services import editing, keeping

FIELDS = ("name", "folder", "team_ids", *TEXTS.values())


def add(actor: Actor, wanted: Mapping[str, Any]) -> AnswerTemplate:
    """Add a template. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_TICKETS)
    row = AnswerTemplate(**_checked(wanted))
    db.session.add(row)
    db.session.flush()
    audit.record(actor, "answer-template-created", row)
    return row


def edit(
    actor: Actor,
    row: AnswerTemplate,
    wanted: Mapping[str, Any],
    seen: Mapping[str, Any] | None = None,
) -> bool:
    """Change a template; False when nothing changes. Raises Denied, Refused, Changed."""
    actor.demand(Permission.SETUP_TICKETS)
    changes = editing.merged(row, _checked(wanted, row), seen)
    if not changes:
        return False
    editing.write(row, changes)
    if "team_ids" in changes:
        changes["teams"] = [_names(keys) for keys in changes.pop("team_ids")]
    db.session.flush()
    audit.record(actor, "answer-template-edited", row, changes)
    return True


def retire(actor: Actor, row: AnswerTemplate) -> bool:
    """Stop offering a template. Raises Denied."""
    actor.demand(Permission.SETUP_TICKETS)
    return keeping.retire(actor, row)


def restore(actor: Actor, row: AnswerTemplate) -> bool:
    """Offer a retired template again. Raises Denied."""
    actor.demand(Permission.SETUP_TICKETS)
    return keeping.restore(actor, row)


def delete(actor: Actor, row: AnswerTemplate) -> None:
    """Remove a template that nobody has used. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_TICKETS)
    if row.used:
        raise Refused("in-use", _l("It was used, so it stays in the records: retire it instead."))
    # Which teams see it goes with it, and is no use of it.
    row.team_ids = []
    db.session.flush()
    keeping.delete(actor, row)


def _checked(wanted: Mapping[str, Any], own: AnswerTemplate | None = None) -> dict[str, Any]:
    name = editing.clean_name(wanted["name"])
    editing.check_free(AnswerTemplate, name, own)
    return {"name": name, **writing.checked(wanted)}


def _names(keys: list[int]) -> list[str]:
    return list(db.session.scalars(select(Team.name).where(Team.id.in_(keys)).order_by(Team.name)))
