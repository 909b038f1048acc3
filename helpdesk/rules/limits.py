"""What holds a rule back: long chains, coming back too often, doing too much within an hour.

All of it is counted from the history of rules, through its indexes.
"""

import logging
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select, update

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.notify import notices
from helpdesk.people.access import Permission
from helpdesk.people.models import Account, AccountRole, Person, RolePermission
from helpdesk.rules.models import Rule, RuleMoment, RuleRun
from helpdesk.rules.stored import Ready, rules_changed
from helpdesk.sla.events import PolicyRests
from helpdesk.tickets.brake import HOUR, brake
from helpdesk.tickets.models import Ticket

log = logging.getLogger(__name__)

MAX_DEPTH = 5
"""Links of a chain: what a rule did makes a rule act, and so on."""
PER_TICKET = 5
"""Times within an hour that a rule acts on one ticket; then it rests there."""


class Outcome(StrEnum):
    """What became of a run."""

    DONE = "done"
    NOTHING = "nothing"
    """All was as the rule wants it."""
    REFUSED = "refused"
    """Some action was refused; what the others did stands."""
    FAILED = "failed"
    DEEP = "deep"
    """The chain had too many links."""
    RESTS = "rests"
    """It came back to this ticket too often."""
    BRAKED = "braked"
    """It did too much and was turned off."""


ACTED = (Outcome.DONE.value, Outcome.REFUSED.value)


def held_back(depth: int, rule: Ready, ticket: Ticket) -> Outcome | None:
    """Return why a rule may not act now; None when it may. ``depth`` is that of its chain."""
    if depth > MAX_DEPTH:
        log.warning("The chain of rules at ticket %d ends at %r", ticket.id, rule.name)
        return Outcome.DEEP
    since = now() - HOUR
    here = (
        select(func.count())
        .select_from(RuleRun)
        .where(
            RuleRun.ticket_id == ticket.id,
            RuleRun.rule_id == rule.id,
            RuleRun.at > since,
            RuleRun.outcome.in_(ACTED),
        )
    )
    if (db.session.scalar(here) or 0) >= PER_TICKET:
        if not rests_already(rule, ticket):
            _tell_administrators(rule, ticket, "rests")
        return Outcome.RESTS
    if _does_too_much(rule, since):
        turn_off_by_brake(rule, ticket)
        return Outcome.BRAKED
    return None


def rests_already(rule: Ready, ticket: Ticket) -> bool:
    """Whether it was written down within the hour that a rule rests at a ticket."""
    found = select(RuleRun.id).where(
        RuleRun.ticket_id == ticket.id,
        RuleRun.rule_id == rule.id,
        RuleRun.at > now() - HOUR,
        RuleRun.outcome == Outcome.RESTS.value,
    )
    return db.session.scalar(found.limit(1)) is not None


def _does_too_much(rule: Ready, since: datetime) -> bool:
    """Whether a rule did as much within the hour as the desk lets it."""
    turned_on = db.session.scalar(select(Rule.turned_on_at).where(Rule.id == rule.id))
    found = db.session.execute(
        select(func.count(), func.coalesce(func.sum(RuleRun.sent), 0)).where(
            RuleRun.rule_id == rule.id,
            RuleRun.at > max(since, turned_on or since),
            RuleRun.outcome.in_(ACTED),
        )
    ).one()
    if not found[0]:
        return False
    most = brake()
    return bool(found[0] >= most.tickets or found[1] >= most.messages)


def turn_off_by_brake(rule: Ready, ticket: Ticket) -> None:
    """Turn a rule off that does too much, and tell who may turn it on again."""
    log.warning("The rule %r did too much within an hour and is turned off", rule.name)
    db.session.execute(
        update(Rule).where(Rule.id == rule.id).values(turned_on=False, off_reason="brake")
    )
    rest(rule.id)
    rules_changed()
    _tell_administrators(rule, ticket, "brake")


def rest(rule_id: int) -> None:
    """Lay the next moments of a rule aside, out of the way of those that are turned on."""
    db.session.execute(
        update(RuleMoment)
        .where(RuleMoment.rule_id == rule_id, RuleMoment.next_at.is_not(None))
        .values(resting_at=RuleMoment.next_at, next_at=None)
        .execution_options(synchronize_session=False)
    )


def on_policy_rests(event: PolicyRests) -> None:
    """Tell the same people of a policy whose steps did too much."""
    data = {"policy": event.name, "policy_id": event.policy_id, "why": "brake"}
    _tell(event.ticket_id, data)


def _tell_administrators(rule: Ready, ticket: Ticket, why: str) -> None:
    _tell(ticket.id, {"rule": rule.name, "rule_id": rule.id, "why": why})


def _tell(ticket_id: int, data: dict[str, object]) -> None:
    """Tell everybody who may change rules."""
    people = db.session.scalars(
        select(Person.id)
        .join(Account, Account.person_id == Person.id)
        .join(AccountRole, AccountRole.account_id == Account.id)
        .join(RolePermission, RolePermission.role_id == AccountRole.role_id)
        .where(
            RolePermission.permission == Permission.RULE_EDIT.value,
            Account.deactivated_at.is_(None),
            Person.retired_at.is_(None),
        )
        .distinct()
    ).all()
    notices.tell(dict.fromkeys(people, notices.Kind.RULE_STOPPED), ticket_id, None, data)
