"""What readers say of an article, and how often it is used: votes, flags, counters."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import case, func, select, update
from sqlalchemy.exc import IntegrityError

from helpdesk.db import db
from helpdesk.kb import searching
from helpdesk.kb.events import News
from helpdesk.kb.models import (
    Article,
    ArticleFlag,
    ArticleText,
    ArticleUse,
    ArticleVersion,
    ArticleVote,
    State,
    Use,
)
from helpdesk.kb.services.journal import hold, may_keep, note, tell
from helpdesk.lib.clock import now
from helpdesk.people import typed_text
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused

REASONS = ("outdated", "unclear", "steps", "other")
"""Why an article did not help; the words are in the views."""
MAX_COMMENT, MAX_FLAG, MAX_ANSWER = 1000, 2000, 1000


def vote(
    actor: Actor,
    article: Article,
    text: ArticleText,
    helpful: bool,
    *,
    reason: str = "",
    comment: str = "",
) -> ArticleVote:
    """Say whether the published version of a text helped; saying it again changes it.

    The actor was given the article by ``article_for``. Raises Denied, Refused.
    """
    actor.demand(Permission.SELF_USE)
    if actor.person_id is None:
        raise Refused("nobody", _l("Nobody is signed in."))
    if article.state != State.PUBLISHED or text.published is None:
        raise Refused("not-published", _l("It is not published."))
    hold(article)
    version_id = db.session.scalar(
        select(ArticleVersion.id).where(
            ArticleVersion.text_id == text.id, ArticleVersion.number == text.published
        )
    )
    row = db.session.scalar(
        select(ArticleVote).where(
            ArticleVote.version_id == version_id, ArticleVote.person_id == actor.person_id
        )
    )
    if row is None:
        row = ArticleVote(article_id=article.id, version_id=version_id, person_id=actor.person_id)
        db.session.add(row)
    row.helpful = helpful
    row.reason = reason if not helpful and reason in REASONS else ""
    row.comment = "" if helpful else typed_text.paragraphs(comment, MAX_COMMENT, "comment")
    row.at = now()
    db.session.flush()
    count_votes(article)
    return row


def count_votes(article: Article) -> None:
    """Count the votes of an article anew."""
    helpful, unhelpful = db.session.execute(
        select(
            func.coalesce(func.sum(case((ArticleVote.helpful, 1), else_=0)), 0),
            func.coalesce(func.sum(case((ArticleVote.helpful, 0), else_=1)), 0),
        ).where(ArticleVote.article_id == article.id)
    ).one()
    article.helpful, article.unhelpful = int(helpful), int(unhelpful)
    searching.counted(article)


def record_use(article: Article, kind: Use, times: int = 1) -> None:
    """Count that something was done with an article, today.

    Reading alone gives it no more weight; what was sent, used or solved with it does.
    """
    day = now().date()
    key = (ArticleUse.article_id == article.id) & (ArticleUse.day == day)
    more = (
        update(ArticleUse)
        .where(key, ArticleUse.kind == kind.value)
        .values(times=ArticleUse.times + times)
        .execution_options(synchronize_session=False)
    )
    if not db.session.execute(more).rowcount:  # type: ignore[attr-defined]
        try:
            with db.session.begin_nested():
                db.session.add(
                    ArticleUse(article_id=article.id, day=day, kind=kind.value, times=times)
                )
        except IntegrityError:
            # Somebody else was the first of this day.
            db.session.execute(more)
    if kind is not Use.READ:
        db.session.execute(
            update(Article)
            .where(Article.id == article.id)
            .values(uses=Article.uses + times)
            .execution_options(synchronize_session=False)
        )
        db.session.expire(article, ["uses"])
        searching.counted(article)


def flag(actor: Actor, article: Article, text: str, *, number: int | None = None) -> ArticleFlag:
    """Say that an article is wrong, and why; its owner is told.

    ``number`` is the key of the version that was read. Raises Denied, Refused.
    """
    actor.demand(Permission.SELF_USE)
    said = typed_text.paragraphs(text, MAX_FLAG, "text")
    if not said:
        raise Refused("text-missing", _l("Say what is wrong."), "text")
    row = ArticleFlag(
        article_id=article.id,
        version_id=number,
        person_id=actor.person_id,
        text=said,
        at=now(),
    )
    db.session.add(row)
    note(actor, article, "flagged", text=said[:300])
    tell(actor, article, News.FLAGGED, [article.owner_id or article.reviewer_id], text=said[:300])
    return row


def close_flag(actor: Actor, article: Article, row: ArticleFlag, answer: str = "") -> None:
    """Say that a flag was dealt with; who raised it is told. Raises Denied, Refused."""
    if not may_keep(actor, article) and not actor.can(Permission.KB_WRITE):
        actor.demand(Permission.KB_WRITE)
    if row.closed_at is not None:
        raise Refused("closed", _l("It was dealt with already."))
    row.answer = typed_text.paragraphs(answer, MAX_ANSWER, "answer")
    row.closed_at, row.closed_by_id = now(), actor.person_id
    note(actor, article, "flag-closed", answer=row.answer[:300])
    tell(actor, article, News.FLAG_CLOSED, [row.person_id], answer=row.answer[:300])
