"""Trying a rule before it is let loose: on old tickets, against other rules, on one ticket.

Nothing here changes anything: it reads in the transaction of a page. Only tickets that the reader
may see are looked at or counted.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Integer, Row, Select, and_, case, func, select
from sqlalchemy.orm import joinedload

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor, Permission
from helpdesk.rules import compiler, engine, timers
from helpdesk.rules.actions import Action, Change, action_of
from helpdesk.rules.compiler import Reason
from helpdesk.rules.conditions import Condition, WrongRule, tests_of
from helpdesk.rules.content import Content
from helpdesk.rules.facts import Facts
from helpdesk.rules.limits import Outcome
from helpdesk.rules.models import Rule
from helpdesk.rules.stored import ready_of
from helpdesk.rules.triggers import On
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import get_for, visible

LAST = 500
SAMPLED = 20
APPLIED_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Sample:
    """A ticket that would have been caught, and what would change."""

    ticket: Ticket
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a rule would have done to the newest tickets."""

    looked_at: int
    caught: tuple[int, ...]
    """Numbers of the tickets, newest first."""
    days: Mapping[date, tuple[int, int]]
    """Tickets opened and caught on each day, oldest first, in the zone that was asked for."""
    samples: Sequence[Sample] = ()
    messages: int = 0
    """Actions of all caught tickets that would leave the house."""
    left_out: int = 0
    """Conditions about the event itself, which old tickets can't answer."""


def dry_run(
    actor: Actor, content: Content, *, last: int = LAST, zone: ZoneInfo | None = None
) -> DryRun:
    """Say what a rule would do to the newest tickets as they are now. Raises Denied, WrongRule.

    One query reads and judges them all, a second the few that are shown.
    """
    actor.demand(Permission.RULE_VIEW)
    where, condition = zone or ZoneInfo(actor.time_zone), content.condition
    asked = compiler.without_event(condition)
    rows = _judged(actor, content, asked, last)
    caught = tuple(row.id for row in rows if row.caught)
    days: dict[date, tuple[int, int]] = {}
    for row in reversed(rows):
        day = row.opened_at.astimezone(where).date()
        opened, found = days.get(day, (0, 0))
        days[day] = (opened + 1, found + row.caught)
    outgoing = sum(action_of(step.do).sends for step in content.steps)
    return DryRun(
        looked_at=len(rows),
        caught=caught,
        days=dict(sorted(days.items())),
        samples=_samples(caught[:SAMPLED], content),
        messages=outgoing * len(caught),
        left_out=len([*tests_of(condition)]) - len([*tests_of(asked)]),
    )


def _judged(
    actor: Actor, content: Content, condition: Condition, last: int
) -> Sequence[Row[int, datetime, int]]:
    """Return the newest tickets with whether the rule would have caught each."""
    newest = (
        select(Ticket.id)
        .where(visible(actor), Ticket.hidden_at.is_(None))
        .order_by(Ticket.id.desc())
        .limit(last)
        .subquery()
    )
    clause = compiler.to_sql(condition, now())
    channels = _only_by(content)
    if channels:
        clause = and_(clause, Ticket.channel.in_(channels))
    caught = case((clause, 1), else_=0).cast(Integer).label("caught")
    return db.session.execute(
        select(Ticket.id, Ticket.opened_at, caught)
        .join(newest, newest.c.id == Ticket.id)
        .order_by(Ticket.id.desc())
    ).all()


def _only_by(content: Content) -> list[str]:
    """Return the channels to which every trigger is narrowed; none when some is not."""
    found: set[str] = set()
    for trigger in content.triggers:
        if trigger.on is not On.CREATED or not trigger.channels:
            return []
        found.update(trigger.channels)
    return sorted(found)


def _samples(numbers: Sequence[int], content: Content) -> Sequence[Sample]:
    tickets = db.session.scalars(
        select(Ticket)
        .where(Ticket.id.in_(numbers))
        .options(joinedload(Ticket.queue), joinedload(Ticket.status), joinedload(Ticket.customer))
        .order_by(Ticket.id.desc())
    ).all()
    return [Sample(ticket, foresee(Facts(ticket), content)) for ticket in tickets]


def foresee(facts: Facts, content: Content) -> Sequence[Change]:
    """Return what the actions of a rule would change of a ticket, in order."""
    found: list[Change] = []
    for step in content.steps:
        found.extend(action_of(step.do).foresee(facts, step.given))
    return found


# ---- Clashes ----


@dataclass(frozen=True, slots=True)
class Clash:
    """Another rule that acts on some of the same tickets and sets the same."""

    rule_id: int
    name: str
    tickets: int
    """How many of the tickets of the dry run both catch."""
    fields: tuple[str, ...]
    other_runs_first: bool
    this_wins: bool
    """Whether this rule runs last, so that what it says stays."""


@dataclass(frozen=True, slots=True)
class Beside:
    """A rule that runs beside the one which is tried."""

    id: int
    name: str
    position: int
    content: Content = field(repr=False)


