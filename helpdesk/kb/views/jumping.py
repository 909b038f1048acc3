"""Articles in the palette."""

from flask import url_for
from flask_babel import gettext as _

from helpdesk.kb.models import Kind, State
from helpdesk.kb.queries import ranked
from helpdesk.kb.views import words as names
from helpdesk.people.access import Permission
from helpdesk.people.guard import current_actor
from helpdesk.web.i18n import choose_language
from helpdesk.web.jumping import Group, Place

OFFERED = 5


def places(words: str) -> Group | None:
    """Return the articles for what is typed, and the way to all that fit."""
    actor = current_actor()
    if not words or not actor.can(Permission.KB_READ):
        return None
    items = [
        Place(
            text.title,
            url_for("kb.article", number=article.id),
            names.KIND_ICONS[Kind(article.kind)],
            "" if article.state == State.PUBLISHED else str(names.STATES[State(article.state)]),
        )
        for article, text in ranked.typed(actor, words, choose_language(), OFFERED)
    ]
    everything = _("Search all articles for “%(words)s”", words=words)
    items.append(Place(everything, url_for("kb.home", q=words), "search"))
    return Group(_("Articles"), items)
