"""The list of articles with its filters and own views, and finding one to choose."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import jsonify, render_template, request, url_for
from flask_babel import gettext as _

from helpdesk.kb.models import Kind, State
from helpdesk.kb.queries import choosing, lists, ranked
from helpdesk.kb.services import LANGUAGES
from helpdesk.kb.views import words
from helpdesk.kb.views.blueprint import bp
from helpdesk.people.access import Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets.forms import whole
from helpdesk.web.i18n import choose_language


def narrow_of(asked: Mapping[str, str]) -> lists.Narrow:
    """Return what a list is narrowed to, from an address or a form."""
    owner = asked.get("owner", "")
    return lists.Narrow(
        words=asked.get("q", "").strip()[:200],
        view=view if (view := asked.get("view", "")) in lists.VIEWS else "",
        category_id=whole(asked.get("category")),
        state=state if (state := asked.get("state", "")) in set(State) else "",
        language=code if (code := asked.get("language", "")) in LANGUAGES else "",
        kind=kind if (kind := asked.get("kind", "")) in set(Kind) else "",
        tag=asked.get("tag", "").strip()[:60],
        owner=owner if owner == lists.NOBODY or whole(owner) is not None else "",
    )


def kept(narrow: lists.Narrow) -> dict[str, Any]:
    """Return the parts of an address that narrow a list so."""
    said = {
        "q": narrow.words,
        "view": narrow.view,
        "category": narrow.category_id,
        "state": narrow.state,
        "language": narrow.language,
        "kind": narrow.kind,
        "tag": narrow.tag,
        "owner": narrow.owner,
    }
    return {name: value for name, value in said.items() if value}


def owner_pairs(staff: Iterable[tuple[int, str]]) -> list[tuple[str, str]]:
    """Return whose articles a list may be narrowed to."""
    return [(lists.NOBODY, _("Nobody")), *((str(key), name) for key, name in staff)]


@bp.get("/knowledge")
@require(Permission.KB_READ)
def home() -> str:
    """Show articles, what changed last first."""
    actor = current_actor()
    narrow = narrow_of(request.args)
    address = kept(narrow)
    language = choose_language()
    older = None
    by_words = None
    after = lists.Place.parse(request.args.get("after"))
    skip = min(request.args.get("skip", 0, type=int) or 0, ranked.MOST)
    if narrow.words:
        by_words = ranked.ranked(actor, narrow, language, max(0, skip))
        page = by_words.articles
        if skip + len(page) < by_words.total:
            older = url_for("kb.home", **address, skip=skip + len(page))
    else:
        rows = lists.articles(actor, narrow, after)
        page = rows[: lists.PAGE]
        if len(rows) > lists.PAGE:
            older = url_for("kb.home", **address, after=str(lists.place_of(narrow, page[-1])))
    categories = lists.categories()
    return render_template(
        "kb/list.html",
        actor=actor,
        narrow=narrow,
        kept=address,
        articles=page,
        older=older,
        first=after is None and not skip,
        by_words=by_words,
        categories=categories,
        category=next((row for row in categories if row.id == narrow.category_id), None),
        counts=lists.counts(actor),
        counted=lists.COUNTED,
        owner_pairs=owner_pairs(lists.staff()),
        tag_pairs=[(tag, tag) for tag in lists.tags(actor)],
        text_of=lambda article: (
            by_words.texts[article.id]
            if by_words is not None and article.id in by_words.texts
            else choosing.chosen(article, language, choosing.readable(article, drafts=False))
        ),
        view_names=words.VIEW_NAMES,
        view_icons=words.VIEW_ICONS,
    )


@bp.get("/knowledge/find")
@require(Permission.KB_READ)
def find() -> Any:
    """Answer what is typed with articles to choose from."""
    actor = current_actor()
    language = choose_language()
    rows = lists.offered(actor, request.args.get("q", "")[:100])
    return jsonify(
        [
            {
                "value": row.id,
                "label": choosing.title_of(row, language),
                "hint": str(words.STATES[State(row.state)])
                if row.state != State.PUBLISHED
                else str(words.KINDS[Kind(row.kind)]),
                "icon": words.KIND_ICONS[Kind(row.kind)],
                "key": row.key,
            }
            for row in rows
        ]
    )
