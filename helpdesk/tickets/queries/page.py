"""What stands around a ticket on its page, each part in one query whatever its size."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, exists, literal, null, or_, select, union_all
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.attributes import set_committed_value

from helpdesk.db import UTCDateTime, db
from helpdesk.lib.clock import now
from helpdesk.people.access import SYSTEM, Actor
from helpdesk.people.models import Absence, Organisation, Person, Site
from helpdesk.tickets.companions import (
    DRAFT_KINDS,
    CopyRecipient,
    Draft,
    Follower,
    Link,
    Presence,
    Task,
    TimeEntry,
)
from helpdesk.tickets.desk import Category, Cause, Queue, QuickTemplate, Status, Tag, TicketTag
from helpdesk.tickets.lifecycle import UNFINISHED, LinkType
from helpdesk.tickets.models import Assignment, Ticket
from helpdesk.tickets.queries.access import get_for, visible
from helpdesk.tickets.queries.later import later_on
from helpdesk.tickets.queries.side_talks import has_side_talks

PRESENT_FOR = timedelta(seconds=45)
"""Somebody whose page was not heard of for so long has left."""

MAX_LINKS = 500
"""Linked tickets that are read; a major incident may have hundreds of children."""


@dataclass(frozen=True, slots=True)
class Named:
    """A row of a small list: a tag, a follower, somebody who gets copies."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Around:
    """The small lists around a ticket."""

    tags: list[Named]
    followers: list[Named]
    copies: list[Named]

    def follows(self, person_id: int | None) -> bool:
        """Whether the person follows the ticket."""
        return any(row.id == person_id for row in self.followers)


@dataclass(frozen=True, slots=True)
class LinkedTicket:
    """A linked ticket as the panel shows it."""

    link_id: int
    id: int
    subject: str
    kind: str
    status_class: str
    status_name: str
    major: bool
    hidden: bool

    @property
    def is_open(self) -> bool:
        """Whether it still needs work."""
        return self.status_class in UNFINISHED and not self.hidden


@dataclass(slots=True)
class Links:
    """The links of a ticket by what the other ticket is to it."""

    parents: list[LinkedTicket] = field(default_factory=list)
    children: list[LinkedTicket] = field(default_factory=list)
    related: list[LinkedTicket] = field(default_factory=list)
    duplicate_of: list[LinkedTicket] = field(default_factory=list)
    duplicates: list[LinkedTicket] = field(default_factory=list)
    causes: list[LinkedTicket] = field(default_factory=list)
    """The problems that this ticket is caused by."""
    effects: list[LinkedTicket] = field(default_factory=list)
    """The tickets that this problem causes."""

    def __len__(self) -> int:
        """How many links there are."""
        return sum(len(group) for group in self.groups())

    def groups(self) -> tuple[list[LinkedTicket], ...]:
        """Return every list, in the order in which the panel shows them."""
        return (
            self.parents,
            self.children,
            self.causes,
            self.effects,
            self.related,
            self.duplicate_of,
            self.duplicates,
        )

    @property
    def children_done(self) -> int:
        """How many children need no more work."""
        return sum(not child.is_open for child in self.children)


@dataclass(frozen=True, slots=True)
class Present:
    """A colleague who has the ticket open right now."""

    id: int
    name: str
    writing: bool


# Statements that are the same for everybody are put together once: that costs more than running
# them, and a page runs a dozen.
_WITH_ITS_PAGE = (
    joinedload(Ticket.customer).options(
        joinedload(Person.organisation).load_only(
            Organisation.name,
            Organisation.time_zone,
            Organisation.support_level,
            Organisation.support_until,
        ),
        joinedload(Person.site).load_only(Site.name, Site.time_zone),
    ),
    joinedload(Ticket.requester).load_only(Person.name),
    joinedload(Ticket.category).load_only(Category.name, Category.path),
    joinedload(Ticket.cause).load_only(Cause.name),
)

_TICKET: Any = bindparam("ticket")
_READER: Any = bindparam("reader")
_NOW: Any = bindparam("now", type_=UTCDateTime())

_PRESENT = (
    select(
        literal("present").label("what"),
        Person.id,
        Person.name,
        Presence.seen_at,
        Presence.writing,
    )
    .join(Person, Person.id == Presence.person_id)
    .where(
        Presence.ticket_id == _TICKET,
        or_(Presence.person_id == _READER, Presence.seen_at > bindparam("since")),
    )
)

_AROUND = tuple(
    select(literal(what).label("what"), named.id, named.name, null(), null())
    .join(joining, there == named.id)
    .where(joining.ticket_id == _TICKET)
    for what, named, joining, there in (
        ("tag", Tag, TicketTag, TicketTag.tag_id),
        ("follower", Person, Follower, Follower.person_id),
        ("copy", Person, CopyRecipient, CopyRecipient.person_id),
    )
)

