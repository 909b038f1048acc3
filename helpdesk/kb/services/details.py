"""What an article is, apart from its words: kind, category, tags, readers, who answers for it."""

from dataclasses import asdict, dataclass, replace

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, insert, select

from helpdesk.db import db
from helpdesk.kb.events import News
from helpdesk.kb.models import (
    Article,
    ArticleOrganisation,
    ArticleTag,
    ArticleTeam,
    Audience,
    KbCategory,
    Kind,
)
from helpdesk.kb.services.journal import check_may_change, check_may_keep, hold, note, tell
from helpdesk.lib.text import one_line
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.people.models import Account, Organisation, Person, Team

MAX_TAGS, MAX_TAG = 20, 60
MAX_NAMED = 50
MONTHS = range(1, 37)


@dataclass(frozen=True, slots=True)
class Details:
    """All of it; keys of rows, names of tags."""

    kind: Kind
    audience: Audience
    category_id: int | None
    tags: tuple[str, ...]
    team_ids: tuple[int, ...]
    organisation_ids: tuple[int, ...]
    owner_id: int | None
    reviewer_id: int | None
    review_months: int


def details_of(article: Article) -> Details:
    """Return what an article is now."""
    return Details(
        kind=Kind(article.kind),
        audience=Audience(article.audience),
        category_id=article.category_id,
        tags=tuple(row.tag for row in article.tags),
        team_ids=tuple(team.id for team in article.teams),
        organisation_ids=tuple(row.id for row in article.organisations),
        owner_id=article.owner_id,
        reviewer_id=article.reviewer_id,
        review_months=article.review_months,
    )


class DetailsClash(Exception):
    """Somebody changed the same fields of the same article meanwhile; ``fields`` names them."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        """Carry the names to the form."""
        super().__init__(", ".join(fields))
        self.fields = fields


def change(
    actor: Actor,
    article: Article,
    wanted: Details,
    *,
    seen: Details | None = None,
    quiet: bool = False,
) -> bool:
    """Change what an article is; False when nothing is new. ``seen`` is what the form showed.

    ``quiet`` leaves it to the caller to tell a new owner. Who may read what is published, and who
    owns it, is for those who answer for the article. Raises Denied, Refused, DetailsClash.
    """
    check_may_change(actor, article)
    hold(article)
    stands = details_of(article)
    wanted = checked(wanted)
    if seen is not None:
        wanted = _meant(checked(seen), stands, wanted)
    changed = {
        name: [_plain(getattr(stands, name)), _plain(value)]
        for name, value in asdict(wanted).items()
        if getattr(stands, name) != getattr(wanted, name)
    }
    if not changed:
        return False
    if {"audience", "team_ids", "organisation_ids", "owner_id", "review_months"} & set(changed):
        check_may_keep(actor, article)
    apply(article, wanted)
    note(actor, article, "changed", changes=changed)
    if "owner_id" in changed and not quiet:
        tell(actor, article, News.HANDED_OVER, [wanted.owner_id])
    return True


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _meant(seen: Details, stands: Details, typed: Details) -> Details:
    """Return what is to be: what was typed, and elsewhere what stands now."""
    mine = {n: v for n, v in asdict(typed).items() if v != getattr(seen, n)}
    both = tuple(
        n
        for n, v in mine.items()
        if getattr(stands, n) != getattr(seen, n) and getattr(stands, n) != v
    )
    if both:
        raise DetailsClash(both)
    return replace(stands, **mine)


def checked(wanted: Details) -> Details:
    """Return details as they are kept. Raises Refused."""
    tags = checked_tags(wanted.tags)
    for_teams = wanted.audience is Audience.TEAMS
    for_firms = wanted.audience is Audience.CUSTOMERS
    teams = tuple(sorted(set(wanted.team_ids))) if for_teams else ()
    firms = tuple(sorted(set(wanted.organisation_ids))) if for_firms else ()
    if len(teams) > MAX_NAMED or len(firms) > MAX_NAMED:
        raise Refused("audience-many", _l("Name fewer of them."), "audience")
    if for_teams and not teams:
        raise Refused("team-missing", _l("Choose the teams it is for."), "teams")
    if for_firms and not firms:
        raise Refused("organisation-missing", _l("Choose whose people it is for."), "organisations")
    if wanted.review_months not in MONTHS:
        raise Refused("months", _l("Choose between 1 and 36 months."), "review_months")
    return replace(
        wanted,
        kind=Kind(wanted.kind),
        audience=Audience(wanted.audience),
        tags=tags,
        team_ids=teams,
        organisation_ids=firms,
    )


def checked_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Return tags in lower case, each once, in order. Raises Refused."""
    found = {one_line(tag).strip().casefold() for tag in tags} - {""}
    if len(found) > MAX_TAGS or any(len(tag) > MAX_TAG for tag in found):
        raise Refused("tags", _l("At most 20 tags of 60 characters each."), "tags")
    return tuple(sorted(found))


