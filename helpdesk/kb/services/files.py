"""Pictures and files of an article: kept by content, known in its texts by their names."""

import re
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from helpdesk import blobs
from helpdesk.db import db
from helpdesk.kb.models import Article, ArticleFile, ArticleText, ArticleVersion
from helpdesk.kb.naming import named_in
from helpdesk.kb.services.journal import check_may_change, hold, note
from helpdesk.lib.clock import now
from helpdesk.lib.pictures import picture_type
from helpdesk.lib.text import one_line
from helpdesk.people.access import Actor
from helpdesk.people.errors import Refused

MAX_FILES = 100
MAX_SIZE = 25 * 1024 * 1024
# What Markdown, paths and addresses would read as something else.
_UNFIT = re.compile(r"[\s/\\()<>\[\]{}#?%*|:\"'`&]+")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came: its bytes and what it claims to be."""

    name: str
    data: bytes
    content_type: str = "application/octet-stream"


def fit_name(name: str) -> str:
    """Return a file's name as texts can name it."""
    last = one_line(name).replace("\\", "/").rpartition("/")[2]
    stem, dot, end = last.rpartition(".")
    if not dot:
        stem, end = last, ""
    stem = _UNFIT.sub("-", stem).strip("-.") or "file"
    end = _UNFIT.sub("", end)[:10]
    return f"{stem[:150]}.{end}" if end else stem[:150]


def add(actor: Actor, article: Article, upload: Upload) -> ArticleFile:
    """Keep a file with an article. One with the same name and bytes is the one that is there.

    Raises Denied, Refused.
    """
    check_may_change(actor, article)
    if not upload.data:
        raise Refused("file-empty", _l("The file is empty."), "file")
    if len(upload.data) > MAX_SIZE:
        raise Refused("file-large", _l("A file may have at most 25 MB."), "file")
    hold(article)
    name = fit_name(upload.name)
    sha256 = blobs.put(upload.data)
    rows = {
        row.name.casefold(): row
        for row in db.session.scalars(
            select(ArticleFile).where(ArticleFile.article_id == article.id)
        )
    }
    same = next(
        (row for row in rows.values() if row.sha256 == sha256 and _is_kin(row.name, name)), None
    )
    if same is not None:
        same.removed_at = None
        return same
    if len(rows) >= MAX_FILES:
        raise Refused("files-many", _l("An article takes at most 100 files."), "file")
    row = ArticleFile(
        article_id=article.id,
        name=_free_name(name, set(rows)),
        sha256=sha256,
        content_type=one_line(upload.content_type)[:120],
        size=len(upload.data),
        is_picture=picture_type(upload.data[:16]) is not None,
        added_by_id=actor.person_id,
        added_at=now(),
    )
    db.session.add(row)
    db.session.flush()
    return row


def _is_kin(there: str, name: str) -> bool:
    """Whether a name is the other one, or that with a number."""
    stem, _dot, _end = name.rpartition(".")
    return there.casefold() == name.casefold() or there.casefold().startswith(f"{stem.casefold()}-")


def _free_name(name: str, taken: set[str]) -> str:
    stem, dot, end = name.rpartition(".")
    if not dot:
        stem, end = name, ""
    number, found = 1, name
    while found.casefold() in taken:
        number += 1
        found = f"{stem}-{number}{dot}{end}"
    return found


def remove(actor: Actor, article: Article, row: ArticleFile) -> None:
    """Take a file off an article; versions that show it go on doing so. Raises Denied, Refused."""
    check_may_change(actor, article)
    if row.removed_at is None:
        row.removed_at = now()
        note(actor, article, "file-removed", name=row.name)


def show(article: Article) -> None:
    """Let readers have what belongs to the published words of an article.

    That is what these words name, and what no words name that wait to be published: a file that
    was only added to the list.
    """
    db.session.flush()
    hidden = db.session.scalars(
        select(ArticleFile).where(
            ArticleFile.article_id == article.id, ArticleFile.shown_at.is_(None)
        )
    ).all()
    if not hidden:
        return
    rows = db.session.execute(
        select(ArticleVersion.body, ArticleVersion.number == ArticleText.published)
        .join(ArticleText, ArticleText.id == ArticleVersion.text_id)
        .where(
            ArticleText.article_id == article.id,
            ArticleVersion.number.in_((ArticleText.published, ArticleText.latest)),
        )
    ).all()
    published = {name for body, is_published in rows if is_published for name in named_in(body)}
    waiting = {name for body, is_published in rows if not is_published for name in named_in(body)}
    for row in hidden:
        name = row.name.casefold()
        if name in published or name not in waiting:
            row.shown_at = now()


def listed(article: Article, *, shown: bool = False) -> list[ArticleFile]:
    """Return the files of an article, by name; only those that readers may have, if asked so."""
    wanted = [ArticleFile.article_id == article.id, ArticleFile.removed_at.is_(None)]
    if shown:
        wanted.append(ArticleFile.shown_at.is_not(None))
    return list(
        db.session.scalars(
            select(ArticleFile)
            .where(*wanted)
            .order_by(func.lower(ArticleFile.name), ArticleFile.id)
        )
    )
