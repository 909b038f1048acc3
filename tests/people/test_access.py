import pytest
from sqlalchemy import select

from helpdesk.events import subscribe
from helpdesk.people.access import BUILT_IN_ROLES, Denied, Permission
from helpdesk.people.errors import Refused
from helpdesk.people.events import TechnicianDeactivated
from helpdesk.people.guard import permissions_of
from helpdesk.people.models import Desk, PersonSkill, Role, SignInSession, TeamMember
from helpdesk.people.roles import ENGLISH_NAMES, NAMES, PERMISSIONS, name_of
from helpdesk.people.seed import ensure_roles
from helpdesk.people.services import accounts, contact_points, own, roles, sign_in, teams
from tests import factories
from tests.people.makers import PASSWORD, account, acting, administrator, logged

HERE = {"address": "", "user_agent": ""}
left: list[TechnicianDeactivated] = []


@pytest.fixture(autouse=True)
def _collect():
    left.clear()
    subscribe(TechnicianDeactivated, left.append)


def stamp(session) -> int:
    return int(session.scalar(select(Desk.access_stamp)))


def test_built_in_roles_are_made_once_and_left_alone(session):
    made = ensure_roles()
    assert set(made) == set(BUILT_IN_ROLES) == set(NAMES) == set(ENGLISH_NAMES)
    made["technician"].name = "Analyst"
    made["technician"].permissions.clear()
    session.flush()
    again = ensure_roles()
    assert again["technician"].name == "Analyst"
    assert again["technician"].permissions == []
    assert len(session.scalars(select(Role)).all()) == len(BUILT_IN_ROLES)
    assert name_of(again["technician"]) == "Analyst"
    assert name_of(again["lead"]) == "Team lead"


def test_every_permission_has_words():
    assert set(PERMISSIONS) == set(Permission)


def test_words_of_another_release_give_nothing():
    held = [("technician", "ticket:read"), ("technician", "time:travel"), (None, None)]
    assert permissions_of(held) == {Permission.TICKET_READ}
    assert permissions_of([("administrator", "ticket:read")]) == frozenset(Permission)


def test_a_person_becomes_a_technician_with_their_address_as_login(session):
    boss = administrator()
    person = factories.person(email="priya@northline.example")
    before = stamp(session)
    row = accounts.make_technician(boss, person)
    assert row.login == "priya@northline.example"
    assert person.is_technician
    assert stamp(session) != before
    assert logged("roles-changed")[-1].changes == {"roles": [[], ["Technician"]]}
    other = factories.person(email="other@northline.example")
    with pytest.raises(Refused):
        accounts.give(boss, other, row.roles, login="PRIYA@northline.example")


def test_without_an_address_nobody_can_sign_in(session):
    boss = administrator()
    person = factories.person()
    contact_points.retire(boss, person.contact_points[0])
    with pytest.raises(Refused) as refusal:
        accounts.make_technician(boss, person)
    assert refusal.value.field == "login"


def test_nobody_gives_more_than_they_have(session):
    person = factories.person()
    lead = acting(account("lead"), permissions=BUILT_IN_ROLES["lead"] | {Permission.ACCOUNT_EDIT})
    accounts.give(lead, person, [ensure_roles()["technician"]])
    for role in ("administrator", "manager"):
        with pytest.raises(Denied):
            accounts.give(lead, person, [ensure_roles()[role]])
    boss = account("administrator")
    with pytest.raises(Denied):
        accounts.send_sign_in_link(lead, boss)
    setter = acting(account(), permissions=BUILT_IN_ROLES["lead"] | {Permission.SETUP_ROLES})
    with pytest.raises(Denied):
        roles.create(setter, "Spies", [Permission.AUDIT_READ])


def test_the_last_administrator_stays(session):
    row = account("administrator")
    boss = acting(row)
    with pytest.raises(Refused):
        accounts.set_roles(boss, row, [ensure_roles()["technician"]])
    second = account("administrator")
    with pytest.raises(Refused):
        accounts.deactivate(boss, row)  # one's own
    accounts.deactivate(acting(second), row)
    with pytest.raises(Refused):
        accounts.set_roles(acting(second), second, [ensure_roles()["technician"]])


