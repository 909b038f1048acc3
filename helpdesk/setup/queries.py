"""Reading what Set up shows. Lists of the set-up are short, apart from tags and the audit log."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from sqlalchemy import Select, exists, func, or_, select, union_all
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from helpdesk.db import db
from helpdesk.notify.models import Webhook
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Missing
from helpdesk.people.models import (
    Account,
    AccountRole,
    AuditEntry,
    Person,
    PersonSkill,
    Role,
    Skill,
    Team,
    TeamMember,
)
from helpdesk.sla import working
from helpdesk.sla.models import BusinessCalendar, Policy
from helpdesk.tickets.desk import Category, Cause, Queue, QuickTemplate, Status, Supplier, Tag

PAGE = 50
TAGS_PAGE = 100


def one(model: Any, key: int, *, lock: bool = False) -> Any:
    """Return a row by its key. Raises Missing.

    ``lock`` reads it anew and keeps others from changing it until the transaction ends: two who
    save at once come one after the other, and the second one sees what the first saved.
    """
    wait: Any = {"of": model} if lock else None
    row = db.session.get(model, key, with_for_update=wait) if key < 2**31 else None
    if row is None:
        raise Missing
    return row


def retired(model: Any) -> list[Any]:
    """Return the retired rows of a table, by name."""
    return list(
        db.session.scalars(
            select(model).where(model.retired_at.is_not(None)).order_by(model.name, model.id)
        )
    )


def by_name(model: Any) -> list[Any]:
    """Return the rows of a table that are in use, by name."""
    rows = db.session.scalars(select(model).where(model.retired_at.is_(None)))
    return sorted(rows, key=lambda row: (row.name.casefold(), row.id))


def counts() -> dict[str, int]:
    """Return how many things of each kind are in use, by the key of their place."""
    tables: dict[str, Any] = {
        "teams": Team,
        "skills": Skill,
        "roles": Role,
        "queues": Queue,
        "categories": Category,
        "statuses": Status,
        "causes": Cause,
        "suppliers": Supplier,
        "tags": Tag,
        "templates": QuickTemplate,
        "calendars": BusinessCalendar,
        "promises": Policy,
        "webhooks": Webhook,
    }
    columns = [
        select(func.count(model.id)).where(model.retired_at.is_(None)).scalar_subquery().label(key)
        for key, model in tables.items()
    ]
    technicians = (
        select(func.count(Person.id))
        .where(Person.is_technician, Person.retired_at.is_(None), Person.merged_into_id.is_(None))
        .scalar_subquery()
        .label("technicians")
    )
    return dict(db.session.execute(select(*columns, technicians)).one()._mapping)


def offered_queues(actor: Actor, kept: int | None = None) -> list[Queue]:
    """Return the queues that an actor may name: restricted ones are for those who set them up."""
    rows = list(
        db.session.scalars(
            select(Queue)
            .where(Queue.retired_at.is_(None) | (Queue.id == (kept or 0)))
            .order_by(Queue.position, Queue.name)
        )
    )
    if actor.can(Permission.SETUP_TEAMS):
        return rows
    return [
        row for row in rows if not row.restricted or row.id in actor.queue_ids or row.id == kept
    ]


# ---- Tags ----


@dataclass(frozen=True, slots=True)
class TagPage:
    """A page of tags by name; ``after`` begins the next one."""

    tags: list[Tag]
    after: str | None


def tags_page(words: str = "", after: str = "") -> TagPage:
    """Return the tags in use whose names contain the words, a page at a time."""
    query = select(Tag).where(Tag.retired_at.is_(None)).order_by(Tag.name)
    if words:
        query = query.where(func.lower(Tag.name).contains(words.lower(), autoescape=True))
    if after:
        query = query.where(Tag.name > after)
    rows = list(db.session.scalars(query.limit(TAGS_PAGE + 1)))
    more = len(rows) > TAGS_PAGE
    return TagPage(rows[:TAGS_PAGE], rows[TAGS_PAGE - 1].name if more else None)


# ---- People ----


def teams_with_members() -> list[Team]:
    """Return the teams in use with their members, by name."""
    rows = db.session.scalars(
        select(Team)
        .options(selectinload(Team.members).joinedload(TeamMember.person))
        .where(Team.retired_at.is_(None))
    )
    return sorted(rows, key=lambda team: (team.name.casefold(), team.id))


def queues_of_teams() -> dict[int, list[Queue]]:
    """Return the queues in use by the team that works them."""
    found: dict[int, list[Queue]] = {}
    for queue in db.session.scalars(
        select(Queue).where(Queue.retired_at.is_(None)).order_by(Queue.position, Queue.name)
    ):
        found.setdefault(queue.team_id, []).append(queue)
    return found


def technicians() -> list[Person]:
    """Return everybody who works tickets, with account and roles, by name."""
    return list(
        db.session.scalars(
            select(Person)
            .join(Person.account, isouter=True)
            .options(contains_eager(Person.account).selectinload(Account.roles))
            .where(
                Person.is_technician, Person.retired_at.is_(None), Person.merged_into_id.is_(None)
            )
            .order_by(Person.name, Person.id)
        )
    )


def technician(key: int) -> Person:
    """Return somebody who works tickets. Raises Missing."""
    person: Person = one(Person, key)
    if not person.is_technician or person.merged_into_id is not None:
        raise Missing
    return person


def team_names() -> dict[int, list[tuple[str, bool]]]:
    """Return for each technician the names of their teams, and whether they lead them."""
    found: dict[int, list[tuple[str, bool]]] = {}
    for row in db.session.execute(
        select(TeamMember.person_id, Team.name, TeamMember.is_lead)
        .join(Team, Team.id == TeamMember.team_id)
        .where(Team.retired_at.is_(None))
        .order_by(Team.name)
    ):
        found.setdefault(row.person_id, []).append((row.name, row.is_lead))
    return found


def skill_names() -> dict[int, list[tuple[str, int]]]:
    """Return for each technician what they know, and how well."""
    found: dict[int, list[tuple[str, int]]] = {}
    for row in db.session.execute(
        select(PersonSkill.person_id, Skill.name, PersonSkill.level)
        .join(Skill, Skill.id == PersonSkill.skill_id)
        .where(Skill.retired_at.is_(None))
        .order_by(Skill.name)
    ):
        found.setdefault(row.person_id, []).append((row.name, row.level))
    return found


def known_by() -> dict[int, int]:
    """Return how many technicians have each skill."""
    rows = db.session.execute(
        select(PersonSkill.skill_id, func.count(PersonSkill.person_id).label("number"))
        .join(Person, Person.id == PersonSkill.person_id)
        .where(Person.is_technician, Person.retired_at.is_(None))
        .group_by(PersonSkill.skill_id)
    )
    return {row.skill_id: row.number for row in rows}


def levels_of(person: Person) -> dict[int, int]:
    """Return what a technician knows: key of the skill → level."""
    rows = db.session.scalars(select(PersonSkill).where(PersonSkill.person_id == person.id))
    return {row.skill_id: row.level for row in rows}


def memberships_of(person: Person) -> dict[int, bool]:
    """Return a technician's teams: key of the team → whether they lead it."""
    rows = db.session.scalars(select(TeamMember).where(TeamMember.person_id == person.id))
    return {row.team_id: row.is_lead for row in rows}


