"""Policies: what is promised to whom, how soon, by which calendar.

What a policy says is kept in versions (``sla.saving``). A form shows it in parts, and only a part
that two people changed at once is a clash. Escalation steps are no part of the form: saving keeps
those that are there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete as delete_from
from sqlalchemy import exists, select

from helpdesk.db import db
from helpdesk.notify.models import Webhook
from helpdesk.people import audit
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.people.models import Organisation
from helpdesk.rules.models import Rule
from helpdesk.setup.services import editing, keeping
from helpdesk.setup.written import write_length
from helpdesk.sla import saving, stored
from helpdesk.sla.clocks import Promise
from helpdesk.sla.models import BusinessCalendar, Clock, Policy, PolicyVersion
from helpdesk.sla.policy import (
    MOST_STEPS,
    ONLY,
    PROMISES,
    WEIGHTS,
    Conditions,
    Do,
    Scope,
    Step,
    Terms,
)
from helpdesk.tickets.desk import Category, Queue, Supplier

CONDITIONS = (
    *("suppliers", "organisations", "support_levels", "vip", "categories", "queues", "kinds"),
)
"""Conditions that a form offers, the weightiest first; suppliers only where they promise."""
FIELDS = ("name", "calendar_id", "lengths", "waits", "steps", *CONDITIONS)
ORDER = list(Scope)
"""Scopes in the order of the list: customers, teams, suppliers."""
MOST_CHOSEN = 500
"""Things that one condition may name."""

Lengths = dict[str, dict[str, int]]
"""Seconds by promise and priority, as they are stored."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A policy as its form shows it; sets are sorted lists, as JSON keeps them."""

    __tablename__ = Policy.__tablename__

    id: int
    name: str
    scope: str
    calendar_id: int
    lengths: Lengths
    waits: list[str]
    # Promise, percent, seconds before the end, what is done, queue, target if there is one.
    steps: list[list[Any]]
    suppliers: list[int]
    organisations: list[int]
    support_levels: list[str]
    vip: bool
    categories: list[int]
    queues: list[int]
    kinds: list[str]


def shown(row: Policy) -> Shown:
    """Return what a policy says now."""
    terms = saving.newest_terms(row)
    said = terms.to_json()
    asked = said["conditions"]
    return Shown(
        id=row.id,
        name=row.name,
        scope=row.scope,
        calendar_id=terms.calendar_id,
        lengths=said["lengths"],
        waits=said["waits"],
        steps=said["steps"],
        vip=bool(asked.get("vip")),
        **{name: asked.get(name, []) for name in CONDITIONS if name != "vip"},
    )


def add(actor: Actor, wanted: Mapping[str, Any]) -> Policy:
    """Add a policy behind those as specific as itself. Raises Denied, Refused.

    ``wanted["scope"]`` says to whom something is promised; a policy keeps that for ever.
    """
    actor.demand(Permission.SETUP_SLA)
    name, scope = _name(wanted), Scope(wanted.get("scope", Scope.TICKET))
    terms = _terms(wanted, scope, own=None)
    row = saving.add_policy(actor, name, scope, terms)
    told: dict[str, list[Any]] = {
        "scope": [None, scope.value],
        "conditions": [None, _conditions(terms)],
    }
    audit.record(actor, "policy-created", row, told)
    return row


def edit(
    actor: Actor,
    row: Policy,
    wanted: Mapping[str, Any],
    seen: Mapping[str, Any] | None = None,
) -> bool:
    """Change a policy; False when nothing changes. Raises Denied, Refused, Changed.

    Promises that were given stay what they were.
    """
    actor.demand(Permission.SETUP_SLA)
    # Two who save at once come one after the other, and the second one sees what the first saved.
    db.session.refresh(row, with_for_update=True)
    stands = shown(row)
    said = {"name": _name(wanted, row), **{key: wanted[key] for key in FIELDS if key != "name"}}
    changes = editing.merged(stands, said, seen)
    if not changes:
        return False
    new = {name: getattr(stands, name) for name in FIELDS}
    new.update({name: changed[1] for name, changed in changes.items()})
    before = saving.newest_terms(row)
    terms = _terms(new, Scope(row.scope), own=stands)
    row.name = new["name"]
    saving.change_policy(actor, row, terms)
    audit.record(actor, "policy-edited", row, _told(changes, before, terms))
    return True


