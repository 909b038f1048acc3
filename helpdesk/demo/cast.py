"""The people of the demo desk: teams, customers, technicians and their accounts."""

from sqlalchemy import select

from helpdesk.db import db
from helpdesk.demo import people
from helpdesk.demo.story import Demo
from helpdesk.people import passwords
from helpdesk.people.access import BUILT_IN_ROLES, Actor
from helpdesk.people.models import (
    Account,
    ContactPoint,
    Desk,
    Organisation,
    OrganisationDomain,
    Person,
    PersonSkill,
    Role,
    Site,
    Skill,
    Team,
    TeamMember,
)
from helpdesk.tickets.desk import Queue

PASSWORD = "hearth-demo"  # noqa: S105 (it is printed at every start)
"""The password of every demo account; a demo desk listens on loopback only."""

SIGN_INS = [
    ("administrator", "sam@northline.example", PASSWORD),
    ("lead", "karen@northline.example", PASSWORD),
    ("technician", "priya@northline.example", PASSWORD),
    ("manager", "judith@northline.example", PASSWORD),
    ("customer", "meiling.ho@northline.example", PASSWORD),
]

CUSTOMERS = 120


def make_teams(demo: Demo) -> None:
    """Make the teams with their queues; the first is there already."""
    first = db.session.scalars(select(Queue)).one()
    first.description = people.TEAMS[0][1]
    demo.queues.append(first)
    for position, (name, description, restricted) in enumerate(people.TEAMS[1:], start=1):
        team = Team(name=name)
        db.session.add(team)
        db.session.flush()
        queue = Queue(
            name=name,
            description=description,
            team_id=team.id,
            restricted=restricted,
            position=position,
        )
        db.session.add(queue)
        demo.queues.append(queue)
    db.session.flush()


def make_customers(demo: Demo) -> None:
    """Make the organisations and the people who are helped."""
    organisations: list[tuple[Organisation, list[Site], str]] = []
    for name, domain, time_zone, sites in people.ORGANISATIONS:
        organisation = Organisation(name=name, time_zone=time_zone)
        organisation.domains = [OrganisationDomain(domain=domain)]
        rows = [Site(name=site, time_zone=zone) for site, zone in sites]
        organisation.sites = rows
        db.session.add(organisation)
        organisations.append((organisation, rows, domain))
        demo.organisations.append(organisation)
    db.session.flush()
    for name, called, title, where, site, language, vip, address in people.NAMED:
        organisation, sites_of, domain = organisations[where]
        person = _person(name, f"{address}@{domain}", language, vip=vip, title=title)
        person.call_name = called
        _add_phone(person, f"8{len(demo.customers):02d}")
        person.organisation_id, person.site_id = organisation.id, sites_of[site].id
        person.time_zone = sites_of[site].time_zone
        demo.people[name] = person
        demo.customers.append(person)
    names = [
        f"{first} {last}"
        for first, last in zip(
            demo.chance.sample(people.FIRST_NAMES, len(people.FIRST_NAMES)) * 3,
            demo.chance.choices(people.LAST_NAMES, k=3 * len(people.FIRST_NAMES)),
            strict=True,
        )
    ]
    unique = [*people.CHINESE, *dict.fromkeys(names)][: CUSTOMERS - len(people.NAMED)]
    for number, name in enumerate(unique):
        chinese = not name.isascii()
        organisation, sites_of, domain = organisations[
            (2 if number < 10 else 0) if chinese else number % len(organisations)
        ]
        language = ("zh_Hans_CN" if number < 10 else "zh_Hant_TW") if chinese else "en"
        local = f"staff{number + 11}" if chinese else name.lower().replace(" ", ".")
        person = _person(name, f"{local}@{domain}", language)
        person.title = demo.chance.choice(people.TITLES)
        person.organisation_id = organisation.id
        chosen = demo.chance.choice(sites_of)
        person.site_id, person.time_zone = chosen.id, chosen.time_zone
        _add_phone(person, f"9{number:02d}")
        demo.customers.append(person)
    demo.people["Monitoring"] = _person("Monitoring", "monitoring@northline.example", "en")
    db.session.flush()


def _add_phone(person: Person, ending: str) -> None:
    """Give somebody a number of the range that Ofcom keeps for stories: it rings nowhere."""
    person.contact_points.append(ContactPoint(kind="phone", value=f"+442079460{ending}"))


def _person(
    name: str, address: str, language: str, *, vip: bool = False, title: str = ""
) -> Person:
    person = Person(name=name, language=language, vip=vip, title=title, time_zone="Asia/Hong_Kong")
    person.contact_points.append(ContactPoint(kind="email", value=address))
    db.session.add(person)
    return person


def make_technicians(demo: Demo) -> None:
    """Make the people who help, with accounts, and one customer's account."""
    roles = {role.key: role for role in db.session.scalars(select(Role))}
    kept = passwords.hash_password(PASSWORD)
    staff = [
        *people.TECHNICIANS,
        (*people.MANAGER, [], "en"),
        (*people.ADMINISTRATOR, [0], "en"),
    ]
    for name, role, login, teams, language in staff:
        address = f"{login}@northline.example"
        person = _person(name, address, language)
        person.is_technician = role in {"technician", "lead", "administrator"}
        db.session.flush()
        _account(person, address, roles[role], kept)
        for number in teams:
            db.session.add(
                TeamMember(
                    team_id=demo.queues[number].team_id,
                    person_id=person.id,
                    is_lead=role == "lead" and number == teams[0],
                )
            )
        demo.actors[login] = Actor(
            person_id=person.id,
            name=name,
            permissions=BUILT_IN_ROLES[role],
            queue_ids=frozenset(demo.queues[number].id for number in teams),
        )
        if role in {"technician", "lead"}:
            demo.technicians[login] = person
            demo.teams_of[login] = teams
    for name, known in people.SKILLS.items():
        skill = Skill(name=name, language=people.LANGUAGES_OF_SKILLS.get(name))
        db.session.add(skill)
        db.session.flush()
        db.session.add_all(
            PersonSkill(person_id=demo.technicians[login].id, skill_id=skill.id, level=level)
            for login, level in known.items()
        )
    db.session.scalars(select(Desk)).one().most_at_once = people.MOST_AT_ONCE
    for login, most in people.FEWER_AT_ONCE.items():
        person_id = demo.technicians[login].id
        account = db.session.scalars(select(Account).where(Account.person_id == person_id)).one()
        account.most_at_once = most
    customer = demo.people["何美玲 Ho Mei-Ling"]
    _account(customer, "meiling.ho@northline.example", roles["customer"], kept)
    db.session.flush()


def _account(person: Person, login: str, role: Role, kept: str) -> None:
    account = Account(person_id=person.id, login=login, password_hash=kept, preferences={})
    account.roles = [role]
    db.session.add(account)
