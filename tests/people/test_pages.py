import csv
import html
import io
import json
import re

import pytest
from sqlalchemy import select

from helpdesk.lib.clock import now
from helpdesk.people.models import (
    Account,
    AuditEntry,
    ContactPoint,
    Organisation,
    Person,
    PersonMerge,
)
from helpdesk.people.services import (
    contact_points,
    find_or_create_by_address,
    organisations,
    persons,
)
from helpdesk.people.services.persons import NewContact, NewPerson
from tests import factories
from tests.people.browser import post, sign_in, token
from tests.people.makers import account, administrator, logged
from tests.support.queries import count_queries

HX = {"HX-Request": "true"}


@pytest.fixture
def boss(client, session):
    """An administrator who is signed in."""
    row = account("administrator")
    sign_in(client, row)
    return row


@pytest.fixture
def mei(boss, session):
    """Somebody known well."""
    desk = administrator()
    firm = organisations.create(desk, "Northline", domains=["northline.example"])
    site = organisations.add_site(
        desk, firm, "HK Central", address="1 Harbour View", time_zone="Asia/Hong_Kong"
    )
    contacts = (
        NewContact("email", "mei@northline.example"),
        NewContact("phone", "+852 2345 6789 ext 4021"),
    )
    fields = {"title": "Finance manager", "vip": True, "site_id": site.id, "notes": "Likes tea"}
    person = persons.create(desk, NewPerson("何美玲 Ho Mei-Ling", contacts, fields))
    session.commit()
    return person


# ---- The list ----


def test_the_list_finds_while_typing(client, session, mei):
    found = client.get("/people?q=mei", headers=HX)
    assert "何美玲 Ho Mei-Ling" in found.text
    assert "2345 6789" in found.text
    nobody = client.get("/people?q=zzzz")
    assert "Nobody fits" in nobody.text
    assert "/people/new?name=zzzz" in nobody.text


def test_the_list_pages_by_key_and_keeps_its_filter(client, session, mei):
    for number in range(60):
        factories.person(f"Colleague {number:02}", organisation_id=mei.organisation_id)
    page = client.get(f"/people?organisation={mei.organisation_id}")
    assert "Colleague 49" in page.text
    assert "Colleague 50" not in page.text
    last = session.scalars(select(Person).where(Person.name == "Colleague 49")).one()
    more = f"/people?organisation={mei.organisation_id}&amp;after={last.id}&amp;name=Colleague+49"
    assert more in page.text
    second = client.get(more.replace("&amp;", "&")).text
    assert "Colleague 50" in second
    assert "Colleague 49" not in second


def test_a_page_of_people_costs_few_queries(client, session, mei):
    client.get("/people")
    with count_queries() as queries:
        client.get("/people")
    # Who asks, the desk in the frame, the people with organisations, their addresses, the region;
    # and, for who may set up mail, whether a mailbox needs somebody.
    assert queries.count <= 6, str(queries)
    with count_queries() as queries:
        client.get("/people?q=mei")
    assert queries.count <= 10, str(queries)


def test_fields_find_people_and_organisations(client, session, mei):
    [option] = client.get("/people/find?q=美玲").json
    assert option["value"] == mei.id
    assert option["label"] == "何美玲 Ho Mei-Ling"
    assert "Northline" in option["hint"]
    assert client.get(f"/people/find?q=美玲&without={mei.id}").json == []
    assert client.get("/people/find?q=美玲&technicians=1").json == []
    [firm] = client.get("/organisations/find?q=north").json
    assert (firm["label"], firm["hint"]) == ("Northline", "northline.example")


def test_whoever_may_read_the_list_exports_it_and_the_log_says_so(client, session):
    reader = account("knowledge-editor")
    sign_in(client, reader)
    for page in ("people", "organisations"):
        assert f"/{page}/export.csv" in client.get(f"/{page}").text
        assert client.get(f"/{page}/export.csv?vip=1").status_code == 200
        [entry] = logged(f"{page}-exported")
        assert entry.actor_id == reader.person_id
        assert entry.subject_label == "vip=1"
    assert client.get("/people/import").status_code == 403


def test_an_export_is_logged_for_good_though_it_only_reads(own_desk):
    with own_desk.app_context():
        factories.person("Grace Lim")
        reader = account("knowledge-editor")
        client = sign_in(own_desk.test_client(), reader)
    answer = client.get("/people/export.csv")
    assert "Grace Lim" in answer.text
    with own_desk.app_context():
        assert len(logged("people-exported")) == 1


