"""Who may see which article: one rule, as a condition of queries and as words of an index.

What is published is for its audience. What is not yet published is seen by those who have to do
with it: whoever began it, its owner, its reviewer, and those who publish what is for this
audience. Who keeps the knowledge base in order sees all of it.
"""

from collections.abc import Collection
from functools import lru_cache

from sqlalchemy import ColumnElement, and_, false, or_, select, true

from helpdesk.db import db
from helpdesk.kb.models import (
    Article,
    ArticleFile,
    ArticleOrganisation,
    ArticleTeam,
    ArticleText,
    Audience,
    State,
)
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Missing as NotFound
from helpdesk.people.models import Person

__all__ = [
    "NotFound",
    "article_for",
    "file_for",
    "may_see_drafts",
    "readers",
    "readers_of",
    "seen_among",
    "text_for",
    "visible",
]

PUBLIC, STAFF, EVERYTHING = "public", "staff", "everything"


@lru_cache(maxsize=2048)
def visible(actor: Actor | None) -> ColumnElement[bool]:
    """Return the condition on Article that says what somebody may see; None is a stranger."""
    published = Article.state == State.PUBLISHED.value
    if actor is None:
        return and_(published, Article.audience == Audience.PUBLIC.value)
    if actor.is_system or actor.can(Permission.KB_MANAGE):
        return true()
    addressed = _addressed(actor)
    if not actor.can(Permission.KB_READ):
        return and_(published, addressed)
    mine = or_(
        Article.owner_id == actor.person_id,
        Article.reviewer_id == actor.person_id,
        Article.created_by_id == actor.person_id,
    )
    if actor.can(Permission.KB_PUBLISH):
        return or_(addressed, mine)
    # Who writes may look at what was retired: so that nobody writes it a second time.
    shown = [State.PUBLISHED.value]
    if actor.can(Permission.KB_WRITE):
        shown.append(State.RETIRED.value)
    return or_(and_(Article.state.in_(shown), addressed), mine)


def _addressed(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that an article is for somebody like the actor."""
    if actor.can(Permission.KB_READ):
        for_team = Article.id.in_(
            select(ArticleTeam.article_id).where(ArticleTeam.team_id.in_(actor.team_ids))
        )
        return or_(
            Article.audience != Audience.TEAMS.value,
            for_team if actor.team_ids else false(),
        )
    # People outside the desk: what is for everybody, and what is for where they work.
    at = select(Person.organisation_id).where(Person.id == actor.person_id).scalar_subquery()
    for_firm = Article.id.in_(
        select(ArticleOrganisation.article_id).where(ArticleOrganisation.organisation_id == at)
    )
    return or_(
        Article.audience == Audience.PUBLIC.value,
        and_(Article.audience == Audience.CUSTOMERS.value, for_firm),
    )


def may_see_drafts(actor: Actor | None, article: Article) -> bool:
    """Whether somebody who may see the article may also see what of it is not published."""
    if actor is None:
        return False
    if actor.is_system or actor.can(Permission.KB_MANAGE) or actor.can(Permission.KB_PUBLISH):
        return True
    if actor.can(Permission.KB_WRITE) and article.state != State.DRAFT:
        return True
    return actor.can(Permission.KB_READ) and actor.person_id in {
        article.owner_id,
        article.reviewer_id,
        article.created_by_id,
    }


# ---- The same rule in words, for an index ----


def readers(actor: Actor | None) -> frozenset[str]:
    """Return the words somebody may find by; asks for the organisation of people outside."""
    words = {PUBLIC}
    if actor is None:
        return frozenset(words)
    if actor.is_system or actor.can(Permission.KB_MANAGE):
        return frozenset({*words, STAFF, EVERYTHING})
    if not actor.can(Permission.KB_READ):
        firm = db.session.scalar(select(Person.organisation_id).where(Person.id == actor.person_id))
        return frozenset({*words, f"org:{firm}"} if firm is not None else words)
    words |= {STAFF, f"author:{actor.person_id}", *(f"team:{key}" for key in actor.team_ids)}
    if actor.can(Permission.KB_PUBLISH):
        words |= {"publisher", *(f"publisher:{key}" for key in actor.team_ids)}
    return frozenset(words)


def readers_of(
    article: Article,
    teams: Collection[int],
    organisations: Collection[int],
    *,
    published: bool,
) -> frozenset[str]:
    """Return the words by which an article may be found; ``published`` is that of its text.

    What is retired is found by nobody who searches.
    """
    words = {EVERYTHING}
    if article.state == State.RETIRED:
        return frozenset()
    people = {article.owner_id, article.reviewer_id, article.created_by_id} - {None}
    words |= {f"author:{key}" for key in people}
    for_teams = article.audience == Audience.TEAMS
    if not (published and article.state == State.PUBLISHED):
        words |= {f"publisher:{key}" for key in teams} if for_teams else {"publisher"}
    elif for_teams:
        words |= {f"team:{key}" for key in teams}
    else:
        words.add(STAFF)
        if article.audience == Audience.PUBLIC:
            words.add(PUBLIC)
        elif article.audience == Audience.CUSTOMERS:
            words |= {f"org:{key}" for key in organisations}
    return frozenset(words)


# ---- Finding ----


def article_for(
    actor: Actor | None,
    number: int,
    *,
    permission: Permission | None = Permission.KB_READ,
    lock: bool = False,
) -> Article:
    """Return the article with this number if the actor may see it. Raises Denied, NotFound.

    ``permission`` None asks for none: what is published for customers is found without any.
    """
    if permission is not None and actor is not None:
        actor.demand(permission)
    statement = select(Article).where(Article.id == number, visible(actor))
    if lock:
        statement = statement.with_for_update(of=Article).execution_options(populate_existing=True)
    article = db.session.scalar(statement)
    if article is None:
        raise NotFound
    return article


def seen_among(actor: Actor | None, numbers: Collection[int]) -> set[int]:
    """Return those of the articles that the actor may see; asks nothing for none."""
    if not numbers:
        return set()
    return set(
        db.session.scalars(select(Article.id).where(Article.id.in_(numbers), visible(actor)))
    )


def text_for(article: Article, language: str) -> ArticleText:
    """Return the text of an article the actor was given, in this language. Raises NotFound."""
    text = db.session.scalar(
        select(ArticleText).where(
            ArticleText.article_id == article.id, ArticleText.language == language
        )
    )
    if text is None:
        raise NotFound
    return text


def file_for(actor: Actor | None, file_id: int) -> ArticleFile:
    """Return a file of an article that the actor may see. Raises NotFound.

    What belongs to words that are not published is for those who may see these.
    """
    found = db.session.execute(
        select(ArticleFile, Article)
        .join(Article, Article.id == ArticleFile.article_id)
        .where(ArticleFile.id == file_id, visible(actor))
    ).one_or_none()
    if found is None:
        raise NotFound
    file, article = found
    if file.shown_at is None and not may_see_drafts(actor, article):
        raise NotFound
    return file
