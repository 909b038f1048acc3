"""Articles that say the same twice: found in the background, shown to whoever keeps them in order.

Each published article is compared with those whose words are most like its own, when it has
changed since it was last compared. Two are alike by the share of short runs of words (shingles)
that both have (Broder, "On the resemblance and containment of documents", 1997).
"""

import time
from datetime import datetime

from sqlalchemy import ForeignKey, delete, or_, select
from sqlalchemy.orm import Mapped, mapped_column, selectinload

from helpdesk.db import Model, UTCDateTime, db, transaction
from helpdesk.jobs import job
from helpdesk.kb import searching
from helpdesk.kb.models import Article, ArticleText, ArticleVersion, State
from helpdesk.kb.queries.access import EVERYTHING, visible
from helpdesk.lib.bigrams import words
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor, Permission
from helpdesk.search import asking

ALIKE = 0.3
"""The share of their runs of words from which two articles count as saying the same."""
RUN = 4
"""Words of a run."""
NEAREST = 4
"""Articles that each one is compared with."""
AT_ONCE = 20
"""Articles that are compared in one transaction."""
SECONDS = 10.0
"""How long one turn of the job goes on."""


class Likeness(Model):
    """Two articles that say much the same; the smaller key comes first."""

    __tablename__ = "article_likeness"

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True)
    other_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True, index=True)
    share: Mapped[float] = mapped_column()
    # Somebody looked and lets both stand.
    dismissed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Compared(Model):
    """When an article was last compared with others."""

    __tablename__ = "article_compared"

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)


def shared(one: str, other: str) -> float:
    """Return how much of two plain texts is the same, 0 to 1, by their runs of words."""
    first, second = _runs(one), _runs(other)
    if not first or not second:
        return 0.0
    return len(first & second) / len(first | second)


def _runs(text: str) -> set[tuple[str, ...]]:
    said = words(text)
    return (
        {tuple(said[at : at + RUN]) for at in range(max(1, len(said) - RUN + 1))} if said else set()
    )


@job(every=600)
def compare_articles() -> int:
    """Compare what changed with what is like it; returns how many were compared.

    A turn ends after some seconds, so that thousands of imported articles do not keep the other
    work of the desk waiting. Without an index nothing is compared, nor counted as if it were.
    """
    count, until = 0, time.monotonic() + SECONDS
    while time.monotonic() < until:
        with transaction():
            some = _compare_some()
        count += some
        if some < AT_ONCE:
            break
    return count


def _compare_some() -> int:
    due = db.session.execute(
        select(Article.id, ArticleText.language, ArticleVersion.body, ArticleVersion.title)
        .join(ArticleText, ArticleText.article_id == Article.id)
        .join(ArticleVersion, ArticleVersion.text_id == ArticleText.id)
        .join(Compared, Compared.article_id == Article.id, isouter=True)
        .where(
            Article.state == State.PUBLISHED.value,
            ArticleText.language == Article.language,
            ArticleVersion.number == ArticleText.published,
            or_(Compared.at.is_(None), Compared.at < Article.updated_at),
        )
        .order_by(Article.id)
        .limit(AT_ONCE)
    ).all()
    for count, row in enumerate(due):
        if not _compare(row.id, row.language, row.title, searching.plain(row.body)):
            return count
    return len(due)


def _compare(key: int, language: str, title: str, body: str) -> bool:
    """Compare one article; False where there is no index to ask for what is like it."""
    found = asking.like(
        f"{title}\n{title}\n{body}",
        kind=searching.KIND,
        readers={EVERYTHING},
        language=language,
        limit=NEAREST + 1,
    )
    if not found.ready:
        return False
    known = {
        (row.article_id, row.other_id): row
        for row in db.session.scalars(
            select(Likeness).where(or_(Likeness.article_id == key, Likeness.other_id == key))
        )
    }
    others = [hit.group for hit in found.hits if hit.group != key and hit.language == language]
    alike: set[tuple[int, int]] = set()
    for other, text in _texts(others, language).items():
        share = shared(body, text)
        if share >= ALIKE:
            pair = (min(key, other), max(key, other))
            alike.add(pair)
            if pair in known:
                known[pair].share = share
            else:
                db.session.add(Likeness(article_id=pair[0], other_id=pair[1], share=share))
    for pair, row in known.items():
        if pair not in alike:
            db.session.delete(row)
    compared = db.session.get(Compared, key)
    if compared is None:
        db.session.add(Compared(article_id=key, at=now()))
    else:
        compared.at = now()
    db.session.flush()
    return True


def _texts(keys: list[int], language: str) -> dict[int, str]:
    rows = db.session.execute(
        select(ArticleText.article_id, ArticleVersion.body)
        .join(ArticleVersion, ArticleVersion.text_id == ArticleText.id)
        .join(Article, Article.id == ArticleText.article_id)
        .where(
            ArticleText.article_id.in_(keys),
            ArticleText.language == language,
            ArticleVersion.number == ArticleText.published,
            Article.state == State.PUBLISHED.value,
        )
    )
    return {key: searching.plain(body) for key, body in rows}


def twice(actor: Actor, limit: int = 15) -> list[tuple[Article, Article, float]]:
    """Return pairs of published articles that say much the same, the likest first."""
    pairs = db.session.scalars(
        select(Likeness)
        .where(Likeness.dismissed_at.is_(None))
        .order_by(Likeness.share.desc(), Likeness.article_id, Likeness.other_id)
        .limit(4 * limit)
    ).all()
    keys = {key for row in pairs for key in (row.article_id, row.other_id)}
    known = {
        row.id: row
        for row in db.session.scalars(
            select(Article)
            .where(Article.id.in_(keys), Article.state == State.PUBLISHED.value, visible(actor))
            .options(selectinload(Article.texts))
        )
    }
    found = [
        (known[row.article_id], known[row.other_id], row.share)
        for row in pairs
        if row.article_id in known and row.other_id in known
    ]
    return found[:limit]


def let_both_stand(actor: Actor, one: int, other: int) -> None:
    """Say that two articles are meant to be two. Raises Denied."""
    actor.demand(Permission.KB_WRITE)
    row = db.session.get(Likeness, (min(one, other), max(one, other)))
    if row is not None:
        row.dismissed_at = now()


def forget(article_id: int) -> None:
    """Forget what an article was compared with; it is gone."""
    db.session.execute(
        delete(Likeness).where(
            or_(Likeness.article_id == article_id, Likeness.other_id == article_id)
        )
    )
