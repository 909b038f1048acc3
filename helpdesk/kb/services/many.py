"""The same change to several articles at once: each by itself, and those that can't are named."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from flask_babel import lazy_gettext as _l

from helpdesk.db import db
from helpdesk.kb.events import News
from helpdesk.kb.models import Article
from helpdesk.kb.services import details, workflow
from helpdesk.kb.services.journal import tell
from helpdesk.people.access import Actor, Denied
from helpdesk.people.errors import Refused

MOST = 200
"""Articles that are changed at once."""


class Verb(StrEnum):
    """What is done to each, beside changing what it is."""

    CHECKED = "checked"
    """Said to be still right: its next review is set."""
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be of each article; what is None or empty stays as it is."""

    owner_id: int | None = None
    reviewer_id: int | None = None
    category_id: int | None = None
    no_category: bool = False
    tags: tuple[str, ...] = ()
    tags_off: tuple[str, ...] = ()
    review_months: int | None = None
    verb: Verb | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for."""
        return self == Wish()


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one article: changed, as it was already (no ``message``), or why not."""

    article: Article
    changed: bool
    message: str = ""


def change_many(actor: Actor, articles: Sequence[Article], wish: Wish) -> list[Result]:
    """Change each of the articles, in a transaction of its own within ours.

    Whoever becomes the owner is told once. Raises Refused when nothing is asked for, or too much.
    """
    if wish.is_empty:
        raise Refused("nothing-asked", _l("Say what is to be changed."))
    if not articles:
        raise Refused("nothing-chosen", _l("Choose at least one article."))
    if len(articles) > MOST:
        raise Refused("many", _l("Change at most %(n)d articles at once.", n=MOST))
    handed: list[Article] = []
    results = [_one(actor, article, wish, handed) for article in articles]
    if handed:
        number = len(handed)
        tell(actor, handed[0], News.HANDED_OVER, [wish.owner_id], number=number)
    return results


def _one(actor: Actor, article: Article, wish: Wish, handed: list[Article]) -> Result:
    before = article.owner_id
    try:
        with db.session.begin_nested():
            changed = _change(actor, article, wish)
    except Refused as refusal:
        return Result(article, False, str(refusal))
    except Denied:
        return Result(article, False, str(_l("Only its owner, or who publishes, may do that.")))
    if wish.owner_id is not None and before != wish.owner_id:
        handed.append(article)
    return Result(article, changed)


def _change(actor: Actor, article: Article, wish: Wish) -> bool:
    stands = details.details_of(article)
    wanted = replace(
        stands,
        owner_id=wish.owner_id or stands.owner_id,
        reviewer_id=_reviewer(stands, wish),
        category_id=None if wish.no_category else wish.category_id or stands.category_id,
        tags=tuple(sorted({*stands.tags, *wish.tags} - set(wish.tags_off))),
        review_months=wish.review_months or stands.review_months,
    )
    changed = wanted != stands and details.change(actor, article, wanted, quiet=True)
    if wish.verb is Verb.CHECKED:
        workflow.still_right(actor, article)
        changed = True
    if wish.verb is Verb.RETIRED:
        workflow.retire(actor, article)
        changed = True
    return changed


def _reviewer(stands: details.Details, wish: Wish) -> int | None:
    """Return who reviews it: who was both owner and reviewer hands over both."""
    if wish.reviewer_id is not None:
        return wish.reviewer_id
    if wish.owner_id is not None and stands.reviewer_id == stands.owner_id:
        return wish.owner_id
    return stands.reviewer_id
