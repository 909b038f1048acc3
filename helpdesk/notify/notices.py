"""Notices of staff: somebody assigned it, a customer answered, a promise is in danger.

Each is a row, written in the transaction in which it happened. Nobody is told of what they did
themselves, of what they have switched off, or of a ticket they may not see. Who opens a ticket
has seen what there was to say about it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.orm import joinedload, selectinload

from helpdesk.db import db, transaction
from helpdesk.jobs import job
from helpdesk.kb.events import ArticleLooked, ArticleNews, News
from helpdesk.kb.models import Article
from helpdesk.kb.queries.access import visible as visible_articles
from helpdesk.lib.clock import now
from helpdesk.notify.models import Notice
from helpdesk.notify.wishes import WAIT, Wishes
from helpdesk.people.absent import stand_in
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import Account, Person
from helpdesk.rows import write_rows
from helpdesk.sla.events import PromisesInDanger
from helpdesk.tickets import services
from helpdesk.tickets.companions import Follower
from helpdesk.tickets.events import Mentioned, TicketEvent, TicketLooked, TimesPassed
from helpdesk.tickets.lifecycle import OPEN_ASSIGNMENT, EntryKind
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import visible
from helpdesk.tickets.services import suppliers_of
from helpdesk.tickets.side_talks import HEAR
from helpdesk.web.live import announce

PAGE = 50
COUNTED = 99
"""A badge says no more than "99+"."""
KEPT = timedelta(days=60)


class Kind(StrEnum):
    """What notices are about; each can be switched off."""

    ASSIGNED = "assigned"
    MENTIONED = "mentioned"
    ANSWERED = "answered"
    WATCHED = "watched"
    DANGER = "danger"
    OVER_TIME = "over-time"
    TROUBLE_FIXED = "trouble-fixed"
    UNDELIVERED = "undelivered"
    NOT_SENT = "not-sent"
    BRAKED = "braked"
    RULE = "rule"
    RULE_STOPPED = "rule-stopped"
    ARTICLE_DUE = "article-due"
    ARTICLE = "article"


_WATCHED = frozenset({"resolve", "reopen", "close", "hold", "hand-over", "merge", "set-major"})
"""Acts of colleagues that followers of a ticket are told of."""


# ---- Writing ----


def on_ticket_event(event: TicketEvent) -> None:
    """Tell those whom an act concerns; each once, by the weightiest reason."""
    if event.quiet:
        return
    ticket, entry = event.ticket, event.entry
    concerned: dict[int, Kind] = {}
    data: dict[str, object] = {}
    if entry.inbound and entry.kind == EntryKind.MESSAGE and event.verb == "hear":
        if ticket.owner_id is not None:
            concerned[ticket.owner_id] = Kind.ANSWERED
        concerned |= dict.fromkeys(_followers(ticket), Kind.ANSWERED)
    elif event.verb == "hear-supplier":
        concerned |= dict.fromkeys(_working_on(ticket), Kind.ANSWERED)
        known = suppliers_of(ticket)
        author = db.session.get(Person, entry.author_id) if entry.author_id is not None else None
        if len(known) == 1:
            data["supplier"] = known[0].name
        elif author is not None:
            # Of several nobody says which one it was; who wrote is known.
            data["supplier"] = author.name
    elif event.verb == HEAR:
        concerned |= dict.fromkeys(_working_on(ticket) | _in_talk(event), Kind.ANSWERED)
        author = db.session.get(Person, entry.author_id) if entry.author_id is not None else None
        data["supplier"] = author.name if author is not None else ""
        data["aside"] = True
    elif event.verb == "hear-doubted":
        concerned |= dict.fromkeys(_working_on(ticket), Kind.ANSWERED)
        data["doubted"] = True
    elif event.verb in _WATCHED:
        concerned |= dict.fromkeys(_followers(ticket), Kind.WATCHED)
    if "assigned" in (entry.changes or {}) or event.verb == "log":
        concerned |= {
            row.technician_id: Kind.ASSIGNED
            for row in ticket.assignments
            if row.technician_id is not None
            and row.state == "assigned"
            and row.assigned_at == entry.happened_at
        }
    tell(concerned, ticket.id, event.actor.person_id, data)


def _in_talk(event: TicketEvent) -> set[int]:
    """Return which colleagues wrote in the side conversation that was answered."""
    talk_id = services.talk_of(event.entry)
    return set(services.writers_of(talk_id)) if talk_id is not None else set()


def on_mentioned(event: Mentioned) -> None:
    """Tell those who are named in a journal entry."""
    by = event.entry.author_id
    tell(dict.fromkeys(event.people, Kind.MENTIONED), event.entry.ticket_id, by)


def on_looked(event: TicketLooked) -> None:
    """Whoever has a ticket open has seen what there was to say about it."""
    mark_seen(event.actor, ticket_id=event.ticket.id)


def on_article_news(event: ArticleNews) -> None:
    """Tell those who have to do with an article what became of it."""
    kind = Kind.ARTICLE_DUE if event.what is News.DUE else Kind.ARTICLE
    data = {**event.data, "what": event.what.value}
    people = [key for key in and_covers(event.people) if key != event.by]
    _write(_Told(person_id, kind, None, data, event.by, event.article_id) for person_id in people)


def on_article_looked(event: ArticleLooked) -> None:
    """Whoever has an article before them has seen what there was to say about it."""
    mark_seen(event.actor, article_id=event.article_id)


def on_times_passed(event: TimesPassed) -> None:
    """Tell the owner that a new time has to be said, or whoever holds a part of the work."""
    for ticket in event.tickets:
        people = [ticket.owner_id] if ticket.owner_id is not None else _holding(ticket)
        tell({key: Kind.OVER_TIME for key in people if key is not None}, ticket.id, None)


def _holding(ticket: Ticket) -> list[int | None]:
    return [row.technician_id for row in ticket.assignments if row.state in OPEN_ASSIGNMENT]


def on_promises_in_danger(event: PromisesInDanger) -> None:
    """Tell those whom escalations are to reach."""
    _write(
        _Told(
            person_id,
            Kind.DANGER,
            one.ticket_id,
            {
                "promise": one.promise.value,
                "due": one.due_at.isoformat(),
                "missed": one.missed,
                **({"whose": one.whose} if one.whose else {}),
            },
        )
        for one in event.found
        if not one.by_mail
        for person_id in and_covers(one.people)
    )


def tell(
    concerned: dict[int, Kind],
    ticket_id: int,
    by: int | None,
    data: Mapping[str, object] | None = None,
) -> None:
    """Write a notice for each person, unless they did it or do not want to know."""
    concerned = _with_covers({key: kind for key, kind in concerned.items() if key != by}, by)
    if not concerned:
        return
    _write(
        _Told(person_id, kind, ticket_id, dict(data or {}), by)
        for person_id, kind in concerned.items()
    )


def and_covers(people: Iterable[int]) -> list[int]:
    """Return people, and who covers for those of them who are away."""
    here = [cover for key in people if (cover := stand_in(key)) is not None]
    return list(dict.fromkeys([*people, *here]))


def _with_covers(concerned: dict[int, Kind], by: int | None) -> dict[int, Kind]:
    """Let who covers for somebody know what they would be told, too."""
    covers = {
        cover: kind
        for key, kind in concerned.items()
        if (cover := stand_in(key)) is not None and cover not in {key, by}
    }
    return covers | concerned if concerned else concerned


@dataclass(frozen=True, slots=True)
class _Told:
    """Somebody who is to hear of something."""

    person_id: int
    kind: Kind
    ticket_id: int | None
    data: dict[str, object]
    by: int | None = None
    article_id: int | None = None


def _write(told: Iterable[_Told]) -> None:
    """Write notices as their readers want them: on screen, by mail in a while, both or not."""
    told = list(told)
    wishes = _wishes({one.person_id for one in told})
    moment = now()
    rows: list[dict[str, object]] = []
    for one in told:
        wanted = wishes.get(one.person_id, Wishes())
        on_screen, by_mail = one.kind not in wanted.not_on_screen, one.kind in wanted.by_mail
        if on_screen or by_mail:
            rows.append(
                {
                    "person_id": one.person_id,
                    "kind": one.kind.value,
                    "ticket_id": one.ticket_id,
                    "article_id": one.article_id,
                    "actor_id": one.by,
                    "data": one.data,
                    "created_at": moment,
                    "on_screen": on_screen,
                    "mail_at": moment + WAIT if by_mail else None,
                }
            )
        if on_screen:
            announce(f"person:{one.person_id}", "notice", one.ticket_id or 0)
    write_rows(Notice, rows)


def _working_on(ticket: Ticket) -> set[int]:
    """Return who answers for a ticket, holds a part of it or follows it."""
    held = {row.technician_id for row in ticket.assignments if row.state in OPEN_ASSIGNMENT}
    return {key for key in {ticket.owner_id, *held, *_followers(ticket)} if key is not None}


def _followers(ticket: Ticket) -> Sequence[int]:
    return db.session.scalars(
        select(Follower.person_id).where(Follower.ticket_id == ticket.id)
    ).all()


def _wishes(people: set[int]) -> dict[int, Wishes]:
    """Return how people want to be told."""
    if not people:
        return {}
    rows = db.session.execute(
        select(Account.person_id, Account.preferences).where(Account.person_id.in_(people))
    )
    return {key: Wishes.read(kept) for key, kept in rows}


# ---- Reading ----


def _readable(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that the actor may see now what a notice is about."""
    of_article = and_(Notice.article_id.is_not(None), visible_articles(actor))
    return or_(and_(Notice.ticket_id.is_not(None), visible(actor)), of_article)


