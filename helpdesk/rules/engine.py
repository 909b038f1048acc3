"""Running rules: from top to bottom, once each, in the transaction of what happened.

What a rule does is an event like any other, and rules hear of it when those before them are done.
A chain of such events ends: a rule acts on a ticket once in it, it has few links, a rule that
comes back to a ticket again and again rests, and one that does too much within an hour is turned
off. Whatever goes wrong within a rule is undone and written down; the act that began it stands.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor, Denied, Permission
from helpdesk.rules.actions import Running, action_of
from helpdesk.rules.facts import OPENING, Facts
from helpdesk.rules.limits import Outcome, held_back, rests_already
from helpdesk.rules.models import RuleEntry, RuleMoment, RuleRun
from helpdesk.rules.setting import DONE, NO_CHANGE
from helpdesk.rules.stored import Active, Ready, active
from helpdesk.rules.triggers import On, Trigger
from helpdesk.sla.events import StepRunsRule
from helpdesk.tickets.events import TicketEvent
from helpdesk.tickets.lifecycle import EntryKind
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services import Clash, Refused
from helpdesk.tickets.services.act import BY, Manner, done_together, present_manner
from helpdesk.tickets.services.talk import AUTO_REPLY

log = logging.getLogger(__name__)

OLD = timedelta(days=1)
"""What happened longer ago comes in from an archive: nobody is told of it."""
LATER = 100
"""The rest of a step stands among a rule's triggers from here on."""
POLICY = "policy"
"""Why a rule runs that a step of a policy asked for."""
REFUSED, FAILED = "refused", "failed"
"""What came of an action that was undone."""


@dataclass(slots=True)
class _Chain:
    """What follows from one event."""

    acted: set[tuple[int, int]] = field(default_factory=set)
    waiting: deque[tuple[TicketEvent, int]] = field(default_factory=deque)
    written: list[int] | None = None
    """Entries that the rule at work has written; None while none works."""
    depth: int = 0


_chain: ContextVar[_Chain | None] = ContextVar("rules_chain", default=None)


# ---- Events ----


def on_ticket_event(event: TicketEvent) -> None:
    """Let rules act on what happened. The last of the handlers: everything else is in step."""
    chain = _chain.get()
    if chain is not None:
        if chain.written is not None:
            chain.written.append(event.entry.id)
        chain.waiting.append((event, chain.depth + 1))
        return
    rules = active()
    if not rules.by_event:
        return
    with _links() as chain:
        chain.waiting.append((event, 0))


@contextmanager
def _links() -> Iterator[_Chain]:
    """Begin a chain, and deal with all that follows at the end of the block."""
    chain = _Chain()
    token = _chain.set(chain)
    try:
        yield chain
        while chain.waiting:
            event, chain.depth = chain.waiting.popleft()
            _hear(chain, event)
    finally:
        _chain.reset(token)


def _hear(chain: _Chain, event: TicketEvent) -> None:
    """Hold one event against the rules."""
    rules = active()
    facts = Facts(event.ticket, entry=event.entry)
    for rule, trigger in _looking(rules, event):
        if rule.check(facts) and not _acts_already(chain, rule, event.ticket):
            quiet = event.quiet or event.entry.happened_at < now() - OLD
            _act(chain, rule, facts, trigger.on.value, quiet=quiet)
            facts = Facts(event.ticket, entry=event.entry)


def _looking(rules: Active, event: TicketEvent) -> Iterator[tuple[Ready, Trigger]]:
    """Yield the rules that look at an event, in their order, with the trigger that made them."""
    kinds, by_event = occasions(event), rules.by_event or {}
    places = sorted({place for on in kinds for place in by_event.get(on, ())})
    for place in places:
        rule = rules.rules[place]
        for trigger in rule.content.triggers:
            if trigger.on in kinds and fits(trigger, event):
                yield rule, trigger
                break


def occasions(event: TicketEvent) -> frozenset[On]:
    """Return as what an event may count."""
    changes, entry = event.entry.changes or {}, event.entry
    if event.verb == OPENING:
        found = {On.CREATED}
        if event.ticket.owner_id is not None:
            found.add(On.ASSIGNED)
        return frozenset(found)
    found = {On.UPDATED}
    if entry.kind == EntryKind.MESSAGE and event.verb != AUTO_REPLY:
        found.add(On.REPLIED)
    if "assigned" in changes:
        found.add(On.ASSIGNED)
    if "acknowledged" in changes:
        found.add(On.ACKNOWLEDGED)
    if "status" in changes:
        found.add(On.STATUS)
    return frozenset(found)


def fits(trigger: Trigger, event: TicketEvent) -> bool:
    """Whether an event of the right kind is one of those that a trigger names."""
    entry = event.entry
    match trigger.on:
        case On.CREATED:
            return not trigger.channels or event.ticket.channel in trigger.channels
        case On.UPDATED:
            changed = set(entry.changes or ()) - {BY}
            return not changed.isdisjoint(trigger.fields) if trigger.fields else True
        case On.REPLIED:
            return trigger.by == "anybody" or (trigger.by == "customer") == entry.inbound
        case On.STATUS:
            return not trigger.to or event.ticket.status_class in trigger.to
        case _:
            return True


# ---- Time, and what a person asks for ----


