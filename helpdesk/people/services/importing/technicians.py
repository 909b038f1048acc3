"""Lines of a file of technicians: people with an account, teams and skills."""

from collections.abc import Sequence

from flask_babel import gettext as _
from sqlalchemy import func, select

from helpdesk.db import db
from helpdesk.people.access import Actor
from helpdesk.people.errors import Refused
from helpdesk.people.models import (
    Account,
    ContactKind,
    Person,
    PersonSkill,
    Role,
    Skill,
    Team,
    TeamMember,
)
from helpdesk.people.roles import ENGLISH_NAMES, NAMES
from helpdesk.people.seed import ensure_roles
from helpdesk.people.services import accounts, teams
from helpdesk.people.services.importing import columns, people
from helpdesk.people.services.importing.plan import Line, Outcome


def understand(line: Line, said: dict[str, str], region: str) -> None:
    """Turn the cells of a line into values; what can't be understood fails the line."""
    people.understand(line, said, region)
    kinds = [contact[0] for contact in line.values["contacts"]]
    if ContactKind.EMAIL not in kinds and not line.has_failed():
        line.fail(_("A technician needs an e-mail address to sign in."))
    line.values["leads"] = columns.several(said.get("leads", ""))
    line.values["teams"] = columns.several(said.get("teams", ""))
    line.values["roles"] = columns.several(said.get("roles", "")) or ["technician"]
    line.values["skills"] = {}
    for text in columns.several(said.get("skills", "")):
        name, mark, level = text.rpartition(":")
        if not mark:
            name, level = text, "1"
        if level.strip() not in {"1", "2", "3"}:
            line.fail(_("%(text)s: a level is 1, 2 or 3.", text=text))
        else:
            line.values["skills"][name.strip()] = int(level)


def _role_keys() -> dict[str, Role]:
    """Return the roles by every name they are known by, folded."""
    found: dict[str, Role] = {}
    for role in db.session.scalars(select(Role).where(Role.retired_at.is_(None))):
        found[role.name.lower()] = role
        if role.key is not None:
            found[role.key] = role
            found[str(NAMES.get(role.key, role.name)).lower()] = role
            found[ENGLISH_NAMES.get(role.key, role.name).lower()] = role
    return found


def resolve(lines: Sequence[Line]) -> None:
    """Find whom each line is about and what it would change."""
    people.resolve(lines)
    roles = _role_keys()
    new_teams: set[str] = set()
    for line in lines:
        if line.has_failed():
            continue
        for name in line.values["roles"]:
            if roles and name.lower() not in roles:
                line.fail(_("There is no role %(name)s.", name=name))
        for name in [*line.values["teams"], *line.values["leads"]]:
            if _team(name) is None and name.lower() not in new_teams:
                new_teams.add(name.lower())
                line.messages.append(_("New team: %(name)s", name=name))
        if line.has_failed() or line.found_id is None:
            continue
        _compare(line, roles)


def _compare(line: Line, roles: dict[str, Role]) -> None:
    person_id = line.found_id
    account = db.session.scalar(select(Account).where(Account.person_id == person_id))
    held = {role.id for role in account.roles} if account is not None else set()
    wanted = {roles[name.lower()].id for name in line.values["roles"] if name.lower() in roles}
    if account is None or account.deactivated_at is not None or held != wanted:
        line.changes["roles"] = ["", ", ".join(line.values["roles"])]
    there = {
        name.lower(): is_lead
        for name, is_lead in db.session.execute(
            select(Team.name, TeamMember.is_lead)
            .join(TeamMember, TeamMember.team_id == Team.id)
            .where(TeamMember.person_id == person_id)
        )
    }
    new = dict.fromkeys(line.values["teams"], False) | dict.fromkeys(line.values["leads"], True)
    joined = [name for name, leads in new.items() if there.get(name.lower()) != leads]
    if joined:
        line.changes["teams"] = ["", ", ".join(joined)]
    levels = _levels(line.found_id)
    if any(levels.get(name) != level for name, level in line.values["skills"].items()):
        line.changes["skills"] = ["", ", ".join(line.values["skills"])]
    line.result = Outcome.UPDATE if line.changes else Outcome.SAME


def carry_out(actor: Actor, line: Line) -> Person:
    """Create or change the technician of a line. Raises Denied, Refused."""
    person = people.carry_out(actor, line)
    ensure_roles()
    roles = _role_keys()
    missing = [name for name in line.values["roles"] if name.lower() not in roles]
    if missing:
        raise Refused("role", _("There is no role %(name)s.", name=missing[0]), "roles")
    accounts.give(actor, person, [roles[name.lower()] for name in line.values["roles"]])
    wanted = dict.fromkeys(line.values["teams"], False)
    wanted |= dict.fromkeys(line.values["leads"], True)
    if wanted:
        memberships = {
            member.team_id: member.is_lead
            for member in db.session.scalars(
                select(TeamMember).where(TeamMember.person_id == person.id)
            )
        }
        for name, leads in wanted.items():
            team = _team(name) or teams.create(actor, name)
            memberships[team.id] = leads
        teams.set_teams(actor, person, memberships)
    if line.values["skills"]:
        teams.set_skills(actor, person, {**_levels(person.id), **line.values["skills"]})
    return person


def _team(name: str) -> Team | None:
    return db.session.scalar(
        select(Team).where(func.lower(Team.name) == name.lower(), Team.retired_at.is_(None))
    )


def _levels(person_id: int | None) -> dict[str, int]:
    """Return what somebody knows, by the skill's name."""
    rows = db.session.execute(
        select(Skill.name, PersonSkill.level)
        .join(PersonSkill, PersonSkill.skill_id == Skill.id)
        .where(PersonSkill.person_id == person_id)
    ).all()
    return {row.name: row.level for row in rows}
