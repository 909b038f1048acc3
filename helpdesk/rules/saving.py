"""Writing rules: every save is a new version, and none of them makes a rule act.

Rules run in the order in which the list shows them: folder by folder, from top to bottom. All of it
needs ``rule:edit`` and stands in the audit log.
"""

from collections.abc import Mapping, Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select, update

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor, Permission
from helpdesk.people.audit import record
from helpdesk.people.errors import Clash, Missing
from helpdesk.people.models import Desk
from helpdesk.rules import limits, stored, timers
from helpdesk.rules.content import Content, Folder
from helpdesk.rules.models import Rule, RuleMoment, RuleVersion
from helpdesk.rules.stored import rules_changed
from helpdesk.tickets import brake as brakes
from helpdesk.tickets.brake import Brake
from helpdesk.tickets.services import Refused


def rule_for(actor: Actor, rule_id: int, *, edit: bool = False) -> Rule:
    """Return a rule. Raises Denied, Missing."""
    actor.demand(Permission.RULE_EDIT if edit else Permission.RULE_VIEW)
    rule = db.session.get(Rule, rule_id)
    if rule is None or rule.retired_at is not None:
        raise Missing
    return rule


def add(actor: Actor, name: str, folder: Folder, content: Content) -> Rule:
    """Keep a new rule, turned off, as the last of its folder. Raises Denied, Refused."""
    actor.demand(Permission.RULE_EDIT)
    name = _checked_name(name, None)
    last = db.session.scalar(select(func.max(Rule.position))) or 0
    rule = Rule(name=name, folder=folder.value, position=last + 1, turned_on=False)
    db.session.add(rule)
    db.session.flush()
    _version(actor, rule, content)
    _arrange(_in_order())
    record(actor, "rule-added", rule)
    rules_changed()
    return rule


def save(
    actor: Actor,
    rule: Rule,
    content: Content,
    *,
    name: str | None = None,
    folder: Folder | None = None,
    seen: int | None = None,
) -> bool:
    """Let a rule say something else from now on; False when it says so already.

    Tickets that are there are left alone until something happens to them. ``seen`` is the version
    that was changed. Raises Denied, Refused; Clash when there is a newer one that says otherwise.
    """
    actor.demand(Permission.RULE_EDIT)
    db.session.refresh(rule, with_for_update=True)
    differs = stored.raw_content_of(rule) != content.to_json()
    if differs and seen is not None and seen != rule.version:
        raise Clash(rule.version, {}, _who_wrote(rule))
    changes: dict[str, list[object]] = {}
    if name is not None and name != rule.name:
        changes["name"] = [rule.name, _checked_name(name, rule)]
        rule.name = str(changes["name"][1])
    if folder is not None and folder != rule.folder:
        changes["folder"] = [rule.folder, folder.value]
        rule.folder = folder.value
        _arrange(_in_order())
    if differs:
        changes["version"] = [rule.version, rule.version + 1]
        rule.version += 1
        _version(actor, rule, content)
    if not changes:
        return False
    record(actor, "rule-changed", rule, changes)
    rules_changed()
    return True


def versions(actor: Actor, rule: Rule) -> Sequence[RuleVersion]:
    """Return what a rule ever said, newest first. Raises Denied."""
    actor.demand(Permission.RULE_VIEW)
    return db.session.scalars(
        select(RuleVersion)
        .where(RuleVersion.rule_id == rule.id)
        .order_by(RuleVersion.number.desc())
    ).all()


def restore(actor: Actor, rule: Rule, number: int) -> None:
    """Let a rule say again what it said once, as a new version. Raises Denied, WrongRule."""
    actor.demand(Permission.RULE_EDIT)
    content = stored.content_of(rule, number)
    rule.version += 1
    _version(actor, rule, content, restored=number)
    record(actor, "rule-restored", rule, {"version": [number, rule.version]})
    rules_changed()


