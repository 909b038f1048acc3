"""Articles found by words, the best first: what the index says, narrowed like any list."""

from dataclasses import dataclass, field, replace

from markupsafe import Markup
from sqlalchemy import and_, select
from sqlalchemy.orm import joinedload, selectinload

from helpdesk.db import db
from helpdesk.kb import searching
from helpdesk.kb.models import Article, ArticleText, ArticleVersion
from helpdesk.kb.queries import lists
from helpdesk.kb.queries.access import readers
from helpdesk.people.access import Actor, Permission
from helpdesk.search import asking
from helpdesk.search.extracts import extract

LOOKED_AT = 4
"""Times as many as are offered that are asked of the index: some may be retired."""
MOST = 200
"""Hits of a question that are narrowed by what else is asked for."""


@dataclass(slots=True)
class Ranked:
    """A page of articles in the order of how well they fit, with the piece that fits."""

    articles: list[Article] = field(default_factory=list)
    texts: dict[int, ArticleText] = field(default_factory=dict)
    extracts: dict[int, Markup] = field(default_factory=dict)
    did_you_mean: str = ""
    total: int = 0
    # Without an index, while it is made anew, there may be more.
    ready: bool = True


def ranked(actor: Actor, narrow: lists.Narrow, language: str, skip: int = 0) -> Ranked:
    """Return articles with the words, the best first, at most a page. Raises Denied.

    The index knows who may find what; kind, state, category and view are asked of the database.
    """
    actor.demand(Permission.KB_READ)
    found = asking.search(
        narrow.words,
        kind=searching.KIND,
        readers=readers(actor),
        language=language,
        only=narrow.language,
        tags=[narrow.tag] if narrow.tag else (),
        limit=MOST,
    )
    result = Ranked(did_you_mean=found.did_you_mean, ready=found.ready)
    texts = {hit.group: hit.id for hit in found.hits}
    if not texts:
        return result
    rest = replace(narrow, words="", language="", tag="")
    fitting = lists.narrowed(actor, rest).where(Article.id.in_(texts))
    rows = {
        row.id: row
        for row in db.session.scalars(
            fitting.options(
                joinedload(Article.category),
                joinedload(Article.owner),
                selectinload(Article.texts),
                selectinload(Article.tags),
            )
        )
    }
    ordered = [key for key in texts if key in rows]
    result.total = len(ordered)
    result.articles = [rows[key] for key in ordered[skip : skip + lists.PAGE]]
    chosen = [texts[row.id] for row in result.articles]
    for text, body in db.session.execute(
        select(ArticleText, ArticleVersion.body)
        .join(
            ArticleVersion,
            and_(ArticleVersion.text_id == ArticleText.id, searching.shown_version()),
        )
        .where(ArticleText.id.in_(chosen))
    ):
        result.texts[text.article_id] = text
        said = f"{text.summary} {searching.plain(body)}".strip()
        result.extracts[text.article_id] = extract(said, found.words, 80, text.language)
    return result


def typed(actor: Actor, words: str, language: str, limit: int) -> list[tuple[Article, ArticleText]]:
    """Return articles while somebody types, the best first, with the text that fits.

    The last word may go on. Two queries. Raises Denied.
    """
    actor.demand(Permission.KB_READ)
    found = asking.suggest(
        words,
        kind=searching.KIND,
        readers=readers(actor),
        language=language,
        limit=LOOKED_AT * limit,
    )
    texts = {hit.group: hit.id for hit in found.hits}
    if not texts:
        return []
    fitting = lists.narrowed(actor, lists.Narrow()).where(Article.id.in_(texts))
    rows = {row.id: row for row in db.session.scalars(fitting.options(selectinload(Article.texts)))}
    pairs = [
        (rows[key], next((text for text in rows[key].texts if text.id == text_id), None))
        for key, text_id in texts.items()
        if key in rows
    ]
    return [(article, text) for article, text in pairs if text is not None][:limit]