def test_who_becomes_a_customer_leaves_their_teams_and_their_work(session):
    boss = administrator()
    row = account()
    teams.set_members(boss, factories.team(), {row.person_id: True})
    session.commit()
    accounts.set_roles(boss, row, [ensure_roles()["customer"]])
    session.commit()
    assert [(event.person.id, event.successor) for event in left] == [(row.person_id, None)]
    assert session.scalars(select(TeamMember.person_id)).all() == []
    assert not row.person.is_technician


def test_who_leaves_is_signed_out_and_their_work_passed_on(session):
    boss = administrator()
    row, stays = account(), account()
    team = factories.team()
    teams.set_members(boss, team, {row.person_id: True, stays.person_id: False})
    session.commit()
    sign_in.sign_in(row.login, PASSWORD, **HERE)
    session.commit()
    with pytest.raises(Refused):
        accounts.deactivate(boss, row, successor=factories.person())
    accounts.deactivate(boss, row, successor=stays.person)
    session.commit()
    assert [(event.person.id, event.successor) for event in left] == [(row.person_id, stays.person)]
    assert session.scalars(select(SignInSession)).one().revoked_at is not None
    members = session.scalars(select(TeamMember.person_id)).all()
    assert members == [stays.person_id]
    assert not row.person.is_technician
    with pytest.raises(Refused):
        sign_in.sign_in(row.login, PASSWORD, **HERE)


def test_members_of_teams_are_technicians_and_changes_are_logged(session):
    boss = administrator()
    team = factories.team("Network")
    tech = factories.technician("Priya Nair")
    with pytest.raises(Refused):
        teams.set_members(boss, team, {factories.person().id: False})
    before = stamp(session)
    assert teams.set_members(boss, team, {tech.id: True})
    after = stamp(session)
    assert after != before
    assert not teams.set_members(boss, team, {tech.id: True})
    assert stamp(session) == after
    assert logged("team-members-changed")[-1].changes == {
        "members": [[], ["Priya Nair"]],
        "leads": [[], ["Priya Nair"]],
    }
    other = factories.team()
    teams.set_teams(boss, tech, {other.id: False})
    memberships = session.scalars(select(TeamMember).where(TeamMember.person_id == tech.id)).all()
    assert [(member.team_id, member.is_lead) for member in memberships] == [(other.id, False)]


def test_skills_have_levels(session):
    boss = administrator()
    tech = factories.technician()
    with pytest.raises(Refused):
        teams.set_skills(boss, tech, {"VPN": 4})
    assert teams.set_skills(boss, tech, {"VPN": 3, "SAP": 1})
    assert not teams.set_skills(boss, tech, {"vpn": 3, "SAP": 1})
    assert teams.set_skills(boss, tech, {"VPN": 2})
    rows = session.scalars(select(PersonSkill).where(PersonSkill.person_id == tech.id)).all()
    assert [row.level for row in rows] == [2]


def test_roles_change_at_once_and_are_logged(session):
    boss = administrator()
    made = ensure_roles()
    before = stamp(session)
    assert roles.set_permissions(boss, made["lead"], [Permission.SELF_USE, Permission.TICKET_READ])
    assert stamp(session) != before
    changed = logged("role-permissions-changed")[-1].changes
    assert changed == {"permissions": [sorted(BUILT_IN_ROLES["lead"]), ["self:use", "ticket:read"]]}
    with pytest.raises(Refused):
        roles.set_permissions(boss, made["administrator"], [])
    with pytest.raises(Refused):
        roles.retire(boss, made["customer"])
    holder = account("lead")
    with pytest.raises(Refused):
        roles.retire(boss, made["lead"])
    accounts.set_roles(boss, holder, [made["technician"]])
    roles.retire(boss, made["lead"])
    assert made["lead"].retired_at is not None


def test_people_change_their_own_settings_without_any_permission(session):
    me = acting(account("customer"), permissions=frozenset({Permission.SELF_USE}))
    assert own.set_preferences(me, {"theme": "dark", "keys": "off"})
    assert not own.set_preferences(me, {"theme": "dark"})
    assert own.account_of(me).preferences == {"theme": "dark", "keys": "off"}
    for wrong in ({"theme": "pink"}, {"admin": True}):
        with pytest.raises(Refused):
            own.set_preferences(me, wrong)
    assert own.set_details(me, name="Mei-Ling", language="zh_Hant_TW", time_zone="Asia/Hong_Kong")
    assert own.account_of(me).person.language == "zh_Hant_TW"
    own.set_availability(me, "away")
    assert own.account_of(me).availability == "away"
