"""The pages of Set up, as a browser without scripts gets them."""

import json
import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people.models import AuditEntry, Desk, Role, Skill, TeamMember
from helpdesk.people.seed import ensure_roles
from helpdesk.setup.services import causes, priorities
from helpdesk.tickets.desk import Category, Cause, Queue, QuickTemplate, Status, Tag
from helpdesk.tickets.wording import IMPACTS, URGENCIES
from tests import factories
from tests.setup.makers import Visitor, administrator, last_log, visitor
from tests.support.queries import count_queries

SHELVES = (
    *("queues", "categories", "statuses", "causes", "tags", "templates", "teams", "skills"),
    *("calendars", "promises"),
)
PAGES = ("", "desk", "priorities", "roles", "roles/new", "audit", "technicians", *SHELVES)


@pytest.fixture
def admin(client: FlaskClient) -> Visitor:
    return visitor(client)


def one(model, **where):
    return db.session.scalars(select(model).filter_by(**where)).one()


def named(row) -> dict[str, str]:
    """Return the form of a thing that has a name only, as it was opened."""
    return {"seen": json.dumps({"name": row.name})}


# ---- Opening ----


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens(admin, path):
    page = admin.get(f"/setup/{path}")
    assert len(re.findall("<h1", page)) == 1
    assert 'aria-current="page"' in page


@pytest.mark.parametrize("shelf", SHELVES)
def test_every_list_opens_a_form_for_a_new_thing(admin, shelf):
    page = admin.get(f"/setup/{shelf}?new=1")
    assert f'action="/setup/{shelf}"' in page
    assert "autofocus" in page


@pytest.mark.parametrize("shelf", SHELVES)
def test_what_is_not_there_is_not_found(admin, shelf):
    assert admin.client.get(f"/setup/{shelf}?edit=99999").status_code == 404
    assert admin.send(f"/setup/{shelf}/99999", name="x").status_code == 404
    assert admin.send(f"/setup/{shelf}/99999/retire").status_code == 404
    assert admin.send(f"/setup/{shelf}/{2**40}/retire").status_code == 404


@pytest.mark.parametrize("shelf", SHELVES)
def test_a_thing_needs_a_name(admin, shelf):
    answer = admin.send(f"/setup/{shelf}", name=" ")
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.get_data(as_text=True)


def test_the_first_page_counts_what_there_is(admin):
    factories.queue("ERP")
    page = admin.get("/setup/")
    assert re.search(r'Queues</span> <span class="cnt">1</span>', page)
    assert re.search(r'Statuses</span> <span class="cnt">9</span>', page)


def test_the_room_shows_what_somebody_may_set_up(client):
    manager = visitor(client, "manager")
    page = manager.get("/setup/")
    assert "/setup/audit" in page
    assert "/setup/queues" not in page
    # The rail leads there too.
    assert 'href="/setup/"' in manager.get("/account")


def test_others_do_not_enter(client):
    technician = visitor(client, "technician")
    assert client.get("/setup/").status_code == 403
    assert 'href="/setup/"' not in technician.get("/account")


# ---- Lists ----


def test_a_queue_is_added_edited_and_retired(admin):
    team = factories.team("ERP people")
    factories.queue("Default", is_default=True)
    answer = admin.send("/setup/queues", name="ERP", team_id=team.id, description="Orders")
    queue = one(Queue, name="ERP")
    assert answer.status_code == 303
    assert answer.location.endswith(f"/setup/queues?saved={queue.id}#row-{queue.id}")
    assert "ERP is added" in admin.get(answer.location)
    seen = admin.saw(f"/setup/queues?edit={queue.id}")
    fields = {"name": "SAP", "team_id": team.id, "description": "Orders", "restricted": "y"}
    assert admin.send(f"/setup/queues/{queue.id}", seen=seen, **fields).status_code == 303
    page = admin.get("/setup/queues")
    assert "SAP" in page
    assert "Restricted" in page
    admin.send(f"/setup/queues/{queue.id}/retire")
    assert "1 retired" in admin.get("/setup/queues")
    admin.send(f"/setup/queues/{queue.id}/restore")
    assert one(Queue, name="SAP").retired_at is None


def test_a_refusal_says_why(admin):
    queue = factories.queue("Default", is_default=True)
    answer = admin.send(f"/setup/queues/{queue.id}/retire")
    assert answer.status_code == 422
    assert "Make another queue the default first." in answer.get_data(as_text=True)
    assert one(Queue, name="Default").retired_at is None


