"""Articles on a ticket's page: those that have to do with it, and putting another one beside it."""

from flask import make_response, render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response

from helpdesk.kb import services
from helpdesk.kb.models import Article, Tie
from helpdesk.kb.queries import choosing, page
from helpdesk.kb.queries.access import article_for
from helpdesk.kb.views import words
from helpdesk.kb.views.blueprint import bp, named
from helpdesk.people.access import Actor, Permission
from helpdesk.people.guard import actor_or_none, current_actor, require
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import get_for
from helpdesk.tickets.views.answers import changed
from helpdesk.web.i18n import choose_language


def of_ticket(ticket: Ticket) -> Markup | None:
    """Return the articles of a ticket, for its page."""
    actor = actor_or_none()
    if actor is None or not actor.can(Permission.KB_READ):
        return None
    return Markup(_panel(actor, ticket))  # noqa: S704 (our own template)


def _panel(actor: Actor, ticket: Ticket) -> str:
    language = choose_language()
    return render_template(
        "kb/_on_ticket.html",
        ticket=ticket,
        rows=page.of_ticket(actor, ticket),
        title_of=lambda article: choosing.title_of(article, language),
        may_link=actor.can(Permission.TICKET_WORK) and ticket.hidden_at is None,
        may_write=actor.can(Permission.KB_WRITE),
        **words.context(),
    )


@bp.get("/tickets/<int:number>/articles")
@require(Permission.TICKET_READ, Permission.KB_READ)
def on_ticket_again(number: int) -> str:
    """Return the articles of a ticket anew."""
    actor = current_actor()
    return _panel(actor, get_for(actor, number))


def _both(number: int, key: int | None = None) -> tuple[Actor, Ticket, Article]:
    """Return the article and the ticket, the ticket locked. Raises Denied, NotFound, Refused."""
    actor = current_actor()
    row = article_for(actor, key) if key else named(actor, request.form.get("article"))
    ticket = get_for(actor, number, permission=Permission.TICKET_WORK, lock=True)
    return actor, ticket, row


@bp.post("/tickets/<int:number>/articles")
@require(Permission.TICKET_WORK, Permission.KB_READ)
def link_to_ticket(number: int) -> Response:
    """Put an article beside a ticket."""
    actor, ticket, row = _both(number)
    services.tie(actor, row, ticket, Tie.LINKED)
    title = choosing.title_of(row, choose_language())
    return changed(actor, ticket, _("Linked to “%(title)s”", title=title))


@bp.post("/tickets/<int:number>/articles/<int:key>/remove")
@require(Permission.TICKET_WORK, Permission.KB_READ)
def unlink_from_ticket(number: int, key: int) -> Response:
    """Take an article from beside a ticket."""
    actor, ticket, row = _both(number, key)
    services.untie(actor, row, ticket)
    title = choosing.title_of(row, choose_language())
    return changed(actor, ticket, _("No longer linked to “%(title)s”", title=title))


@bp.post("/knowledge/<int:number>/tickets")
@require(Permission.KB_READ, Permission.TICKET_WORK)
def link_ticket(number: int) -> Response:
    """Put a ticket beside an article, from the article's page."""
    actor = current_actor()
    row = article_for(actor, number)
    typed = (request.form.get("ticket") or "").split(" ")[0].lstrip("#")
    is_number = typed.isascii() and typed.isdecimal() and len(typed) < 16
    ticket = get_for(
        actor, int(typed) if is_number else 0, permission=Permission.TICKET_WORK, lock=True
    )
    services.tie(actor, row, ticket, Tie.LINKED)
    response = make_response("", 303)
    response.headers["Location"] = url_for("kb.article", number=row.id)
    return response
