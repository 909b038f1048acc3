"""What all verbs share: the lock, the journal of an article, and being found as it is now."""

from collections.abc import Iterable

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.events import publish
from helpdesk.kb import searching
from helpdesk.kb.events import ArticleNews, News
from helpdesk.kb.models import Article, ArticleEvent, State
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused


def hold(article: Article) -> None:
    """Lock an article for a change; what others saved meanwhile is read."""
    db.session.execute(
        select(Article)
        .where(Article.id == article.id)
        .with_for_update(of=Article)
        .execution_options(populate_existing=True)
    )


def note(actor: Actor, article: Article, kind: str, **data: object) -> ArticleEvent:
    """Write down what happened to an article, and let it be found as it is now."""
    article.updated_at = now()
    article.revision += 1
    row = ArticleEvent(
        article_id=article.id, kind=kind, actor_id=actor.person_id, at=now(), data=data
    )
    db.session.add(row)
    searching.changed(article)
    return row


def tell(
    actor: Actor, article: Article, what: News, people: Iterable[int | None], **data: object
) -> None:
    """Let people know; whoever did it knows."""
    concerned = {key for key in people if key is not None and key != actor.person_id}
    if concerned:
        publish(ArticleNews(article.id, concerned, what, actor.person_id, data))


def check_may_change(actor: Actor, article: Article) -> None:
    """Raise Denied, Refused unless the actor may change the words of this article."""
    actor.demand(Permission.KB_WRITE)
    if article.state == State.RETIRED:
        raise Refused("retired", _l("It is retired. Bring it back before you change it."))


def may_keep(actor: Actor, article: Article) -> bool:
    """Whether somebody answers for the article: its owner, or who publishes."""
    return actor.can(Permission.KB_PUBLISH) or (
        actor.can(Permission.KB_WRITE)
        and actor.person_id is not None
        and actor.person_id == article.owner_id
    )


def check_may_keep(actor: Actor, article: Article) -> None:
    """Raise Denied unless the actor answers for the article."""
    if not may_keep(actor, article):
        actor.demand(Permission.KB_PUBLISH)
