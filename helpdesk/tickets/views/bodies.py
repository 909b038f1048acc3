"""The body of an entry as HTML: whole, or with what it quotes closed."""

from flask_babel import gettext as _
from markupsafe import Markup

from helpdesk.lib.html import text_to_html
from helpdesk.lib.quoting import Kind, Piece, pieces
from helpdesk.tickets.models import Entry
from helpdesk.tickets.own_words import folds_in


def html_of(entry: Entry) -> str:
    """Return the whole HTML of an entry."""
    return entry.html if entry.html is not None else text_to_html(entry.body)


def shown_closed(entry: Entry) -> str:
    """Return the HTML of an entry, what it quotes and its signature closed behind a word.

    What was passed on is open: it is mostly what the message is about.
    """
    if entry.html is not None:
        parts = pieces(entry.html, folds_in(entry.envelope, "html"))
    else:
        parts = _pieces_of_text(entry)
    if all(part.kind is None for part in parts):
        return html_of(entry)
    words = {
        Kind.QUOTE: _("Quoted text"),
        Kind.SIGNATURE: _("Signature"),
        Kind.FORWARD: _("Forwarded message"),
    }
    return "".join(
        part.html
        if part.kind is None
        else f'<details class="fold"{" open" if part.kind == Kind.FORWARD else ""}>'
        f"<summary>{Markup.escape(words[part.kind])}</summary>{part.html}</details>"
        for part in parts
    )


def _pieces_of_text(entry: Entry) -> list[Piece]:
    found: list[tuple[Kind | None, str]] = []
    pos = 0
    for one in folds_in(entry.envelope, "text"):
        found.append((None, entry.body[pos : one.start]))
        found.append((one.kind, entry.body[one.start : one.end]))
        pos = one.end
    found.append((None, entry.body[pos:]))
    return [Piece(kind, text_to_html(text.strip("\n"))) for kind, text in found if text.strip()]
