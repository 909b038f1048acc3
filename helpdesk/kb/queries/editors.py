"""What whoever keeps the knowledge base looks at: what fails, what is old, what is missing."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from helpdesk.db import db
from helpdesk.kb.models import (
    Article,
    ArticleFlag,
    ArticleText,
    ArticleTicket,
    ArticleVersion,
    ArticleVote,
    State,
)
from helpdesk.kb.queries.access import visible
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor
from helpdesk.tickets.desk import Category
from helpdesk.tickets.lifecycle import FINISHED
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import visible as visible_tickets

SHOWN = 15
"""Rows of each list; what stands below them is less urgent."""
VOTES = 3
"""Votes below which nothing is said about how an article does."""
GAP_DAYS = 30
"""Days whose solved tickets are looked at for what is written down nowhere."""
GAP_TICKETS = 3


@dataclass(frozen=True, slots=True)
class Failing:
    """An article that often does not help, with what its readers said last."""

    article: Article
    share: float
    """Of its votes, how many said that it did not help: 0 to 1."""
    comments: list[str]


@dataclass(frozen=True, slots=True)
class Gap:
    """A category whose tickets are solved without articles."""

    category: Category
    tickets: int
    """Solved within the last ``GAP_DAYS``."""
    with_article: int

    @property
    def without(self) -> int:
        """How many were solved without any."""
        return self.tickets - self.with_article


@dataclass(frozen=True, slots=True)
class Old:
    """An article that may not be true any more, and why: "due", "flagged", "translation"."""

    article: Article
    why: str


def failing(actor: Actor) -> list[Failing]:
    """Return published articles by how many readers they did not help. Two queries."""
    rows = db.session.scalars(
        select(Article)
        .where(
            visible(actor),
            Article.state == State.PUBLISHED.value,
            Article.unhelpful > 0,
            Article.helpful + Article.unhelpful >= VOTES,
            # At least a third of those who said anything were not helped.
            Article.unhelpful * 3 >= Article.helpful + Article.unhelpful,
        )
        .options(selectinload(Article.texts), joinedload(Article.owner))
        .order_by(Article.unhelpful.desc(), Article.id)
        .limit(SHOWN)
    ).all()
    said: dict[int, list[str]] = {row.id: [] for row in rows}
    for key, comment in db.session.execute(
        select(ArticleVote.article_id, ArticleVote.comment)
        .where(
            ArticleVote.article_id.in_(said),
            ArticleVote.helpful.is_(False),
            ArticleVote.comment != "",
        )
        .order_by(ArticleVote.at.desc())
        .limit(SHOWN * 10)
    ):
        said[key].append(comment)
    return [
        Failing(row, row.unhelpful / (row.helpful + row.unhelpful), said[row.id][:2])
        for row in rows
    ]


def old(actor: Actor) -> list[Old]:
    """Return articles that are due, that somebody says are wrong, or whose translation lags."""
    found: dict[int, str] = {}
    published = and_(visible(actor), Article.state == State.PUBLISHED.value)
    flagged = (
        select(Article.id)
        .join(ArticleFlag, ArticleFlag.article_id == Article.id)
        .where(published, ArticleFlag.closed_at.is_(None))
        .order_by(ArticleFlag.at)
        .limit(SHOWN)
    )
    due = (
        select(Article.id)
        .where(published, Article.review_at <= now())
        .order_by(Article.review_at, Article.id)
        .limit(SHOWN)
    )
    for why, statement in (
        ("flagged", flagged),
        ("due", due),
        ("translation", _lagging(published)),
    ):
        for key in db.session.scalars(statement):
            found.setdefault(key, why)
    keys = list(found)[: 2 * SHOWN]
    rows = {
        row.id: row
        for row in db.session.scalars(
            select(Article)
            .where(Article.id.in_(keys))
            .options(selectinload(Article.texts), joinedload(Article.owner))
        )
    }
    return [Old(rows[key], found[key]) for key in keys if key in rows]


def _lagging(published: ColumnElement[bool]) -> Select[int]:
    """Select articles with a translation that says the same as an earlier version only."""
    translation, original = ArticleText.__table__.alias("t"), ArticleText.__table__.alias("o")
    version = ArticleVersion.__table__.alias("v")
    return (
        select(Article.id)
        .join(translation, translation.c.article_id == Article.id)
        .join(
            original,
            and_(original.c.article_id == Article.id, original.c.language == Article.language),
        )
        .join(
            version,
            and_(
                version.c.text_id == translation.c.id,
                version.c.number == translation.c.published,
            ),
        )
        .where(
            published,
            translation.c.language != Article.language,
            version.c.translated_from.is_not(None),
            version.c.translated_from < original.c.published,
        )
        .order_by(Article.updated_at.desc())
        .limit(SHOWN)
    )


def gaps(actor: Actor) -> list[Gap]:
    """Return the categories of solved tickets, those first where most had no article.

    Only tickets that changed within the days looked at are read, so it costs what a month has.
    """
    since = now() - timedelta(days=GAP_DAYS)
    helped = select(ArticleTicket.ticket_id).where(ArticleTicket.ticket_id == Ticket.id).exists()
    rows = db.session.execute(
        select(Ticket.category_id, helped.label("helped"), func.count())
        .where(
            Ticket.updated_at >= since,
            Ticket.resolved_at >= since,
            Ticket.status_class.in_(FINISHED),
            Ticket.category_id.is_not(None),
            Ticket.hidden_at.is_(None),
            visible_tickets(actor),
        )
        .group_by(Ticket.category_id, "helped")
    )
    counts: dict[int, list[int]] = {}
    for key, with_article, count in rows:
        if key is None:
            continue
        of_it = counts.setdefault(key, [0, 0])
        of_it[0] += count
        of_it[1] += count if with_article else 0
    worst = sorted(counts, key=lambda key: counts[key][1] - counts[key][0])[:SHOWN]
    names = {
        row.id: row for row in db.session.scalars(select(Category).where(Category.id.in_(worst)))
    }
    found = [Gap(names[key], *counts[key]) for key in worst if key in names]
    return [gap for gap in found if gap.without >= GAP_TICKETS]


def without_owner(actor: Actor) -> list[Article]:
    """Return published articles that nobody keeps true."""
    return list(
        db.session.scalars(
            select(Article)
            .where(
                visible(actor),
                Article.state == State.PUBLISHED.value,
                Article.owner_id.is_(None),
            )
            .options(selectinload(Article.texts))
            .order_by(Article.updated_at.desc(), Article.id)
            .limit(SHOWN)
        )
    )


def kept_by(actor: Actor, person_id: int) -> list[Article]:
    """Return the articles that somebody keeps true, those first that changed last."""
    return list(
        db.session.scalars(
            select(Article)
            .where(
                visible(actor),
                Article.state != State.RETIRED.value,
                Article.owner_id == person_id,
            )
            .options(selectinload(Article.texts))
            .order_by(Article.updated_at.desc(), Article.id)
            .limit(100)
        )
    )


def solved_by(person_id: int, limit: int = 10) -> list[tuple[Category, int, int]]:
    """Return what somebody solves: categories, how many they solved, and how many everybody did.

    Of the last half year. What nobody else solves comes first.
    """
    since = now() - timedelta(days=182)
    mine = func.sum(case((Ticket.resolved_by_id == person_id, 1), else_=0))
    rows = db.session.execute(
        select(Ticket.category_id, mine, func.count())
        .where(
            Ticket.updated_at >= since,
            Ticket.resolved_at >= since,
            Ticket.category_id.is_not(None),
            or_(
                Ticket.resolved_by_id == person_id,
                Ticket.category_id.in_(
                    select(Ticket.category_id).where(
                        Ticket.updated_at >= since, Ticket.resolved_by_id == person_id
                    )
                ),
            ),
        )
        .group_by(Ticket.category_id)
        .having(mine >= GAP_TICKETS)
    ).all()
    chosen = sorted(rows, key=lambda row: (-row[1] / row[2], -row[1]))[:limit]
    names = {
        row.id: row
        for row in db.session.scalars(
            select(Category).where(Category.id.in_([row[0] for row in chosen]))
        )
    }
    return [(names[key], int(own), int(every)) for key, own, every in chosen if key in names]
