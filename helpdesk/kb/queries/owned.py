"""What somebody answers for: the articles they own, for the day they leave."""

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import selectinload

from helpdesk.db import db
from helpdesk.kb.models import Article, State

MOST = 2_000


def _of(person_id: int) -> ColumnElement[bool]:
    return Article.owner_id == person_id


def articles_of(person_id: int) -> list[Article]:
    """Return the articles somebody owns, retired ones last."""
    return list(
        db.session.scalars(
            select(Article)
            .where(_of(person_id))
            .options(selectinload(Article.texts))
            .order_by((Article.state == State.RETIRED.value), Article.id)
            .limit(MOST)
        )
    )


def reviewed_by(person_id: int) -> list[Article]:
    """Return the articles that wait for somebody's review."""
    return list(
        db.session.scalars(
            select(Article)
            .where(Article.reviewer_id == person_id, Article.state != State.RETIRED.value)
            .limit(MOST)
        )
    )


def count_of(person_id: int) -> int:
    """Return how many articles somebody owns or reviews."""
    either = or_(_of(person_id), Article.reviewer_id == person_id)
    return (
        db.session.scalar(
            select(func.count(Article.id)).where(either, Article.state != State.RETIRED.value)
        )
        or 0
    )