def roles(*, in_use: bool = True) -> list[Role]:
    """Return roles with their permissions, in their order."""
    is_in_use = Role.retired_at.is_(None) if in_use else Role.retired_at.is_not(None)
    return list(
        db.session.scalars(
            select(Role)
            .options(selectinload(Role.permissions))
            .where(is_in_use)
            .order_by(Role.position, Role.id)
        )
    )


def holders() -> dict[int, int]:
    """Return how many people who can sign in hold each role."""
    rows = db.session.execute(
        select(AccountRole.role_id, func.count(AccountRole.account_id).label("number"))
        .join(Account, Account.id == AccountRole.account_id)
        .where(Account.deactivated_at.is_(None))
        .group_by(AccountRole.role_id)
    )
    return {row.role_id: row.number for row in rows}


# ---- The audit log ----


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What narrows the audit log. Days are whole days in ``zone``, both ends included.

    ``actions`` are any of which an entry may be; empty: all.
    """

    person_id: int | None = None
    actions: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    zone: tzinfo = UTC

    def narrow(self, query: Select[Any]) -> Select[Any]:
        """Add the conditions to a query over audit entries, but for the actions."""
        if self.person_id is not None:
            query = query.where(AuditEntry.actor_id == self.person_id)
        if self.since is not None:
            query = query.where(AuditEntry.at >= self._begin(self.since))
        if self.until is not None:
            query = query.where(AuditEntry.at < self._begin(self.until + timedelta(days=1)))
        return query

    def _begin(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone).astimezone(UTC)


def audit_page(
    actor: Actor, narrowed: AuditFilter, before: int | None = None, size: int = PAGE
) -> tuple[list[AuditEntry], bool]:
    """Return a page of the audit log, newest first, and whether there are older ones.

    ``before`` is the key of the last entry of the page before. Raises Denied.
    """
    actor.demand(Permission.AUDIT_READ)
    keys = narrowed.narrow(select(AuditEntry.id).order_by(AuditEntry.id.desc()))
    if before is not None:
        keys = keys.where(AuditEntry.id < before)
    if narrowed.actions:
        # The newest of each action: an index gives them in order, however many there are of one.
        newest = [
            keys.where(AuditEntry.action == action).limit(size + 1).subquery()
            for action in narrowed.actions
        ]
        each = union_all(*(select(one.c.id) for one in newest)).subquery("each")
        keys = select(each.c.id).order_by(each.c.id.desc())
    found = keys.limit(size + 1).subquery("found")
    rows = list(
        db.session.scalars(
            select(AuditEntry)
            .options(joinedload(AuditEntry.actor))
            .where(AuditEntry.id.in_(select(found.c.id)))
            .order_by(AuditEntry.id.desc())
        )
    )
    return rows[:size], len(rows) > size


def staff_accounts() -> list[Person]:
    """Return everybody who has or had an account that is more than a customer's, by name."""
    works = exists().where(
        AccountRole.account_id == Account.id,
        AccountRole.role_id == Role.id,
        Role.key.is_distinct_from("customer"),
    )
    return list(
        db.session.scalars(
            select(Person)
            .join(Account, Account.person_id == Person.id)
            .where(works)
            .order_by(Person.name, Person.id)
        )
    )


def offered_skills(kept_id: int | None = None) -> list[Skill]:
    """Return the skills in use, and the one that something keeps although it is retired."""
    return list(
        db.session.scalars(
            select(Skill)
            .where(or_(Skill.retired_at.is_(None), Skill.id == kept_id))
            .order_by(Skill.name)
        )
    )


def calendars_for(person: Person) -> tuple[list[BusinessCalendar], BusinessCalendar | None]:
    """Return the calendars that a technician may work by, and the one of the desk."""
    own = working.calendar_of(person)
    rows = db.session.scalars(select(BusinessCalendar).order_by(BusinessCalendar.name)).all()
    offered = [row for row in rows if row.retired_at is None or row is own]
    return offered, next((row for row in rows if row.is_default), None)
