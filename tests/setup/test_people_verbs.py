"""Teams, skills and roles: what their verbs do."""

import pytest
from sqlalchemy import select

from helpdesk.people.access import BUILT_IN_ROLES, Actor, Denied, Permission
from helpdesk.people.errors import Refused
from helpdesk.people.models import PersonSkill, Role, Skill
from helpdesk.people.seed import ensure_roles
from helpdesk.setup.services import (
    Changed,
    queues,
    roles,
    teams,
)
from tests import factories
from tests.setup.makers import administrator, last_log, stamp

# ---- Teams and skills ----


def test_a_team_with_queues_is_not_retired(session):
    boss, queue = administrator(), factories.queue("ERP")
    team, member = queue.team, factories.technician(queues=[queue])
    with pytest.raises(Refused) as refusal:
        teams.retire(boss, team)
    assert "ERP" in str(refusal.value)
    queues.edit(
        boss,
        queue,
        {**{n: getattr(queue, n) for n in queues.FIELDS}, "team_id": factories.team().id},
    )
    assert teams.retire(boss, team)
    assert not teams.retire(boss, team)
    assert teams.members(team) == []
    assert teams.restore(boss, team)
    assert not teams.restore(boss, team)
    assert member.is_technician


def test_a_team_is_changed_by_two_people(session):
    boss = administrator("Ada Min")
    team = teams.add(boss, {"name": "Desktop", "description": ""})
    shown = {"name": "Desktop", "description": ""}
    teams.edit(boss, team, {**shown, "description": "Laptops"}, shown)
    teams.edit(boss, team, {**shown, "name": "Devices"}, shown)
    assert (team.name, team.description) == ("Devices", "Laptops")
    with pytest.raises(Changed):
        teams.edit(boss, team, {**shown, "name": "Machines"}, shown)
    teams.delete(boss, team)


def test_two_people_add_members_at_once(session):
    boss, team = administrator(), factories.team()
    one, two, three = (factories.technician() for _turn in range(3))
    teams.set_members(boss, team, {one.id: False}, {})
    before = stamp()
    teams.set_members(boss, team, {two.id: True}, {})
    assert {row.person_id: row.is_lead for row in teams.members(team)} == {
        one.id: False,
        two.id: True,
    }
    assert stamp() != before
    # Whoever saw both and takes one away takes only that one away.
    seen = {one.id: False, two.id: True}
    teams.set_members(boss, team, {**seen, three.id: False}, seen)
    teams.set_members(boss, team, {one.id: False}, seen)
    assert {row.person_id for row in teams.members(team)} == {one.id, three.id}
    assert not teams.set_members(boss, team, {one.id: False}, {one.id: False})


def test_a_technician_joins_teams_and_learns(session):
    boss, person = administrator(), factories.technician("Priya")
    network, desktop = factories.team("Network"), factories.team("Desktop")
    assert teams.set_teams(boss, person, {network.id: True, desktop.id: False}, {})
    vpn = teams.add_skill(boss, {"name": "VPN"})
    french = teams.add_skill(boss, {"name": "French"})
    assert teams.set_levels(boss, person, {vpn.id: 3, french.id: 1}, {})
    assert teams.set_levels(boss, person, {vpn.id: 2}, {vpn.id: 3})
    rows = session.scalars(select(PersonSkill).where(PersonSkill.person_id == person.id))
    assert {row.skill_id: row.level for row in rows} == {vpn.id: 2, french.id: 1}
    assert last_log()[1:] == ("Priya", {"skills": [["French 1", "VPN 3"], ["French 1", "VPN 2"]]})


def test_skills_are_renamed_retired_and_deleted(session):
    boss, person = administrator(), factories.technician()
    skill = teams.add_skill(boss, {"name": "VPM"})
    assert teams.edit_skill(boss, skill, {"name": "VPN"}, {"name": "VPM"})
    assert not teams.edit_skill(boss, skill, {"name": "VPN"})
    with pytest.raises(Refused):
        teams.add_skill(boss, {"name": "vpn"})
    teams.set_levels(boss, person, {skill.id: 1}, {})
    with pytest.raises(Refused):
        teams.delete_skill(boss, skill)
    assert teams.retire_skill(boss, skill)
    assert not teams.retire_skill(boss, skill)
    assert teams.restore_skill(boss, skill)
    teams.set_levels(boss, person, {}, {skill.id: 1})
    teams.delete_skill(boss, skill)
    assert session.scalars(select(Skill)).all() == []


# ---- Roles ----


def words(role: Role) -> set[str]:
    return {row.permission for row in role.permissions}


def test_a_role_is_made_changed_and_put_away(session):
    boss = administrator()
    ensure_roles()
    role = roles.add(boss, "Auditor", "Looks, touches nothing", [Permission.AUDIT_READ])
    assert (role.description, words(role)) == ("Looks, touches nothing", {"audit:read"})
    fields = {"name": "Auditors", "description": role.description}
    assert roles.edit(boss, role, fields, [Permission.AUDIT_READ, Permission.SELF_USE])
    assert words(role) == {"audit:read", "self:use"}
    assert roles.retire(boss, role)
    assert not roles.retire(boss, role)
    before = stamp()
    assert roles.restore(boss, role)
    assert stamp() != before
    assert not roles.restore(boss, role)
    roles.delete(boss, role)
    assert session.scalar(select(Role).where(Role.name == "Auditors")) is None


def test_two_people_change_what_a_role_allows(session):
    boss = administrator()
    role = roles.add(boss, "Auditor", "", [Permission.AUDIT_READ])
    seen = {"name": "Auditor", "description": "", "permissions": ["audit:read"]}
    fields = {"name": "Auditor", "description": ""}
    roles.edit(boss, role, fields, [Permission.AUDIT_READ, Permission.PERSON_READ], seen)
    roles.edit(boss, role, fields, [Permission.SELF_USE], seen)
    assert words(role) == {"person:read", "self:use"}


def test_nobody_allows_what_they_may_not_do(session):
    who = administrator()
    limited = Actor(
        person_id=who.person_id,
        name=who.name,
        permissions=frozenset({Permission.SETUP_ROLES, Permission.SELF_USE}),
    )
    with pytest.raises(Denied):
        roles.add(limited, "Spy", "", [Permission.AUDIT_READ])
    strong = roles.add(who, "Auditor", "", [Permission.AUDIT_READ])
    roles.retire(who, strong)
    with pytest.raises(Denied):
        roles.restore(limited, strong)


def test_the_administrator_may_always_do_everything(session):
    boss = administrator()
    role = ensure_roles()["administrator"]
    fields = {"name": "Chief", "description": ""}
    assert roles.edit(boss, role, fields, [])
    assert role.name == "Chief"
    assert words(role) == {permission.value for permission in BUILT_IN_ROLES["administrator"]}
    for verb in (roles.retire, roles.delete):
        with pytest.raises(Refused):
            verb(boss, role)


def test_a_role_that_somebody_holds_stays(session):
    boss = administrator()
    factories.account(factories.technician(), "technician")
    role = ensure_roles()["technician"]
    for verb in (roles.retire, roles.delete):
        with pytest.raises(Refused) as refusal:
            verb(boss, role)
        assert refusal.value.code == "role-held"
