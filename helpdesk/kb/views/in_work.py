"""Articles in the flow of work: suggested beside a ticket and while typing, put into an answer."""

import re

from flask import current_app, jsonify, make_response, render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response

from config import Settings
from helpdesk.kb import asked, searching, services, suggesting
from helpdesk.kb.models import Article, ArticleText, Kind, Tie
from helpdesk.kb.queries import page
from helpdesk.kb.queries.access import article_for, readers
from helpdesk.kb.views import words
from helpdesk.kb.views.blueprint import bp, named
from helpdesk.lib.text import one_line
from helpdesk.people.access import Permission
from helpdesk.people.guard import actor_or_none, current_actor, require
from helpdesk.search import asking
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import get_for
from helpdesk.tickets.views.answers import toast, with_triggers
from helpdesk.web.i18n import choose_language, language_of

_PICTURE = re.compile(r"!\[([^\]\n]{0,200})\]\([^)\n]{0,500}\)")
_CALLOUT = re.compile(r"^> \[!\w{3,10}\][ \t]*(?:\n|$)", re.MULTILINE)
MOST_TYPED = 20_000


# ---- Beside a ticket ----


def of_ticket(ticket: Ticket) -> Markup | None:
    """Return the articles that may help with a ticket, for the column that is loaded later."""
    actor = actor_or_none()
    if actor is None or not actor.can(Permission.KB_READ):
        return None
    found = suggesting.for_ticket(actor, ticket, _reads(ticket))
    return Markup(_shown(ticket, found))  # noqa: S704 (our own template)


def _reads(ticket: Ticket) -> str:
    """Return the language an answer on a ticket would be in."""
    who = ticket.requester or ticket.customer
    return language_of(ticket.language or who.language) or choose_language()


def _shown(ticket: Ticket | None, found: list[suggesting.Suggested]) -> str:
    actor = current_actor()
    return render_template(
        "kb/_suggested.html",
        ticket=ticket,
        suggested=found,
        **words.context(),
        may_use=ticket is not None
        and ticket.hidden_at is None
        and actor.can(Permission.TICKET_WORK),
        may_be_sent=suggesting.may_be_sent,
    )


@bp.post("/tickets/<int:number>/articles/suggested")
@require(Permission.TICKET_READ, Permission.KB_READ)
def suggested_again(number: int) -> str:
    """Suggest anew, by what is typed on the ticket too. It only reads; texts are long."""
    actor = current_actor()
    ticket = get_for(actor, number)
    more = request.form.get("body", "")[:MOST_TYPED]
    return _shown(ticket, suggesting.for_ticket(actor, ticket, _reads(ticket), more))


@bp.post("/knowledge/suggested")
@require(Permission.KB_READ)
def suggested_while_typing() -> str:
    """Suggest articles about what somebody types: a call that is being logged."""
    actor = current_actor()
    typed = "\n".join(request.form.get(name, "") for name in ("subject", "subject", "body"))
    found = suggesting.for_text(actor, typed[:MOST_TYPED], choose_language())
    return _shown(None, found)


def while_logging(_form: object) -> Markup | None:
    """Return the place where articles are suggested while a call is logged."""
    actor = actor_or_none()
    if actor is None or not actor.can(Permission.KB_READ):
        return None
    return Markup(render_template("kb/_while_logging.html"))  # noqa: S704 (our own template)


# ---- In the composer ----


def _may_insert() -> bool:
    actor = actor_or_none()
    return actor is not None and all(map(actor.can, (Permission.TICKET_WORK, Permission.KB_READ)))


def in_composer(ticket: Ticket) -> Markup | None:
    """Return the field that finds an article for an answer."""
    if not _may_insert():
        return None
    return Markup(render_template("kb/_finder.html", ticket=ticket))  # noqa: S704 (our own template)