def act_alone(rule: Ready, ticket: Ticket, why: str, *, only: int | None = None) -> Outcome | None:
    """Let a rule act on a ticket if its condition holds now; None when it does not.

    ``only`` is the place of the one step that is left to do; its condition was looked at before.
    """
    facts = Facts(ticket)
    if ticket.hidden_at is not None or (only is None and not rule.check(facts)):
        return None
    with _links() as chain:
        return _act(chain, rule, facts, why, only=only)


def on_step_runs_rule(event: StepRunsRule) -> None:
    """Let a rule act on a ticket because a step of a policy says so; off, it does nothing."""
    rule = active().of(event.rule_id)
    if rule is not None:
        act_alone(rule, event.ticket, POLICY)


# ---- One run ----


def _acts_already(chain: _Chain, rule: Ready, ticket: Ticket) -> bool:
    return ticket.hidden_at is not None or (rule.id, ticket.id) in chain.acted


def _act(
    chain: _Chain,
    rule: Ready,
    facts: Facts,
    why: str,
    *,
    quiet: bool = False,
    only: int | None = None,
) -> Outcome:
    """Do what a rule says, unless something holds it back, and write down what came of it."""
    ticket = facts.ticket
    chain.acted.add((rule.id, ticket.id))
    run = RuleRun(
        rule_id=rule.id,
        version=rule.version,
        ticket_id=ticket.id,
        cause_id=facts.entry.id if facts.entry is not None else None,
        why=why,
        at=now(),
        sent=0,
        steps=[],
        outcome="",
    )
    held = held_back(chain.depth, rule, ticket)
    if held is Outcome.RESTS and rests_already(rule, ticket):
        return held
    if held is not None:
        run.outcome = held.value
        db.session.add(run)
        db.session.flush()
        return held
    before, chain.written = chain.written, []
    try:
        outcome = _do(chain, rule, facts, run, quiet=quiet, only=only)
        written = chain.written
    finally:
        chain.written = before
    run.outcome = outcome.value
    db.session.add(run)
    db.session.flush()
    # What another rule wrote that this one ran is that rule's.
    db.session.add_all(RuleEntry(entry_id=key, run_id=run.id) for key in written)
    db.session.flush()
    return outcome


def _do(
    chain: _Chain, rule: Ready, facts: Facts, run: RuleRun, *, quiet: bool, only: int | None
) -> Outcome:
    """Do the steps of a rule in order; each is undone alone when it is refused."""
    running = Running(
        actor=Actor(None, rule.name, frozenset(Permission)),
        facts=facts,
        rule_id=rule.id,
        rule_name=rule.name,
        version=rule.version,
        cause=facts.entry,
        quiet=quiet or present_manner().quiet,
        run_rule=lambda key: _run_another(chain, key, facts),
    )
    manner = Manner(present_manner().undo_group, running.quiet, rule.mark)
    words: list[str] = []
    for place, step in enumerate(rule.content.steps):
        if only is not None and place != only:
            continue
        if only is None:
            running.later = _remember(rule, facts.ticket, place)
        else:
            running.later = None
        begun, sent = len(chain.waiting), running.sent
        kept, why_not = len(chain.written or ()), ""
        try:
            with db.session.begin_nested(), done_together(manner):
                said = action_of(step.do).run(running, step.given)
        except (Refused, Denied, Clash) as refusal:
            said, why_not = REFUSED, _code_of(refusal)
        except Exception:
            log.exception("The rule %r failed on ticket %d", rule.name, facts.ticket.id)
            said = FAILED
        if said in {REFUSED, FAILED}:
            # What was undone was never said.
            running.sent = sent
            del (chain.written or [])[kept:]
            while len(chain.waiting) > begun:
                chain.waiting.pop()
        words.append(said)
        told: dict[str, object] = {"do": step.do, "said": said}
        run.steps = [*run.steps, {**told, "why": why_not} if said == REFUSED else told]
        if facts.ticket.hidden_at is not None:
            # It was merged into another: what is left is for tickets that are there.
            break
    run.sent = running.sent
    if FAILED in words:
        return Outcome.FAILED
    if REFUSED in words:
        return Outcome.REFUSED
    return Outcome.DONE if DONE in words else Outcome.NOTHING


def _code_of(refusal: Refused | Denied | Clash) -> str:
    """Return why a verb said no, in a word that is the same in every language."""
    if isinstance(refusal, Refused):
        return refusal.code
    return refusal.permission.value if isinstance(refusal, Denied) else "clash"


def _run_another(chain: _Chain, rule_id: int, facts: Facts) -> str:
    """Run another rule that is turned on, as a link of its own; its condition has to hold."""
    rule = active().of(rule_id)
    if rule is None:
        return "gone"
    if (rule.id, facts.ticket.id) in chain.acted or not rule.check(facts):
        return NO_CHANGE
    chain.depth += 1
    try:
        outcome = _act(chain, rule, Facts(facts.ticket, entry=facts.entry), "rule")
    finally:
        chain.depth -= 1
    return DONE if outcome is Outcome.DONE else NO_CHANGE


def _remember(rule: Ready, ticket: Ticket, place: int) -> Callable[[int], None]:
    """Return what lets the rest of a step be done later."""

    def later(seconds: int) -> None:
        at = now()
        key = (rule.id, LATER + place, ticket.id)
        row = db.session.get(RuleMoment, key)
        if row is None:
            row = RuleMoment(rule_id=rule.id, trigger=LATER + place, ticket_id=ticket.id, basis=at)
            db.session.add(row)
        row.basis, row.next_at = at, at + timedelta(seconds=seconds)

    return later
