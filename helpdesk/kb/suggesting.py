"""Articles that may help: beside a ticket, and while somebody types.

The words of a ticket are looked for in the index of articles, and among what is found those come
first that helped with tickets of the same category before. Only what is published is offered, and
only what the reader may see.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from markupsafe import Markup
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from helpdesk.db import db
from helpdesk.kb import searching
from helpdesk.kb.models import (
    Article,
    ArticleText,
    ArticleTicket,
    ArticleVersion,
    Audience,
    State,
    Tie,
)
from helpdesk.kb.queries.access import readers, visible
from helpdesk.lib.text import snippet
from helpdesk.people.access import Actor
from helpdesk.search import asking
from helpdesk.search.extracts import extract
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.own_words import own_words

LOOKED_AT = 12
"""Articles that are found, of which the best are offered."""
OFFERED = 4
LOOKED_FOR = 6
"""Articles that are shown to who looks for one."""
SHORTEST = 8
"""Characters of what is typed, below which nothing is suggested."""
LONGEST = 8000
ONCE_MORE = 0.08
"""How much each ticket of the same category that an article helped with adds, up to five."""
_USED = (Tie.INSERTED, Tie.SUGGESTED_USED, Tie.LINKED)
NEAR = 0.45
"""What is worth less than this share of the best is no suggestion."""


@dataclass(frozen=True, slots=True)
class Suggested:
    """An article that may help, in the language version that fits."""

    article: Article
    text: ArticleText
    extract: Markup
    # How often it helped with tickets of the same category.
    helped: int = 0


def for_ticket(actor: Actor, ticket: Ticket, language: str, more: str = "") -> list[Suggested]:
    """Return articles about what a ticket is about, and about what is typed on it (``more``).

    Those that stand beside it already are left out. About six queries.
    """
    opening = db.session.execute(
        select(Entry.body, Entry.envelope)
        .where(
            Entry.ticket_id == ticket.id,
            Entry.verb == "log",
            Entry.redacted_at.is_(None),
        )
        .order_by(Entry.id)
        .limit(1)
    ).first()
    said = own_words(opening.body, opening.envelope) if opening is not None else ""
    # The subject says most: it counts twice.
    text = f"{ticket.subject}\n{ticket.subject}\n{said[:LONGEST]}\n{more[-LONGEST:]}"
    there = select(ArticleTicket.article_id).where(ArticleTicket.ticket_id == ticket.id)
    return _like(actor, text, language, db.session.scalars(there).all(), ticket.category_id)


def for_text(
    actor: Actor, text: str, language: str, category_id: int | None = None
) -> list[Suggested]:
    """Return articles about what somebody types; nothing for a word that has just begun."""
    if len(text.strip()) < SHORTEST:
        return []
    return _like(actor, text[:LONGEST], language, (), category_id)


def for_question(actor: Actor, question: str, language: str) -> list[Suggested]:
    """Return articles that somebody looks for, to be put into an answer; only published ones."""
    found = asking.search(
        question[:LONGEST],
        kind=searching.KIND,
        readers=readers(actor),
        language=language,
        limit=LOOKED_AT,
    )
    return _offered(actor, found, found.hits, None, near=0.0, most=LOOKED_FOR)


def _like(
    actor: Actor,
    text: str,
    language: str,
    without: Collection[int],
    category_id: int | None,
) -> list[Suggested]:
    found = asking.like(
        text,
        kind=searching.KIND,
        readers=readers(actor),
        language=language,
        limit=LOOKED_AT + len(without),
    )
    hits = [hit for hit in found.hits if hit.group not in set(without)]
    return _offered(actor, found, hits, category_id, near=NEAR, most=OFFERED)


def _offered(
    actor: Actor,
    found: asking.Found,
    hits: Sequence[asking.Hit],
    category_id: int | None,
    *,
    near: float,
    most: int,
) -> list[Suggested]:
    """Return the best of what was found; what is worth less than ``near`` of the best is left."""
    worth: dict[int, float] = {}
    texts: dict[int, int] = {}
    for hit in hits:
        # An article may be found in several languages: the best one counts.
        if hit.score > worth.get(hit.group, -1.0):
            worth[hit.group], texts[hit.group] = hit.score, hit.id
    if not worth:
        return []
    helped = _helped(list(worth), category_id)
    for key, times in helped.items():
        worth[key] *= 1 + ONCE_MORE * min(times, 5)
    articles = {
        row.id: row
        for row in db.session.scalars(
            select(Article)
            .where(Article.id.in_(worth), Article.state == State.PUBLISHED.value, visible(actor))
            .options(selectinload(Article.texts), selectinload(Article.organisations))
        )
    }
    ordered = sorted((key for key in worth if key in articles), key=lambda key: -worth[key])
    best = worth[ordered[0]] if ordered else 0.0
    chosen = [key for key in ordered if worth[key] >= near * best][:most]
    rows = [
        (articles[key], text_row)
        for key in chosen
        if (text_row := _published(articles[key], texts[key])) is not None
    ]
    said = _bodies([text_row for _article, text_row in rows])
    return [
        Suggested(
            article,
            text_row,
            _said(text_row, said.get(text_row.id, ""), found.words),
            helped.get(article.id, 0),
        )
        for article, text_row in rows
    ]


def _published(article: Article, text_id: int) -> ArticleText | None:
    """Return the text that was found, or another one that readers see."""
    rows = [row for row in article.texts if row.published is not None]
    return next((row for row in rows if row.id == text_id), rows[0] if rows else None)


def _helped(keys: Sequence[int], category_id: int | None) -> dict[int, int]:
    """Return how often articles were used for tickets of a category."""
    if category_id is None:
        return {}
    rows = db.session.execute(
        select(ArticleTicket.article_id, func.count())
        .join(Ticket, Ticket.id == ArticleTicket.ticket_id)
        .where(
            ArticleTicket.article_id.in_(keys),
            ArticleTicket.kind.in_(
                (Tie.INSERTED.value, Tie.SUGGESTED_USED.value, Tie.LINKED.value)
            ),
            Ticket.category_id == category_id,
        )
        .group_by(ArticleTicket.article_id)
    )
    return {row[0]: row[1] for row in rows}


def _bodies(texts: Sequence[ArticleText]) -> dict[int, str]:
    """Return what readers see of these texts, as Markdown. One query."""
    if not texts:
        return {}
    rows = db.session.execute(
        select(ArticleVersion.text_id, ArticleVersion.body)
        .join(ArticleText, ArticleText.id == ArticleVersion.text_id)
        .where(
            ArticleText.id.in_([row.id for row in texts]),
            ArticleVersion.number == ArticleText.published,
        )
    )
    return {row[0]: row[1] for row in rows}


def _said(text: ArticleText, body: str, words: Collection[str]) -> Markup:
    """Return the summary, or the piece of the text that the words are about."""
    if text.summary:
        return Markup.escape(snippet(text.summary, 160))
    return extract(searching.plain(body), words, 70, text.language)


def may_be_sent(article: Article, ticket: Ticket) -> bool:
    """Whether the customer of a ticket may read an article, so that it can stand in an answer."""
    if article.audience == Audience.PUBLIC:
        return True
    if article.audience != Audience.CUSTOMERS:
        return False
    theirs = {ticket.customer.organisation_id, ticket.organisation_id} - {None}
    return bool(theirs & {row.id for row in article.organisations})
