"""What somebody types into an article and has not saved yet; nobody else sees it."""

from datetime import timedelta

from sqlalchemy import delete, select

from helpdesk.db import db, transaction
from helpdesk.jobs import job
from helpdesk.kb.models import Article, ArticleDraft, ArticleText
from helpdesk.kb.services.journal import check_may_change
from helpdesk.kb.services.wording import MAX_NOTE, MAX_SUMMARY, MAX_TITLE, Wording
from helpdesk.lib.clock import now
from helpdesk.lib.html import MAX_ARTICLE
from helpdesk.lib.text import clean_text, one_line
from helpdesk.people import typed_text
from helpdesk.people.access import Actor

MAX_DRAFT = 2 * MAX_ARTICLE
ABANDONED = timedelta(days=90)
"""What nobody went on with for so long is not going to be saved."""


def find_draft(actor: Actor, text: ArticleText) -> ArticleDraft | None:
    """Return what the actor typed into a text and has not saved."""
    return db.session.scalar(
        select(ArticleDraft).where(
            ArticleDraft.person_id == actor.person_id, ArticleDraft.text_id == text.id
        )
    )


def stamp_of(draft: ArticleDraft | None) -> str:
    """Return what tells one state of a draft from another; empty for none."""
    if draft is None:
        return ""
    return f"{int(draft.updated_at.timestamp())}.{draft.updated_at.microsecond:06}"


class DraftMoved(Exception):
    """Another window of the same person saved the draft; it holds ``body`` as of ``stamp``."""

    def __init__(self, body: str, stamp: str) -> None:
        """Carry the other window's text."""
        super().__init__("the draft was changed in another window")
        self.body = body
        self.stamp = stamp


def keep_draft(
    actor: Actor,
    article: Article,
    text: ArticleText,
    wording: Wording,
    *,
    base: int,
    said: str = "",
    stamp: str | None = None,
) -> ArticleDraft:
    """Keep what was typed so far. ``stamp`` is that of the state the window knows.

    Raises Denied, Refused, DraftMoved.
    """
    check_may_change(actor, article)
    body = typed_text.check(clean_text(wording.body), MAX_DRAFT, "body")
    draft = find_draft(actor, text)
    if draft is None:
        draft = ArticleDraft(person_id=actor.person_id, text_id=text.id, base=base)
        db.session.add(draft)
    elif stamp is not None and stamp != stamp_of(draft) and body != draft.body and draft.body:
        raise DraftMoved(draft.body, stamp_of(draft))
    draft.base = base
    draft.title = one_line(wording.title)[: 2 * MAX_TITLE]
    draft.summary = one_line(wording.summary)[: 2 * MAX_SUMMARY]
    draft.body = body
    draft.note = one_line(said)[: 2 * MAX_NOTE]
    draft.updated_at = now()
    db.session.flush()
    return draft


def discard_draft(actor: Actor, text: ArticleText) -> None:
    """Throw away what the actor typed into a text and did not save."""
    db.session.execute(
        delete(ArticleDraft).where(
            ArticleDraft.person_id == actor.person_id, ArticleDraft.text_id == text.id
        )
    )


@job(every=24 * 3600)
def forget_article_drafts() -> int:
    """Delete what somebody began to type into an article months ago and never saved."""
    with transaction():
        old = delete(ArticleDraft).where(ArticleDraft.updated_at < now() - ABANDONED)
        return int(db.session.execute(old).rowcount)  # type: ignore[attr-defined]