def in_tools(_ticket: Ticket) -> Markup | None:
    """Return the button that opens it."""
    if not _may_insert():
        return None
    return Markup(render_template("kb/_finder_button.html"))  # noqa: S704 (our own template)


@bp.get("/tickets/<int:number>/articles/find")
@require(Permission.TICKET_WORK, Permission.KB_READ)
def find_for(number: int) -> Response:
    """Answer what is typed with published articles; with nothing, those that may help."""
    actor = current_actor()
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK)
    typed = request.args.get("q", "").strip()[: asked.LONGEST]
    language = _reads(ticket)
    rows = (
        suggesting.for_question(actor, typed, language)
        if typed
        else suggesting.for_ticket(actor, ticket, language)
    )
    return jsonify(
        [
            {
                "value": row.article.id,
                "label": row.text.title,
                "hint": ""
                if suggesting.may_be_sent(row.article, ticket)
                else str(_("for staff: goes into a note")),
                "icon": words.KIND_ICONS[Kind(row.article.kind)],
            }
            for row in rows
        ]
    )


@bp.post("/tickets/<int:number>/articles/use")
@require(Permission.TICKET_WORK, Permission.KB_READ)
def use_found(number: int) -> Response:
    """Put an article that was looked for into what is written."""
    return use(number, named(current_actor(), request.form.get("article")).id)


@bp.post("/tickets/<int:number>/articles/<int:key>/use")
@require(Permission.TICKET_WORK, Permission.KB_READ)
def use(number: int, key: int) -> Response:
    """Put the text of an article, or a link to it, into what is written on a ticket.

    What the customer may not read goes into a note. The use is counted, and the article stands
    beside the ticket from then on.
    """
    actor = current_actor()
    row = article_for(actor, key)
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    text = page.text_shown(row, request.form.get("lang"), _reads(ticket), drafts=False)
    as_link = request.form.get("how") == "link"
    services.tie(actor, row, ticket, Tie.SUGGESTED_USED if as_link else Tie.INSERTED)
    said_there = _link(row, text) if as_link else _wording(text)
    kind = "reply" if suggesting.may_be_sent(row, ticket) else "note"
    said = _("In the answer") if kind == "reply" else _("In a note: the customer may not read it")
    response = make_response("", 200)
    with_triggers(response, macro_text={"kind": kind, "text": said_there}, toast=toast(said))
    response.headers["HX-Reswap"] = "none"
    return response


def _link(row: Article, text: ArticleText) -> str:
    settings: Settings = current_app.config["SETTINGS"]
    lang = text.language if text.language != row.language else None
    title = one_line(text.title, 200).replace("[", "(").replace("]", ")")
    path = url_for("kb.article", number=row.id, lang=lang)
    return f"[{title}]({settings.base_url.rstrip('/')}{path})"


def _wording(text: ArticleText) -> str:
    """Return an article as it can stand in an answer: pictures and boxes become words."""
    body = page.version_shown(text).body
    body = _PICTURE.sub(lambda found: f"({found[1]})" if found[1] else "", body)
    body = _CALLOUT.sub("", body)
    return body.strip()


# ---- What was searched for ----


@bp.post("/knowledge/searched")
@require(Permission.KB_READ)
def searched() -> Response:
    """Count a search, once its reader has stayed with what it found for a moment."""
    actor = current_actor()
    question = request.form.get("q", "")[: asked.LONGEST]
    language = choose_language()
    in_vain = request.form.get("missing") == "1"
    found = 0 if in_vain else _total(question, language)
    asked.count_search(actor, question, language, found=found)
    response = make_response("", 200 if in_vain else 204)
    if in_vain:
        said = _("Noted. Whoever keeps the knowledge base sees what is missing.")
        with_triggers(response, toast=toast(said))
        response.headers["HX-Reswap"] = "none"
    return response


def _total(question: str, language: str) -> int:
    actor = current_actor()
    found = asking.search(
        question, kind=searching.KIND, readers=readers(actor), language=language, limit=1
    )
    return found.total
