from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, or_, select, update

from helpdesk.db import db
from helpdesk.people import queries, search
from helpdesk.people.access import Denied, Permission
from helpdesk.people.errors import Refused
from helpdesk.people.models import (
    Account,
    ContactPoint,
    Person,
    PersonSkill,
    Skill,
    TeamMember,
)
from helpdesk.people.services import merge, persons
from helpdesk.tickets.companions import Follower
from helpdesk.tickets.models import Ticket
from tests import factories
from tests.people.makers import account, acting, administrator, logged
from tests.support.queries import count_queries

TABLES = (ContactPoint, Account, TeamMember, PersonSkill, Ticket, Follower)
DERIVED = {"version", "search_text"}


@pytest.fixture(autouse=True)
def _rooms():
    """What the tickets' room registers."""
    merge.register("ticket", "customer_id")
    merge.register("ticket", "requester_id")
    merge.register("ticket", "owner_id")
    merge.register("follower", "person_id", alone=("ticket_id",))


def picture(*people: Person) -> dict[str, Any]:
    """Return everything the database says of these people, apart from what is derived."""
    db.session.flush()
    found: dict[str, Any] = {}
    for person in people:
        row = db.session.execute(
            select(Person.__table__).where(Person.__table__.c.id == person.id)
        ).mappings().one()  # fmt: skip
        found[f"person {person.id}"] = {k: v for k, v in row.items() if k not in DERIVED}
    for model in TABLES:
        table = model.__table__
        rows = db.session.execute(select(table).order_by(*table.primary_key)).mappings()
        found[model.__tablename__] = [dict(row) for row in rows]
    return found


def test_everything_of_theirs_moves_and_comes_back(session):
    boss = administrator()
    kept = factories.person("Ho Mei-Ling", email="mei@northline.example", vip=True)
    other = factories.person("何美玲", email="ho@private.example", title="Finance manager")
    ticket = factories.ticket(customer=other)
    elsewhere = factories.ticket(customer=factories.person(), requester=other)
    before = picture(kept, other)
    row = merge.merge(boss, kept, other)
    session.commit()
    assert ticket.customer_id == kept.id
    assert elsewhere.requester_id == kept.id
    assert kept.title == "Finance manager"
    assert {point.value for point in kept.contact_points} == {
        "mei@northline.example",
        "ho@private.example",
    }
    assert queries.survivor_of(other).id == kept.id
    assert queries.person_by_email("ho@private.example") == kept
    assert [person.id for person in search.find(boss, "private.example")] == [kept.id]
    assert merge.undo(boss, row).id == other.id
    session.commit()
    assert picture(kept, other) == before
    assert [person.id for person in search.find(boss, "何美玲")] == [other.id]
    assert logged("people-merged")[0].changes == {"merged": ["何美玲", "Ho Mei-Ling"]}
    assert len(logged("people-separated")) == 1


def test_what_happened_since_stays_where_it_is(session):
    boss = administrator()
    kept, other = factories.person(title=""), factories.person(title="Clerk", notes="left-handed")
    old = factories.ticket(customer=other)
    moved_on = factories.ticket(customer=other)
    row = merge.merge(boss, kept, other)
    third = factories.person()
    new = factories.ticket(customer=kept)
    db.session.execute(update(Ticket).where(Ticket.id == moved_on.id).values(customer_id=third.id))
    persons.edit(boss, kept, kept.version, {"title": "Manager"})
    session.commit()
    merge.undo(boss, row)
    session.commit()
    assert old.customer_id == other.id
    assert new.customer_id == kept.id
    assert moved_on.customer_id == third.id
    assert kept.title == "Manager"
    assert kept.notes == ""


def test_a_follower_of_both_follows_once_and_twice_again(session):
    boss = administrator()
    kept, other = factories.technician(), factories.technician()
    ticket = factories.ticket()
    for person in (kept, other):
        session.add(Follower(ticket_id=ticket.id, person_id=person.id))
    session.commit()
    before = picture(kept, other)
    row = merge.merge(boss, kept, other)
    session.commit()
    assert session.scalars(select(Follower.person_id)).all() == [kept.id]
    merge.undo(boss, row)
    session.commit()
    assert picture(kept, other) == before


