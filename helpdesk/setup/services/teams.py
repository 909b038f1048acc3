"""Teams and skills as Set up shows them, over the verbs of the people's room."""

from collections.abc import Mapping
from typing import Any

from babel import Locale, UnknownLocaleError
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people import audit
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.people.models import Person, PersonSkill, Skill, Team, TeamMember
from helpdesk.people.services import teams as verbs
from helpdesk.setup.services import editing, keeping
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.queries.needs import tongue

FIELDS = ("name", "description")
SKILL_FIELDS = ("name", "language")


def add(actor: Actor, wanted: Mapping[str, Any]) -> Team:
    """Add a team. Raises Denied, Refused."""
    return verbs.create(actor, wanted["name"], wanted["description"])


def edit(
    actor: Actor, team: Team, wanted: Mapping[str, Any], seen: Mapping[str, Any] | None = None
) -> bool:
    """Rename or describe a team; False when nothing changes. Raises Denied, Refused, Changed."""
    actor.demand(Permission.SETUP_TEAMS)
    named = {
        "name": editing.clean_name(wanted["name"]),
        "description": editing.clean_text(wanted["description"]),
    }
    changes = editing.merged(team, named, seen)
    after = {field: getattr(team, field) for field in FIELDS}
    after.update({field: new for field, (_old, new) in changes.items()})
    return verbs.edit(actor, team, **after)


def set_members(
    actor: Actor, team: Team, wanted: Mapping[int, bool], seen: Mapping[int, bool] | None = None
) -> bool:
    """Say who belongs to a team and who leads; False when nothing changes.

    Only what the person changed since the page was opened (``seen``) is applied, so two people
    who add different technicians at once both succeed. Raises Denied, Refused.
    """
    now = {member.person_id: member.is_lead for member in members(team)}
    return verbs.set_members(actor, team, _applied(now, wanted, seen))


def set_teams(
    actor: Actor, person: Person, wanted: Mapping[int, bool], seen: Mapping[int, bool] | None
) -> bool:
    """Say to which teams a technician belongs; the same change seen from the person."""
    now = {
        member.team_id: member.is_lead
        for member in db.session.scalars(
            select(TeamMember).where(TeamMember.person_id == person.id)
        )
    }
    return verbs.set_teams(actor, person, _applied(now, wanted, seen))


def members(team: Team) -> list[TeamMember]:
    """Return the members of a team."""
    return list(db.session.scalars(select(TeamMember).where(TeamMember.team_id == team.id)))


def retire(actor: Actor, team: Team) -> bool:
    """Stop using a team; its members leave it. Raises Denied, Refused while it has queues."""
    actor.demand(Permission.SETUP_TEAMS)
    queue = db.session.scalar(
        select(Queue.name)
        .where(Queue.team_id == team.id, Queue.retired_at.is_(None))
        .order_by(Queue.position, Queue.name)
        .limit(1)
    )
    if queue is not None:
        raise Refused(
            "team-queues",
            _l("It works the queue %(queue)s. Give that to another team first.", queue=queue),
        )
    if team.retired_at is not None:
        return False
    verbs.retire(actor, team)
    return True


def restore(actor: Actor, team: Team) -> bool:
    """Use a retired team again, without members. Raises Denied."""
    was_retired = team.retired_at is not None
    verbs.bring_back(actor, team)
    return was_retired


def delete(actor: Actor, team: Team) -> None:
    """Remove a team that never had a queue or members. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_TEAMS)
    keeping.delete(actor, team)


def _applied(
    now: Mapping[int, bool], wanted: Mapping[int, bool], seen: Mapping[int, bool] | None
) -> dict[int, bool]:
    """Return what stands now with the changes between ``seen`` and ``wanted`` made to it."""
    if seen is None:
        return dict(wanted)
    result = dict(now)
    for key in set(wanted) | set(seen):
        if wanted.get(key) == seen.get(key):
            continue
        if key in wanted:
            result[key] = wanted[key]
        else:
            result.pop(key, None)
    return result


# ---- Skills ----


def add_skill(actor: Actor, wanted: Mapping[str, Any]) -> Skill:
    """Add a skill. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_TEAMS)
    checked = _checked_skill(wanted)
    skill = Skill(**checked)
    db.session.add(skill)
    db.session.flush()
    audit.record(actor, "skill-created", skill)
    return skill


def edit_skill(
    actor: Actor, skill: Skill, wanted: Mapping[str, Any], seen: Mapping[str, Any] | None = None
) -> bool:
    """Rename a skill, or say which language it stands for; False when nothing changes.

    Raises Denied, Refused, Changed.
    """
    actor.demand(Permission.SETUP_TEAMS)
    changes = editing.merged(skill, _checked_skill(wanted, skill), seen)
    if not changes:
        return False
    editing.write(skill, changes)
    audit.record(actor, "skill-edited", skill, changes)
    return True


def _checked_skill(wanted: Mapping[str, Any], own: Skill | None = None) -> dict[str, Any]:
    name = editing.clean_name(wanted["name"])
    editing.check_free(Skill, name, own)
    language = tongue((wanted.get("language") or "").strip()) or None
    if language is not None:
        try:
            Locale.parse(language)
        except (UnknownLocaleError, ValueError):
            raise Refused(
                "language-unknown", _l("Type the code of a language: zh, de, en."), "language"
            ) from None
    return {"name": name, "language": language}


def retire_skill(actor: Actor, skill: Skill) -> bool:
    """Stop offering a skill; who has it keeps it. Raises Denied."""
    was_in_use = skill.retired_at is None
    verbs.retire_skill(actor, skill)
    return was_in_use


def restore_skill(actor: Actor, skill: Skill) -> bool:
    """Offer a retired skill again. Raises Denied."""
    actor.demand(Permission.SETUP_TEAMS)
    return keeping.restore(actor, skill)


def delete_skill(actor: Actor, skill: Skill) -> None:
    """Remove a skill that nobody has. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_TEAMS)
    keeping.delete(actor, skill)


def set_levels(
    actor: Actor, person: Person, wanted: Mapping[int, int], seen: Mapping[int, int] | None
) -> bool:
    """Say what a technician knows: keys of skills with levels 1 to 3; False when nothing changes.

    As with members, only what was changed since ``seen`` is applied. Raises Denied, Refused.
    """
    rows = db.session.scalars(select(PersonSkill).where(PersonSkill.person_id == person.id))
    after = {row.skill_id: row.level for row in rows}
    for key in set(wanted) | set(seen or {}):
        if seen is not None and wanted.get(key) == seen.get(key):
            continue
        if key in wanted:
            after[key] = wanted[key]
        else:
            after.pop(key, None)
    names = {row.id: row.name for row in db.session.scalars(select(Skill))}
    return verbs.set_skills(
        actor, person, {names[key]: level for key, level in after.items() if key in names}
    )
