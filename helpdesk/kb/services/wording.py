"""What a text says, and how much of it."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

from helpdesk.lib.html import MAX_ARTICLE
from helpdesk.lib.text import clean_text, one_line
from helpdesk.people import typed_text
from helpdesk.people.errors import Refused

MAX_TITLE, MAX_SUMMARY, MAX_NOTE = 200, 500, 300


@dataclass(frozen=True, slots=True)
class Wording:
    """What a text says."""

    title: str
    summary: str = ""
    body: str = ""


def checked(wording: Wording) -> Wording:
    """Return a wording as it is kept. Raises Refused for one that can't be."""
    title = typed_text.line(one_line(wording.title), MAX_TITLE, "title")
    if not title:
        raise Refused("title-missing", _l("Type a title: what people look for."), "title")
    body = clean_text(wording.body)
    return Wording(
        title=title,
        summary=typed_text.line(one_line(wording.summary), MAX_SUMMARY, "summary"),
        body=typed_text.check(body.strip("\n"), MAX_ARTICLE, "body"),
    )
