"""What is too much to parse, and the text of it all the same."""

import re
from html import unescape

from helpdesk.lib.text import clean_text

MAX_HTML = 600_000
"""Characters of HTML that are parsed. More is shown as text."""
_MAX_TAGS_UNCHECKED = 3_000
_MAX_DEPTH = 1_000
_MAX_ATTRIBUTES = 500
_MAX_ENTITIES = 60_000

# The tokenizer's view of a tag, as far as counting needs it.
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]{0,40})[^\s/>]*")
_TAG_ATTRIBUTE = re.compile(
    r"""[\s/]*(?:(?P<end>>)|[^\s/>][^\s/>=]*(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>"'][^\s>]*))?)"""
)
# Elements without an end, and those whose end is implied by their next sibling.
_UNNESTED = frozenset(
    """area base br col dd dt embed hr img input li link meta option p param source tbody tfoot
    thead tr wbr""".split()
)
# An end tag finds its beginning only on this side of one of these.
_SCOPES = frozenset(
    ["applet", "caption", "math", "marquee", "object", "svg", "table", "td", "template", "th"]
)


def is_too_much(html: str) -> bool:
    """Whether parsing could take long: the parser is quadratic in depth and in attributes of a tag.

    Ordinary messages are let through by their size; only the others are counted.
    """
    if len(html) > MAX_HTML or html.count("&") > _MAX_ENTITIES:
        return True
    if html.count("<") < _MAX_TAGS_UNCHECKED and len(html) < 50_000:
        return False
    opened: list[str] = []
    pos = 0
    while (tag := _TAG.search(html, pos)) is not None:
        pos, attributes = _skip_attributes(html, tag.end())
        if attributes > _MAX_ATTRIBUTES:
            return True
        name = tag[2].lower()
        if name in _UNNESTED:
            continue
        if tag[1]:
            _close(opened, name)
        else:
            opened.append(name)
            if len(opened) > _MAX_DEPTH:
                return True
    return False


def _skip_attributes(html: str, pos: int) -> tuple[int, int]:
    """Return where a tag ends and how many attributes it has, at most one more than allowed."""
    attributes = 0
    while (item := _TAG_ATTRIBUTE.match(html, pos)) is not None and item.end() > pos:
        pos = item.end()
        if item["end"]:
            break
        attributes += 1
        if attributes > _MAX_ATTRIBUTES:
            break
    return pos, attributes


def _close(opened: list[str], name: str) -> None:
    for index in range(len(opened) - 1, -1, -1):
        if opened[index] == name:
            del opened[index:]
            return
        if opened[index] in _SCOPES and name not in _SCOPES:
            return


_TAG_LIKE = re.compile(r"<[^<>]*>")
_BLOCK_LIKE = re.compile(r"<(?:br|/p|/div|/tr|/li|/h[1-6])\b[^<>]{0,200}>", re.IGNORECASE)
_SCRIPT_LIKE = re.compile(r"<(?:script|style|head)\b", re.IGNORECASE)
_SCRIPT_END = re.compile(r"</(?:script|style|head)\b", re.IGNORECASE)
_MANY_NEWLINES = re.compile(r"\n{3,}")


def bare_text(html: str) -> str:
    """Text of HTML nobody should parse: tags cut out, whatever they meant."""
    html = html[: 2 * MAX_HTML]
    kept: list[str] = []
    pos = 0
    while (start := _SCRIPT_LIKE.search(html, pos)) is not None:
        stop = _SCRIPT_END.search(html, start.end())
        if stop is None:
            break
        kept.append(html[pos : start.start()])
        pos = stop.start()
    kept.append(html[pos:])
    text = _TAG_LIKE.sub("", _BLOCK_LIKE.sub("\n", "".join(kept)))
    return _MANY_NEWLINES.sub("\n\n", clean_text(unescape(text))).strip()
