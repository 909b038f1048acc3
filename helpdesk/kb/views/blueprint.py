"""The blueprint of the knowledge base, and what all its pages answer alike."""

from typing import Any

from flask import (
    Blueprint,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import NotFound as NothingHere
from werkzeug.wrappers import Response

from helpdesk.kb.models import Article
from helpdesk.kb.queries.access import NotFound, article_for
from helpdesk.kb.views import words
from helpdesk.people.access import Actor, Permission
from helpdesk.people.errors import Refused
from helpdesk.people.guard import current_actor
from helpdesk.tickets.forms import whole

bp = Blueprint("kb", __name__, template_folder="../templates")
bp.context_processor(words.context)


@bp.errorhandler(NotFound)
def _not_found(_error: NotFound) -> Any:
    """Answer the same for what is not there and for what may not be seen."""
    return current_app.handle_http_exception(NothingHere())


def is_fragment() -> bool:
    """Whether a script of the page asked, and not the browser itself."""
    return "HX-Request" in request.headers


@bp.errorhandler(Refused)
def _refused(error: Refused) -> Response:
    """Answer a verb's "no" that no form took up."""
    if is_fragment():
        response = make_response(render_template("tickets/_refused.html", message=str(error)), 422)
        response.headers["HX-Retarget"] = "#strips"
        response.headers["HX-Reswap"] = "innerHTML"
        return response
    back = request.referrer or ""
    page = render_template(
        "tickets/refused.html",
        message=str(error),
        back=back if back.startswith(request.host_url) else url_for("kb.home"),
    )
    return make_response(page, 422)


def found(
    number: int, permission: Permission = Permission.KB_READ, *, lock: bool = False
) -> tuple[Actor, Article]:
    """Return who asks and the article, if they may see it. Raises Denied, NotFound."""
    actor = current_actor()
    return actor, article_for(actor, number, permission=permission, lock=lock)


def named(actor: Actor, typed: str | None) -> Article:
    """Return the article whose number somebody chose or typed. Raises Refused."""
    number = whole((typed or "").lstrip("#"))
    try:
        if number is None:
            raise NotFound
        return article_for(actor, number)
    except NotFound:
        raise Refused("article-missing", _l("Choose an article."), "article") from None


def asked_language() -> str | None:
    """Return the language that the address or the form names."""
    return request.values.get("lang") or None


def to_article(article: Article, said: object, language: str | None = None) -> Response:
    """Lead to an article with a sentence about what was done."""
    flash(str(said), "message")
    language = language if language != article.language else None
    where = url_for("kb.article", number=article.id, lang=language)
    if is_fragment():
        response = make_response("", 204)
        response.headers["HX-Redirect"] = where
        return response
    return redirect(where, 303)
