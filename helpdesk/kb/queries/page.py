"""What an article's page shows, with as few questions as there are parts."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from helpdesk.db import db
from helpdesk.kb.models import (
    Article,
    ArticleEvent,
    ArticleFile,
    ArticleFlag,
    ArticleRelated,
    ArticleTag,
    ArticleText,
    ArticleTicket,
    ArticleUse,
    ArticleVersion,
    ArticleVote,
    Kind,
    State,
    Use,
)
from helpdesk.kb.queries.access import visible
from helpdesk.kb.queries.choosing import chosen, readable, title_of
from helpdesk.kb.steps import linked
from helpdesk.lib.clock import now
from helpdesk.lib.html.articles import Shown, Target, article_to_html, keys_in
from helpdesk.people.access import Actor
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import visible as visible_tickets

RELATED, TICKETS, EVENTS, VERSIONS = 6, 20, 30, 40
USED_DAYS = 90
WORDS_A_MINUTE, SIGNS_A_MINUTE = 220, 400


@dataclass(frozen=True, slots=True)
class Outdated:
    """A translation lags behind: the version it was made from, and the one that readers see."""

    made_from: int
    stands: int


def version_shown(text: ArticleText, *, newest: bool = False) -> ArticleVersion:
    """Return the version of a text that readers see; the newest where nothing is published."""
    number = text.latest if newest or text.published is None else text.published
    return db.session.scalars(
        select(ArticleVersion)
        .where(ArticleVersion.text_id == text.id, ArticleVersion.number == number)
        .options(joinedload(ArticleVersion.author))
    ).one()


def outdated(article: Article, text: ArticleText, version: ArticleVersion) -> Outdated | None:
    """Say how far a translation lags behind the original; None when it does not."""
    if text.language == article.language or version.translated_from is None:
        return None
    original = next((one for one in article.texts if one.language == article.language), None)
    if original is None:
        return None
    stands = original.published or original.latest
    if version.translated_from >= stands:
        return None
    return Outdated(version.translated_from, stands)


def rendered(
    actor: Actor | None,
    article: Article,
    body: str,
    language: str,
    words: Mapping[str, str],
    *,
    whole: bool = False,
) -> Shown:
    """Return an article's body as HTML for this reader: files and links of what they may see.

    ``whole`` where all of it is on one page: the answers of a tree then lead to their steps.
    """
    keys = keys_in(body)
    known: dict[str, Target] = {}
    if keys:
        rows = db.session.scalars(
            select(Article)
            .where(Article.key.in_(keys), visible(actor))
            .options(selectinload(Article.texts))
        )
        known = {row.key: Target(f"/knowledge/{row.id}", title_of(row, language)) for row in rows}
    files: dict[str, ArticleFile] = {}
    if "](" in body or "]:" in body:
        every = db.session.scalars(select(ArticleFile).where(ArticleFile.article_id == article.id))
        files = {row.name.casefold(): row for row in every}

    def file(name: str) -> Target | None:
        row = files.get(name.casefold())
        if row is None:
            return None
        way = f"/knowledge/files/{row.id}"
        return Target(way if row.is_picture else f"{way}?save=1", row.name, row.is_picture)

    shown = article_to_html(body, file=file, article=known.get, words=words)
    if not whole or article.kind != Kind.TROUBLESHOOTING:
        return shown
    # Where a step stands on the page is known once its heading has been read.
    anchors = {heading.text: heading.anchor for heading in reversed(shown.headings)}
    body = linked(body, anchors)
    return article_to_html(body, file=file, article=known.get, words=words)


def minutes(body: str) -> int:
    """Return how many minutes it takes to read a text, at least one."""
    words = len(body.split())
    signs = sum("\u3040" <= sign <= "\u9fff" for sign in body)
    return max(1, round(max(words / WORDS_A_MINUTE, signs / SIGNS_A_MINUTE)))


def related(actor: Actor | None, article: Article) -> tuple[list[Article], list[Article]]:
    """Return the articles that belong to one: said so by hand, and of the same tags or category."""
    pairs = select(ArticleRelated.other_id).where(ArticleRelated.article_id == article.id)
    others = select(ArticleRelated.article_id).where(ArticleRelated.other_id == article.id)
    shown = (visible(actor), Article.state == State.PUBLISHED.value)
    by_hand = list(
        db.session.scalars(
            select(Article)
            .where(or_(Article.id.in_(pairs), Article.id.in_(others)), *shown)
            .options(selectinload(Article.texts))
            .order_by(Article.uses.desc(), Article.id)
            .limit(2 * RELATED)
        )
    )
    tags = [row.tag for row in article.tags]
    if len(by_hand) >= RELATED or not (tags or article.category_id):
        return by_hand, []
    alike = (
        select(func.count())
        .where(ArticleTag.article_id == Article.id, ArticleTag.tag.in_(tags))
        .scalar_subquery()
    )
    tagged = select(ArticleTag.article_id).where(ArticleTag.tag.in_(tags))
    same: ColumnElement[bool] = Article.id.in_(tagged)
    if article.category_id is not None:
        same = or_(same, Article.category_id == article.category_id)
    known = {article.id, *(row.id for row in by_hand)}
    found = db.session.scalars(
        select(Article)
        .where(same, *shown, Article.id.not_in(known))
        .options(selectinload(Article.texts))
        .order_by(alike.desc(), Article.uses.desc(), Article.id)
        .limit(RELATED - len(by_hand))
    )
    return by_hand, list(found)


def tickets_of(actor: Actor, article: Article) -> list[ArticleTicket]:
    """Return the tickets of an article that the actor may see, the newest tie first."""
    return list(
        db.session.scalars(
            select(ArticleTicket)
            .join(Ticket, Ticket.id == ArticleTicket.ticket_id)
            .where(
                ArticleTicket.article_id == article.id,
                visible_tickets(actor),
                Ticket.hidden_at.is_(None),
            )
            .options(joinedload(ArticleTicket.ticket).joinedload(Ticket.status))
            .order_by(ArticleTicket.at.desc(), ArticleTicket.id.desc())
            .limit(TICKETS + 1)
        )
    )


def of_ticket(actor: Actor, ticket: Ticket) -> list[tuple[Article, list[str]]]:
    """Return the articles tied to a ticket, or to one merged into it, with the kinds of tie."""
    rows = db.session.execute(
        select(ArticleTicket.article_id, ArticleTicket.kind)
        .join(Ticket, Ticket.id == ArticleTicket.ticket_id)
        .where(or_(Ticket.id == ticket.id, Ticket.merged_into_id == ticket.id))
        .order_by(ArticleTicket.at, ArticleTicket.id)
        .limit(TICKETS)
    ).all()
    if not rows:
        return []
    kinds: dict[int, list[str]] = {}
    for article_id, kind in rows:
        kinds.setdefault(article_id, []).append(kind)
    found = db.session.scalars(
        select(Article)
        .where(Article.id.in_(kinds), visible(actor))
        .options(selectinload(Article.texts))
    )
    known = {row.id: row for row in found}
    return [(known[key], said) for key, said in kinds.items() if key in known]


def my_vote(actor: Actor, version: ArticleVersion) -> ArticleVote | None:
    """Return how the actor voted on a version."""
    return db.session.scalar(
        select(ArticleVote).where(
            ArticleVote.version_id == version.id, ArticleVote.person_id == actor.person_id
        )
    )


def flags_of(article: Article) -> list[ArticleFlag]:
    """Return what readers say is wrong and nobody has dealt with."""
    return list(
        db.session.scalars(
            select(ArticleFlag)
            .where(ArticleFlag.article_id == article.id, ArticleFlag.closed_at.is_(None))
            .options(joinedload(ArticleFlag.person))
            .order_by(ArticleFlag.id)
            .limit(20)
        )
    )


def complaints_of(article: Article) -> list[ArticleVote]:
    """Return the latest votes that it did not help, with their words."""
    return list(
        db.session.scalars(
            select(ArticleVote)
            .where(
                ArticleVote.article_id == article.id,
                ArticleVote.helpful.is_(False),
                or_(ArticleVote.comment != "", ArticleVote.reason != ""),
            )
            .options(joinedload(ArticleVote.person))
            .order_by(ArticleVote.at.desc(), ArticleVote.id.desc())
            .limit(5)
        )
    )


def events_of(article: Article) -> list[ArticleEvent]:
    """Return what happened to an article, the newest first."""
    return list(
        db.session.scalars(
            select(ArticleEvent)
            .where(ArticleEvent.article_id == article.id)
            .options(joinedload(ArticleEvent.actor))
            .order_by(ArticleEvent.id.desc())
            .limit(EVENTS)
        )
    )


def used(article: Article) -> dict[str, int]:
    """Return how often each thing was done with an article in the last 90 days."""
    rows = db.session.execute(
        select(ArticleUse.kind, func.sum(ArticleUse.times))
        .where(
            ArticleUse.article_id == article.id,
            ArticleUse.day > now().date() - timedelta(days=USED_DAYS),
        )
        .group_by(ArticleUse.kind)
    )
    found = {kind: int(times) for kind, times in rows}
    return {kind.value: found.get(kind.value, 0) for kind in Use}


def versions_of(text: ArticleText, before: int | None = None) -> list[ArticleVersion]:
    """Return a page of versions of a text, the newest first, one more if there is more."""
    statement = select(ArticleVersion).where(ArticleVersion.text_id == text.id)
    if before is not None:
        statement = statement.where(ArticleVersion.number < before)
    return list(
        db.session.scalars(
            statement.options(
                joinedload(ArticleVersion.author), joinedload(ArticleVersion.published_by)
            )
            .order_by(ArticleVersion.number.desc())
            .limit(VERSIONS + 1)
        )
    )


def text_shown(article: Article, asked: str | None, language: str, *, drafts: bool) -> ArticleText:
    """Return the text a reader gets: the one asked for where there is one, else in their order."""
    texts: Collection[ArticleText] = readable(article, drafts=drafts)
    named = next((text for text in texts if text.language == asked), None)
    return named or chosen(article, language, texts)
