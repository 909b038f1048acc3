import threading

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from helpdesk.db import db, transaction
from helpdesk.people import audit, contact_values, queries
from helpdesk.people.access import SYSTEM, Denied
from helpdesk.people.errors import Clash, Missing, Refused
from helpdesk.people.models import ContactPoint, Organisation, OrganisationDomain, Person
from helpdesk.people.services import (
    contact_points,
    find_or_create_by_address,
    organisations,
    persons,
)
from helpdesk.people.services.contact_points import Taken
from helpdesk.people.services.persons import NewContact, NewPerson
from tests import factories
from tests.people.makers import administrator, logged


def email(address: str) -> NewContact:
    return NewContact("email", address)


def test_a_person_is_made_with_addresses_and_joins_by_domain(session):
    boss = administrator()
    firm = factories.organisation("Northline")
    organisations.add_domain(boss, firm, "northline.example")
    person = persons.create(
        boss,
        NewPerson(
            "  何美玲  Ho Mei-Ling ",
            (
                email("Mei-Ling.Ho@northline.example"),
                NewContact("phone", "+852 2345 6789 ext 4021"),
            ),
            {"vip": True},
        ),
    )
    assert person.name == "何美玲 Ho Mei-Ling"
    assert person.organisation_id == firm.id
    assert [(p.kind, p.value, p.extension) for p in person.contact_points] == [
        ("email", "mei-ling.ho@northline.example", ""),
        ("phone", "+85223456789", "4021"),
    ]
    assert logged("person-created")[0].subject_label == "何美玲 Ho Mei-Ling"


def test_who_may_not_edit_people_creates_none(session):
    factories.desk()
    with pytest.raises(Denied):
        persons.create(factories.actor(role="customer"), NewPerson("Nobody"))


def test_an_address_that_is_taken_names_its_owner(session):
    boss = administrator()
    owner = factories.person("Alan Tsang", email="alan@example.net")
    with pytest.raises(Taken) as taken:
        persons.create(boss, NewPerson("Somebody", (email("ALAN@example.net"),)))
    assert taken.value.other.id == owner.id
    assert "Alan Tsang" in str(taken.value)
    assert session.scalar(select(Person.id).where(Person.name == "Somebody")) is None


def test_the_owner_stays_unnamed_for_who_may_not_see_people(session):
    factories.desk()
    factories.person("Alan Tsang", email="alan@example.net")
    stranger = factories.actor(role="customer")
    value = contact_values.normalise("email", "alan@example.net", "GB")
    with pytest.raises(Refused) as refusal:
        contact_points.check_free(stranger, "email", value)
    assert "Alan" not in str(refusal.value)


def test_a_shared_number_may_be_everybodys(session):
    boss = administrator()
    first, second = factories.person(), factories.person()
    contact_points.add(boss, first, "phone", "+852 2345 6789")
    with pytest.raises(Taken):
        contact_points.add(boss, second, "phone", "+852 2345 6789")
    contact_points.add(boss, second, "phone", "+852 2345 6789", identifies=False)
    contact_points.add(boss, second, "phone", "+852 2345 6789 ext 12")
    session.commit()
    found = queries.people_by_phone("+85223456789")
    assert [person.id for person in found] == [first.id, second.id]
    assert queries.people_by_phone("+85223456789 ext 12")[0].id == second.id


def test_the_database_keeps_identifying_values_unique(session):
    first, second = factories.person(), factories.person()
    rows = [
        {"person_id": person.id, "kind": "email", "value": "same@example.net"}
        for person in (first, second)
    ]
    with pytest.raises(DBAPIError), session.begin_nested():
        session.execute(insert(ContactPoint), rows)


def test_a_removed_address_is_free_for_the_next(session):
    boss = administrator()
    first, second = factories.person(email="desk@example.net"), factories.person()
    contact_points.retire(boss, first.contact_points[0])
    contact_points.add(boss, second, "email", "desk@example.net")
    session.commit()
    owner = queries.person_by_email("Desk@Example.net")
    assert owner is not None
    assert owner.id == second.id


