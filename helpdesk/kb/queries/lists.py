"""Lists of articles: narrowed, in order of what changed last, paged by key."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from helpdesk.db import db
from helpdesk.kb import searching
from helpdesk.kb.models import Article, ArticleTag, ArticleText, KbCategory, State
from helpdesk.kb.queries.access import visible
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import Account, Person

PAGE = 40
COUNTED = 99
"""A number beside a view says no more than "99+"."""
MOST_TAGS = 200

NOBODY = "none"
"""Instead of an owner: articles that nobody owns."""

VIEWS = ("drafts", "review", "due", "mine")
"""Own views: my drafts, to review, review due, what I own."""


@dataclass(frozen=True, slots=True)
class Narrow:
    """What a list is narrowed to; what is empty narrows nothing."""

    words: str = ""
    view: str = ""
    category_id: int | None = None
    state: str = ""
    language: str = ""
    kind: str = ""
    tag: str = ""
    # The key of a person, or "none".
    owner: str = ""

    @property
    def is_open(self) -> bool:
        """Whether nothing is asked for but perhaps a view."""
        return self == Narrow(view=self.view)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of a list begins: after the article that stands there."""

    at: datetime
    id: int

    def __str__(self) -> str:
        """Return it as it stands in an address."""
        return f"{int(self.at.timestamp() * 1_000_000)}-{self.id}"

    @classmethod
    def parse(cls, text: str | None) -> "Place | None":
        """Read one from an address; None for what is none."""
        at, _dash, key = (text or "").partition("-")
        digits = all(part.isascii() and part.isdecimal() for part in (at, key))
        if not (digits and len(at) < 18 and len(key) < 16):
            return None
        whole, rest = divmod(int(at), 1_000_000)
        return cls(datetime.fromtimestamp(whole, now().tzinfo).replace(microsecond=rest), int(key))


def articles(actor: Actor, narrow: Narrow, after: Place | None = None) -> list[Article]:
    """Return a page of articles, one more than a page if there is more. Raises Denied.

    What changed last comes first; what is due for its review, the longest due.
    """
    actor.demand(Permission.KB_READ)
    statement = narrowed(actor, narrow)
    if narrow.view == "due":
        if after is not None:
            later = and_(Article.review_at == after.at, Article.id > after.id)
            statement = statement.where(or_(Article.review_at > after.at, later))
        statement = statement.order_by(Article.review_at, Article.id)
    else:
        if after is not None:
            earlier = and_(Article.updated_at == after.at, Article.id < after.id)
            statement = statement.where(
                Article.updated_at <= after.at, or_(Article.updated_at < after.at, earlier)
            )
        statement = statement.order_by(Article.updated_at.desc(), Article.id.desc())
    return list(
        db.session.scalars(
            statement.options(
                joinedload(Article.category),
                joinedload(Article.owner),
                selectinload(Article.texts),
                selectinload(Article.tags),
            ).limit(PAGE + 1)
        )
    )


def several(actor: Actor, narrow: Narrow, most: int) -> list[Article]:
    """Return articles to be changed together, what changed last first. Raises Denied."""
    actor.demand(Permission.KB_READ)
    return list(
        db.session.scalars(
            narrowed(actor, narrow)
            .options(
                joinedload(Article.category),
                joinedload(Article.owner),
                selectinload(Article.texts),
                selectinload(Article.tags),
            )
            .order_by(Article.updated_at.desc(), Article.id.desc())
            .limit(most)
        )
    )


def place_of(narrow: Narrow, article: Article) -> Place:
    """Return where a list goes on after an article."""
    at = article.review_at if narrow.view == "due" and article.review_at else article.updated_at
    return Place(at, article.id)


def narrowed(actor: Actor, narrow: Narrow) -> Select[Article]:
    """Select what a list is narrowed to, in no order."""
    statement = select(Article).where(visible(actor))
    if narrow.view in VIEWS:
        statement = statement.where(_of_view(actor, narrow.view))
    elif not narrow.state:
        # What was retired is looked for on purpose.
        statement = statement.where(Article.state != State.RETIRED.value)
    if narrow.state:
        statement = statement.where(Article.state == narrow.state)
    if narrow.kind:
        statement = statement.where(Article.kind == narrow.kind)
    if narrow.category_id is not None:
        statement = statement.where(Article.category_id.in_(_with_below(narrow.category_id)))
    if narrow.owner:
        owner = int(narrow.owner) if narrow.owner != NOBODY else None
        statement = statement.where(Article.owner_id == owner)
    if narrow.tag:
        tagged = select(ArticleTag.article_id).where(ArticleTag.tag == narrow.tag.casefold())
        statement = statement.where(Article.id.in_(tagged))
    if narrow.language:
        statement = statement.where(
            _has_text(ArticleText.language == narrow.language, unpublished=False)
        )
    words = searching.matching(narrow.words)
    if words is not None:
        statement = statement.where(_has_text(words, unpublished=False))
    return statement