def move(actor: Actor, row: Policy, step: int) -> bool:
    """Move a policy one place up (-1) or down (+1) among those as specific as it. Raises Denied."""
    actor.demand(Permission.SETUP_SLA)
    if row.retired_at is not None:
        return False
    everything = [(one, terms) for one, terms in in_order() if one.scope == row.scope]
    equals = [one for one, terms in everything if weight(terms) == _weight_of(row, everything)]
    at = equals.index(row)
    if not 0 <= at + step < len(equals):
        return False
    equals[at], equals[at + step] = equals[at + step], equals[at]
    # Only among equals does a position decide anything, so the others need no new one.
    keeping.renumber(equals)
    audit.record(actor, "policy-moved", row, {"place": [at + 1, at + step + 1]})
    return True


def retire(actor: Actor, row: Policy) -> bool:
    """Promise nothing by a policy any more. Raises Denied."""
    actor.demand(Permission.SETUP_SLA)
    return keeping.retire(actor, row)


def restore(actor: Actor, row: Policy) -> bool:
    """Use a retired policy again. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_SLA)
    calendar = db.session.get_one(BusinessCalendar, saving.newest_terms(row).calendar_id)
    if calendar.retired_at is not None:
        raise Refused(
            "calendar-retired",
            _l("%(name)s is retired. Restore it first.", name=calendar.name),
        )
    return keeping.restore(actor, row)


def delete(actor: Actor, row: Policy) -> None:
    """Remove a policy by which nothing was ever promised. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_SLA)
    given = Clock.policy_version_id.in_(stored.version_ids(row.id))
    if db.session.scalar(select(exists().where(given))):
        raise Refused("in-use", _l("It was used, so it stays in the records: retire it instead."))
    audit.record(actor, "policy-deleted", row)
    db.session.execute(delete_from(PolicyVersion).where(PolicyVersion.policy_id == row.id))
    db.session.delete(row)
    db.session.flush()


def in_order() -> list[tuple[Policy, Terms]]:
    """Return the policies in use with what they say, by scope, in the order in which they win."""
    rows = db.session.execute(
        select(Policy, PolicyVersion.content)
        .join(
            PolicyVersion,
            (PolicyVersion.policy_id == Policy.id) & (PolicyVersion.number == Policy.version),
        )
        .where(Policy.retired_at.is_(None))
    )
    found = [(row, Terms.from_json(content)) for row, content in rows]
    return sorted(
        found,
        key=lambda one: (
            ORDER.index(Scope(one[0].scope)),
            -weight(one[1]),
            one[0].position,
            one[0].id,
        ),
    )


def weight(terms: Terms) -> int:
    """Return how specific a policy is: the weights of its conditions together."""
    return sum(WEIGHTS[name] for name in asked_for(terms))


def asked_for(terms: Terms) -> list[str]:
    """Return the names of a policy's conditions, the weightiest first."""
    return [name for name in WEIGHTS if getattr(terms.conditions, name)]


def _weight_of(row: Policy, among: Sequence[tuple[Policy, Terms]]) -> int:
    return next(weight(terms) for one, terms in among if one is row)


def _name(wanted: Mapping[str, Any], own: Policy | None = None) -> str:
    name = editing.clean_name(wanted["name"])
    editing.check_free(Policy, name, own)
    return name


