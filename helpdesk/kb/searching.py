"""Finding articles by words: what an index is given of them, and the plain search meanwhile.

``Articles`` gives a full-text index its documents, by the same rule of who may see what as every
query. Until one is there, ``matching`` looks for all words in the folded text of each language
version, in the database.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import joinedload, selectinload

from helpdesk.db import db
from helpdesk.kb.models import Article, ArticleText, ArticleVersion, State
from helpdesk.kb.queries.access import readers_of
from helpdesk.lib.html import article_to_html, to_text
from helpdesk.search import changes
from helpdesk.search.documents import Document

KIND = "article"
MOST_WORDS = 8
MOST_TEXT = 60_000


class Articles:
    """The articles as a source of documents."""

    kind = KIND

    def ids(self, after: int, limit: int) -> list[int]:
        """Return the keys of texts that can be found, in order, above ``after``."""
        return list(
            db.session.scalars(
                select(ArticleText.id)
                .join(Article, Article.id == ArticleText.article_id)
                .where(ArticleText.id > after, Article.state != State.RETIRED.value)
                .order_by(ArticleText.id)
                .limit(limit)
            )
        )

    def load(self, ids: Sequence[int]) -> list[Document]:
        """Return the documents of these texts; those that can't be found any more are left out."""
        of_article = joinedload(ArticleText.article)
        rows = db.session.execute(
            select(ArticleText, ArticleVersion.body)
            .join(Article, Article.id == ArticleText.article_id)
            .join(ArticleVersion, shown_version())
            .where(ArticleText.id.in_(ids), Article.state != State.RETIRED.value)
            .options(
                of_article.joinedload(Article.category),
                of_article.selectinload(Article.tags),
                of_article.selectinload(Article.teams),
                of_article.selectinload(Article.organisations),
            )
            .order_by(ArticleText.id)
        )
        return [_document(text, body) for text, body in rows]


def shown_version() -> ColumnElement[bool]:
    """Join the version that readers see, or the newest where nothing is published."""
    published = ArticleText.published
    return and_(
        ArticleVersion.text_id == ArticleText.id,
        ArticleVersion.number == func.coalesce(published, ArticleText.latest),
    )


def _document(text: ArticleText, body: str) -> Document:
    article = text.article
    return Document(
        kind=KIND,
        id=text.id,
        language=text.language,
        title=text.title,
        body=plain(body),
        summary=text.summary,
        tags=tuple(row.tag for row in article.tags),
        category=article.category.path.replace(" › ", " ") if article.category else "",
        readers=readers_of(
            article,
            [team.id for team in article.teams],
            [row.id for row in article.organisations],
            published=text.published is not None,
        ),
        group=article.id,
        changed_at=article.updated_at,
        # One vote more on either side than there were: few votes say little.
        helpful=(article.helpful + 1) / (article.helpful + article.unhelpful + 2),
        uses=article.uses,
    )


@lru_cache(maxsize=64)
def plain(body: str) -> str:
    """Return the words of an article without its Markdown.

    Whatever happens to an article, its words are mostly those of a moment ago: remembered, an
    import takes a fifth less.
    """
    return to_text(article_to_html(body).html)


def changed(article: Article) -> None:
    """Let an article be found as it is now; called by every verb that changes what is found."""
    db.session.flush()
    rows = db.session.execute(
        select(ArticleText, ArticleVersion.body)
        .join(ArticleVersion, shown_version())
        .where(ArticleText.article_id == article.id)
        .options(selectinload(ArticleText.article))
    ).all()
    tags = " ".join(row.tag for row in article.tags)
    for text, body in rows:
        said = "\n".join([text.title, text.summary, tags, article.key, plain(body)])
        folded = _folded(said)[:MOST_TEXT]
        if text.search_text != folded:
            text.search_text = folded
    tell_index(text.id for text, _body in rows)


def tell_index(text_ids: Iterable[int]) -> None:
    """Let the index of every host follow: these texts are new, other or gone."""
    changes.changed(KIND, *text_ids)


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def matching(words: str) -> ColumnElement[bool] | None:
    """Return the condition that a text has all of the words; None when nothing is asked for."""
    asked = _folded(words).split()[:MOST_WORDS]
    if not asked:
        return None
    return and_(*(ArticleText.search_text.contains(word, autoescape=True) for word in asked))


def counted(article: Article) -> None:
    """Say that votes or uses of an article changed: its words did not, its weight did."""
    tell_index(
        db.session.scalars(select(ArticleText.id).where(ArticleText.article_id == article.id))
    )
