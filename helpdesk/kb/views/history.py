"""Versions of a text: the list, what changed between two, bringing one back."""

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from helpdesk.kb import services
from helpdesk.kb.models import ArticleText, ArticleVersion
from helpdesk.kb.queries import page
from helpdesk.kb.queries.access import NotFound, may_see_drafts, text_for
from helpdesk.kb.services import writing
from helpdesk.kb.services.workflow import may
from helpdesk.kb.views.blueprint import asked_language, bp, found, to_article
from helpdesk.lib.worddiff import changed_words, differences, lines_of
from helpdesk.people.access import Permission
from helpdesk.people.guard import require


@bp.get("/knowledge/<int:number>/versions")
@require(Permission.KB_READ)
def versions(number: int) -> str:
    """Show the versions of a text, and what changed between two of them.

    ``new`` and ``old`` name the two: the newest and the one before it unless the address says.
    """
    actor, row = found(number)
    if not may_see_drafts(actor, row):
        raise NotFound
    text = text_for(row, asked_language() or row.language)
    rows = page.versions_of(text, request.args.get("before", type=int))
    new = _version(text, request.args.get("new", type=int) or text.latest)
    older = request.args.get("old", type=int)
    old = _version(text, new.number - 1 if older is None else older) if new.number > 1 else None
    compared = None
    if old is not None:
        pieces = differences(f"{old.body}\n", f"{new.body}\n")
        out, put = changed_words(pieces)
        compared = {
            "title": differences(old.title, new.title),
            "summary": differences(old.summary, new.summary),
            "lines": lines_of(pieces),
            "out": out,
            "put": put,
        }
    return render_template(
        "kb/versions.html",
        actor=actor,
        article=row,
        text=text,
        rows=rows[: page.VERSIONS],
        more=rows[page.VERSIONS - 1].number if len(rows) > page.VERSIONS else None,
        new=new,
        old=old,
        compared=compared,
        may=may(actor, row),
    )


def _version(text: ArticleText, number: int) -> ArticleVersion:
    found_version = writing.version_of(text, number)
    if found_version is None:
        raise NotFound
    return found_version


@bp.post("/knowledge/<int:number>/versions/<int:version>/restore")
@require(Permission.KB_WRITE)
def restore(number: int, version: int) -> Response:
    """Make an earlier version the newest again; readers see it when it is published."""
    actor, row = found(number, Permission.KB_WRITE, lock=True)
    text = text_for(row, asked_language() or row.language)
    made = services.restore(actor, row, text, version)
    if made is None:
        return to_article(row, _("It says that already."), text.language)
    said = _("Version %(old)d is back as version %(new)d", old=version, new=made.number)
    to_article(row, said, text.language)
    lang = text.language if text.language != row.language else None
    return redirect(url_for("kb.article", number=row.id, lang=lang, change=1), 303)
