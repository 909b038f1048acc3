import pytest
from sqlalchemy import text

from helpdesk.people import search
from helpdesk.people.access import Denied
from helpdesk.people.models import Person
from helpdesk.people.services import contact_points, organisations, persons
from helpdesk.people.services.persons import NewContact, NewPerson
from tests import factories
from tests.people.makers import administrator


@pytest.fixture
def desk(session):
    """A desk in Hong Kong with a few people."""
    row = factories.desk()
    row.phone_region = "HK"
    boss = administrator()
    firm = organisations.create(boss, "Northline Shipping", domains=["northline.example"])
    site = organisations.add_site(boss, firm, "Kwai Chung DC", address="", time_zone=None)

    def make(name, *contacts, **fields):
        new = NewPerson(name, tuple(NewContact(kind, value) for kind, value in contacts), fields)
        return persons.create(boss, new)

    make(
        "何美玲 Ho Mei-Ling",
        ("email", "mei-ling.ho@northline.example"),
        ("phone", "2345 6789 ext 4021"),
        title="Finance manager",
        site_id=site.id,
    )
    make("Łukasz Zieliński", ("email", "lz@example.pl"), ("phone", "+48 22 123 45 67"))
    make("Ana Duarte", ("email", "ana@example.org"), notes="left-handed mouse")
    make("Anastasia Petrova", ("email", "ap@example.org"))
    make("Joe Ana Mensah", ("email", "joe@example.org"))
    make("Müller, Jörg", ("phone", "4055"))
    session.commit()
    return boss


def names(boss, question, **narrowed):
    return [person.name for person in search.find(boss, question, **narrowed)]


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("mei", "何美玲 Ho Mei-Ling"),
        ("ho mei-ling", "何美玲 Ho Mei-Ling"),
        ("美玲", "何美玲 Ho Mei-Ling"),
        ("何", "何美玲 Ho Mei-Ling"),
        ("何美玲", "何美玲 Ho Mei-Ling"),
        ("mei-ling.ho@northline.example", "何美玲 Ho Mei-Ling"),
        ("finance northline", "何美玲 Ho Mei-Ling"),
        ("kwai chung", "何美玲 Ho Mei-Ling"),
        ("2345 6789", "何美玲 Ho Mei-Ling"),
        ("23456789", "何美玲 Ho Mei-Ling"),
        ("+852 2345 6789", "何美玲 Ho Mei-Ling"),
        ("00852 23456789", "何美玲 Ho Mei-Ling"),
        ("45-67 89", "何美玲 Ho Mei-Ling"),
        ("4021", "何美玲 Ho Mei-Ling"),
        ("zielinski", "Łukasz Zieliński"),
        ("ŁUKASZ", "Łukasz Zieliński"),
        ("lukasz ziel", "Łukasz Zieliński"),
        ("22 123 45", "Łukasz Zieliński"),
        ("left-handed", "Ana Duarte"),
        ("jorg muller", "Müller, Jörg"),
        ("4055", "Müller, Jörg"),
    ],
)
def test_people_are_found_by_what_is_known_of_them(desk, question, found):
    assert names(desk, question)[:1] == [found]


@pytest.mark.parametrize(
    "question", ["", "   ", "!!!", "玲美", "mei zielinski", "9999999", "' OR 1"]
)
def test_what_fits_nobody_finds_nobody(desk, question):
    assert names(desk, question) == []


def test_whole_names_come_before_beginnings_and_names_before_the_rest(desk):
    assert names(desk, "ana") == ["Ana Duarte", "Joe Ana Mensah", "Anastasia Petrova"]


def test_a_renamed_organisation_is_found_by_its_new_name(desk, session):
    person = search.find(desk, "何美玲")[0]
    firm = person.organisation
    assert firm is not None
    organisations.edit(desk, firm, firm.version, {"name": "Southline"})
    session.commit()
    assert names(desk, "southline") == ["何美玲 Ho Mei-Ling"]
    assert names(desk, "shipping") == []


def test_removed_addresses_find_nobody(desk, session):
    person = search.find(desk, "ana duarte")[0]
    contact_points.retire(desk, person.contact_points[0])
    contact_points.add(desk, person, "email", "duarte@new.example")
    session.commit()
    assert names(desk, "duarte@new") == ["Ana Duarte"]
    assert names(desk, "ana@example.org") == []


def test_the_retired_are_not_offered_and_filters_narrow(desk, session):
    person = search.find(desk, "ana duarte")[0]
    assert names(desk, "ana", where=[Person.id == person.id]) == ["Ana Duarte"]
    persons.retire(desk, person)
    session.commit()
    assert names(desk, "ana duarte") == []


def test_only_who_may_see_people_finds_them(desk):
    with pytest.raises(Denied):
        search.find(factories.actor(role="customer"), "ana")


def test_the_index_can_be_made_anew(desk, session):
    session.execute(text("UPDATE person SET search_text = ''"))
    session.commit()
    assert names(desk, "zielinski") == []
    assert search.rebuild() >= 6
    session.commit()
    assert names(desk, "zielinski") == ["Łukasz Zieliński"]