# Most tickets have none of these: one look for all of them saves three questions.
_HAS = tuple(
    select(literal(what), literal(0), literal(""), null(), null()).where(exists().where(*there))
    for what, there in (
        ("has-links", (or_(Link.from_id == _TICKET, Link.to_id == _TICKET),)),
        ("has-tasks", (Task.ticket_id == _TICKET, Task.removed_at.is_(None))),
        (
            "has-drafts",
            (Draft.person_id == _READER, Draft.ticket_id == _TICKET, Draft.kind.in_(DRAFT_KINDS)),
        ),
        ("has-later", (later_on(_TICKET),)),
        ("has-talks", (has_side_talks(_TICKET),)),
        ("somebody-away", (Absence.ends_at > _NOW, Absence.starts_at <= _NOW)),
    )
)

# Presence comes first: it gives the columns their types.
_BESIDE: Any = union_all(_PRESENT, *_AROUND, *_HAS)

_TASKS = (
    select(Task)
    .where(Task.ticket_id == _TICKET, Task.removed_at.is_(None))
    .options(joinedload(Task.person), joinedload(Task.queue))
    .order_by(Task.position, Task.id)
)

_DRAFTS = (
    select(Draft)
    .where(Draft.person_id == _READER, Draft.ticket_id == _TICKET, Draft.kind.in_(DRAFT_KINDS))
    .options(joinedload(Draft.attachments))
)

_STATUSES = (
    select(Status.id, Status.key, Status.name, Status.status_class, Status.hold_reason)
    .where(Status.retired_at.is_(None))
    .order_by(Status.position, Status.id)
)


_ASSIGNMENTS = (
    select(Assignment)
    .where(Assignment.ticket_id == _TICKET)
    .options(
        joinedload(Assignment.queue).load_only(Queue.name, Queue.restricted),
        joinedload(Assignment.technician).load_only(Person.name),
    )
    .order_by(Assignment.id)
)


