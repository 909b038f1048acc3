"""What was searched for: counted, so that whoever keeps the knowledge base sees what is missing."""

import unicodedata
from datetime import datetime, timedelta

from sqlalchemy import String, UniqueConstraint, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk.db import BigId, Model, UTCDateTime, db, transaction
from helpdesk.jobs import job
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor, Permission

SHORTEST, LONGEST = 3, 200
"""Characters of a question that is counted."""
KEPT = timedelta(days=365)
MOST = 20_000
"""Questions that are remembered; who asks at random pushes out what is seldom asked."""


class ArticleSearch(Model):
    """A question that was asked of the knowledge base: how often, and how often in vain."""

    __tablename__ = "article_search"
    __table_args__ = (UniqueConstraint("question", "language"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    # Folded: lower case, single spaces.
    question: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(20))
    times: Mapped[int] = mapped_column(default=0)
    # How often nothing was found, or nothing that helped, and how often by people outside.
    failed: Mapped[int] = mapped_column(default=0, index=True)
    failed_outside: Mapped[int] = mapped_column(default=0)
    first_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    last_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now, index=True)
    # Nobody needs to write it: it was written, or asks for nothing that belongs here.
    settled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


def folded(question: str) -> str:
    """Return a question as it is counted."""
    said = unicodedata.normalize("NFKC", question).casefold()
    return " ".join(said.split())[:LONGEST]


def count_search(actor: Actor, question: str, language: str, *, found: int) -> None:
    """Count that something was searched for; ``found`` is how much there was, 0 for nothing.

    What was settled and is asked for in vain again has to be looked at again.
    """
    said = folded(question)
    if len(said) < SHORTEST:
        return
    failed = int(found == 0)
    outside = int(failed and not actor.can(Permission.KB_READ))
    changes = {
        "times": ArticleSearch.times + 1,
        "failed": ArticleSearch.failed + failed,
        "failed_outside": ArticleSearch.failed_outside + outside,
        "last_at": now(),
        **({"settled_at": None} if failed else {}),
    }
    again = (
        update(ArticleSearch)
        .where(ArticleSearch.question == said, ArticleSearch.language == language)
        .values(**changes)
        .execution_options(synchronize_session=False)
    )
    if db.session.execute(again).rowcount:  # type: ignore[attr-defined]
        return
    try:
        with db.session.begin_nested():
            db.session.add(
                ArticleSearch(
                    question=said,
                    language=language,
                    times=1,
                    failed=failed,
                    failed_outside=outside,
                )
            )
    except IntegrityError:
        # Somebody else asked the same for the first time just now.
        db.session.execute(again)


def failed_searches(limit: int = 30) -> list[ArticleSearch]:
    """Return what was searched for in vain, the most frequent first."""
    return list(
        db.session.scalars(
            select(ArticleSearch)
            .where(ArticleSearch.failed > 0, ArticleSearch.settled_at.is_(None))
            .order_by(ArticleSearch.failed.desc(), ArticleSearch.last_at.desc(), ArticleSearch.id)
            .limit(limit)
        )
    )


def settle(actor: Actor, key: int) -> None:
    """Say that a question asks for nothing that has to be written, or that it was written."""
    actor.demand(Permission.KB_WRITE)
    db.session.execute(
        update(ArticleSearch).where(ArticleSearch.id == key).values(settled_at=now())
    )


@job(every=3600)
def forget_searches() -> int:
    """Forget what nobody asked for in a year, and the seldom asked beyond what is remembered."""
    with transaction():
        old = delete(ArticleSearch).where(ArticleSearch.last_at < now() - KEPT)
        count: int = db.session.execute(old).rowcount  # type: ignore[attr-defined]
        kept = (
            select(ArticleSearch.id)
            .order_by(ArticleSearch.failed.desc(), ArticleSearch.last_at.desc())
            .offset(MOST)
            .limit(5000)
        )
        keys = db.session.scalars(kept).all()
        if keys:
            db.session.execute(delete(ArticleSearch).where(ArticleSearch.id.in_(keys)))
        return count + len(keys)
