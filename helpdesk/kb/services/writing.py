"""Writing articles: beginning one, its texts and their versions."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.kb import searching
from helpdesk.kb.models import (
    Article,
    ArticleText,
    ArticleTicket,
    ArticleVersion,
    Audience,
    Kind,
    State,
    Tie,
)
from helpdesk.kb.services import details
from helpdesk.kb.services.drafts import discard_draft
from helpdesk.kb.services.journal import check_may_change, hold, note
from helpdesk.kb.services.wording import MAX_NOTE, Wording, checked
from helpdesk.lib.clock import now
from helpdesk.lib.text import one_line
from helpdesk.people import typed_text
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.tickets.models import Ticket

LANGUAGES = {
    "en": "English",
    "zh_Hans_CN": "简体中文",
    "zh_Hant_TW": "繁體中文",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "it": "Italiano",
    "pt": "Português",
    "nl": "Nederlands",
    "ja": "日本語",
    "ko": "한국어",
}
"""Languages that articles are written in, by their own names."""

_SLUG = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class NewArticle:
    """What a new article begins with. ``key`` is made from the title unless it is given."""

    wording: Wording
    kind: Kind = Kind.GENERAL
    language: str = "en"
    audience: Audience = Audience.STAFF
    category_id: int | None = None
    tags: Sequence[str] = ()
    team_ids: Sequence[int] = ()
    organisation_ids: Sequence[int] = ()
    owner_id: int | None = None
    review_months: int = 6
    key: str = ""
    note: str = field(default="")


class SavedMeanwhile(Exception):
    """Somebody saved the same text meanwhile; ``newest`` is what stands now."""

    def __init__(self, newest: ArticleVersion) -> None:
        """Carry the other version to the page that shows both."""
        super().__init__(f"version {newest.number} was saved meanwhile")
        self.newest = newest


def create(actor: Actor, new: NewArticle, *, from_ticket: Ticket | None = None) -> Article:
    """Begin an article as a draft; its first version is what ``new`` says.

    ``from_ticket`` remembers the ticket it is written from. Raises Denied, Refused.
    """
    actor.demand(Permission.KB_WRITE)
    _check_language(new.language)
    wording = checked(new.wording)
    article = Article(
        key=_free_key(new.key or new.wording.title),
        kind=new.kind.value,
        state=State.DRAFT.value,
        audience=Audience.STAFF.value,
        language=new.language,
        owner_id=new.owner_id if new.owner_id is not None else actor.person_id,
        created_by_id=actor.person_id,
        created_at=now(),
        updated_at=now(),
    )
    db.session.add(article)
    db.session.flush()
    details.apply(
        article,
        details.Details(
            kind=new.kind,
            audience=new.audience,
            category_id=new.category_id,
            tags=tuple(new.tags),
            team_ids=tuple(new.team_ids),
            organisation_ids=tuple(new.organisation_ids),
            owner_id=article.owner_id,
            reviewer_id=None,
            review_months=new.review_months,
        ),
    )
    text = ArticleText(article=article, language=new.language, title=wording.title)
    db.session.add(text)
    _add_version(actor, text, wording, new.note, None)
    if from_ticket is not None:
        db.session.add(
            ArticleTicket(
                article_id=article.id,
                ticket_id=from_ticket.id,
                kind=Tie.WRITTEN_FROM.value,
                person_id=actor.person_id,
                at=now(),
            )
        )
    note(actor, article, "created", title=wording.title)
    return article


def _check_language(language: str) -> None:
    if language not in LANGUAGES:
        raise Refused("language", _l("Choose a language."), "language")


def key_from(words: str) -> str:
    """Return the key that words make; empty for words of other scripts."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
    return _SLUG.sub("-", plain.lower()).strip("-")[:100].strip("-")


def _free_key(words: str) -> str:
    """Return a key that no article has yet."""
    wanted = key_from(words) or "article"
    taken = set(
        db.session.scalars(
            select(Article.key).where(
                (Article.key == wanted) | Article.key.startswith(f"{wanted}-", autoescape=True)
            )
        )
    )
    number, key = 1, wanted
    while key in taken:
        number += 1
        key = f"{wanted}-{number}"
    return key


