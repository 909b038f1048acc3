"""From draft to review to published, kept true by reviews, and retired in the end."""

from calendar import monthrange
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select, update

from helpdesk.db import db, transaction
from helpdesk.jobs import job
from helpdesk.kb import steps
from helpdesk.kb.events import News
from helpdesk.kb.models import Article, ArticleText, ArticleVersion, Kind, State
from helpdesk.kb.services import files
from helpdesk.kb.services.details import is_staff
from helpdesk.kb.services.journal import (
    check_may_change,
    check_may_keep,
    hold,
    may_keep,
    note,
    tell,
)
from helpdesk.lib.clock import now
from helpdesk.people import typed_text
from helpdesk.people.access import SYSTEM, Actor, Permission
from helpdesk.people.errors import Refused

REMIND_AGAIN = timedelta(days=14)
MAX_REASON = 500
BATCH = 200


def in_months(moment: datetime, months: int) -> datetime:
    """Return the same day so many months later, or the last day of a shorter month."""
    count = moment.month - 1 + months
    year, month = moment.year + count // 12, count % 12 + 1
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))


def is_due(article: Article) -> bool:
    """Whether somebody has to look if a published article is still right."""
    return (
        article.state == State.PUBLISHED
        and article.review_at is not None
        and article.review_at <= now()
    )


def pending(article: Article) -> list[ArticleText]:
    """Return the texts with words that readers do not see yet."""
    return [text for text in article.texts if text.published != text.latest]


def submit(actor: Actor, article: Article, reviewer_id: int | None = None) -> None:
    """Ask for a review of an article, or of a change of it. Raises Denied, Refused."""
    check_may_change(actor, article)
    hold(article)
    if article.submitted_at is not None:
        raise Refused("submitted", _l("It waits for its review already."))
    if not pending(article):
        raise Refused("nothing-new", _l("There is nothing to review: readers see all of it."))
    if reviewer_id is not None and reviewer_id != article.reviewer_id:
        if not is_staff(reviewer_id):
            raise Refused("reviewer-missing", _l("Choose somebody who works here."), "reviewer")
        article.reviewer_id = reviewer_id
    article.submitted_at = now()
    if article.state == State.DRAFT:
        article.state = State.REVIEW.value
    note(actor, article, "submitted")
    tell(actor, article, News.SUBMITTED, [article.reviewer_id])


def send_back(actor: Actor, article: Article, reason: str = "") -> None:
    """Answer a review with what is missing; or take one's own article back from it.

    Raises Denied, Refused.
    """
    actor.demand(Permission.KB_WRITE)
    hold(article)
    own = {article.owner_id, article.created_by_id, article.reviewer_id}
    if not actor.is_system and actor.person_id not in own:
        actor.demand(Permission.KB_PUBLISH)
    if article.submitted_at is None:
        raise Refused("not-submitted", _l("It does not wait for a review."))
    reason = typed_text.paragraphs(reason, MAX_REASON, "reason")
    article.submitted_at = None
    if article.state == State.REVIEW:
        article.state = State.DRAFT.value
    note(actor, article, "sent-back", reason=reason)
    tell(actor, article, News.SENT_BACK, {article.owner_id, article.created_by_id}, reason=reason)


def publish(actor: Actor, article: Article, language: str | None = None) -> list[ArticleText]:
    """Let readers see the newest words: of all languages, or of one. Returns the texts.

    Whoever publishes says that it is right, so the next review is due in the article's time.
    Raises Denied, Refused.
    """
    actor.demand(Permission.KB_PUBLISH)
    hold(article)
    if article.state == State.RETIRED:
        raise Refused("retired", _l("It is retired. Bring it back before you change it."))
    fresh = [text for text in pending(article) if language in (None, text.language)]
    if not fresh:
        raise Refused("nothing-new", _l("Readers see all of it already."))
    original = next(text for text in article.texts if text.language == article.language)
    if original.published is None and original not in fresh:
        raise Refused("original-first", _l("Publish it in its own language first."))
    for text in fresh:
        _publish_text(actor, article, text)
    files.show(article)
    first = article.published_at is None
    article.state = State.PUBLISHED.value
    article.published_at = now()
    if original in fresh or first:
        _checked(actor, article)
    if not pending(article):
        article.submitted_at = None
    note(
        actor,
        article,
        "published",
        versions={text.language: text.latest for text in fresh},
    )
    authors = {version.author_id for text in fresh if (version := _latest(text)) is not None}
    tell(actor, article, News.PUBLISHED, {article.owner_id, article.created_by_id, *authors})
    return fresh


