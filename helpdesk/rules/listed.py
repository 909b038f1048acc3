"""The list of rules as people read it, with the steps of policies beside them.

What a policy does before and after a promise is missed is a rule, too: it stands in the same
list, to be read there and changed with its policy.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people.access import Actor, Permission
from helpdesk.rules import stored
from helpdesk.rules.conditions import WrongRule
from helpdesk.rules.content import Content, Folder
from helpdesk.rules.models import Rule
from helpdesk.rules.named import gone_from
from helpdesk.sla.models import Policy
from helpdesk.sla.policy import Step
from helpdesk.sla.saving import newest_terms

FOLDERS = {
    Folder.SORT: _l("Sort and assign"),
    Folder.ESCALATE: _l("Escalate"),
    Folder.TELL: _l("Tell people"),
    Folder.TIDY: _l("Tidy up"),
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A rule in the list."""

    rule: Rule
    broken: str
    """What is wrong with it, for an administrator; empty when it can run."""
    gone: Sequence[str] = ()
    """What it names and is not in use any more: somebody who left, a queue that was retired."""


@dataclass(frozen=True, slots=True)
class PolicySteps:
    """The steps of a policy, read-only."""

    policy: Policy
    steps: Sequence[Step]


def rules(actor: Actor) -> list[Listed]:
    """Return all rules in the order in which they run. Raises Denied."""
    actor.demand(Permission.RULE_VIEW)
    rows = db.session.scalars(
        select(Rule).where(Rule.retired_at.is_(None)).order_by(Rule.position, Rule.id)
    ).all()
    broken: dict[int, str] = {}
    contents: dict[int, Content] = {}
    for row in rows:
        try:
            contents[row.id] = stored.content_of(row)
        except WrongRule as error:
            broken[row.id] = str(error)
    gone = gone_from(contents)
    return [Listed(row, broken.get(row.id, ""), gone.get(row.id, ())) for row in rows]


def policy_steps(actor: Actor) -> list[PolicySteps]:
    """Return the steps of the policies in use, in the order of the policies. Raises Denied."""
    actor.demand(Permission.RULE_VIEW)
    policies = db.session.scalars(
        select(Policy).where(Policy.retired_at.is_(None)).order_by(Policy.position, Policy.id)
    ).all()
    found = [PolicySteps(policy, newest_terms(policy).steps) for policy in policies]
    return [one for one in found if one.steps]