def test_correcting_an_address_forgets_that_it_was_verified(session):
    boss = administrator()
    person = factories.person(email="mei@example.net")
    point = person.contact_points[0]
    point.verified_at = person.created_at
    for typed, stays in (("MEI@example.net", True), ("mei-ling@example.net", False)):
        contact_points.change(boss, point, typed, label="work", identifies=True)
        assert (point.verified_at is not None) is stays
    assert logged("contact-changed")[-1].changes == {
        "contact": ["mei@example.net (work)", "mei-ling@example.net (work)"]
    }


def test_the_first_address_is_chosen(session):
    boss = administrator()
    person = factories.person(email="one@example.net")
    second = contact_points.add(boss, person, "email", "two@example.net")
    contact_points.make_first(boss, second)
    assert [point.value for point in person.contact_points] == [
        "two@example.net",
        "one@example.net",
    ]


# ---- Editing ----


def test_two_editors_clash_and_see_each_others_change(session):
    boss = administrator()
    person = factories.person("Ho Mei-Ling", title="Clerk")
    seen = person.version
    persons.edit(boss, person, seen, {"title": "Finance manager"})
    session.commit()
    with pytest.raises(Clash) as clash:
        persons.edit(boss, person, seen, {"title": "Accountant", "name": "Ho Mei-Ling"})
    assert clash.value.theirs == {"title": "Finance manager"}
    assert clash.value.version == seen + 1
    assert clash.value.by == boss.name
    assert persons.edit(boss, person, seen, {"title": "Finance manager"}) is False
    assert persons.edit(boss, person, clash.value.version, {"title": "Accountant"}) is True


def test_editing_completes_a_provisional_person(session):
    boss = administrator()
    person, is_new = find_or_create_by_address("ana@example.org", "Ana Duarte")
    assert is_new
    assert person.provisional
    persons.edit(boss, person, person.version, {"title": "Buyer"})
    assert not person.provisional


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "  "}, "name"),
        ({"language": "not a language!"}, "language"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"organisation_id": 999_999}, "organisation_id"),
    ],
)
def test_a_bad_field_is_pointed_at(session, fields, field):
    person = factories.person()
    with pytest.raises(Refused) as refusal:
        persons.edit(administrator(), person, person.version, fields)
    assert refusal.value.field == field


def test_moving_to_another_organisation_leaves_the_site_behind(session):
    boss = administrator()
    old, new = factories.organisation(), factories.organisation()
    site = organisations.add_site(boss, old, "Central", address="", time_zone="Asia/Hong_Kong")
    person = factories.person(organisation_id=old.id, site_id=site.id)
    persons.edit(boss, person, person.version, {"organisation_id": new.id})
    assert person.site_id is None
    with pytest.raises(Refused):
        persons.edit(boss, person, person.version, {"site_id": site.id})


def test_who_left_is_not_offered_and_comes_back_by_writing(session):
    boss = administrator()
    person = factories.person(email="ben@example.net")
    persons.retire(boss, person)
    session.commit()
    assert person not in queries.people_page(boss, queries.PeopleFilter())[0]
    again, is_new = find_or_create_by_address("ben@example.net")
    assert (again.id, is_new) == (person.id, False)
    assert person.retired_at is None
    assert logged("person-back")[0].actor_id is None


# ---- First contact ----


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ('"Ho, Mei-Ling"', "Ho, Mei-Ling"),
        ("", "new.person@example.org"),
        ("Ana\r\n\x00 Duarte", "Ana Duarte"),
        ("x" * 500, "x" * 200),
    ],
)
def test_a_new_correspondent_gets_the_name_they_sent(session, sent, name):
    factories.desk()
    person, _ = find_or_create_by_address("New.Person@example.org", sent)
    assert person.name == name


def test_a_correspondent_belongs_to_the_nearest_domain(session):
    boss = administrator()
    firm, branch = factories.organisation("Firm"), factories.organisation("Branch")
    organisations.add_domain(boss, firm, "firm.example")
    organisations.add_domain(boss, branch, "hk.firm.example")
    for address, organisation in (
        ("a@firm.example", firm),
        ("b@hk.firm.example", branch),
        ("c@mail.hk.firm.example", branch),
        ("d@notfirm.example", None),
    ):
        person, _ = find_or_create_by_address(address)
        assert person.organisation_id == (organisation.id if organisation else None)