def _latest(text: ArticleText) -> ArticleVersion | None:
    return db.session.scalar(
        select(ArticleVersion).where(
            ArticleVersion.text_id == text.id, ArticleVersion.number == text.latest
        )
    )


def _publish_text(actor: Actor, article: Article, text: ArticleText) -> None:
    version = _latest(text)
    if version is None:
        return
    if not version.body.strip():
        raise Refused("empty", _l("There is nothing in it yet."), "body")
    if article.kind == Kind.TROUBLESHOOTING and steps.read(version.body).problems:
        raise Refused(
            "steps", _l("Its steps are not in order yet: the editor says what is missing."), "body"
        )
    text.published, text.title, text.summary = version.number, version.title, version.summary
    if version.published_at is None:
        version.published_at, version.published_by_id = now(), actor.person_id


def _checked(actor: Actor, article: Article) -> None:
    article.checked_at, article.checked_by_id = now(), actor.person_id
    article.review_at = in_months(now(), article.review_months)
    article.reminded_at = None


def still_right(actor: Actor, article: Article) -> None:
    """Say that a published article is still right; its next review is set.

    Raises Denied, Refused.
    """
    check_may_keep(actor, article)
    hold(article)
    if article.state != State.PUBLISHED:
        raise Refused("not-published", _l("It is not published."))
    _checked(actor, article)
    note(actor, article, "checked")


def retire(actor: Actor, article: Article, reason: str = "") -> None:
    """Take an article away from its readers; it is kept. Raises Denied, Refused."""
    check_may_keep(actor, article)
    hold(article)
    if article.state == State.RETIRED:
        raise Refused("retired", _l("It is retired already."))
    reason = typed_text.paragraphs(reason, MAX_REASON, "reason")
    article.state = State.RETIRED.value
    article.retired_at = now()
    article.submitted_at = None
    note(actor, article, "retired", reason=reason)


def bring_back(actor: Actor, article: Article) -> None:
    """Make a retired article a draft again; nobody else reads it until it is published.

    Raises Denied, Refused.
    """
    check_may_keep(actor, article)
    hold(article)
    if article.state != State.RETIRED:
        raise Refused("not-retired", _l("It is not retired."))
    article.state = State.DRAFT.value
    article.retired_at = None
    article.published_at = None
    for text in article.texts:
        text.published = None
    note(actor, article, "brought-back")


def may(actor: Actor, article: Article) -> dict[str, bool]:
    """Say which of these the actor may do with the article now; for pages that offer them."""
    writes = actor.can(Permission.KB_WRITE) and article.state != State.RETIRED
    publishes = actor.can(Permission.KB_PUBLISH) and article.state != State.RETIRED
    keeps = may_keep(actor, article)
    fresh = bool(pending(article))
    own = {article.owner_id, article.created_by_id, article.reviewer_id}
    return {
        "edit": writes,
        "submit": writes and fresh and article.submitted_at is None,
        "send_back": article.submitted_at is not None
        and (publishes or (writes and actor.person_id in own)),
        "publish": publishes and fresh,
        "check": keeps and article.state == State.PUBLISHED,
        "retire": keeps and article.state != State.RETIRED,
        "bring_back": keeps and article.state == State.RETIRED,
        "keep": keeps,
    }


@job(every=900)
def remind_of_reviews() -> int:
    """Tell owners which of their articles are due for a review; returns how many."""
    with transaction():
        due = list(
            db.session.scalars(
                select(Article)
                .where(
                    Article.state == State.PUBLISHED.value,
                    Article.review_at <= now(),
                    or_(Article.reminded_at.is_(None), Article.reminded_at < now() - REMIND_AGAIN),
                )
                .order_by(Article.review_at, Article.id)
                .limit(BATCH)
                .with_for_update(skip_locked=True)
            )
        )
        for article in due:
            people = [article.owner_id if article.owner_id is not None else article.reviewer_id]
            tell(SYSTEM, article, News.DUE, people)
        # A reminder is no change of the article: lists that page by changes stay as they are.
        if due:
            db.session.execute(
                update(Article)
                .where(Article.id.in_([article.id for article in due]))
                .values(reminded_at=now())
            )
    return len(due)
