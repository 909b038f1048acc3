"""What the knowledge base publishes, inside the transaction in which it happened."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from helpdesk.people.access import Actor


class News(StrEnum):
    """What people are told of articles they have to do with."""

    DUE = "due"
    """Somebody has to look whether it is still right."""
    SUBMITTED = "submitted"
    """It waits for their review."""
    SENT_BACK = "sent-back"
    PUBLISHED = "published"
    FLAGGED = "flagged"
    """Somebody says that it is wrong."""
    FLAG_CLOSED = "flag-closed"
    HANDED_OVER = "handed-over"


@dataclass(frozen=True, slots=True)
class ArticleLooked:
    """Somebody has an article before them: they have seen what there was to say about it."""

    actor: Actor
    article_id: int


@dataclass(frozen=True, slots=True)
class ArticleNews:
    """Something that these people should know of an article; who did it is not told."""

    article_id: int
    people: Collection[int]
    what: News
    by: int | None = None
    data: Mapping[str, object] = field(default_factory=dict)