def test_a_new_domain_adopts_who_wrote_from_it_before(session):
    boss = administrator()
    person, _ = find_or_create_by_address("early@later.example")
    other, _ = find_or_create_by_address("early@notlater.example")
    firm = factories.organisation()
    assert organisations.add_domain(boss, firm, "@Later.example") == 1
    session.refresh(person)
    assert person.organisation_id == firm.id
    assert other.organisation_id is None


def test_domains_of_everybody_belong_to_nobody(session):
    boss = administrator()
    firm, other = factories.organisation("Firm"), factories.organisation()
    with pytest.raises(Refused):
        organisations.add_domain(boss, firm, "gmail.com")
    organisations.add_domain(boss, firm, "firm.example")
    with pytest.raises(Refused, match="Firm"):
        organisations.add_domain(boss, other, "firm.example")
    with pytest.raises(Missing):
        organisations.remove_domain(boss, other, "firm.example")
    organisations.remove_domain(boss, firm, "firm.example")
    assert session.get(OrganisationDomain, "firm.example") is None


def test_two_first_messages_at_once_make_one_person(own_desk):
    with own_desk.app_context():
        factories.desk()
    made: list[int] = []
    start = threading.Barrier(5)

    def write() -> None:
        with own_desk.app_context():
            start.wait()
            with transaction():
                person, _ = find_or_create_by_address("twins@example.org", "Twin")
                made.append(person.id)

    threads = [threading.Thread(target=write) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 5
    assert len(set(made)) == 1
    with own_desk.app_context():
        assert len(db.session.scalars(select(Person).where(Person.name == "Twin")).all()) == 1


# ---- Organisations ----


def test_organisations_have_one_name_each_whatever_the_case(session):
    boss = administrator()
    firm = organisations.create(boss, "Northline", domains=["northline.example"])
    with pytest.raises(Refused):
        organisations.create(boss, "NORTHLINE")
    with pytest.raises(Clash):
        organisations.edit(boss, firm, firm.version - 1, {"name": "Northline HK"})
    assert organisations.edit(boss, firm, firm.version, {"name": "Northline HK"})


def test_an_organisation_with_people_stays(session):
    boss = administrator()
    firm = organisations.create(boss, "Firm", domains=["firm.example"])
    person = factories.person(organisation_id=firm.id)
    with pytest.raises(Refused):
        organisations.retire(boss, firm)
    persons.edit(boss, person, person.version, {"organisation_id": None})
    organisations.retire(boss, firm)
    session.flush()
    assert session.get(OrganisationDomain, "firm.example") is None


def test_lists_page_by_key_and_narrow(session):
    boss = administrator()
    firm = factories.organisation()
    names = [f"Customer {letter}" for letter in "ABCDE"]
    for name in names:
        factories.person(name, organisation_id=firm.id, vip=name.endswith("C"))
    narrowed = queries.PeopleFilter(organisation_id=firm.id)
    first, more = queries.people_page(boss, narrowed, size=3)
    last = first[-1]
    second, end = queries.people_page(boss, narrowed, (last.name, last.id), size=3)
    assert [person.name for person in first + second] == names
    assert (more, end) == (True, False)
    vips, _ = queries.people_page(boss, queries.PeopleFilter(organisation_id=firm.id, vip=True))
    assert [person.name for person in vips] == ["Customer C"]
    with pytest.raises(Denied):
        queries.people_page(factories.actor(role="customer"), narrowed)


# ---- The log ----


def test_the_log_can_only_grow(session):
    factories.desk()
    audit.record(SYSTEM, "tested", session.scalar(select(Organisation)))
    session.flush()
    for statement in ("UPDATE audit_entry SET action = 'x'", "DELETE FROM audit_entry"):
        with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
            session.execute(text(statement))
    assert len(logged("tested")) == 1
