"""Plain text to HTML: paragraphs, quotes and links, and nothing else."""

import re
from collections.abc import Iterator
from html import escape

from helpdesk.lib.text import clean_text

_MAX_QUOTE = 20

# Only ASCII belongs to an address in running text: Chinese goes on right after it, without a space.
_ADDRESS = re.compile(
    r"\bhttps?://[!#-;=?-_a-~]{3,2000}|\bwww\.[!#-;=?-_a-~]{4,2000}"
    r"|(?<![\w.+-])[A-Za-z0-9][\w.+-]{0,63}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.){1,8}[A-Za-z]{2,24}\b",
    re.ASCII,
)
_QUOTE_MARKS = re.compile(r"(?:>[ ]?){1,50}")
_INDENT = re.compile(r"^[ \t]+|[ \t]{2,}")


def split_addresses(text: str) -> Iterator[tuple[str, str]]:
    """Split text into (piece, link target); the target is empty for what is no address."""
    pos = 0
    for match in _ADDRESS.finditer(text):
        found = match[0].rstrip(".,;:!?'*")
        # A closing bracket belongs to the sentence unless the address opened one.
        extra = found.count(")") - found.count("(")
        while extra > 0 and found.endswith(")"):
            found = found[:-1].rstrip(".,;:!?")
            extra -= 1
        yield text[pos : match.start()], ""
        if "://" in found:
            yield found, found
        else:
            yield found, f"mailto:{found}" if "@" in found else f"https://{found}"
        pos = match.start() + len(found)
    yield text[pos:], ""


def _linked(text: str) -> str:
    if "@" not in text and "://" not in text and "www." not in text:
        return escape(text, quote=False)
    return "".join(
        f'<a href="{escape(target)}" rel="noopener noreferrer nofollow" target="_blank">'
        f"{escape(piece)}</a>"
        if target
        else escape(piece, quote=False)
        for piece, target in split_addresses(text)
    )


def _spaced(line: str) -> str:
    """Keep indentation and columns, which HTML would collapse."""
    return _INDENT.sub(lambda match: "\xa0" * len(match[0].expandtabs(4)), line)


def text_to_html(text: str) -> str:
    """Return HTML for plain text: paragraphs, line breaks, links; `>` lines become quotes."""
    out: list[str] = []
    paragraph: list[str] = []
    depth = 0

    def end_paragraph() -> None:
        if paragraph:
            out.append("<p>" + "<br>\n".join(paragraph) + "</p>")
            paragraph.clear()

    for line in clean_text(text).split("\n"):
        marks = _QUOTE_MARKS.match(line)
        level = min(marks[0].count(">"), _MAX_QUOTE) if marks else 0
        if level != depth:
            end_paragraph()
            out.append("<blockquote>" * (level - depth) + "</blockquote>" * (depth - level))
            depth = level
        content = line[marks.end() :] if marks else line
        if content.strip():
            paragraph.append(_linked(_spaced(content.rstrip())))
        else:
            end_paragraph()
    end_paragraph()
    out.append("</blockquote>" * depth)
    return "\n".join(filter(None, out))