def unseen(actor: Actor) -> int:
    """Return how many notices the actor has not seen, up to one more than ``COUNTED``."""
    if actor.person_id is None:
        return 0
    rows = (
        select(Notice.id)
        .outerjoin(Ticket, Ticket.id == Notice.ticket_id)
        .outerjoin(Article, Article.id == Notice.article_id)
        .where(
            Notice.person_id == actor.person_id,
            Notice.seen_at.is_(None),
            Notice.on_screen,
            _readable(actor),
        )
        .limit(COUNTED + 1)
        .subquery()
    )
    return db.session.scalar(select(func.count()).select_from(rows)) or 0


def newest(actor: Actor, *, before: int | None = None) -> list[Notice]:
    """Return a page of the actor's notices, newest first, one more than a page if there is more.

    Only of tickets and articles that they may see now. Raises Denied.
    """
    actor.demand(Permission.TICKET_READ)
    statement = (
        select(Notice)
        .outerjoin(Notice.ticket)
        .outerjoin(Notice.article)
        .options(
            joinedload(Notice.ticket).joinedload(Ticket.customer),
            joinedload(Notice.actor),
            selectinload(Notice.article).selectinload(Article.texts),
        )
        .where(Notice.person_id == actor.person_id, Notice.on_screen, _readable(actor))
    )
    last = db.session.get(Notice, before) if before is not None else None
    if last is not None:
        at = Notice.created_at
        older = and_(at == last.created_at, Notice.id < last.id)
        statement = statement.where(or_(at < last.created_at, older))
    ordered = statement.order_by(Notice.created_at.desc(), Notice.id.desc())
    return list(db.session.scalars(ordered.limit(PAGE + 1)))


def mark_seen(actor: Actor, *, ticket_id: int | None = None, article_id: int | None = None) -> int:
    """Say that the actor has seen their notices, or those of one ticket or article.

    Returns how many.
    """
    statement = (
        update(Notice)
        .where(Notice.person_id == actor.person_id, Notice.seen_at.is_(None))
        .values(seen_at=now())
    )
    if ticket_id is not None:
        statement = statement.where(Notice.ticket_id == ticket_id)
    if article_id is not None:
        statement = statement.where(Notice.article_id == article_id)
    found: int = db.session.execute(statement).rowcount  # type: ignore[attr-defined]
    if found and actor.person_id is not None:
        announce(f"person:{actor.person_id}", "notice", ticket_id or 0)
    return found


@job(every=3600)
def forget_notices() -> int:
    """Delete notices that are older than anybody looks at."""
    with transaction():
        old = delete(Notice).where(Notice.created_at < now() - KEPT)
        found: int = db.session.execute(old).rowcount  # type: ignore[attr-defined]
    return found
