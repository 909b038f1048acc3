"""HTML from outside made harmless, and the ways between HTML, plain text and Markdown.

Everything here is linear in the size of its input or guarded before it starts: a message must not
be able to hang the page that shows it (the measurements are in docs/mail-parsing.md).
"""

from helpdesk.lib.html.articles import MAX_ARTICLE, article_to_html
from helpdesk.lib.html.cleaning import clean, show_inline_images
from helpdesk.lib.html.guard import MAX_HTML, bare_text
from helpdesk.lib.html.markdown import markdown_to_html
from helpdesk.lib.html.plain import text_to_html
from helpdesk.lib.html.reading import to_text

__all__ = [
    "MAX_ARTICLE",
    "MAX_HTML",
    "article_to_html",
    "bare_text",
    "clean",
    "markdown_to_html",
    "show_inline_images",
    "text_to_html",
    "to_text",
]
