"""Work plans, as Set up keeps them."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from helpdesk.db import db
from helpdesk.notify import texts
from helpdesk.people import audit
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.plans.applying import PLACEHOLDERS
from helpdesk.plans.content import MOST_LINES, Line
from helpdesk.plans.models import WorkPlan
from helpdesk.setup.services import editing, keeping

FIELDS = ("name", "lines")


def add(actor: Actor, wanted: Mapping[str, Any]) -> WorkPlan:
    """Add a plan. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_TICKETS)
    row = WorkPlan(**_checked(wanted))
    db.session.add(row)
    db.session.flush()
    audit.record(actor, "work-plan-created", row)
    return row


def edit(
    actor: Actor,
    row: WorkPlan,
    wanted: Mapping[str, Any],
    seen: Mapping[str, Any] | None = None,
) -> bool:
    """Change a plan; False when nothing changes. Raises Denied, Refused, Changed.

    What it made before stays as it is: a plan makes things, and does not own them.
    """
    actor.demand(Permission.SETUP_TICKETS)
    changes = editing.merged(row, _checked(wanted, row), seen)
    if not changes:
        return False
    editing.write(row, changes)
    if "lines" in changes:
        changes["lines"] = [[one["title"] for one in side] for side in changes["lines"]]
    db.session.flush()
    audit.record(actor, "work-plan-edited", row, changes)
    return True


def retire(actor: Actor, row: WorkPlan) -> bool:
    """Stop offering a plan; rules that use it do nothing with it. Raises Denied."""
    actor.demand(Permission.SETUP_TICKETS)
    return keeping.retire(actor, row)


def restore(actor: Actor, row: WorkPlan) -> bool:
    """Offer a retired plan again. Raises Denied."""
    actor.demand(Permission.SETUP_TICKETS)
    return keeping.restore(actor, row)


def delete(actor: Actor, row: WorkPlan) -> None:
    """Remove a plan that was never used. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_TICKETS)
    keeping.delete(actor, row)


def _checked(wanted: Mapping[str, Any], own: WorkPlan | None = None) -> dict[str, Any]:
    name = editing.clean_name(wanted["name"])
    editing.check_free(WorkPlan, name, own)
    lines = [Line.from_json(one) for one in wanted["lines"]]
    if not 1 <= len(lines) <= MOST_LINES:
        raise Refused("lines-missing", _l("A plan has 1 to %(n)d lines.", n=MOST_LINES))
    for line in lines:
        texts.check_names(f"{line.title}\n{line.text}", PLACEHOLDERS, "")
    return {"name": name, "lines": [line.to_json() for line in lines]}