def _terms(wanted: Mapping[str, Any], scope: Scope, own: Shown | None) -> Terms:
    """Return what a form means. Raises Refused for what is not there or not in use any more."""
    calendar = db.session.get(BusinessCalendar, wanted["calendar_id"] or 0)
    kept = own is not None and calendar is not None and own.calendar_id == calendar.id
    if calendar is None or (calendar.retired_at is not None and not kept):
        raise Refused("calendar-missing", _l("Choose a calendar."), "calendar_id")
    lengths = {
        (Promise(promise), int(priority)): timedelta(seconds=seconds)
        for promise, by_priority in wanted["lengths"].items()
        for priority, seconds in by_priority.items()
        if Promise(promise) in PROMISES[scope]
    }
    promised = {promise for promise, _priority in lengths}
    if scope is Scope.SUPPLIER:
        # What a supplier says themselves counts too, so steps may go by that alone.
        promised = set(PROMISES[scope])
    elif wanted["suppliers"]:
        raise Refused("not-here", _l("Only suppliers' promises ask for suppliers."), "suppliers")
    if not lengths and not (scope is Scope.SUPPLIER and wanted["steps"]):
        raise Refused("nothing-promised", _l("Promise something: write at least one time."))
    for name, model in (
        ("organisations", Organisation),
        ("categories", Category),
        ("queues", Queue),
        ("suppliers", Supplier),
    ):
        _check_there(model, name, wanted[name], getattr(own, name) if own else [])
    return Terms(
        calendar_id=calendar.id,
        lengths=lengths,
        conditions=Conditions(
            vip=bool(wanted["vip"]),
            **{name: frozenset(wanted[name]) for name in CONDITIONS if name != "vip"},
        ),
        waits=frozenset(wanted["waits"]),
        steps=_steps(wanted["steps"], scope, promised, own),
    )


def _steps(
    wanted: Sequence[Sequence[Any]], scope: Scope, promised: set[Promise], own: Shown | None
) -> tuple[Step, ...]:
    """Return the steps of an escalation, each once. Raises Refused."""
    found: list[Step] = []
    for promise, percent, before, do, *where in wanted:
        step = Step(Promise(promise), percent, before, Do(do), *where)
        if step.promise not in promised:
            raise Refused(
                "step-without-promise",
                _l("An escalation has a promise for which no time is written."),
            )
        if scope not in ONLY.get(step.do, ORDER):
            raise Refused("not-here", _l("Only suppliers' promises remind suppliers."))
        if step not in found:
            found.append(step)
    if len(found) > MOST_STEPS:
        raise Refused("too-many", _l("Choose at most 20 steps."))
    queues = [step.queue_id for step in found if step.queue_id is not None]
    kept = [step[4] for step in own.steps if step[4] is not None] if own else []
    _check_there(Queue, "", queues, kept)
    hooks = [int(step.target) for step in found if step.do is Do.WEBHOOK]
    called = [int(step[5]) for step in own.steps if step[3] == Do.WEBHOOK] if own else []
    _check_there(Webhook, "", hooks, called)
    rules = [int(step.target) for step in found if step.do is Do.RUN_RULE]
    ran = [int(step[5]) for step in own.steps if step[3] == Do.RUN_RULE] if own else []
    _check_there(Rule, "", rules, ran)
    return tuple(found)


def _check_there(model: Any, name: str, keys: Sequence[int], kept: Sequence[int]) -> None:
    if len(keys) > MOST_CHOSEN:
        raise Refused("too-many", _l("Choose at most 500."), name)
    fresh = set(keys) - set(kept)
    if not fresh:
        return
    there = db.session.scalars(
        select(model.id).where(model.id.in_(fresh), model.retired_at.is_(None))
    ).all()
    if fresh - set(there):
        raise Refused("not-in-use", _l("Choose only what is in use."), name)


def _conditions(terms: Terms) -> list[str]:
    """Return the conditions as the audit log keeps them."""
    said = []
    for name in asked_for(terms):
        value = getattr(terms.conditions, name)
        said.append(name if value is True else f"{name}: {len(value)}")
    return said


def _told(changes: Mapping[str, list[Any]], before: Terms, after: Terms) -> dict[str, list[Any]]:
    told: dict[str, list[Any]] = {}
    for name, pair in changes.items():
        if name == "calendar_id":
            told["calendar"] = [
                db.session.get_one(BusinessCalendar, terms.calendar_id).name
                for terms in (before, after)
            ]
        elif name == "lengths":
            told["promises"] = [_lengths(terms) for terms in (before, after)]
        elif name == "steps":
            told["steps"] = [[step.key for step in terms.steps] for terms in (before, after)]
        elif name in CONDITIONS:
            told["conditions"] = [_conditions(terms) for terms in (before, after)]
        else:
            told[name] = pair
    return told


def _lengths(terms: Terms) -> list[str]:
    return [
        f"{promise.value} P{priority} {write_length(length)}"
        for (promise, priority), length in sorted(terms.lengths.items())
    ]