def _add_version(
    actor: Actor, text: ArticleText, wording: Wording, said: str, translated_from: int | None
) -> ArticleVersion:
    text.latest = (text.latest or 0) + 1
    version = ArticleVersion(
        text=text,
        number=text.latest,
        title=wording.title,
        summary=wording.summary,
        body=wording.body,
        author_id=actor.person_id,
        at=now(),
        note=typed_text.line(one_line(said), MAX_NOTE, "note"),
        translated_from=translated_from,
    )
    db.session.add(version)
    if text.published is None:
        text.title, text.summary = wording.title, wording.summary
    db.session.flush()
    return version


def version_of(text: ArticleText, number: int) -> ArticleVersion | None:
    """Return a version of a text by its number."""
    return db.session.scalar(
        select(ArticleVersion).where(
            ArticleVersion.text_id == text.id, ArticleVersion.number == number
        )
    )


def newest(text: ArticleText) -> ArticleVersion:
    """Return the newest version of a text."""
    return db.session.scalars(
        select(ArticleVersion).where(
            ArticleVersion.text_id == text.id, ArticleVersion.number == text.latest
        )
    ).one()


def save(
    actor: Actor,
    article: Article,
    text: ArticleText,
    wording: Wording,
    *,
    base: int | None = None,
    said: str = "",
    translated_from: int | None = None,
) -> ArticleVersion | None:
    """Save a text as its next version; None when it says what it said already.

    ``base`` is the version that was changed, ``said`` a word about why. Of a translation,
    ``translated_from`` is the version of the original that it now says; None keeps what it was.
    What the actor had not saved of it is forgotten. Raises Denied, Refused, SavedMeanwhile.
    """
    check_may_change(actor, article)
    hold(article)
    db.session.refresh(text)
    wording = checked(wording)
    standing = newest(text)
    stands = Wording(standing.title, standing.summary, standing.body)
    if base is not None and base != standing.number and wording != stands:
        raise SavedMeanwhile(standing)
    follows = translated_from if translated_from is not None else standing.translated_from
    discard_draft(actor, text)
    if wording == stands and follows == standing.translated_from:
        return None
    version = _add_version(actor, text, wording, said, follows)
    note(actor, article, "saved", language=text.language, number=version.number, note=version.note)
    return version


def restore(
    actor: Actor, article: Article, text: ArticleText, number: int
) -> ArticleVersion | None:
    """Make an earlier version the newest again; None when it is what stands already.

    Nothing is lost: it becomes a version of its own, and readers see it when it is published.
    Raises Denied, Refused.
    """
    check_may_change(actor, article)
    hold(article)
    db.session.refresh(text)
    earlier, standing = version_of(text, number), newest(text)
    if earlier is None:
        raise Refused("version-missing", _l("There is no such version."))
    same = (earlier.title, earlier.summary, earlier.body) == (
        *(standing.title, standing.summary, standing.body),
    )
    if same:
        return None
    wording = Wording(earlier.title, earlier.summary, earlier.body)
    version = _add_version(actor, text, wording, "", earlier.translated_from)
    note(
        actor,
        article,
        "restored",
        language=text.language,
        number=version.number,
        earlier=number,
    )
    return version


def add_language(
    actor: Actor, article: Article, language: str, wording: Wording, *, translated_from: int
) -> ArticleText:
    """Begin a translation, made from a version of the original. Raises Denied, Refused."""
    check_may_change(actor, article)
    _check_language(language)
    hold(article)
    taken = db.session.scalar(
        select(ArticleText.id).where(
            ArticleText.article_id == article.id, ArticleText.language == language
        )
    )
    if taken is not None:
        raise Refused("language-taken", _l("It is there in this language already."), "language")
    wording = checked(wording)
    text = ArticleText(article=article, language=language, title=wording.title)
    db.session.add(text)
    _add_version(actor, text, wording, "", translated_from)
    note(actor, article, "translated", language=language, number=1)
    return text


def refind(article: Article) -> None:
    """Let an article be found as it is; for importers, after many small changes."""
    searching.changed(article)