def _has_text(condition: ColumnElement[bool], *, unpublished: bool) -> ColumnElement[bool]:
    """Say that an article has a text like this, which is published as far as the article is."""
    shown = or_(ArticleText.published.is_not(None), Article.state != State.PUBLISHED.value)
    found = select(ArticleText.id).where(ArticleText.article_id == Article.id, condition)
    return (found if unpublished else found.where(shown)).exists()


def _with_below(category_id: int) -> Select[int]:
    """Select a category and all below it."""
    path = select(KbCategory.path).where(KbCategory.id == category_id).scalar_subquery()
    return select(KbCategory.id).where(
        or_(
            KbCategory.id == category_id,
            func.substr(KbCategory.path, 1, func.length(path) + 3) == path + " › ",
        )
    )


def _of_view(actor: Actor, view: str) -> ColumnElement[bool]:
    """Return the condition of one of the own views."""
    mine = or_(Article.owner_id == actor.person_id, Article.created_by_id == actor.person_id)
    if view == "drafts":
        changing = (
            select(ArticleText.id)
            .where(
                ArticleText.article_id == Article.id,
                or_(ArticleText.published.is_(None), ArticleText.published != ArticleText.latest),
            )
            .exists()
        )
        return and_(mine, Article.state != State.RETIRED.value, changing)
    if view == "review":
        waiting = Article.submitted_at.is_not(None)
        if actor.can(Permission.KB_PUBLISH):
            theirs = or_(Article.reviewer_id == actor.person_id, Article.reviewer_id.is_(None))
            return and_(waiting, theirs)
        return and_(waiting, Article.reviewer_id == actor.person_id)
    if view == "due":
        due = and_(Article.state == State.PUBLISHED.value, Article.review_at <= now())
        if actor.can(Permission.KB_PUBLISH):
            return due
        return and_(due, Article.owner_id == actor.person_id)
    return and_(Article.owner_id == actor.person_id, Article.state != State.RETIRED.value)


def counts(actor: Actor) -> dict[str, int]:
    """Return how many articles stand in each of the own views, up to one more than COUNTED."""
    parts = [
        select(func.count())
        .select_from(
            select(Article.id)
            .where(visible(actor), _of_view(actor, view))
            .limit(COUNTED + 1)
            .subquery()
        )
        .scalar_subquery()
        .label(view)
        for view in VIEWS
    ]
    row = db.session.execute(select(*parts)).one()
    return {view: getattr(row, view) for view in VIEWS}


def categories() -> list[KbCategory]:
    """Return all categories in the order of the tree."""
    return list(db.session.scalars(select(KbCategory).order_by(KbCategory.path)))


def tags(actor: Actor) -> list[str]:
    """Return the tags of articles that the actor may see, by name."""
    return list(
        db.session.scalars(
            select(ArticleTag.tag)
            .join(Article, Article.id == ArticleTag.article_id)
            .where(visible(actor), Article.state != State.RETIRED.value)
            .distinct()
            .order_by(ArticleTag.tag)
            .limit(MOST_TAGS)
        )
    )


def staff() -> list[tuple[int, str]]:
    """Return who can own or review an article: people who work here, by name."""
    rows = db.session.execute(
        select(Person.id, Person.name)
        .join(Account, Account.person_id == Person.id)
        .where(
            Person.is_technician.is_(True),
            Person.retired_at.is_(None),
            Account.deactivated_at.is_(None),
        )
        .order_by(Person.name, Person.id)
        .limit(500)
    )
    return [(key, name) for key, name in rows]


def offered(actor: Actor, words: str, limit: int = 8) -> list[Article]:
    """Return articles for what is typed, published ones first; for choosing one."""
    actor.demand(Permission.KB_READ)
    statement = narrowed(actor, Narrow(words=words)).options(selectinload(Article.texts))
    is_published = Article.state == State.PUBLISHED.value
    return list(
        db.session.scalars(
            statement.order_by(is_published.desc(), Article.uses.desc(), Article.id.desc()).limit(
                limit
            )
        )
    )
