"""Rules as they are stored, and as what an event is held against.

Each process reads and compiles the rules once for every stamp; an event costs one small query to
know that nothing changed.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import event, select, update

from helpdesk.db import ask_again, db, once
from helpdesk.people.events import PeopleMerged
from helpdesk.people.models import Desk
from helpdesk.rules.compiler import Check, compile_check, steady
from helpdesk.rules.conditions import WrongRule
from helpdesk.rules.content import Content
from helpdesk.rules.models import Rule, RuleStamp, RuleVersion
from helpdesk.rules.named import followed
from helpdesk.rules.triggers import BY_TIME, On
from helpdesk.sla.models import new_key

log = logging.getLogger(__name__)

SETTING = "rules"
"""The key under which the desk's settings keep the brake."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A rule at its newest version, compiled."""

    id: int
    name: str
    version: int
    content: Content
    check: Check
    steady: Check
    """What of its condition time alone does not change."""

    @property
    def mark(self) -> Mapping[str, object]:
        """Return how the journal names it."""
        return {"id": self.id, "name": self.name, "version": self.version}


@dataclass(frozen=True, slots=True)
class Active:
    """The rules that are turned on, in their order, and again by what they wait for."""

    rules: tuple[Ready, ...] = ()
    by_event: Mapping[On, tuple[int, ...]] | None = None
    """Places in ``rules`` of those that look at a kind of event."""
    by_time: tuple[Ready, ...] = ()

    def of(self, rule_id: int) -> Ready | None:
        """Return one of them."""
        return next((one for one in self.rules if one.id == rule_id), None)


NONE = Active()


def active() -> Active:
    """Return the rules that are turned on. Asks for the stamp once a transaction."""
    stamp = once(_STAMP, _present_stamp)
    return _of_stamp(stamp) if stamp else NONE


_STAMP = "rules:stamp"


def _present_stamp() -> int:
    """Return the stamp; 0 on a desk that never had a rule.

    Every act asks for it, and as plain text the question costs a fraction.
    """
    asked = db.session.connection().exec_driver_sql("SELECT stamp FROM rule_stamp WHERE id = 1")
    found: int | None = asked.scalar()
    return found or 0


@lru_cache(maxsize=8)
def _of_stamp(_stamp: int) -> Active:
    """Read and compile the rules; a broken one is left out, with a line in the log."""
    rows = db.session.execute(
        select(Rule.id, Rule.name, Rule.version, RuleVersion.content)
        .join(
            RuleVersion,
            (RuleVersion.rule_id == Rule.id) & (RuleVersion.number == Rule.version),
        )
        .where(Rule.turned_on, Rule.retired_at.is_(None))
        .order_by(Rule.position, Rule.id)
    )
    rules = []
    for rule_id, name, version, stored in rows:
        try:
            rules.append(ready(rule_id, name, version, Content.from_json(followed(stored))))
        except WrongRule as error:
            log.error("The rule %r (%d) is broken and does not run: %s", name, rule_id, error)
    by_event: dict[On, list[int]] = {}
    for place, rule in enumerate(rules):
        for on in {trigger.on for trigger in rule.content.triggers}:
            by_event.setdefault(on, []).append(place)
    return Active(
        tuple(rules),
        {on: tuple(places) for on, places in by_event.items()},
        tuple(rule for rule in rules if rule.content.has(*BY_TIME)),
    )


def ready(rule_id: int, name: str, version: int, content: Content) -> Ready:
    """Compile what a rule says. Raises WrongRule."""
    condition = content.condition
    return Ready(
        rule_id, name, version, content, compile_check(condition), compile_check(steady(condition))
    )


def content_of(rule: Rule, number: int | None = None) -> Content:
    """Return what a version of a rule says, the newest by default. Raises WrongRule."""
    return Content.from_json(raw_content_of(rule, number))


def raw_content_of(rule: Rule, number: int | None = None) -> Mapping[str, object]:
    """Return a version as it is stored, also when it can't be read any more.

    People who were merged are read as whom they were merged into.
    """
    stored = db.session.scalars(
        select(RuleVersion.content).where(
            RuleVersion.rule_id == rule.id, RuleVersion.number == (number or rule.version)
        )
    ).one()
    return followed(stored)


def ready_of(rule: Rule) -> Ready:
    """Return a rule compiled, whether it is turned on or not. Raises WrongRule."""
    return ready(rule.id, rule.name, rule.version, content_of(rule))


def rules_changed() -> None:
    """Let every process look again. Call it in the transaction of the change."""
    stamp = new_key()
    changed: int = db.session.execute(  # type: ignore[attr-defined]
        update(RuleStamp).where(RuleStamp.id == 1).values(stamp=stamp)
    ).rowcount
    if not changed:
        db.session.add(RuleStamp(id=1, stamp=stamp))
        db.session.flush()
    ask_again(_STAMP)


def on_people_merged(_event: PeopleMerged) -> None:
    """Read the rules again: some may name whom was merged, or is separate again."""
    if _present_stamp():
        rules_changed()


def _look_again(*_what: object) -> None:
    ask_again(_STAMP)


event.listen(RuleStamp, "after_insert", _look_again)


@dataclass(frozen=True, slots=True)
class Brake:
    """How much one rule may do within an hour before it is turned off."""

    tickets: int = 200
    messages: int = 100


def brake() -> Brake:
    """Return the brake of this desk."""
    kept = (db.session.scalar(select(Desk.settings).limit(1)) or {}).get(SETTING)
    if not isinstance(kept, Mapping):
        return Brake()
    usual = Brake()
    return Brake(int(kept.get("tickets", usual.tickets)), int(kept.get("messages", usual.messages)))