def test_what_somebody_else_saved_stands_beside_what_was_typed(admin):
    factories.desk()
    cause = one(Cause, name="Supplier")
    seen = admin.saw(f"/setup/causes?edit={cause.id}")
    causes.edit(administrator("Ada Min"), cause, {"name": "Vendor"})
    db.session.commit()
    answer = admin.send(f"/setup/causes/{cause.id}", seen=seen, name="Third party")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "Ada Min saved this meanwhile." in page
    assert "Vendor" in page
    assert 'value="Third party"' in page
    # Saving again means it.
    again = re.search(r'name="seen"[^>]*value="([^"]*)"', page)
    assert again is not None
    seen = again[1].replace("&#34;", '"')
    assert admin.send(f"/setup/causes/{cause.id}", seen=seen, name="Third party").status_code == 303
    assert one(Cause, name="Third party").id == cause.id


def test_a_taken_name_is_refused_beside_the_field(admin):
    factories.desk()
    cause = one(Cause, name="Supplier")
    answer = admin.send(f"/setup/causes/{cause.id}", name="User error", **named(cause))
    assert answer.status_code == 422
    assert "There is already one of this name." in answer.get_data(as_text=True)
    assert one(Cause, name="Supplier").id == cause.id


def test_rows_move_by_buttons(admin):
    factories.desk()
    first, second = causes.in_order()[:2]
    admin.send(f"/setup/causes/{second.id}/up")
    assert [row.id for row in causes.in_order()[:2]] == [second.id, first.id]
    page = admin.get("/setup/causes")
    assert f"Move {second.name} up" in page
    admin.send(f"/setup/causes/{second.id}/down")
    assert causes.in_order()[0].id == first.id
    assert admin.send(f"/setup/causes/{second.id}/sideways").status_code == 404


def test_never_used_is_deleted_and_used_is_kept(admin):
    category = factories.category("Network")
    factories.ticket(queue_=factories.queue(), category=category)
    unused = factories.category("Unused")
    for row in (category, unused):
        admin.send(f"/setup/categories/{row.id}/retire")
    kept = admin.send(f"/setup/categories/{category.id}/delete")
    assert kept.status_code == 422
    assert "retire it instead" in kept.get_data(as_text=True)
    admin.send(f"/setup/categories/{unused.id}/delete")
    assert db.session.scalars(select(Category.name)).all() == ["Network"]


def test_a_category_is_added_below_another(admin):
    network = factories.category("Network")
    page = admin.get(f"/setup/categories?new=1&below={network.id}")
    assert re.search(rf'<option selected value="{network.id}">Network', page)
    admin.send("/setup/categories", name="VPN", parent_id=network.id, queue_id=0)
    vpn = one(Category, name="VPN")
    assert vpn.path == "Network › VPN"
    # A category cannot be put below itself: its own branch is not offered.
    form = admin.get(f"/setup/categories?edit={network.id}")
    assert f'<option value="{vpn.id}"' not in form


def test_only_what_waits_has_a_reason(admin):
    waiting, working = factories.status("waiting-supplier"), factories.status("working")
    assert 'name="hold_reason"' in admin.get(f"/setup/statuses?edit={waiting.id}")
    assert 'name="hold_reason"' not in admin.get(f"/setup/statuses?edit={working.id}")
    answer = admin.send(f"/setup/statuses/{working.id}", name="In progress", **named(working))
    assert answer.status_code == 303
    assert one(Status, name="In progress").status_class == "open"
    answer = admin.send("/setup/statuses", name="Parts ordered", status_class="pending")
    assert "Say what the ticket waits for." in answer.get_data(as_text=True)
    assigned = factories.status("assigned")
    admin.send(f"/setup/statuses/{assigned.id}/default")
    assert one(Status, key="assigned").is_default


def test_tags_are_found_and_merged(admin):
    session = db.session
    session.add_all([Tag(name="printer"), Tag(name="printers"), Tag(name="vpn")])
    session.commit()
    page = admin.get("/setup/tags?q=print")
    assert "printers" in page
    assert ">vpn<" not in page
    assert "No tag contains" in admin.get("/setup/tags?q=zebra")
    old, new = one(Tag, name="printers"), one(Tag, name="printer")
    answer = admin.send(f"/setup/tags/{old.id}", name="Printer", **named(old))
    assert answer.status_code == 422
    assert f"/setup/tags/{old.id}/merge/{new.id}" in answer.get_data(as_text=True)
    assert admin.send(f"/setup/tags/{old.id}/merge/{old.id}").status_code == 404
    admin.send(f"/setup/tags/{old.id}/merge/{new.id}")
    assert session.scalars(select(Tag.name).order_by(Tag.name)).all() == ["printer", "vpn"]


