"""Markdown to HTML, for what technicians write."""

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from helpdesk.lib.html.cleaning import clean
from helpdesk.lib.html.plain import split_addresses, text_to_html
from helpdesk.lib.text import clean_text


def link_addresses(state: StateCore) -> None:
    """Make links of bare addresses in Markdown text, outside links and code."""
    for block in state.tokens:
        if block.type != "inline" or not block.children:
            continue
        children: list[Token] = []
        inside = 0
        for token in block.children:
            inside += token.nesting if token.type in ("link_open", "link_close") else 0
            if token.type != "text" or inside:
                children.append(token)
                continue
            for piece, target in split_addresses(token.content):
                if target:
                    children.append(Token("link_open", "a", 1, attrs={"href": target}))
                if piece:
                    children.append(Token("text", "", 0, content=piece))
                if target:
                    children.append(Token("link_close", "a", -1))
        block.children = children


_MAX_MARKDOWN = 50_000
_markdown = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(
    ["table", "strikethrough"]
)
_markdown.core.ruler.push("link_addresses", link_addresses)


def markdown_to_html(text: str) -> str:
    """Return HTML for an answer written in Markdown; HTML in it is shown as it was typed.

    A new line stays a new line. Text too long to be an answer is taken as plain text.
    """
    if len(text) > _MAX_MARKDOWN:
        return text_to_html(text)
    return clean(str(_markdown.render(clean_text(text))))