def test_the_export_is_what_the_import_reads(client, session, mei):
    answer = client.get("/people/export.csv?vip=1")
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert len(rows) == 1
    assert rows[0]["Name"] == "何美玲 Ho Mei-Ling"
    assert rows[0]["Site"] == "HK Central"
    sent = {"file": (io.BytesIO(answer.data), "people.csv"), "kind": "people"}
    preview = post(client, "/people/import", **sent)
    assert preview.status_code == 200
    assert "As it is <b" in preview.text
    assert 'type="submit" disabled>' in preview.text


# ---- A person ----


def test_a_persons_page_shows_what_is_known(client, session, mei):
    page = client.get(f"/people/{mei.id}").text
    known = ("何美玲 Ho Mei-Ling", "VIP", "Finance manager", "HK Central", "Likes tea")
    for text in (*known, "in Hong Kong"):
        assert text in page
    assert 'href="tel:+85223456789;ext=4021"' in page
    assert client.get("/people/999999").status_code == 404


def test_details_are_edited_in_place(client, session, mei):
    form = client.get(f"/people/{mei.id}/edit")
    data = {
        "name": "Ho Mei-Ling",
        "title": "Director",
        "organisation_id": mei.organisation_id,
        "site_id": mei.site_id,
        "version": mei.version,
        "csrf_token": token(form),
    }
    done = client.post(f"/people/{mei.id}/edit", data=data, headers=HX)
    assert done.status_code == 200
    assert json.loads(done.headers["HX-Location"])["path"] == f"/people/{mei.id}"
    assert json.loads(done.headers["HX-Trigger"])["toast"]["text"] == "Saved"
    assert (mei.name, mei.title, mei.vip) == ("Ho Mei-Ling", "Director", False)
    missing = client.post(f"/people/{mei.id}/edit", data={**data, "name": ""})
    assert missing.status_code == 422


def test_a_clash_shows_theirs_beside_mine(client, session, mei):
    seen = mei.version
    persons.edit(administrator(), mei, seen, {"title": "Treasurer"})
    session.commit()
    answer = post(
        client,
        f"/people/{mei.id}/edit",
        name=mei.name,
        title="Director",
        organisation_id=mei.organisation_id,
        site_id=mei.site_id,
        vip="y",
        notes="Likes tea",
        version=seen,
    )
    assert answer.status_code == 409
    assert "saved meanwhile" in answer.text
    assert "Treasurer" in answer.text
    assert 'value="Director"' in answer.text
    assert f'name="version" value="{seen + 1}"' in answer.text
    assert mei.title == "Treasurer"


def test_an_address_of_somebody_else_offers_to_merge(client, session, mei):
    other = factories.person("Mei at home", email="mei@home.example")
    path = f"/people/{mei.id}/contacts/new"
    answer = post(client, path, kind="email", value="Mei@Home.example")
    assert answer.status_code == 422
    assert "This belongs to Mei at home" in answer.text
    assert f"/people/{mei.id}/merge?other_id={other.id}" in answer.text
    assert post(client, path, kind="email", value="mei@other.example").status_code == 303
    values = session.scalars(select(ContactPoint.value).where(ContactPoint.person_id == mei.id))
    assert "mei@other.example" in values.all()


def test_addresses_are_corrected_ordered_and_removed(client, session, mei):
    email, phone = mei.contact_points
    page = f"/people/{mei.id}"
    shown = client.get(f"{page}/contacts/{phone.id}").text
    assert 'value="+852 2345 6789 ext. 4021"' in shown or 'value="2345 6789 ext. 4021"' in shown
    post(client, f"{page}/contacts/{email.id}", kind="email", value="mei2@northline.example")
    assert email.value == "mei2@northline.example"
    second = contact_points.add(administrator(), mei, "email", "first@northline.example")
    session.commit()
    post(client, f"{page}/contacts/{second.id}/first", page)
    assert mei.contact_points[0].id == second.id
    post(client, f"{page}/contacts/{phone.id}/remove", page)
    assert phone.retired_at is not None
    stranger = factories.person()
    assert (
        post(client, f"/people/{stranger.id}/contacts/{email.id}/remove", page).status_code == 404
    )


