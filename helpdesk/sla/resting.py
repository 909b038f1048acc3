"""Policies whose steps did too much within an hour: they rest until somebody wakes them.

The brake is the one that holds rules back. It holds only what steps do; clocks go on, and what is
missed is written down as missed.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, or_, select

from helpdesk.db import db
from helpdesk.events import publish
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor, Permission
from helpdesk.people.audit import record
from helpdesk.sla.events import PolicyRests
from helpdesk.sla.models import Policy, PolicyVersion, StepDone
from helpdesk.sla.policy import Do, Step
from helpdesk.tickets.brake import HOUR, Brake, brake

log = logging.getLogger(__name__)

LEAVES_THE_HOUSE = frozenset({Do.MAIL, Do.WEBHOOK, Do.REMIND})


@dataclass(slots=True)
class Leash:
    """What the steps of a policy did within the hour, and how much is allowed."""

    policy: Policy
    most: Brake
    tickets: set[int]
    messages: int

    def lets(self, ticket_id: int, step: Step) -> bool:
        """Whether a step may be done for a ticket, and count it; else the policy rests."""
        if self.policy.rests_since is not None:
            return False
        too_many = len(self.tickets | {ticket_id}) > self.most.tickets
        if too_many or self.messages + sends(step) > self.most.messages:
            log.warning("The steps of the policy %r did too much and rest", self.policy.name)
            self.policy.rests_since = now()
            publish(PolicyRests(self.policy.id, self.policy.name, ticket_id))
            return False
        self.tickets.add(ticket_id)
        self.messages += sends(step)
        return True


def sends(step: Step) -> int:
    """Return how many messages leave the house with a step."""
    return int(step.do in LEAVES_THE_HOUSE)


def leashes(version_ids: Iterable[int]) -> dict[int, Leash]:
    """Return the leashes of the policies of these versions, by the policies' keys."""
    policies = db.session.scalars(
        select(Policy)
        .join(PolicyVersion, PolicyVersion.policy_id == Policy.id)
        .where(PolicyVersion.id.in_(set(version_ids)))
        .distinct()
    ).all()
    most = brake()
    found = {policy.id: Leash(policy, most, set(), 0) for policy in policies}
    rows = db.session.execute(
        select(StepDone.policy_id, StepDone.ticket_id, func.sum(StepDone.sent))
        .join(Policy, Policy.id == StepDone.policy_id)
        .where(
            StepDone.policy_id.in_(list(found)),
            StepDone.done_at > now() - HOUR,
            or_(Policy.roused_at.is_(None), StepDone.done_at > Policy.roused_at),
            StepDone.rested.is_(False),
        )
        .group_by(StepDone.policy_id, StepDone.ticket_id)
    )
    for policy_id, ticket_id, sent in rows:
        if policy_id is not None:
            found[policy_id].tickets.add(ticket_id)
            found[policy_id].messages += int(sent)
    return found


def rouse(actor: Actor, policy: Policy) -> None:
    """Let the steps of a policy go on. What came up while they rested is over. Raises Denied."""
    actor.demand(Permission.RULE_EDIT)
    if policy.rests_since is not None:
        policy.rests_since, policy.roused_at = None, now()
        record(actor, "policy-roused", policy)
