"""Taking articles in: what each file would do, and doing it. The same files twice change nothing.

An article is known by its key, a text by its language. What is there is changed, what is not is
made; nothing is removed. Each file is tried by itself: one that fails leaves the others alone.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import selectinload

from helpdesk.db import db
from helpdesk.kb.models import (
    Article,
    ArticleEvent,
    ArticleText,
    ArticleVersion,
    Audience,
    Kind,
    State,
)
from helpdesk.kb.services import details, files, linking, shelves, workflow, writing
from helpdesk.kb.services.importing.folder import Folder
from helpdesk.kb.services.importing.items import Item, Unread, read_all
from helpdesk.kb.services.journal import note
from helpdesk.kb.services.wording import Wording, checked
from helpdesk.lib.clock import now
from helpdesk.lib.html import MAX_ARTICLE
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.people.models import Account, Organisation, Person, Team


class Outcome(StrEnum):
    """What a file does, or would do."""

    NEW = "new"
    TRANSLATION = "translation"
    CHANGED = "changed"
    SAME = "same"
    WRONG = "wrong"


@dataclass(slots=True)
class Line:
    """What became of one file, or of one line of a table."""

    where: str
    outcome: Outcome
    key: str = ""
    language: str = ""
    title: str = ""
    message: str = ""
    article_id: int | None = None
    item: Item | None = None


@dataclass(slots=True)
class Report:
    """What an import did, or would do."""

    lines: list[Line] = field(default_factory=list)

    def count(self, outcome: Outcome) -> int:
        """Return how many lines have this outcome."""
        return sum(line.outcome is outcome for line in self.lines)


def run(
    actor: Actor, folder: Folder, *, dry: bool = False, language: str = "en", drafts: bool = False
) -> Report:
    """Import a folder; with ``dry`` everything is tried and taken back. Raises Denied.

    ``drafts`` leaves new articles as drafts that would be published.
    """
    actor.demand(Permission.KB_MANAGE)
    report = Report()
    with suppress(_OnlyTried), db.session.begin_nested():
        _run(actor, folder, report, language=language, drafts=drafts)
        if dry:
            raise _OnlyTried
    if dry:
        db.session.expire_all()
    report.lines.sort(key=lambda line: line.where)
    return report


class _OnlyTried(Exception):
    """Nobody wanted it to be kept; what was done is taken back."""


def _run(actor: Actor, folder: Folder, report: Report, *, language: str, drafts: bool) -> None:
    items: list[Item] = []
    for found in read_all(folder, language):
        if isinstance(found, Unread):
            report.lines.append(Line(found.where, Outcome.WRONG, message=str(found.message)))
        else:
            items.append(found)
    # The language an article was first written in comes first.
    firsts = _first_languages(items)
    items.sort(key=lambda item: (item.key, item.language != firsts[item.key], item.language))
    for item in items:
        report.lines.append(_tried(actor, folder, item, drafts=drafts))
    _relate(actor, report)


def _first_languages(items: list[Item]) -> dict[str, str]:
    """Return the language each article is first written in: as its files say, else English."""
    firsts: dict[str, str] = {}
    for item in items:
        if item.key not in firsts or item.language == "en":
            firsts[item.key] = item.language
    said = {"yes", "true", "1"}
    originals = (item for item in items if item.meta.get("original", "").lower() in said)
    return {**firsts, **{item.key: item.language for item in originals}}


def _tried(actor: Actor, folder: Folder, item: Item, *, drafts: bool) -> Line:
    line = Line(item.where, Outcome.SAME, item.key, item.language, item.title, item=item)
    try:
        with db.session.begin_nested():
            line.outcome, article = _take(actor, folder, item, drafts=drafts)
            line.article_id = article.id
    except Refused as refusal:
        line.outcome, line.message = Outcome.WRONG, str(refusal)
    except (SQLAlchemyError, OSError, ValueError) as error:
        line.outcome = Outcome.WRONG
        line.message = str(_("It could not be taken in: %(why)s", why=type(error).__name__))
    return line


def _take(actor: Actor, folder: Folder, item: Item, *, drafts: bool) -> tuple[Outcome, Article]:
    """Make or change one text; returns what it did."""
    article = db.session.scalar(
        select(Article).where(Article.key == item.key).options(selectinload(Article.texts))
    )
    wording = checked(Wording(item.title, item.meta.get("summary", ""), item.body))
    if article is None:
        article = _create(actor, folder, item, wording, drafts=drafts)
        return Outcome.NEW, article
    outcome = Outcome.SAME
    if article.state == State.RETIRED and item.meta.get("state") != State.RETIRED:
        raise Refused("retired", _l("It is retired here."))
    wanted = _details(actor, item, article)
    if details.details_of(article) != details.checked(wanted):
        details.change(actor, article, wanted)
        outcome = Outcome.CHANGED
    if _files(actor, folder, item, article):
        outcome = Outcome.CHANGED
    if article.state == State.RETIRED:
        return outcome, article
    text = next((one for one in article.texts if one.language == item.language), None)
    original = next(one for one in article.texts if one.language == article.language)
    follows = original.published or original.latest
    if text is None:
        text = writing.add_language(actor, article, item.language, wording, translated_from=follows)
        db.session.refresh(article, ["texts"])
        outcome = Outcome.TRANSLATION
    else:
        made = writing.save(
            actor,
            article,
            text,
            wording,
            said=str(_("Imported")),
            translated_from=follows if text is not original else None,
        )
        if made is not None:
            outcome = Outcome.CHANGED
    if outcome is not Outcome.SAME and text.published != text.latest:
        _publish(actor, article, text)
    if article.state == State.PUBLISHED:
        files.show(article)
    return outcome, article


def _publish(actor: Actor, article: Article, text: ArticleText) -> None:
    """Let readers of a published article see what was imported."""
    if article.state == State.PUBLISHED:
        workflow.publish(actor, article, text.language)


def _create(actor: Actor, folder: Folder, item: Item, wording: Wording, *, drafts: bool) -> Article:
    wanted = _details(actor, item, None)
    article = writing.create(
        actor,
        writing.NewArticle(
            wording,
            kind=wanted.kind,
            language=item.language,
            audience=wanted.audience,
            category_id=wanted.category_id,
            tags=wanted.tags,
            team_ids=wanted.team_ids,
            organisation_ids=wanted.organisation_ids,
            owner_id=wanted.owner_id,
            review_months=wanted.review_months,
            key=item.key,
        ),
    )
    _files(actor, folder, item, article)
    state = item.meta.get("state", "") or (State.DRAFT.value if drafts else State.PUBLISHED.value)
    history = _history(folder, item.key)
    if history is not None:
        _live_again(article, history)
    if state in (State.PUBLISHED, State.RETIRED) and workflow.pending(article):
        workflow.publish(actor, article)
    if article.state == State.PUBLISHED:
        files.show(article)
    if state == State.REVIEW:
        workflow.submit(actor, article)
    if state == State.RETIRED:
        workflow.retire(actor, article)
    note(actor, article, "imported", name=item.path)
    return article


def _files(actor: Actor, folder: Folder, item: Item, article: Article) -> bool:
    """Keep the files a text names; whether any was new."""
    fresh = False
    there = {row.name.casefold(): row.sha256 for row in files.listed(article)}
    for name, path in item.files.items():
        if article.state == State.RETIRED:
            continue
        row = files.add(actor, article, files.Upload(name, folder.read(path)))
        fresh = fresh or there.get(row.name.casefold()) != row.sha256
        if row.name != name:
            item.body = item.body.replace(f"]({name}", f"]({row.name}")
    return fresh


def _details(actor: Actor, item: Item, article: Article | None) -> details.Details:
    """Return what the front matter says; of an article that is there, what it leaves out stays."""
    meta = item.meta
    stands = details.details_of(article) if article is not None else None
    audience, teams, firms = _audience(item.listed("audience"))
    if not meta.get("audience") and stands is not None:
        audience, teams, firms = stands.audience, stands.team_ids, stands.organisation_ids
    category_id = stands.category_id if stands is not None else None
    if meta.get("category"):
        category_id = shelves.by_path(actor, meta["category"]).id
    review = meta.get("review", "")
    owner_id = _person(meta.get("owner", ""))
    if owner_id is None:
        owner_id = stands.owner_id if stands is not None else actor.person_id
    months = int(review) if review.isdecimal() and len(review) < 3 else None
    return details.Details(
        kind=Kind(meta["kind"]) if meta.get("kind") else stands.kind if stands else Kind.GENERAL,
        audience=audience,
        category_id=category_id,
        tags=details.checked_tags(tuple(item.listed("tags")))
        if "tags" in meta
        else stands.tags
        if stands
        else (),
        team_ids=teams,
        organisation_ids=firms,
        owner_id=owner_id,
        reviewer_id=stands.reviewer_id if stands is not None else None,
        review_months=months or (stands.review_months if stands is not None else 6),
    )


def _audience(words: list[str]) -> tuple[Audience, tuple[int, ...], tuple[int, ...]]:
    """Read ``public``, ``staff``, ``team:NAME`` and ``org:NAME``. Raises Refused."""
    teams: list[int] = []
    firms: list[int] = []
    plain = Audience.STAFF
    for word in words:
        kind, colon, name = word.partition(":")
        if not colon and word in (Audience.PUBLIC, Audience.STAFF):
            plain = Audience(word)
        elif kind == "team":
            teams.append(_named(Team.name, Team.id, name.strip()))
        elif kind == "org":
            firms.append(_named(Organisation.name, Organisation.id, name.strip()))
        else:
            raise Refused("audience", _l("“%(word)s” is nobody who could read it.", word=word))
    if teams:
        return Audience.TEAMS, tuple(sorted(set(teams))), ()
    if firms:
        return Audience.CUSTOMERS, (), tuple(sorted(set(firms)))
    return plain, (), ()


def _named(column: object, key: object, name: str) -> int:
    found: int | None = db.session.scalar(
        select(key).where(func.lower(column) == name.lower())  # type: ignore[call-overload]
    )
    if found is None:
        raise Refused("unknown", _l("There is no “%(name)s” here.", name=name))
    return found


def _person(said: str) -> int | None:
    """Return who works here under this login or name."""
    if not said:
        return None
    found = db.session.scalar(
        select(Person.id)
        .join(Account, Account.person_id == Person.id)
        .where((Account.login == said.lower()) | (Person.name == said))
        .order_by(Person.id)
        .limit(1)
    )
    return found if found is not None and details.is_staff(found) else None


def _relate(actor: Actor, report: Report) -> None:
    """Put articles together that name each other, once all are there."""
    named = {
        (line.key, other): line
        for line in report.lines
        if line.item is not None and line.outcome is not Outcome.WRONG
        for other in line.item.listed("related")
    }
    keys = {key for pair in named for key in pair}
    known = (
        {row.key: row for row in db.session.scalars(select(Article).where(Article.key.in_(keys)))}
        if keys
        else {}
    )
    for (one, two), line in named.items():
        article, other = known.get(one), known.get(two)
        if article is None or other is None:
            line.message = str(_("There is no article “%(key)s” to relate it to.", key=two))
        elif article is not other and article.state != State.RETIRED:
            fresh = linking.relate(actor, article, other, quietly=True)
            if fresh and line.outcome is Outcome.SAME:
                line.outcome = Outcome.CHANGED


# ---- The history of an export ----


def _history(folder: Folder, key: str) -> Mapping[str, object] | None:
    path = f"history/{key}.json"
    if path not in folder.files:
        return None
    try:
        said = json.loads(folder.read(path))
    except (ValueError, RecursionError) as error:
        raise Refused("history", _l("Its history can't be read.")) from error
    return said if isinstance(said, dict) else None


def _live_again(article: Article, history: Mapping[str, object]) -> None:
    """Put the versions and the journal of an export before an article that was just made."""
    texts = history.get("texts")
    for text in article.texts:
        said = texts.get(text.language) if isinstance(texts, dict) else None
        if isinstance(said, list) and said:
            _versions_again(text, [one for one in said[:2000] if isinstance(one, dict)])
    events = history.get("events")
    for one in events[:5000] if isinstance(events, list) else []:
        if isinstance(one, dict):
            db.session.add(
                ArticleEvent(
                    article_id=article.id,
                    kind=str(one.get("kind", ""))[:20],
                    actor_id=_person(str(one.get("by") or "")),
                    at=_moment(one.get("at")),
                    data=data if isinstance(data := one.get("data"), dict) else {},
                )
            )
    db.session.flush()


def _versions_again(text: ArticleText, said: list[dict[str, object]]) -> None:
    """Replace the one version of a new text by those it had, if the newest says the same."""
    present = writing.newest(text)
    last = said[-1]
    if str(last.get("body", "")) != present.body and str(last.get("title", "")) != present.title:
        return
    db.session.delete(present)
    db.session.flush()
    for number, one in enumerate(said, start=1):
        published = one.get("published_at")
        follows = one.get("translated_from")
        last_one = number == len(said)
        # The newest is what the file itself says: its names of files are those given here.
        row = ArticleVersion(
            text_id=text.id,
            number=number,
            title=present.title if last_one else str(one.get("title", ""))[:200],
            summary=present.summary if last_one else str(one.get("summary", ""))[:500],
            body=present.body if last_one else str(one.get("body", ""))[:MAX_ARTICLE],
            author_id=_person(str(one.get("author") or "")),
            at=_moment(one.get("at")),
            note=str(one.get("note", ""))[:300],
            translated_from=follows if isinstance(follows, int) else None,
            published_at=_moment(published) if published else None,
        )
        db.session.add(row)
    text.latest = len(said)
    db.session.flush()
    db.session.expire(text, ["versions"])


def _moment(said: object) -> datetime:
    try:
        found = datetime.fromisoformat(str(said))
        return found if found.tzinfo is not None else now()
    except ValueError:
        return now()