def turn(actor: Actor, rule: Rule, on: bool) -> bool:
    """Turn a rule on or off; False when it is so already. Raises Denied, WrongRule.

    Turned on it looks at what happens from now on. Times that came up while it was off are over.
    """
    actor.demand(Permission.RULE_EDIT)
    if rule.turned_on is on:
        return False
    rule.turned_on, rule.off_reason = on, ""
    if on:
        content = stored.content_of(rule)
        rule.turned_on_at = now()
        moments = RuleMoment.rule_id == rule.id
        db.session.execute(
            update(RuleMoment)
            .where(moments, RuleMoment.resting_at > now())
            .values(next_at=RuleMoment.resting_at)
            .execution_options(synchronize_session=False)
        )
        db.session.execute(
            update(RuleMoment)
            .where(moments)
            .values(resting_at=None)
            .execution_options(synchronize_session=False)
        )
        timers.set_timetable(rule.id, content)
    else:
        limits.rest(rule.id)
        timers.set_timetable(rule.id, None)
    record(actor, "rule-on" if on else "rule-off", rule)
    rules_changed()
    return True


def move(actor: Actor, rule: Rule, before: Rule | None) -> None:
    """Let a rule run just before another, in its folder, or last of its own. Raises Denied."""
    actor.demand(Permission.RULE_EDIT)
    others = [one for one in _in_order() if one.id != rule.id]
    old = rule.position
    if before is not None:
        rule.folder = before.folder
    at = next((n for n, one in enumerate(others) if before and one.id == before.id), len(others))
    _arrange([*others[:at], rule, *others[at:]])
    record(actor, "rule-moved", rule, {"position": [old, rule.position]})
    rules_changed()


def step(actor: Actor, rule: Rule, by: int) -> None:
    """Move a rule one place up (-1) or down (1) within its folder. Raises Denied."""
    beside = [one for one in _in_order() if one.folder == rule.folder]
    at = next(n for n, one in enumerate(beside) if one.id == rule.id)
    if by < 0 and at > 0:
        move(actor, rule, beside[at - 1])
    elif by > 0 and at + 1 < len(beside):
        move(actor, rule, beside[at + 2] if at + 2 < len(beside) else None)


def _in_order() -> list[Rule]:
    rows = select(Rule).where(Rule.retired_at.is_(None)).order_by(Rule.position, Rule.id)
    return list(db.session.scalars(rows))


def _arrange(rules: Sequence[Rule]) -> None:
    """Count the places anew: folder by folder, within each as they stand here."""
    folders = [folder.value for folder in Folder]
    for place, one in enumerate(sorted(rules, key=lambda row: folders.index(row.folder)), 1):
        one.position = place
    db.session.flush()


def _who_wrote(rule: Rule) -> str | None:
    newest = db.session.scalars(
        select(RuleVersion).where(
            RuleVersion.rule_id == rule.id, RuleVersion.number == rule.version
        )
    ).one()
    return newest.made_by.name if newest.made_by is not None else None


def retire(actor: Actor, rule: Rule) -> None:
    """Take a rule out of use; its history stays. Raises Denied."""
    turn(actor, rule, False)
    rule.retired_at = now()
    # The name is free for another.
    rule.name = f"{rule.name[:80]} ({rule.id})"
    record(actor, "rule-retired", rule)
    rules_changed()


def set_brake(actor: Actor, brake: Brake) -> None:
    """Say how much one rule may do within an hour. Raises Denied, Refused."""
    actor.demand(Permission.RULE_EDIT)
    if brake.tickets < 1 or brake.messages < 1:
        raise Refused("brake-low", _l("A rule has to be able to do something."), "tickets")
    desk = db.session.scalars(select(Desk).limit(1)).one()
    old = brakes.brake()
    desk.settings = {
        **desk.settings,
        brakes.SETTING: {"tickets": brake.tickets, "messages": brake.messages},
    }
    changes: Mapping[str, list[object]] = {
        "tickets": [old.tickets, brake.tickets],
        "messages": [old.messages, brake.messages],
    }
    record(actor, "rule-brake-changed", desk, changes)


def _checked_name(name: str, rule: Rule | None) -> str:
    name = " ".join(name.split())[:100]
    if not name:
        raise Refused("name-missing", _l("Give the rule a name."), "name")
    known = select(Rule.id).where(Rule.name == name, Rule.id != (rule.id if rule else 0))
    if db.session.scalar(known) is not None:
        raise Refused("name-taken", _l("There is a rule of this name."), "name")
    return name


def _version(actor: Actor, rule: Rule, content: Content, restored: int | None = None) -> None:
    db.session.add(
        RuleVersion(
            rule_id=rule.id,
            number=rule.version,
            content=content.to_json(),
            restored=restored,
            made_by_id=actor.person_id,
        )
    )
    db.session.flush()
    if rule.turned_on:
        timers.set_timetable(rule.id, content)