def test_many_tags_are_paged(admin):
    db.session.add_all([Tag(name=f"tag{number:03}") for number in range(120)])
    db.session.commit()
    first = admin.get("/setup/tags")
    assert "tag099" in first
    assert "tag100" not in first
    more = re.search(r'href="(/setup/tags\?after=[^"]+)"', first)
    assert more is not None
    second = admin.get(more[1])
    assert "tag100" in second
    assert "tag119" in second
    assert "tag099" not in second


def test_a_quick_template_is_kept(admin):
    category = factories.category("Accounts")
    fields = {
        "name": "Password",
        "subject": "Password forgotten",
        "kind": "request",
        "category_id": category.id,
        "cause_id": 0,
        "impact": 3,
        "urgency": 2,
        "solution": "Sent a link.",
    }
    assert admin.send("/setup/templates", **fields).status_code == 303
    row = one(QuickTemplate, name="Password")
    assert (row.category_id, row.cause_id, row.kind) == (category.id, None, "request")
    assert "Password forgotten" in admin.get("/setup/templates")
    assert "Sent a link." in admin.get(f"/setup/templates?edit={row.id}")
    answer = admin.send("/setup/templates", **{**fields, "name": "Other", "subject": ""})
    assert answer.status_code == 422


def test_the_names_of_restricted_queues_are_for_those_who_set_them_up(client):
    factories.queue("Whistleblowers", restricted=True)
    factories.queue("Service desk", is_default=True)
    admin = visitor(client)
    assert "Whistleblowers" in admin.get("/setup/categories?new=1")
    roles = ensure_roles()
    setter = Role(name="Sorter")
    db.session.add(setter)
    setter.permissions = [
        row.__class__(permission=row.permission)
        for row in roles["administrator"].permissions
        if row.permission in {"setup:tickets", "self:use"}
    ]
    account = factories.account(factories.technician(), "technician")
    account.roles = [setter]
    db.session.commit()
    factories.sign_in(client, account)
    page = client.get("/setup/categories?new=1").get_data(as_text=True)
    assert "Service desk" in page
    assert "Whistleblowers" not in page


# ---- The desk and the matrix ----


def test_the_desk_is_saved(admin):
    seen = admin.saw("/setup/desk")
    fields = {"language": "zh_Hant_TW", "time_zone": "Asia/Taipei", "phone_region": "TW"}
    for wrong in ({"most_at_once": "-1"}, {"silent_minutes": "5"}, {"silent_minutes": "soon"}):
        bad = admin.send("/setup/desk", seen=seen, name="Harbour IT", **fields, **wrong)
        assert bad.status_code == 422
    fields |= {"most_at_once": "8", "silent_minutes": ""}
    answer = admin.send("/setup/desk", seen=seen, name="Harbour IT", **fields)
    assert answer.status_code == 303
    desk = one(Desk)
    assert (desk.name, desk.language, desk.phone_region) == ("Harbour IT", "zh_Hant_TW", "TW")
    assert (desk.most_at_once, desk.silent_minutes) == (8, None)
    assert admin.send("/setup/desk", seen=seen, name="", **fields).status_code == 422
    clash = admin.send("/setup/desk", seen=seen, name="Other", **fields)
    assert clash.status_code == 409
    assert "Harbour IT" in clash.get_data(as_text=True)


def cells(matrix) -> dict[str, int]:
    return {priorities.key(cell): priority for cell, priority in matrix.items()}


def test_the_matrix_is_saved(admin):
    seen = admin.saw("/setup/priorities")
    wanted = {**priorities.matrix(), (3, 3): 1}
    assert admin.send("/setup/priorities", seen=seen, **cells(wanted)).status_code == 303
    assert priorities.matrix()[3, 3] == 1
    clash = admin.send("/setup/priorities", seen=seen, **cells({**wanted, (3, 3): 2}))
    assert clash.status_code == 409
    assert f"{IMPACTS[3]}, {URGENCIES[3]}" in clash.get_data(as_text=True)
    bad = admin.send("/setup/priorities", seen=seen, **{**cells(wanted), "impact-1-urgency-1": 9})
    assert bad.status_code == 422


# ---- People ----


def test_members_and_leads_are_chosen(admin):
    team = factories.team("Desktop")
    one_, two = factories.technician("Priya"), factories.technician("Marcus")
    page = admin.get(f"/setup/teams/{team.id}/members")
    assert "Priya is a member" in page
    seen = admin.saw(f"/setup/teams/{team.id}/members")
    # Leading makes a member.
    fields = {"seen": seen, "member": [one_.id], "lead": [two.id]}
    answer = admin.send(f"/setup/teams/{team.id}/members", **fields)
    assert answer.status_code == 303
    rows = db.session.scalars(select(TeamMember).where(TeamMember.team_id == team.id))
    assert {row.person_id: row.is_lead for row in rows} == {one_.id: False, two.id: True}
    page = admin.get("/setup/teams")
    assert "2 members" in page
    assert "led by Marcus" in page
    customer = factories.person()
    bad = admin.send(f"/setup/teams/{team.id}/members", seen=seen, member=[customer.id])
    assert bad.status_code == 422
    assert "Only technicians" in bad.get_data(as_text=True)


