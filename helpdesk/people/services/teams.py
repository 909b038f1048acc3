"""Teams, their members and leads, and what technicians know."""

from collections.abc import Iterable, Mapping

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, select

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people import audit, typed_text
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.people.models import Account, Person, PersonSkill, Skill, Team, TeamMember
from helpdesk.people.stamp import access_changed

MOST_AT_ONCE = 200
"""The highest limit of open work that anybody can be given."""


def create(actor: Actor, name: str, description: str = "") -> Team:
    """Create a team. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_TEAMS)
    team = Team(name=_check_name(name), description=_description(description))
    db.session.add(team)
    db.session.flush()
    audit.record(actor, "team-created", team)
    return team


def edit(actor: Actor, team: Team, *, name: str, description: str) -> bool:
    """Rename or describe a team; False when nothing changes. Raises Denied, Refused."""
    actor.demand(Permission.SETUP_TEAMS)
    new = {"name": _check_name(name, team), "description": _description(description)}
    changes = audit.difference({"name": team.name, "description": team.description}, new)
    if not changes:
        return False
    team.name, team.description = new["name"], new["description"]
    audit.record(actor, "team-edited", team, changes)
    return True


def retire(actor: Actor, team: Team) -> None:
    """Stop using a team; its members leave it. Whoever retires it has moved its queues before."""
    actor.demand(Permission.SETUP_TEAMS)
    if team.retired_at is None:
        set_members(actor, team, {})
        team.retired_at = now()
        audit.record(actor, "team-retired", team)


def bring_back(actor: Actor, team: Team) -> None:
    """Use a retired team again."""
    actor.demand(Permission.SETUP_TEAMS)
    if team.retired_at is not None:
        team.retired_at = None
        audit.record(actor, "team-back", team)


def set_members(actor: Actor, team: Team, wanted: Mapping[int, bool]) -> bool:
    """Make exactly these people the team's members; the value says who leads.

    ``wanted`` maps person keys to whether they lead. False when nothing changes. Raises Denied,
    Refused.
    """
    actor.demand(Permission.SETUP_TEAMS)
    there = {member.person_id: member for member in _members(team)}
    old = {key: member.is_lead for key, member in there.items()}
    if old == dict(wanted):
        return False
    names = _technicians(set(old) | set(wanted), must=set(wanted))
    for person_id in set(old) - set(wanted):
        db.session.delete(there[person_id])
    for person_id, leads in wanted.items():
        if person_id in there:
            there[person_id].is_lead = leads
        else:
            db.session.add(TeamMember(team_id=team.id, person_id=person_id, is_lead=leads))
    db.session.flush()
    db.session.expire(team, ["members"])
    audit.record(
        actor,
        "team-members-changed",
        team,
        {
            "members": [_names(old, names), _names(wanted, names)],
            "leads": [
                _names([key for key, leads in old.items() if leads], names),
                _names([key for key, leads in wanted.items() if leads], names),
            ],
        },
    )
    access_changed()
    return True


def set_teams(actor: Actor, person: Person, wanted: Mapping[int, bool]) -> bool:
    """Make a technician a member of exactly these teams; the value says which they lead.

    The same change as ``set_members`` seen from the person. Raises Denied, Refused.
    """
    actor.demand(Permission.SETUP_TEAMS)
    of_person = db.session.scalars(
        select(TeamMember).where(TeamMember.person_id == person.id)
    ).all()
    changed = False
    for team_id in {member.team_id for member in of_person} | set(wanted):
        team = db.session.get_one(Team, team_id)
        members = {member.person_id: member.is_lead for member in _members(team)}
        members.pop(person.id, None)
        if team_id in wanted:
            members[person.id] = wanted[team_id]
        changed = set_members(actor, team, members) or changed
    return changed


def _members(team: Team) -> list[TeamMember]:
    return list(db.session.scalars(select(TeamMember).where(TeamMember.team_id == team.id)))


def _technicians(person_ids: set[int], *, must: set[int]) -> dict[int, str]:
    """Return names by key. Raises Refused if one of ``must`` does not work tickets."""
    people = db.session.scalars(select(Person).where(Person.id.in_(person_ids))).all()
    fit = {person.id for person in people if person.is_technician and person.retired_at is None}
    if must - fit:
        raise Refused("member", _l("Only technicians can be members of a team."), "members")
    return {person.id: person.name for person in people}


def _names(keys: Iterable[int], names: Mapping[int, str]) -> list[str]:
    return sorted(names.get(key, "?") for key in keys)


def _description(text: str) -> str:
    return typed_text.paragraphs(text, 2000, "description")


def _check_name(name: str, own: Team | None = None) -> str:
    name = typed_text.name(name, 100)
    same = db.session.scalar(select(Team).where(func.lower(Team.name) == name.lower()))
    if same is not None and (own is None or same.id != own.id):
        raise Refused("name-taken", _l("There is already a team of this name."), "name")
    return name


# ---- Room for work ----


def set_most_at_once(actor: Actor, person: Person, most: int | None) -> bool:
    """Say how much open work rules give a technician at once; None is what the desk says.

    False when nothing changes, also for somebody who cannot sign in. Raises Denied, Refused.
    """
    actor.demand(Permission.SETUP_TEAMS)
    if most is not None and not 0 <= most <= MOST_AT_ONCE:
        raise Refused(
            "number",
            _l("Type a number from 0 to %(most)d, or nothing.", most=MOST_AT_ONCE),
            "most_at_once",
        )
    account = db.session.scalar(select(Account).where(Account.person_id == person.id))
    if account is None or account.most_at_once == most:
        return False
    changes: dict[str, audit.Change] = {"most_at_once": [account.most_at_once, most]}
    account.most_at_once = most
    audit.record(actor, "account-changed", account, changes, label=person.name)
    return True


# ---- Skills ----


def find_skill(name: str) -> Skill | None:
    """Return the skill of this name, or None for an empty name; it is made when it is new."""
    name = typed_text.line(name, 100, "skills")
    if not name:
        return None
    skill = db.session.scalar(select(Skill).where(func.lower(Skill.name) == name.lower()))
    if skill is None:
        skill = Skill(name=name)
        db.session.add(skill)
        db.session.flush()
    return skill


def retire_skill(actor: Actor, skill: Skill) -> None:
    """Stop offering a skill; who has it keeps it."""
    actor.demand(Permission.SETUP_TEAMS)
    if skill.retired_at is None:
        skill.retired_at = now()
        audit.record(actor, "skill-retired", skill)


def set_skills(actor: Actor, person: Person, wanted: Mapping[str, int]) -> bool:
    """Say what a technician knows: names of skills with a level, 1 (can help) to 3 (expert).

    False when nothing changes. Raises Denied, Refused.
    """
    actor.demand(Permission.SETUP_TEAMS)
    if any(level not in (1, 2, 3) for level in wanted.values()):
        raise Refused("skill-level", _l("A level is 1, 2 or 3."), "skills")
    skills = {skill.id: level for name, level in wanted.items() if (skill := find_skill(name))}
    there = db.session.scalars(select(PersonSkill).where(PersonSkill.person_id == person.id)).all()
    old = {row.skill_id: row.level for row in there}
    if old == skills:
        return False
    db.session.execute(delete(PersonSkill).where(PersonSkill.person_id == person.id))
    db.session.expire_all()
    for skill_id, level in skills.items():
        db.session.add(PersonSkill(person_id=person.id, skill_id=skill_id, level=level))
    db.session.flush()
    named = {row.id: row.name for row in db.session.scalars(select(Skill))}
    audit.record(
        actor,
        "skills-changed",
        person,
        {"skills": [_levels(old, named), _levels(skills, named)]},
    )
    return True


def _levels(levels: Mapping[int, int], named: Mapping[int, str]) -> list[str]:
    return sorted(f"{named.get(key, '?')} {level}" for key, level in levels.items())
