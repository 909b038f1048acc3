"""What rules do with work plans. ``app.py`` registers it."""

from collections.abc import Callable, Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.plans import applying
from helpdesk.plans.content import What
from helpdesk.plans.models import WorkPlan, WorkPlanUse
from helpdesk.rules import choices
from helpdesk.rules.actions import NOTHING, Action, Ask, Change, Given, Param, Running, register
from helpdesk.rules.facts import Facts
from helpdesk.rules.setting import DONE, GONE, NO_CHANGE
from helpdesk.tickets.companions import Link
from helpdesk.tickets.lifecycle import LinkType
from helpdesk.tickets.models import Ticket

plans = choices.of_rows(WorkPlan, WorkPlan.name, WorkPlan.name)


def press_of(plan: WorkPlan, what: What) -> str:
    """Return the name under which rules use a plan: each kind of its lines once on a ticket."""
    return f"rule:{plan.id}:{what.value}"


def _plan(given: Given) -> WorkPlan | None:
    row = db.session.get(WorkPlan, given["plan"])
    return row if row is not None and row.retired_at is None else None


def _is_part(ticket: Ticket, plan: WorkPlan, what: What) -> bool:
    """Whether a ticket is a child that has no use for a plan.

    Rules open no tickets below a child, or there were no end of them; and what a plan opened has
    no use for the tasks of that plan, though it looks like its parent.
    """
    above = select(Link.id).where(Link.to_id == ticket.id, Link.type == LinkType.PARENT)
    if what is What.TASK:
        above = above.join(WorkPlanUse, WorkPlanUse.ticket_id == Link.from_id)
        above = above.where(WorkPlanUse.plan_id == plan.id)
    return db.session.scalar(above.limit(1)) is not None


def _comes_to_nothing(ticket: Ticket, plan: WorkPlan, what: What) -> bool:
    if not any(line.what is what for line in plan.content) or _is_part(ticket, plan, what):
        return True
    used = select(WorkPlanUse.id).where(
        WorkPlanUse.ticket_id == ticket.id, WorkPlanUse.press == press_of(plan, what)
    )
    return db.session.scalar(used) is not None


def _runs(what: What) -> Callable[[Running, Given], str]:
    def run(running: Running, given: Given) -> str:
        plan = _plan(given)
        if plan is None:
            return GONE
        if _comes_to_nothing(running.ticket, plan, what):
            return NO_CHANGE
        applying.apply(running.actor, running.ticket, plan, press_of(plan, what), parts={what})
        return DONE

    return run


def _foresees(what: What, field: str) -> Callable[[Facts, Given], Sequence[Change]]:
    def foresee(facts: Facts, given: Given) -> Sequence[Change]:
        plan = _plan(given)
        if plan is None or _comes_to_nothing(facts.ticket, plan, what):
            return NOTHING
        lines = [line for line in plan.content if line.what is what]
        return [Change(field, "", applying.said(line, facts.ticket)[0]) for line in lines]

    return foresee


_PLAN = Param("plan", _l("Work plan"), Ask.CHOICE, plans)

_ACTIONS = [
    Action(
        "add-task-list",
        _l("Add the tasks of a work plan"),
        _runs(What.TASK),
        (_PLAN,),
        _foresees(What.TASK, "task"),
        icon="list-checks",
        says=_l("add the tasks of %(plan)s"),
    ),
    Action(
        "open-child-tickets",
        _l("Open the child tickets of a work plan"),
        _runs(What.TICKET),
        (_PLAN,),
        _foresees(What.TICKET, "child"),
        icon="layers",
        says=_l("open the child tickets of %(plan)s"),
    ),
]


def register_shipped() -> None:
    """Register both; ``app.create_app`` does."""
    for action in _ACTIONS:
        register(action)