def apply(article: Article, wanted: Details) -> None:
    """Write details as they were checked; what they name has to be there. Raises Refused."""
    wanted = checked(wanted)
    _check_named(wanted, article)
    article.kind = wanted.kind.value
    article.audience = wanted.audience.value
    article.category_id = wanted.category_id
    article.owner_id = wanted.owner_id
    article.reviewer_id = wanted.reviewer_id
    article.review_months = wanted.review_months
    _set_rows(ArticleTag, article, "tag", wanted.tags)
    _set_rows(ArticleTeam, article, "team_id", wanted.team_ids)
    _set_rows(ArticleOrganisation, article, "organisation_id", wanted.organisation_ids)
    db.session.flush()
    db.session.expire(article, ["tags", "teams", "organisations", "category", "owner", "reviewer"])


def _set_rows(model: type, article: Article, column: str, wanted: tuple[object, ...]) -> None:
    table = model.__table__  # type: ignore[attr-defined]
    of_article = table.c.article_id == article.id
    there = set(db.session.scalars(select(table.c[column]).where(of_article)))
    gone, fresh = there - set(wanted), set(wanted) - there
    if gone:
        db.session.execute(delete(table).where(of_article, table.c[column].in_(gone)))
    if fresh:
        rows = [{"article_id": article.id, column: value} for value in sorted(fresh, key=str)]
        db.session.execute(insert(table), rows)


def _check_named(wanted: Details, article: Article) -> None:
    """Raise Refused for rows that are not there, or people who can't have the part."""
    if wanted.category_id is not None and db.session.get(KbCategory, wanted.category_id) is None:
        raise Refused("category-missing", _l("Choose a category."), "category")
    known = (
        (Team, wanted.team_ids, "teams", _l("Choose the teams it is for.")),
        (
            Organisation,
            wanted.organisation_ids,
            "organisations",
            _l("Choose whose people it is for."),
        ),
    )
    for model, keys, field, message in known:
        if keys:
            found = set(db.session.scalars(select(model.id).where(model.id.in_(keys))))
            if set(keys) - found:
                raise Refused(f"{field}-missing", message, field)
    for field, key, before in (
        ("owner", wanted.owner_id, article.owner_id),
        ("reviewer", wanted.reviewer_id, article.reviewer_id),
    ):
        if key is not None and key != before and not is_staff(key):
            raise Refused(f"{field}-missing", _l("Choose somebody who works here."), field)


def is_staff(person_id: int) -> bool:
    """Whether somebody works here and has not left."""
    return (
        db.session.scalar(
            select(Person.id)
            .join(Account, Account.person_id == Person.id)
            .where(
                Person.id == person_id,
                Person.is_technician.is_(True),
                Person.retired_at.is_(None),
                Account.deactivated_at.is_(None),
            )
        )
        is not None
    )


def hand_over(actor: Actor, articles: list[Article], to: Person) -> int:
    """Make somebody the owner of articles, and their reviewer where the same person was both.

    Returns how many went. Raises Denied, Refused.
    """
    if not is_staff(to.id):
        raise Refused("owner-missing", _l("Choose somebody who works here."), "owner")
    for article in articles:
        if not actor.is_system and actor.person_id != article.owner_id:
            actor.demand(Permission.KB_PUBLISH)
    count = 0
    for article in articles:
        hold(article)
        if article.owner_id == to.id:
            continue
        before = article.owner_id
        if article.reviewer_id == before:
            article.reviewer_id = to.id
        article.owner_id = to.id
        note(actor, article, "handed-over", changes={"owner_id": [before, to.id]})
        count += 1
    if count:
        tell(actor, articles[0], News.HANDED_OVER, [to.id], number=count)
    return count