def test_a_technician_is_put_into_teams_and_given_skills(admin):
    team, person = factories.team("Desktop"), factories.technician("Priya")
    skill = Skill(name="VPN")
    db.session.add(skill)
    db.session.commit()
    page = admin.get(f"/setup/technicians/{person.id}")
    assert "Leads Desktop" in page
    fields = {
        "seen_teams": "{}",
        "seen_skills": "{}",
        "member": [team.id, 99999],
        f"skill-{skill.id}": 3,
    }
    assert admin.send(f"/setup/technicians/{person.id}", **fields).status_code == 303
    page = admin.get("/setup/technicians")
    assert "Desktop" in page
    assert 'title="Expert">VPN' in page
    assert "1 technician" in admin.get("/setup/skills")
    customer = factories.person()
    assert admin.client.get(f"/setup/technicians/{customer.id}").status_code == 404


def test_what_rules_may_give_a_technician_at_once_is_set_and_shown(admin):
    person = factories.technician("Priya")
    account = factories.account(person, "technician")
    where = f"/setup/technicians/{person.id}"
    assert "0 in hand" in admin.get(where)
    fields = {"seen_teams": "{}", "seen_skills": "{}"}
    assert admin.send(where, **fields, most_at_once="-2").status_code == 422
    assert admin.send(where, **fields, most_at_once="5").status_code == 303
    assert account.most_at_once == 5
    assert "0 of 5 in hand" in admin.get("/setup/technicians")
    assert admin.send(where, **fields, most_at_once="").status_code == 303
    assert account.most_at_once is None


def test_a_role_is_made_and_changed(admin):
    fields = {"name": "Auditor", "description": "", "permission": ["audit:read", "time:travel"]}
    assert admin.send("/setup/roles", **fields).status_code == 303
    role = one(Role, name="Auditor")
    assert [row.permission for row in role.permissions] == ["audit:read"]
    seen = admin.saw(f"/setup/roles/{role.id}")
    fields = {"seen": seen, "name": "Auditors", "permission": ["self:use", "audit:read"]}
    assert admin.send(f"/setup/roles/{role.id}", **fields).status_code == 303
    page = admin.get("/setup/roles")
    assert "Auditors" in page
    assert "Read the log of access" in page
    admin.send(f"/setup/roles/{role.id}/retire")
    assert "1 retired" in admin.get("/setup/roles")
    admin.send(f"/setup/roles/{role.id}/restore")
    admin.send(f"/setup/roles/{role.id}/delete")
    assert db.session.scalar(select(Role).where(Role.name == "Auditors")) is None
    assert admin.send("/setup/roles", name="").status_code == 422
    assert admin.send(f"/setup/roles/{one(Role, key='lead').id}/promote").status_code == 404


def test_a_role_in_use_is_not_retired(admin):
    administrator_role = one(Role, key="administrator")
    answer = admin.send(f"/setup/roles/{administrator_role.id}/retire")
    assert answer.status_code == 422
    assert "cannot do without" in answer.get_data(as_text=True)
    assert "may do everything" in admin.get(f"/setup/roles/{administrator_role.id}")


# ---- What a page costs ----


@pytest.mark.parametrize("shelf", ["queues", "categories", "templates", "teams", "technicians"])
def test_a_longer_list_asks_no_more_questions(admin, shelf):
    def fill(count: int) -> None:
        for _turn in range(count):
            queue = factories.queue()
            category = factories.category(queue_id=queue.id)
            factories.account(factories.technician(queues=[queue]), "technician")
            name = f"{category.name} quick"
            db.session.add(QuickTemplate(name=name, subject="x", category_id=category.id))
        db.session.commit()

    fill(2)
    admin.get(f"/setup/{shelf}")
    with count_queries() as few:
        admin.get(f"/setup/{shelf}")
    fill(6)
    # Giving accounts made the process forget who may do what; that is not the list's doing.
    admin.get(f"/setup/{shelf}")
    with count_queries() as many:
        admin.get(f"/setup/{shelf}")
    assert many.count == few.count, str(many)


def test_the_words_of_an_edit_are_in_the_log(admin):
    factories.desk()
    cause = one(Cause, name="Supplier")
    admin.send(f"/setup/causes/{cause.id}", name="Vendor", **named(cause))
    assert last_log() == ("cause-edited", "Vendor", {"name": ["Supplier", "Vendor"]})
    entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert entry.actor_id == admin.person.id
