from datetime import date

import pytest
from sqlalchemy import func, select

from helpdesk.lib import csvfile
from helpdesk.people import queries
from helpdesk.people.access import Denied, Permission
from helpdesk.people.errors import Refused
from helpdesk.people.models import Account, Organisation, Person, PersonSkill, Team, TeamMember
from helpdesk.people.services import importing
from helpdesk.people.services.importing import Outcome
from tests import factories
from tests.people.makers import account, acting, administrator

PEOPLE = """Name,E-mail,Telephone,Company,Location,Job title,VIP,Language
Ho Mei-Ling,mei@northline.example,+852 2345 6789,Northline,HK Central,Finance manager,yes,繁體中文
Alan Tsang,alan@northline.example,,Northline,,Buyer,no,en
Walk-in visitor,,,,,,,
"""


def outcomes(plan: importing.Plan) -> list[str]:
    return [line.result.value for line in plan.lines]


def run(actor, text: str, kind: str = "people") -> importing.Plan:
    plan = importing.plan(actor, kind, text.encode())
    importing.apply(actor, plan)
    return plan


def people_count(session) -> int:
    return int(session.scalar(select(func.count(Person.id))))


def test_a_dry_run_writes_nothing_and_says_everything(session):
    boss = administrator()
    before = people_count(session)
    plan = importing.plan(boss, "people", PEOPLE.encode())
    assert outcomes(plan) == ["create", "create", "create"]
    assert plan.lines[0].messages == ["New organisation: Northline"]
    assert plan.lines[1].messages == []
    assert plan.counts == {"create": 3, "update": 0, "same": 0, "error": 0}
    assert people_count(session) == before
    assert not session.new
    assert not session.dirty


def test_the_same_file_twice_changes_nothing(session):
    boss = administrator()
    run(boss, PEOPLE)
    session.commit()
    mei = queries.person_by_email("mei@northline.example")
    assert mei is not None
    assert (mei.title, mei.vip, mei.language) == ("Finance manager", True, "zh_Hant_TW")
    assert mei.organisation is not None
    assert mei.site is not None
    assert (mei.organisation.name, mei.site.name) == ("Northline", "HK Central")
    before = people_count(session)
    again = importing.plan(boss, "people", PEOPLE.encode())
    assert outcomes(again) == ["same", "same", "same"]
    importing.apply(boss, again)
    assert people_count(session) == before


def test_empty_cells_change_nothing_and_full_ones_update(session):
    boss = administrator()
    person = factories.person("Alan Tsang", email="alan@northline.example", title="Clerk")
    plan = run(boss, "email;name;title;mobile\nAlan@Northline.example;;Buyer;+852 9123 4567\n")
    [line] = plan.lines
    assert line.result == Outcome.UPDATE
    assert line.changes == {"title": ["Clerk", "Buyer"], "contacts": ["", "+852 9123 4567"]}
    session.commit()
    assert (person.name, person.title) == ("Alan Tsang", "Buyer")
    assert [point.label for point in person.contact_points if point.kind == "phone"] == ["mobile"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("Bob,bob@,", "not an e-mail address"),
        ("Bob,,call me", "not a telephone number"),
        (",,", None),
        ("Bob,twice@example.net,\nRob,twice@example.net,", "in line 2"),
    ],
)
def test_a_bad_line_says_what_is_wrong(session, row, message):
    plan = importing.plan(administrator(), "people", f"name,email,phone\n{row}\n".encode())
    if message is None:
        assert plan.lines == []
    else:
        assert plan.lines[-1].result == Outcome.ERROR
        assert message in plan.lines[-1].messages[0]


def test_a_line_between_two_people_is_refused(session):
    boss = administrator()
    factories.person("One", email="one@example.net")
    factories.person("Two", email="two@example.net")
    plan = run(boss, "name,email,email 2\nBoth,one@example.net,two@example.net\n")
    assert plan.lines[0].result == Outcome.ERROR
    assert "One, Two" in plan.lines[0].messages[0]


def test_a_number_that_others_have_becomes_a_shared_one(session):
    boss = administrator()
    run(boss, "name,email,phone\nA,a@example.net,+85223456789\nB,b@example.net,+85223456789\n")
    session.commit()
    found = queries.people_by_phone("+85223456789")
    assert [person.name for person in found] == ["A", "B"]
    assert [person.contact_points[-1].identifies for person in found] == [True, False]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_chinese_files_are_read_whatever_excel_saved(session, encoding):
    boss = administrator()
    text = "姓名\t邮箱\t公司\t职位\n王芳\twang@example.cn\t北方公司\t财务经理\n"
    plan = importing.plan(boss, "people", text.encode(encoding))
    importing.apply(boss, plan)
    session.commit()
    person = queries.person_by_email("wang@example.cn")
    assert person is not None
    assert (person.name, person.title) == ("王芳", "财务经理")
    assert person.organisation is not None
    assert person.organisation.name == "北方公司"


def test_traditional_and_western_files_are_told_apart():
    traditional = "姓名,電郵\n何美玲,ho@example.hk\n陳大文,chan@example.hk\n"
    assert csvfile.read(traditional.encode("big5"), most=9).rows[0].cells[0] == "何美玲"
    western = "Name;Mail\nMüller, Jörg;joerg@example.de\nZoë Älvå;zoe@example.se\n"
    table = csvfile.read(western.encode("cp1252"), most=9)
    assert (table.encoding, table.separator) == ("cp1252", ";")
    assert table.rows[1].cells[0] == "Zoë Älvå"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file-empty"),
        (b"PK\x03\x04\x00\x00", "file-binary"),
        (b"favourite colour,shoe size\nred,43\n", "file-header"),
        (b"name\n" + b"x\n" * 30, "file-long"),
        (b"name\n" + b"x" * 30_000, "file-wide"),
    ],
)
def test_a_file_that_is_none_is_refused_as_a_whole(session, data, code):
    with pytest.raises(Refused) as refusal:
        importing.plan(administrator(), "people", data, most=20)
    assert refusal.value.code == code
    assert refusal.value.field == "file"


