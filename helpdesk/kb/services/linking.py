"""Articles and tickets, and articles that belong together."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.kb.models import Article, ArticleRelated, ArticleTicket, State, Tie, Use
from helpdesk.kb.services.journal import check_may_change, note
from helpdesk.kb.services.saying import record_use
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services.act import Act

MAX_RELATED = 20
_COUNTS = {Tie.SUGGESTED_USED: Use.USED, Tie.INSERTED: Use.INSERTED, Tie.LINKED: Use.USED}


def tie(actor: Actor, article: Article, ticket: Ticket, kind: Tie) -> bool:
    """Say what an article has to do with a ticket; False when it was said, which counts again.

    The ticket's journal says so, once. Raises Denied, Refused.
    """
    actor.demand(Permission.TICKET_WORK)
    if article.state == State.RETIRED:
        raise Refused("retired", _l("It is retired, and no longer offered."))
    row = db.session.scalar(
        select(ArticleTicket).where(
            ArticleTicket.article_id == article.id,
            ArticleTicket.ticket_id == ticket.id,
            ArticleTicket.kind == kind.value,
        )
    )
    if row is not None:
        if kind is not Tie.LINKED:
            row.times += 1
            row.at = now()
            record_use(article, _COUNTS.get(kind, Use.USED))
        return False
    known = db.session.scalar(
        select(ArticleTicket.id)
        .where(ArticleTicket.article_id == article.id, ArticleTicket.ticket_id == ticket.id)
        .limit(1)
    )
    db.session.add(
        ArticleTicket(
            article_id=article.id,
            ticket_id=ticket.id,
            kind=kind.value,
            person_id=actor.person_id,
            at=now(),
        )
    )
    if kind in _COUNTS:
        record_use(article, _COUNTS[kind])
    if known is None:
        act = Act(actor, ticket)
        act.note_change("article", None, article.id)
        act.done("link-article", quiet=True)
    db.session.flush()
    return True


def untie(actor: Actor, article: Article, ticket: Ticket) -> bool:
    """Say that an article has nothing to do with a ticket; False when nobody said it had.

    That it was written from it stays: it is how it came about. Raises Denied.
    """
    actor.demand(Permission.TICKET_WORK)
    rows = list(
        db.session.scalars(
            select(ArticleTicket).where(
                ArticleTicket.article_id == article.id,
                ArticleTicket.ticket_id == ticket.id,
                ArticleTicket.kind != Tie.WRITTEN_FROM.value,
            )
        )
    )
    for row in rows:
        db.session.delete(row)
    if rows:
        act = Act(actor, ticket)
        act.note_change("article", article.id, None)
        act.done("unlink-article", quiet=True)
    return bool(rows)


def _pair(one: Article, other: Article) -> tuple[int, int]:
    return (one.id, other.id) if one.id < other.id else (other.id, one.id)


def relate(actor: Actor, article: Article, other: Article, *, quietly: bool = False) -> bool:
    """Say that two articles belong together; False when it was said. Raises Denied, Refused.

    ``quietly`` leaves the journal out, for imports.
    """
    check_may_change(actor, article)
    if article.id == other.id:
        raise Refused("related-self", _l("Choose another article."), "other")
    if db.session.get(ArticleRelated, _pair(article, other)) is not None:
        return False
    first, second = _pair(article, other)
    db.session.add(ArticleRelated(article_id=first, other_id=second))
    db.session.flush()
    if not quietly:
        note(actor, article, "related", other=other.id, key=other.key)
    return True


def unrelate(actor: Actor, article: Article, other: Article) -> bool:
    """Say that two articles do not belong together; False when nobody said they did."""
    check_may_change(actor, article)
    row = db.session.get(ArticleRelated, _pair(article, other))
    if row is None:
        return False
    db.session.delete(row)
    note(actor, article, "unrelated", other=other.id, key=other.key)
    return True