def others(rule_id: int | None) -> list[Beside]:
    """Return the rules that are turned on, without one of them; broken ones are left out."""
    rows = db.session.scalars(
        select(Rule)
        .where(Rule.turned_on, Rule.retired_at.is_(None), Rule.id != (rule_id or 0))
        .order_by(Rule.position, Rule.id)
    )
    found = []
    for row in rows:
        try:
            content = ready_of(row).content
        except WrongRule:
            continue
        found.append(Beside(row.id, row.name, row.position, content))
    return found


def clashes(
    actor: Actor,
    content: Content,
    caught: Sequence[int],
    among: Sequence[Beside],
    *,
    position: int | None = None,
) -> list[Clash]:
    """Return the rules that set another value of the same field on the same tickets.

    ``caught`` are the tickets of a dry run; ``position`` is where the rule stands, None for a new
    one, which comes last. One query asks about all of them. Raises Denied.
    """
    actor.demand(Permission.RULE_VIEW)
    ours = _sets(content)
    meeting = [
        (beside, shared)
        for beside in among
        if _may_meet(content, beside.content)
        and (shared := tuple(sorted(_differing(ours, _sets(beside.content)))))
    ]
    if not meeting or not caught:
        return []
    moment = now()
    columns = [
        func.sum(
            case(
                (compiler.to_sql(compiler.without_event(beside.content.condition), moment), 1),
                else_=0,
            )
        )
        for beside, _shared in meeting
    ]
    counts = db.session.execute(select(*columns).where(Ticket.id.in_(caught))).one()
    found = []
    for (beside, shared), number in zip(meeting, counts, strict=True):
        if number:
            first = position is None or beside.position < position
            found.append(Clash(beside.id, beside.name, int(number), shared, first, first))
    return found


def _may_meet(one: Content, other: Content) -> bool:
    """Whether some occasion makes both look; time may bring any two together."""
    ours, theirs = ({t.on for t in content.triggers} for content in (one, other))
    timed = {On.AFTER, On.CLOCK, On.SCHEDULE}
    return bool(ours & theirs) or bool(ours & timed) or bool(theirs & timed)


def _sets(content: Content) -> dict[str, set[str]]:
    """Return what a rule sets, by field, with what it says of it."""
    found: dict[str, set[str]] = {}
    for step in content.steps:
        action: Action = action_of(step.do)
        if action.sets:
            said = f"{step.do} {sorted(step.given.items())}"
            found.setdefault(action.sets, set()).add(said)
    return found


def _differing(ours: Mapping[str, set[str]], theirs: Mapping[str, set[str]]) -> set[str]:
    return {name for name in ours.keys() & theirs.keys() if ours[name] != theirs[name]}


# ---- One ticket ----


@dataclass(frozen=True, slots=True)
class Tried:
    """Whether a rule would act on a ticket, why, and what it would change."""

    ticket: Ticket
    holds: bool
    reason: Reason
    changes: Sequence[Change]


def try_on(actor: Actor, content: Content, number: int) -> Tried:
    """Hold a rule against one ticket as it is now. Raises Denied, NotFound, WrongRule."""
    actor.demand(Permission.RULE_VIEW)
    ticket = get_for(actor, number)
    facts = Facts(ticket)
    reason = compiler.explain(compiler.without_event(content.condition), facts)
    return Tried(ticket, reason.holds, reason, foresee(facts, content) if reason.holds else ())


# ---- What is there now ----


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of one batch: how many tickets, and after which number the next goes on."""

    outcomes: Mapping[str, int]
    last: int
    more: bool


def reach(actor: Actor, content: Content, *, most: int = 10_001) -> int:
    """Return how many tickets applying a rule now would touch, up to ``most``. Raises Denied."""
    actor.demand(Permission.RULE_EDIT)
    actor.demand(Permission.TICKET_READ)
    rows = _in_reach(actor, content, 0, most).subquery()
    return db.session.scalar(select(func.count()).select_from(rows)) or 0


def apply_to_what_is_there(actor: Actor, rule: Rule, *, after: int = 0) -> Applied:
    """Let a rule act on the next tickets for which it holds now, in the caller's transaction.

    Only a person asks for that, who saw ``reach`` before. The brake holds as ever: what it does
    not let through is left as it is. Raises Denied, WrongRule.
    """
    actor.demand(Permission.RULE_EDIT)
    actor.demand(Permission.TICKET_BULK)
    compiled = ready_of(rule)
    numbers = list(db.session.scalars(_in_reach(actor, compiled.content, after, APPLIED_AT_ONCE)))
    outcomes: Counter[str] = Counter()
    for number in numbers:
        ticket = get_for(actor, number, lock=True)
        outcome = engine.act_alone(compiled, ticket, "applied")
        if outcome is not None:
            outcomes[outcome.value] += 1
        if outcome is Outcome.BRAKED:
            return Applied(outcomes, number, False)
    return Applied(outcomes, numbers[-1] if numbers else after, len(numbers) == APPLIED_AT_ONCE)


def _in_reach(actor: Actor, content: Content, after: int, limit: int) -> Select[int]:
    return (
        select(Ticket.id)
        .where(
            Ticket.id > after,
            visible(actor),
            timers.in_reach(content.condition),
            compiler.to_sql(compiler.without_event(content.condition), now()),
        )
        .order_by(Ticket.id)
        .limit(limit)
    )