def test_two_records_become_one_and_two_again(client, session, mei):
    other, _new = find_or_create_by_address("mei@home.example", "Ho Mei Ling")
    session.commit()
    page = client.get(f"/people/{mei.id}/merge?other_id={other.id}")
    assert "This one stays" in page.text
    factories.ticket(customer=other)
    session.commit()
    sure = f"/people/{mei.id}/merge/sure?other_id={other.id}&keep=this"
    asked = client.get(sure).text
    assert f"Merge {other.name} into {mei.name}?" in asked
    assert "<li>1 ticket</li>" in asked
    assert "1 address or number: mei@home.example" in asked
    assert "You can undo it" in asked
    turned = client.get(sure.replace("keep=this", "keep=other")).text
    assert f"Merge {mei.name} into {other.name}?" in turned
    assert "<li>0 tickets</li>" in turned
    assert client.get(f"/people/{mei.id}/merge/sure?other_id=999999").status_code == 404
    done = post(
        client, f"/people/{mei.id}/merge", f"/people/{mei.id}", other_id=other.id, keep="this"
    )
    assert done.location == f"/people/{mei.id}"
    assert client.get(f"/people/{other.id}").location == f"/people/{mei.id}"
    merged = session.scalars(select(PersonMerge)).one()
    done = post(client, f"/people/{mei.id}/merges/{merged.id}/undo", f"/people/{mei.id}")
    assert done.location == f"/people/{other.id}"
    assert client.get(f"/people/{other.id}").status_code == 200
    assert client.get(f"/people/{mei.id}/merge?other_id={mei.id}").status_code == 422


def test_who_left_is_marked_and_comes_back(client, session, mei):
    page = f"/people/{mei.id}"
    post(client, f"{page}/retire", page)
    assert "Has left" not in client.get(page).text
    assert "何美玲" in client.get("/people?left=1").text
    assert "何美玲" in client.get("/people?left=1&q=mei").text
    post(client, f"{page}/back", page)
    assert mei.retired_at is None
    row = account()
    refused = post(client, f"/people/{row.person_id}/retire", page)
    assert refused.status_code == 422
    assert "Take away their access first" in refused.text


def test_a_new_person_from_another_form_is_announced_to_it(client, session, boss):
    dialog = client.get("/people/new?name=Ana&phone=%2B351211234567", headers=HX)
    assert "<html" not in dialog.text
    assert 'value="Ana"' in dialog.text
    data = {"name": "Ana Duarte", "email": "ana@example.org", "csrf_token": token(dialog)}
    done = client.post("/people/new", data=data, headers=HX)
    made = session.scalars(select(Person).where(Person.name == "Ana Duarte")).one()
    events = json.loads(done.headers["HX-Trigger"])
    assert events["person-created"] == {"id": made.id, "name": "Ana Duarte"}
    assert events["dialog-close"] is True
    again = client.post("/people/new", data={**data, "name": "Another Ana"}, headers=HX)
    assert again.status_code == 422
    assert "Ana Duarte has this already" in again.text
    bad = client.post("/people/new", data={**data, "email": "", "phone": "call me"})
    assert bad.status_code == 422
    assert "not a telephone number" in bad.text


# ---- Organisations ----


def test_an_organisation_is_made_and_filled(client, session, boss):
    person, _new = find_or_create_by_address("early@south.example", "Early Bird")
    session.commit()
    done = post(client, "/organisations/new", name="Southline", domain="south.example")
    firm = session.scalars(select(Organisation)).one()
    assert done.location == f"/organisations/{firm.id}"
    page = done.location
    assert "Early Bird" in client.get(page).text
    assert person.organisation_id == firm.id
    post(client, f"{page}/domains/new", domain="sl.example")
    post(client, f"{page}/sites/new", name="Central", time_zone="Asia/Hong_Kong")
    shown = client.get(page).text
    assert "sl.example" in shown
    assert "Central" in shown
    taken = post(client, "/organisations/new", name="Other", domain="sl.example")
    assert taken.status_code == 422
    assert "belongs to Southline" in taken.text
    post(client, f"{page}/edit", name="Southline HK", version=firm.version)
    assert firm.name == "Southline HK"
    post(client, f"{page}/domains/remove", page, domain="sl.example")
    assert "sl.example" not in client.get(page).text
    assert post(client, f"{page}/retire", page).status_code == 422


def test_an_organisation_has_a_level_of_support_until_a_day(client, session, boss):
    year = now().year + 1
    post(
        client,
        "/organisations/new",
        name="Southline",
        support_level=" Gold ",
        support_until=f"{year}-03-31",
    )
    firm = session.scalars(select(Organisation)).one()
    page = f"/organisations/{firm.id}"
    assert f"Gold, to 31 Mar {year}" in client.get(page).text
    exported = client.get("/organisations/export.csv").text
    assert f"Gold,{year}-03-31" in exported
    # The form offers the levels that there are, and keeps what it shows.
    form = client.get(f"{page}/edit").text
    assert f'value="{year}-03-31"' in form
    assert '<option value="Gold">' in client.get("/organisations/new").text
    post(
        client,
        f"{page}/edit",
        name="Southline",
        support_level="Silver",
        support_until="2020-01-31",
        version=firm.version,
    )
    assert "Silver, ended 31 Jan 2020" in client.get(page).text
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry.changes == {
        "support_level": ["Gold", "Silver"],
        "support_until": [f"{year}-03-31", "2020-01-31"],
    }
    clash = post(client, f"{page}/edit", name="Southline", support_until="2031-02-01", version=1)
    assert clash.status_code == 409
    assert "31 Jan 2020" in clash.text
    assert "Silver" in clash.text
    wrong = post(client, f"{page}/edit", name="S", support_until="31.2.2031", version=firm.version)
    assert wrong.status_code == 422


