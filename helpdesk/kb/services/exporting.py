"""Exporting articles: Markdown with front matter, the files beside, and the history as JSON.

Reading an export in again, here or on another desk, gives the same articles.
"""

import json
import re
from collections.abc import Iterator
from urllib.parse import quote

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from helpdesk import blobs
from helpdesk.db import db
from helpdesk.kb.models import (
    Article,
    ArticleEvent,
    ArticleFile,
    ArticleRelated,
    ArticleText,
    ArticleVersion,
    Audience,
    State,
)
from helpdesk.kb.naming import ADDRESS, name_in
from helpdesk.kb.queries.access import visible
from helpdesk.people.access import Actor, Permission

TOGETHER = 50


def files(actor: Actor) -> Iterator[tuple[str, bytes]]:
    """Yield all that the actor may see, as paths and bytes. Raises Denied."""
    actor.demand(Permission.KB_MANAGE)
    after = 0
    while True:
        some = list(
            db.session.scalars(
                select(Article)
                .where(Article.id > after, visible(actor))
                .options(
                    joinedload(Article.category),
                    joinedload(Article.owner),
                    selectinload(Article.texts).selectinload(ArticleText.versions),
                    selectinload(Article.tags),
                    selectinload(Article.teams),
                    selectinload(Article.organisations),
                )
                .order_by(Article.id)
                .limit(TOGETHER)
            )
        )
        if not some:
            return
        for article in some:
            yield from _of(article)
        after = some[-1].id


def _of(article: Article) -> Iterator[tuple[str, bytes]]:
    kept = list(
        db.session.scalars(
            select(ArticleFile)
            .where(ArticleFile.article_id == article.id)
            .order_by(ArticleFile.name)
        )
    )
    names = {row.name.casefold(): row for row in kept}
    related = _related(article)
    for text in article.texts:
        newest = next((one for one in text.versions if one.number == text.latest), None)
        if newest is None:
            continue
        front = _front(article, text, newest, related, kept)
        body = _with_paths(article.key, newest.body, names)
        yield f"{text.language}/{article.key}.md", f"---\n{front}---\n{body}\n".encode()
    for row in kept:
        try:
            yield f"files/{article.key}/{row.name}", blobs.get(row.sha256)
        except blobs.BlobMissing:
            continue
    said = json.dumps(_history(article), ensure_ascii=False, indent=1)
    yield f"history/{article.key}.json", said.encode()


def _related(article: Article) -> list[str]:
    pairs = select(ArticleRelated.other_id).where(ArticleRelated.article_id == article.id)
    others = select(ArticleRelated.article_id).where(ArticleRelated.other_id == article.id)
    return list(
        db.session.scalars(
            select(Article.key)
            .where(Article.id.in_(pairs) | Article.id.in_(others))
            .order_by(Article.key)
        )
    )


def _front(
    article: Article,
    text: ArticleText,
    newest: ArticleVersion,
    related: list[str],
    kept: list[ArticleFile],
) -> str:
    audience = article.audience
    if audience == Audience.TEAMS:
        audience = ", ".join(f"team:{team.name}" for team in article.teams)
    elif audience == Audience.CUSTOMERS:
        audience = ", ".join(f"org:{row.name}" for row in article.organisations)
    # What waits for its review begins as a draft elsewhere: nobody there was asked.
    state = article.state
    meta = {
        "title": newest.title,
        "summary": newest.summary,
        "kind": article.kind,
        "category": article.category.path.replace(" › ", "/") if article.category else "",
        "tags": ", ".join(row.tag for row in article.tags),
        "audience": audience,
        "language": text.language,
        "key": article.key,
        "related": ", ".join(related),
        "review": str(article.review_months),
        "state": State.DRAFT.value if state == State.REVIEW else state,
        "owner": article.owner.name if article.owner is not None else "",
        "original": "yes" if text.language == article.language else "",
        "files": ", ".join(
            f"../files/{article.key}/{quote(row.name)}" for row in kept if row.removed_at is None
        ),
    }
    return "".join(f"{name}: {_line(value)}\n" for name, value in meta.items() if value)


def _line(value: str) -> str:
    value = " ".join(value.split())
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return f'"{value}"' if quoted else value


def _with_paths(key: str, body: str, names: dict[str, ArticleFile]) -> str:
    """Let a text name its files by where they lie in the export."""

    def put(match: re.Match[str]) -> str:
        row = names.get(name_in(match[2]))
        if row is None:
            return match[0]
        return f"{match[1]}../files/{key}/{quote(row.name)}{match[3]}"

    return ADDRESS.sub(put, body)


def _history(article: Article) -> dict[str, object]:
    events = db.session.scalars(
        select(ArticleEvent)
        .where(ArticleEvent.article_id == article.id)
        .options(joinedload(ArticleEvent.actor))
        .order_by(ArticleEvent.id)
    )
    return {
        "key": article.key,
        "helpful": article.helpful,
        "unhelpful": article.unhelpful,
        "uses": article.uses,
        "texts": {
            text.language: [
                {
                    "number": one.number,
                    "title": one.title,
                    "summary": one.summary,
                    "body": one.body,
                    "author": one.author.name if one.author is not None else None,
                    "at": one.at.isoformat(),
                    "note": one.note,
                    "translated_from": one.translated_from,
                    "published_at": one.published_at.isoformat() if one.published_at else None,
                }
                for one in reversed(text.versions)
            ]
            for text in article.texts
        },
        "events": [
            {
                "kind": one.kind,
                "by": one.actor.name if one.actor is not None else None,
                "at": one.at.isoformat(),
                "data": one.data,
            }
            for one in events
        ],
    }
