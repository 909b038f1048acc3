"""`helpdesk rules`: what rules there are, whether they can run, what one would do."""

import click
from sqlalchemy import select

from helpdesk.command import emit, json_option, with_desk
from helpdesk.db import db
from helpdesk.people.access import SYSTEM
from helpdesk.rules import listed, stored, trying
from helpdesk.rules.conditions import WrongRule
from helpdesk.rules.models import Rule
from helpdesk.rules.sentence import sentence


@click.group("rules")
def rules() -> None:
    """Rules: list, check and try them."""


@rules.command("list")
@json_option
@with_desk
def list_rules(as_json: bool) -> None:
    """Print the rules in the order in which they run."""
    for one in listed.rules(SYSTEM):
        rule = one.rule
        state = "broken" if one.broken else "on" if rule.turned_on else rule.off_reason or "off"
        said = "" if one.broken else sentence(stored.content_of(rule)).striptags()
        emit(
            as_json,
            {
                "id": rule.id,
                "name": rule.name,
                "folder": rule.folder,
                "state": state,
                "version": rule.version,
                "says": said,
            },
            f"{rule.id:>4}  {state:<6}  {rule.name}  {said}",
        )


@rules.command("check")
@json_option
@with_desk
def check(as_json: bool) -> None:
    """Read every rule as it would be run; exit with 1 when one of them is broken."""
    found = listed.rules(SYSTEM)
    broken = [one for one in found if one.broken]
    for one in broken:
        said = {"id": one.rule.id, "name": one.rule.name, "wrong": one.broken}
        emit(as_json, said, f"{one.rule.id:>4}  {one.rule.name}: {one.broken}")
    emit(
        as_json,
        {"rules": len(found), "broken": len(broken)},
        f"{len(found)} rules, {len(broken)} broken",
    )
    if broken:
        raise SystemExit(1)


@rules.command("dry-run")
@click.argument("rule_id", type=int)
@click.option("--last", default=trying.LAST, show_default=True, help="Newest tickets looked at.")
@json_option
@with_desk
def dry_run(rule_id: int, last: int, as_json: bool) -> None:
    """Print what a rule would do to the newest tickets; nothing is changed."""
    rule = db.session.scalar(select(Rule).where(Rule.id == rule_id, Rule.retired_at.is_(None)))
    if rule is None:
        raise click.BadParameter(f"there is no rule {rule_id}", param_hint="RULE_ID")
    try:
        content = stored.content_of(rule)
    except WrongRule as error:
        raise click.ClickException(str(error)) from None
    found = trying.dry_run(SYSTEM, content, last=last)
    for one in found.samples:
        changes = [[change.field, change.old, change.new] for change in one.changes]
        words = "; ".join(f"{name}: {old} -> {new}" for name, old, new in changes)
        emit(
            as_json,
            {"ticket": one.ticket.id, "changes": changes},
            f"#{one.ticket.id}  {words}",
        )
    emit(
        as_json,
        {
            "looked_at": found.looked_at,
            "caught": len(found.caught),
            "messages": found.messages,
            "conditions_left_out": found.left_out,
        },
        f"would have caught {len(found.caught)} of the last {found.looked_at} tickets",
    )