# ---- Import ----


def test_a_file_is_looked_at_before_it_is_imported(client, session, boss):
    data = "姓名,邮箱,公司\n王芳,wang@example.cn,北方公司\n错,not-an-address,\n".encode("gb18030")
    sent = {"file": (io.BytesIO(data), "people.csv"), "kind": "people"}
    preview = post(client, "/people/import", **sent)
    assert preview.status_code == 200
    assert "gb18030" in preview.text
    assert "New organisation: 北方公司" in preview.text
    assert session.scalar(select(Person).where(Person.name == "王芳")) is None
    keep = preview.text.split('name="keep" value="')[1].split('"')[0]
    fields = {"keep": keep, "csrf_token": token(preview)}
    done = client.post("/people/import/apply", data=fields)
    assert done.status_code == 200
    assert session.scalar(select(Person).where(Person.name == "王芳")) is not None
    again = client.post("/people/import/apply", data=fields)
    assert again.location == "/people/import"
    forged = client.post("/people/import/apply", data={**fields, "keep": keep[:-2] + "xx"})
    assert forged.location == "/people/import"


def test_a_file_that_cannot_be_read_says_why(client, session, boss):
    sent = {"file": (io.BytesIO(b"\x00\x01\x02"), "people.xls"), "kind": "people"}
    answer = post(client, "/people/import", **sent)
    assert answer.status_code == 422
    assert "not a CSV file" in answer.text
    assert post(client, "/people/import", kind="people").status_code == 422


# ---- Access ----


def test_access_is_given_and_taken_away(client, session, boss):
    person = factories.person("Priya Nair", email="priya@desk.example")
    page = f"/people/{person.id}/access"
    roles = [role.id for role in boss.roles]
    assert post(client, page, login="priya@desk.example").status_code == 422
    assert post(client, page, login="priya@desk.example", roles=roles).status_code == 303
    row = session.scalars(select(Account).where(Account.person_id == person.id)).one()
    assert [role.key for role in row.roles] == ["administrator"]
    shown = post(client, f"{page}/show-link", page)
    assert "/first-sign-in/" in shown.text
    assert post(client, f"{page}/mail-link", page).status_code == 303
    done = post(client, f"{page}/end", page, successor_id=boss.person_id)
    assert done.status_code == 303
    assert row.deactivated_at is not None
    own = post(client, f"/people/{boss.person_id}/access/end", page, successor_id=0)
    assert own.status_code == 422


def test_two_who_correct_a_site_or_a_number_at_once_see_both(client, boss, mei, session):
    karen = administrator()
    number = next(point for point in mei.contact_points if point.kind == "phone")
    site = mei.site
    of_site = f"/organisations/{site.organisation_id}/sites/{site.id}"
    of_number = f"/people/{mei.id}/contacts/{number.id}"
    opened = {path: seen_on(client.get(path).text) for path in (of_site, of_number)}
    organisations.edit_site(karen, site, name="Central", address="2 Pier Road", time_zone=None)
    contact_points.change(karen, number, "+852 2345 0000", label="", identifies=True)
    session.commit()
    ours = {"name": "Harbour", "address": "1 Harbour View", "seen": opened[of_site]}
    late = post(client, of_site, **ours)
    assert late.status_code == 409
    assert f"{karen.name} saved this meanwhile." in late.text
    assert "<dd>2 Pier Road</dd>" in late.text
    assert 'value="Harbour"' in late.text
    typed = {"kind": "phone", "value": "+852 2345 1111", "seen": opened[of_number]}
    late = post(client, of_number, **typed)
    assert late.status_code == 409
    assert f"{karen.name} saved this meanwhile." in late.text
    assert 'value="+852 2345 1111"' in late.text
    # Whoever has read that and saves again means it.
    again = {**typed, "seen": seen_on(late.text)}
    assert post(client, of_number, **again).status_code == 303
    session.refresh(number)
    assert (number.value, site.name) == ("+85223451111", "Central")


def seen_on(page: str) -> str:
    """Return what the form on a page remembers of what it showed."""
    found = re.search(r'name="seen"[^>]*value="([^"]*)"', page)
    assert found is not None
    return html.unescape(found[1])
