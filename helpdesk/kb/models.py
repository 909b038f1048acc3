"""Tables of the knowledge base.

An *article* is one thing to know: who keeps it true, who may read it and where it stands. Its
*texts* are its language versions, and each text has numbered *versions* that never change. What
readers see of a text is the version that was published; later versions are a change in the making.
"""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from helpdesk.db import BigId, Json, Model, UTCDateTime
from helpdesk.lib.clock import now
from helpdesk.people.models import Organisation, Person, Team
from helpdesk.tickets.models import Ticket


class Kind(StrEnum):
    """What sort of article it is; each has an outline of its own."""

    HOW_TO = "how-to"
    KNOWN_ERROR = "known-error"
    FAQ = "faq"
    TROUBLESHOOTING = "troubleshooting"
    GENERAL = "general"


class State(StrEnum):
    """Where an article stands."""

    DRAFT = "draft"
    REVIEW = "review"
    PUBLISHED = "published"
    RETIRED = "retired"


class Audience(StrEnum):
    """Who may read it once it is published."""

    PUBLIC = "public"
    CUSTOMERS = "customers"
    """People of the organisations named, and staff."""
    STAFF = "staff"
    TEAMS = "teams"
    """Members of the teams named."""


class Tie(StrEnum):
    """What an article has to do with a ticket."""

    SUGGESTED_USED = "suggested_used"
    INSERTED = "inserted"
    LINKED = "linked"
    WRITTEN_FROM = "written_from"


class Use(StrEnum):
    """What was done with an article; counted by the day."""

    READ = "read"
    INSERTED = "inserted"
    USED = "used"
    SOLVED = "solved"
    """Somebody came to the end of a troubleshooting tree that says it is solved."""