def test_only_who_may_import_imports(session):
    factories.desk()
    with pytest.raises(Denied):
        importing.plan(factories.actor(role="lead"), "people", PEOPLE.encode())
    importer = acting(
        account("lead"), permissions=frozenset({Permission.PERSON_IMPORT, Permission.PERSON_EDIT})
    )
    importing.plan(importer, "people", PEOPLE.encode())
    with pytest.raises(Denied):
        importing.plan(importer, "technicians", PEOPLE.encode())


def test_columns_nobody_knows_are_named(session):
    plan = importing.plan(
        administrator(), "people", b"name,email,shoe size\nBob,b@example.net,43\n"
    )
    assert plan.unknown == ["shoe size"]


def test_organisations_come_with_domains_and_sites(session):
    boss = administrator()
    text = "organisation,domains,sites\nx,y,z\n"
    with pytest.raises(Refused):
        importing.plan(boss, "organisations", text.encode())
    text = (
        "name,domains,sites,phone\nNorthline,northline.example; nl.example,Central;Kowloon,2345\n"
    )
    plan = run(boss, text, "organisations")
    assert outcomes(plan) == ["create"]
    session.commit()
    firm = session.scalars(select(Organisation)).one()
    assert [row.domain for row in firm.domains] == ["nl.example", "northline.example"]
    assert [site.name for site in firm.sites] == ["Central", "Kowloon"]
    assert outcomes(importing.plan(boss, "organisations", text.encode())) == ["same"]
    more = "name,domains\nNorthline,third.example\nOther,nl.example\nFree,gmail.com\n"
    plan = importing.plan(boss, "organisations", more.encode())
    assert outcomes(plan) == ["update", "error", "error"]


def test_technicians_come_with_access_teams_and_skills(session):
    boss = administrator()
    text = (
        "name,email,teams,lead of,roles,skills\n"
        "Priya Nair,priya@desk.example,Network;Desktop,Network,technician;Team lead,VPN:3;SAP\n"
        "No Address,,Network,,,\n"
        "Odd Role,odd@desk.example,,,Emperor,\n"
    )
    plan = importing.plan(boss, "technicians", text.encode())
    assert outcomes(plan) == ["create", "error", "error"]
    importing.apply(boss, plan)
    session.commit()
    person = queries.person_by_email("priya@desk.example")
    assert person is not None
    assert person.is_technician
    row = session.scalars(select(Account).where(Account.person_id == person.id)).one()
    assert {role.key for role in row.roles} == {"technician", "lead"}
    teams = dict(
        session.execute(
            select(Team.name, TeamMember.is_lead)
            .join(TeamMember, TeamMember.team_id == Team.id)
            .where(TeamMember.person_id == person.id)
        ).all()
    )
    assert teams == {"Network": True, "Desktop": False}
    assert sorted(session.scalars(select(PersonSkill.level))) == [1, 3]
    assert outcomes(importing.plan(boss, "technicians", text.encode()))[0] == "same"


def test_a_line_that_fails_late_leaves_the_others(session):
    boss = administrator()
    plan = importing.plan(boss, "people", b"name,email\nA,a@example.net\nB,b@example.net\n")
    factories.person("Quicker", email="a@example.net")
    importing.apply(boss, plan)
    session.commit()
    assert outcomes(plan) == ["error", "create"]
    assert "Quicker" in plan.lines[0].messages[0]
    assert queries.person_by_email("b@example.net") is not None


# ---- Writing ----


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-2+cmd|'/c calc'!A0", "'-2+cmd|'/c calc'!A0"),
        ("+852 2345 6789 ext. 4021", "+852 2345 6789 ext. 4021"),
        ("-12.5", "-12.5"),
        (None, ""),
        ("Ho Mei-Ling", "Ho Mei-Ling"),
    ],
)
def test_no_cell_is_a_formula(cell, written):
    assert csvfile.safe(cell) == written
    assert csvfile.plain(written) == (cell or "")


def test_what_was_written_is_read_again():
    rows = [["Ho, Mei-Ling", 'said "no"'], ["=x", "two\nlines"]]
    data = "".join(csvfile.lines(["name", "notes"], rows)).encode()
    table = csvfile.read(data, most=9)
    assert table.header == ["name", "notes"]
    assert [row.cells for row in table.rows] == rows
    assert data.startswith(b"\xef\xbb\xbf")


def test_organisations_come_with_their_support(session):
    boss = administrator()
    text = (
        "Name,Support level,Last day of support\n"
        "Northline,Gold,2027/3/31\n"
        "Southline,Silver,\n"
        "Eastline,Gold,31.3.2027\n"
    )
    plan = run(boss, text, "organisations")
    assert outcomes(plan) == ["create", "create", "error"]
    assert plan.lines[2].messages == ["31.3.2027 is no date. Write it like 2027-03-31."]
    north, south = session.scalars(select(Organisation).order_by(Organisation.name))
    assert (north.support_level, north.support_until) == ("Gold", date(2027, 3, 31))
    assert (south.support_level, south.support_until) == ("Silver", None)
    plan = run(boss, "名称,合同,合同到期日\nNorthline,Gold,2028年3月31日\n", "organisations")
    assert plan.lines[0].changes == {"support_until": ["2027-03-31", "2028-03-31"]}
    assert north.support_until == date(2028, 3, 31)