def ticket_for_page(actor: Actor, number: int) -> Ticket:
    """Return the ticket with everything its head and its properties show. Two queries.

    Raises as ``get_for``.
    """
    ticket = get_for(actor, number, options=_WITH_ITS_PAGE)
    # What selectinload would do, with a statement that is not put together anew each time.
    rows = db.session.scalars(_ASSIGNMENTS, {"ticket": ticket.id}).all()
    set_committed_value(ticket, "assignments", list(rows))
    return ticket


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands around a ticket: who is there now too, and when the reader last was."""

    around: Around
    others: list[Present]
    last_visit: datetime | None
    # Whether it is worth asking for more.
    has_links: bool
    has_tasks: bool
    has_drafts: bool
    has_later: bool
    has_talks: bool
    somebody_away: bool


def beside(actor: Actor, ticket: Ticket) -> Beside:
    """Return tags, followers, copies, who is there, and what else there is. One query."""
    found: dict[str, list[Named]] = defaultdict(list)
    others: list[Present] = []
    last_visit: datetime | None = None
    moment = now()
    asked = {
        "ticket": ticket.id,
        "reader": actor.person_id,
        "since": moment - PRESENT_FOR,
        "now": moment,
    }
    for what, key, name, seen_at, writing in db.session.execute(_BESIDE, asked):
        if what != "present":
            found[what].append(Named(key, name))
        elif key == actor.person_id:
            last_visit = seen_at
        else:
            others.append(Present(key, name, writing))
    for rows in found.values():
        rows.sort(key=lambda row: row.name.casefold())
    # Writing matters more than looking.
    others.sort(key=lambda one: (not one.writing, one.name))
    return Beside(
        Around(found["tag"], found["follower"], found["copy"]),
        others,
        last_visit,
        has_links="has-links" in found,
        has_tasks="has-tasks" in found,
        has_drafts="has-drafts" in found,
        has_later="has-later" in found,
        has_talks="has-talks" in found,
        somebody_away="somebody-away" in found,
    )


def around(ticket: Ticket) -> Around:
    """Return tags, followers and copies. One query."""
    return beside(SYSTEM, ticket).around


@lru_cache(maxsize=1024)
def _links(actor: Actor) -> Select[Any]:
    """Return the select of the links of a ticket to others that the actor may see."""
    columns = (
        Link.id.label("link_id"),
        Link.type,
        Ticket.id,
        Ticket.subject,
        Ticket.kind,
        Ticket.status_class,
        Status.name.label("status_name"),
        Ticket.major,
        Ticket.hidden_at.is_not(None).label("hidden"),
    )
    outward = (
        select(literal(1).label("outward"), *columns)
        .join(Ticket, Ticket.id == Link.to_id)
        .join(Status, Status.id == Ticket.status_id)
        .where(Link.from_id == _TICKET, visible(actor))
    )
    inward = (
        select(literal(0), *columns)
        .join(Ticket, Ticket.id == Link.from_id)
        .join(Status, Status.id == Ticket.status_id)
        .where(Link.to_id == _TICKET, visible(actor))
    )
    return select(union_all(outward, inward).limit(MAX_LINKS).subquery())


def links_of(actor: Actor, ticket: Ticket) -> Links:
    """Return the linked tickets that the actor may see. One query.

    A restricted ticket that the actor may not see leaves no trace, not even in a count.
    """
    links = Links()
    place = {
        (LinkType.PARENT, 1): links.children,
        (LinkType.PARENT, 0): links.parents,
        (LinkType.RELATED, 1): links.related,
        (LinkType.RELATED, 0): links.related,
        (LinkType.DUPLICATE, 1): links.duplicate_of,
        (LinkType.DUPLICATE, 0): links.duplicates,
        (LinkType.CAUSED_BY, 1): links.causes,
        (LinkType.CAUSED_BY, 0): links.effects,
    }
    rows = db.session.execute(_links(actor), {"ticket": ticket.id}).all()
    for row in sorted(rows, key=lambda row: row.id):
        place[LinkType(row.type), row.outward].append(
            LinkedTicket(
                row.link_id,
                row.id,
                row.subject,
                row.kind,
                row.status_class,
                row.status_name,
                bool(row.major),
                bool(row.hidden),
            )
        )
    # What still needs work comes first.
    links.children.sort(key=lambda child: (not child.is_open, child.id))
    return links


def tasks_of(ticket: Ticket) -> dict[str, list[Task]]:
    """Return the tasks by checklist, in their order. One query."""
    found: dict[str, list[Task]] = defaultdict(list)
    for task in db.session.scalars(_TASKS, {"ticket": ticket.id}):
        found[task.checklist].append(task)
    return dict(found)


def time_of(ticket: Ticket, limit: int = 50) -> list[TimeEntry]:
    """Return the newest time entries with who spent the time."""
    return list(
        db.session.scalars(
            select(TimeEntry)
            .where(TimeEntry.ticket_id == ticket.id)
            .options(joinedload(TimeEntry.person))
            .order_by(TimeEntry.happened_at.desc(), TimeEntry.id.desc())
            .limit(limit)
        )
    )


def present(actor: Actor, ticket: Ticket) -> tuple[list[Present], datetime | None]:
    """Return the colleagues who have the ticket open, and when the actor last had it open."""
    found = beside(actor, ticket)
    return found.others, found.last_visit


def drafts_of(actor: Actor, ticket: Ticket) -> dict[str, Draft]:
    """Return what the actor typed about the ticket and has not sent, by kind. One query."""
    asked = {"ticket": ticket.id, "reader": actor.person_id}
    rows = db.session.scalars(_DRAFTS, asked).unique()
    return {row.kind: row for row in rows}


@dataclass(frozen=True, slots=True)
class StatusChoice:
    """A status that a ticket may get, as menus show it."""

    id: int
    key: str | None
    name: str
    status_class: str
    hold_reason: str | None


def statuses() -> list[StatusChoice]:
    """Return the statuses in use. One query."""
    return [StatusChoice(*row) for row in db.session.execute(_STATUSES)]


def categories() -> list[Category]:
    """Return the categories in use, so that the tree reads from top to bottom."""
    return list(
        db.session.scalars(
            select(Category).where(Category.retired_at.is_(None)).order_by(Category.path)
        )
    )


def causes() -> list[Cause]:
    """Return the causes in use."""
    return list(
        db.session.scalars(
            select(Cause).where(Cause.retired_at.is_(None)).order_by(Cause.position, Cause.name)
        )
    )


def quick_templates(limit: int = 10) -> list[QuickTemplate]:
    """Return the commonest matters that are logged and resolved in one form."""
    return list(
        db.session.scalars(
            select(QuickTemplate)
            .where(QuickTemplate.retired_at.is_(None))
            .options(joinedload(QuickTemplate.category), joinedload(QuickTemplate.cause))
            .order_by(QuickTemplate.position, QuickTemplate.id)
            .limit(limit)
        )
    )


def names_of(person_ids: set[int]) -> dict[int, str]:
    """Return the names of people by key."""
    if not person_ids:
        return {}
    rows = db.session.execute(select(Person.id, Person.name).where(Person.id.in_(person_ids)))
    return {row.id: row.name for row in rows}