def test_people_with_thousands_of_tickets_become_one_and_two_again(session):
    """A monitoring system, or the assistant who asks for everybody: by sets, not one by one."""
    boss = administrator()
    kept, other = factories.technician("Monitoring"), factories.technician("Monitoring, old")
    pattern = factories.ticket(customer=kept)
    many = 5000
    columns = [column for column in Ticket.__table__.columns if column.key != "id"]
    given = {column.key: getattr(pattern, column.key) for column in columns}
    for customer, requester, owner in ((other, kept, other), (kept, other, None)):
        owner_id = owner.id if owner is not None else None
        ours = {"customer_id": customer.id, "requester_id": requester.id, "owner_id": owner_id}
        session.execute(insert(Ticket), [{**given, **ours} for _number in range(many // 2)])
    everything = session.scalars(select(Ticket.id)).all()
    for person in (kept, other):
        session.execute(
            insert(Follower), [{"ticket_id": key, "person_id": person.id} for key in everything]
        )
    session.commit()
    before = picture(kept, other)
    with count_queries() as queries_sent:
        row = merge.merge(boss, kept, other)
        session.commit()
    assert queries_sent.count < 60, str(queries_sent)
    assert of(kept) == (many + 1, many + 1)
    assert of(other) == (0, 0)
    with count_queries() as queries_sent:
        merge.undo(boss, row)
        session.commit()
    assert queries_sent.count < 120, str(queries_sent)
    assert picture(kept, other) == before


def of(person: Person) -> tuple[int, int]:
    """Return how many tickets are for or of somebody, and how many they follow."""
    concerned = or_(Ticket.customer_id == person.id, Ticket.requester_id == person.id)
    tickets = db.session.scalar(select(func.count(Ticket.id)).where(concerned))
    followed = select(func.count()).where(Follower.person_id == person.id)
    return tickets or 0, db.session.scalar(followed) or 0


def test_merges_are_undone_from_the_last_to_the_first(session):
    boss = administrator()
    one, two, three = (factories.person() for _ in range(3))
    first = merge.merge(boss, two, three)
    second = merge.merge(boss, one, two)
    session.commit()
    assert queries.survivor_of(three).id == one.id
    with pytest.raises(Refused):
        merge.undo(boss, first)
    merge.undo(boss, second)
    merge.undo(boss, first)
    with pytest.raises(Refused):
        merge.undo(boss, first)
    assert three.merged_into_id is None


def test_what_cannot_be_merged(session):
    boss = administrator()
    person = factories.person()
    with pytest.raises(Refused):
        merge.merge(boss, person, person)
    with pytest.raises(Refused):
        merge.merge(boss, account().person, account().person)
    gone = factories.person()
    merge.merge(boss, person, gone)
    with pytest.raises(Refused):
        merge.merge(boss, factories.person(), gone)
    with pytest.raises(Denied):
        merge.merge(factories.actor(), person, factories.person())
    lead = acting(account("lead"), permissions=frozenset({Permission.PERSON_MERGE}))
    with pytest.raises(Denied):
        merge.merge(lead, person, account().person)


def test_an_account_moves_along(session):
    boss = administrator()
    row = account("technician")
    other, kept = row.person, factories.person()
    done = merge.merge(boss, kept, other)
    session.commit()
    assert row.person_id == kept.id
    assert kept.is_technician
    assert not other.is_technician
    merge.undo(boss, done)
    session.commit()
    assert row.person_id == other.id
    assert (kept.is_technician, other.is_technician) == (False, True)


FIELDS = st.fixed_dictionaries(
    {
        "title": st.sampled_from(["", "Clerk", "Manager"]),
        "call_name": st.sampled_from(["", "Mei"]),
        "language": st.sampled_from([None, "en", "zh_Hant_TW"]),
        "time_zone": st.sampled_from([None, "Asia/Hong_Kong"]),
        "notes": st.sampled_from(["", "likes tea", "VIP of HR"]),
        "vip": st.booleans(),
        "provisional": st.booleans(),
        "is_technician": st.booleans(),
        "organisation": st.sampled_from([None, 0, 1]),
    }
)
PERSON = st.tuples(
    FIELDS,
    st.sets(st.sampled_from(["a", "b", "c"])),  # teams
    st.sets(st.sampled_from(["VPN", "SAP"])),  # skills
    st.sets(st.integers(0, 3)),  # follows these tickets
    st.integers(0, 3),  # tickets of their own
    st.booleans(),  # an account
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    people=st.lists(PERSON, min_size=2, max_size=3),
    order=st.permutations([0, 1, 2]),
)
def test_undoing_restores_everything(session, people, order):
    boss = administrator()
    firms = [factories.organisation() for _ in range(2)]
    teams = {name: factories.team() for name in "abc"}
    skills = {}
    for name in ("VPN", "SAP"):
        skills[name] = Skill(name=f"{name} {id(people)}")
        db.session.add(skills[name])
    tickets = [factories.ticket() for _ in range(4)]
    made: list[Person] = []
    has_account = False
    for fields, team_names, skill_names, follows, own, signs_in in people:
        place = fields["organisation"]
        plain = {key: value for key, value in fields.items() if key != "organisation"}
        person = factories.person(organisation_id=firms[place].id if place is not None else None)
        for key, value in plain.items():
            setattr(person, key, value)
        for name in team_names:
            db.session.add(TeamMember(team_id=teams[name].id, person_id=person.id, is_lead=own > 1))
        for name in skill_names:
            db.session.add(PersonSkill(person_id=person.id, skill_id=skills[name].id, level=2))
        for at in follows:
            db.session.add(Follower(ticket_id=tickets[at].id, person_id=person.id))
        for _ in range(own):
            factories.ticket(customer=person)
        if signs_in and not has_account:
            has_account = True
            account(person=person)
            person.is_technician = fields["is_technician"]
        db.session.commit()
        made.append(person)
    chosen = [made[at] for at in order if at < len(made)]
    pictures, rows = [], []
    for other in chosen[1:]:
        pictures.append(picture(*made))
        rows.append(merge.merge(boss, chosen[0], other))
        db.session.commit()
    for row, before in zip(reversed(rows), reversed(pictures), strict=True):
        merge.undo(boss, row)
        db.session.commit()
        assert picture(*made) == before