class KbCategory(Model):
    """A shelf of the knowledge base; shelves stand within shelves."""

    __tablename__ = "kb_category"
    __table_args__ = (UniqueConstraint("parent_id", "name"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("kb_category.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    # Names from the root, joined with " › "; kept by the verbs.
    path: Mapped[str] = mapped_column(String(500), unique=True)
    position: Mapped[int] = mapped_column(default=0)


class Article(Model):
    """One thing to know, in one or several languages."""

    __tablename__ = "article"
    __table_args__ = (
        # Lists page by what changed last; those narrowed by a column begin with it.
        Index("ix_article_updated", "updated_at", "id"),
        Index("ix_article_state", "state", "updated_at", "id"),
        Index("ix_article_category", "category_id", "updated_at", "id"),
        Index("ix_article_owner", "owner_id", "updated_at", "id"),
        Index(
            "ix_article_review",
            "review_at",
            "id",
            postgresql_where=text("state = 'published'"),
            sqlite_where=text("state = 'published'"),
        ),
        Index(
            "ix_article_submitted",
            "submitted_at",
            "id",
            postgresql_where=text("submitted_at IS NOT NULL"),
            sqlite_where=text("submitted_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    # What files and links call it: the same in every language and on every desk.
    key: Mapped[str] = mapped_column(String(120), unique=True)
    kind: Mapped[str] = mapped_column(String(16), default=Kind.GENERAL.value)
    state: Mapped[str] = mapped_column(String(10), default=State.DRAFT.value)
    audience: Mapped[str] = mapped_column(String(10), default=Audience.STAFF.value)
    category_id: Mapped[int | None] = mapped_column(ForeignKey("kb_category.id"))
    # The language it was first written in; the other texts are translations of that one.
    language: Mapped[str] = mapped_column(String(20))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    reviewer_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    published_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Since when it, or a change of it, waits for its reviewer.
    submitted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # When somebody has to look whether it is still right, and after how many months again.
    review_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    review_months: Mapped[int] = mapped_column(default=6)
    # Who last said that it is right, and when: by publishing it, or by "still right".
    checked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    checked_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    # When its owner was last told that it is due.
    reminded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Counted with the votes and uses, so that lists need no sums.
    helpful: Mapped[int] = mapped_column(default=0)
    unhelpful: Mapped[int] = mapped_column(default=0)
    uses: Mapped[int] = mapped_column(default=0)
    # Grows with every change of these columns; a form says which it was shown.
    revision: Mapped[int] = mapped_column(default=1)

    category: Mapped[KbCategory | None] = relationship()
    owner: Mapped[Person | None] = relationship(foreign_keys=[owner_id])
    reviewer: Mapped[Person | None] = relationship(foreign_keys=[reviewer_id])
    created_by: Mapped[Person | None] = relationship(foreign_keys=[created_by_id])
    checked_by: Mapped[Person | None] = relationship(foreign_keys=[checked_by_id])
    texts: Mapped[list["ArticleText"]] = relationship(
        back_populates="article", order_by="ArticleText.id"
    )
    tags: Mapped[list["ArticleTag"]] = relationship(
        order_by="ArticleTag.tag", cascade="all, delete-orphan"
    )
    teams: Mapped[list[Team]] = relationship(secondary="article_team", order_by=Team.name)
    organisations: Mapped[list[Organisation]] = relationship(
        secondary="article_organisation", order_by=Organisation.name
    )


class ArticleTeam(Model):
    """A team that an article is for."""

    __tablename__ = "article_team"

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), primary_key=True, index=True)


class ArticleOrganisation(Model):
    """An organisation whose people an article is for."""

    __tablename__ = "article_organisation"

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("organisation.id"), primary_key=True, index=True
    )


class ArticleTag(Model):
    """A free word on an article."""

    __tablename__ = "article_tag"

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(60), primary_key=True, index=True)


class ArticleText(Model):
    """An article in one language.

    Title and summary repeat what readers see: those of the published version, or of the newest
    while nothing is published.
    """

    __tablename__ = "article_text"
    __table_args__ = (UniqueConstraint("article_id", "language"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    language: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str] = mapped_column(String(500), default="")
    # The newest version, and the one that readers see; none while it was never published.
    latest: Mapped[int] = mapped_column(default=0)
    published: Mapped[int | None] = mapped_column()
    # Title, summary, tags and words of what readers see, folded, for the plain search.
    search_text: Mapped[str] = deferred(mapped_column(Text, default=""))

    article: Mapped[Article] = relationship(back_populates="texts")
    versions: Mapped[list["ArticleVersion"]] = relationship(
        back_populates="text", order_by="ArticleVersion.number.desc()"
    )


class ArticleVersion(Model):
    """One state of a text. Its words never change; that it was published is added once."""

    __tablename__ = "article_version"
    __table_args__ = (UniqueConstraint("text_id", "number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    text_id: Mapped[int] = mapped_column(ForeignKey("article_text.id"))
    number: Mapped[int] = mapped_column()
    title: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str] = mapped_column(String(500), default="")
    body: Mapped[str] = mapped_column(Text, default="")
    author_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    note: Mapped[str] = mapped_column(String(300), default="")
    # Of a translation: the version of the original that it says the same as.
    translated_from: Mapped[int | None] = mapped_column()
    published_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    published_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    text: Mapped[ArticleText] = relationship(back_populates="versions")
    author: Mapped[Person | None] = relationship(foreign_keys=[author_id])
    published_by: Mapped[Person | None] = relationship(foreign_keys=[published_by_id])


class ArticleDraft(Model):
    """What somebody types into a text and has not saved yet; nobody else sees it."""

    __tablename__ = "article_draft"
    __table_args__ = (UniqueConstraint("person_id", "text_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    text_id: Mapped[int] = mapped_column(ForeignKey("article_text.id"), index=True)
    # The version it was begun from.
    base: Mapped[int] = mapped_column()
    title: Mapped[str] = mapped_column(Text, default="")
    summary: Mapped[str] = mapped_column(Text, default="")
    body: Mapped[str] = mapped_column(Text, default="")
    note: Mapped[str] = mapped_column(Text, default="")
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)


class ArticleFile(Model):
    """A picture or a file of an article; texts name it by its name, which is its own here."""

    __tablename__ = "article_file"
    __table_args__ = (UniqueConstraint("article_id", "name"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    name: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    content_type: Mapped[str] = mapped_column(String(120))
    size: Mapped[int] = mapped_column(BigId)
    # A picture that browsers show in place, by its first bytes.
    is_picture: Mapped[bool] = mapped_column(default=False)
    added_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    added_at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    # Since when readers may have it: words that go with it are published.
    shown_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Taken off the list; earlier versions still show it.
    removed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class ArticleRelated(Model):
    """Two articles that belong together, said by hand; the smaller key comes first."""

    __tablename__ = "article_related"

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True)
    other_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True, index=True)


class ArticleTicket(Model):
    """What an article has to do with a ticket: it was linked, sent, used, or written from it."""

    __tablename__ = "article_ticket"
    __table_args__ = (UniqueConstraint("article_id", "ticket_id", "kind"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    times: Mapped[int] = mapped_column(default=1)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)

    article: Mapped[Article] = relationship()
    ticket: Mapped[Ticket] = relationship()


class ArticleVote(Model):
    """Whether a version helped somebody; they may change their mind."""

    __tablename__ = "article_vote"
    __table_args__ = (UniqueConstraint("version_id", "person_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), index=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("article_version.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    helpful: Mapped[bool] = mapped_column()
    # Why it did not help ("outdated", "unclear" …), and in their own words.
    reason: Mapped[str] = mapped_column(String(20), default="")
    comment: Mapped[str] = mapped_column(String(1000), default="")
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)

    person: Mapped[Person] = relationship()


class ArticleUse(Model):
    """How often something was done with an article on one day (UTC)."""

    __tablename__ = "article_use"

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    times: Mapped[int] = mapped_column(default=0)


class ArticleFlag(Model):
    """Somebody says that it is wrong, and why; open until somebody has dealt with it."""

    __tablename__ = "article_flag"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), index=True)
    version_id: Mapped[int | None] = mapped_column(ForeignKey("article_version.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    text: Mapped[str] = mapped_column(String(2000))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    answer: Mapped[str] = mapped_column(String(1000), default="")

    article: Mapped[Article] = relationship()
    person: Mapped[Person | None] = relationship(foreign_keys=[person_id])
    closed_by: Mapped[Person | None] = relationship(foreign_keys=[closed_by_id])


class ArticleEvent(Model):
    """What happened to an article: who wrote, published, retired it; only ever added."""

    __tablename__ = "article_event"
    __table_args__ = (Index("ix_article_event_article", "article_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    kind: Mapped[str] = mapped_column(String(20))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    # What the sentence needs: language, version, words, names before and after.
    data: Mapped[dict[str, object]] = mapped_column(Json, default=dict)

    actor: Mapped[Person | None] = relationship()
