"""HTML to Markdown, for articles that come from elsewhere.

The HTML is cleaned first, so one pass over simple, well-formed tags is enough: no tree, no
recursion, linear in the size of its input.
"""

import re
from html import unescape

import nh3

from helpdesk.lib.html.cleaning import ATTRIBUTE, DROPPED
from helpdesk.lib.html.guard import bare_text, is_too_much
from helpdesk.lib.text import clean_text

_TAGS = set(
    """a b blockquote br code div em h1 h2 h3 h4 h5 h6 hr i img li ol p pre s del strong table tbody
    td tfoot th thead tr ul""".split()
)
_cleaner = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags=DROPPED,
    attributes={"a": {"href"}, "img": {"src", "alt"}, "ol": {"start"}},
    link_rel=None,
    url_schemes={"http", "https", "mailto", "tel"},
)
_TOKEN = re.compile(r'<(/?)([a-z0-9]+)((?: [a-z-]+="[^"]*")*)>|([^<]+)')
_WHITE = re.compile(r"[ \t\r\n\f]+")
_SPECIAL = re.compile(r"([\\`*_\[\]<>])")
_LINE_START = re.compile(r"^(\s*)(#{1,6}\s|[-+]\s|\d{1,9}[.)]\s|>)")
_MARKS = {"b": "**", "strong": "**", "em": "*", "i": "*", "s": "~~", "del": "~~"}
_MANY = re.compile(r"\n{3,}")


class _Writer:
    """Collects Markdown while the tags go by."""

    def __init__(self) -> None:
        self.blocks: list[str] = []
        self.line: list[str] = []
        self.lists: list[int | None] = []
        self.quotes = 0
        self.pre = 0
        self.bullet = ""
        self.links: list[tuple[str, int]] = []
        self.rows: list[list[str]] | None = None
        self.tight = False

    def text(self, data: str) -> None:
        """Take text between tags, still escaped."""
        data = unescape(data).replace("\xa0", " ")
        if self.pre:
            self.line.append(data)
            return
        data = _WHITE.sub(" ", data)
        if not self.line or self.line[-1].endswith((" ", "\n")):
            data = data.lstrip(" ")
        if data:
            self.line.append(_SPECIAL.sub(r"\\\1", data))

    def flush(self, *, prefix: str = "") -> None:
        """Finish a block."""
        words = "".join(self.line)
        self.line.clear()
        words = words.strip("\n") if self.pre else words.strip()
        if not words:
            return
        if self.rows is not None and not self.pre:
            return
        if not self.pre and not prefix:
            words = _LINE_START.sub(lambda found: f"{found[1]}\\{found[2]}", words)
        indent = "   " * max(len(self.lists) - 1, 0)
        if self.lists:
            lead = self.bullet or "   "
            words = indent + lead + words.replace("\n", f"\n{indent}   ")
            tight = self.tight and bool(self.bullet)
            self.bullet, self.tight = "", True
        else:
            words, tight = prefix + words, False
        if self.quotes:
            words = "\n".join(("> " * self.quotes + line).rstrip() for line in words.split("\n"))
        if tight and self.blocks:
            self.blocks[-1] += f"\n{words}"
        else:
            self.blocks.append(words)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take an opening tag."""
        if tag in _MARKS:
            self.line.append(_MARKS[tag])
        elif tag == "code":
            if not self.pre:
                self.line.append("`")
        elif tag == "br":
            self.line.append("\n" if self.pre else "  \n")
        elif tag == "a":
            self.links.append((unescape(attributes.get("href", "")), len(self.line)))
        elif tag == "img":
            source = unescape(attributes.get("src", ""))
            alt = _WHITE.sub(" ", unescape(attributes.get("alt", ""))).replace("]", "")
            if source and "data:" not in source[:5]:
                self.line.append(f"![{alt}]({_address(source)})")
        else:
            self.start_block(tag, attributes)

    def start_block(self, tag: str, attributes: dict[str, str]) -> None:
        """Take the opening tag of something that stands by itself."""
        if tag in ("td", "th"):
            self.line.clear()
            return
        self.flush()
        if tag in ("ul", "ol"):
            first = attributes.get("start", "1")
            self.lists.append(None if tag == "ul" else int(first[:5]) if first.isdecimal() else 1)
            self.tight = False
        elif tag == "li":
            number = self.lists[-1] if self.lists else None
            self.bullet = "-  " if number is None else f"{number}. "
            if number is not None:
                self.lists[-1] = number + 1
        elif tag == "blockquote":
            self.quotes = min(self.quotes + 1, 5)
        elif tag == "pre":
            self.pre += 1
        elif tag == "hr":
            self.blocks.append("---")
        elif tag == "table":
            self.rows = []
        elif tag == "tr" and self.rows is not None:
            self.rows.append([])

    def end(self, tag: str) -> None:
        """Take a closing tag."""
        if tag in _MARKS:
            self.end_mark(_MARKS[tag])
        elif tag == "code":
            if not self.pre:
                self.line.append("`")
        elif tag == "a":
            self.end_link()
        elif tag in ("td", "th"):
            if self.rows:
                words = _WHITE.sub(" ", "".join(self.line)).strip().replace("|", "\\|")
                self.rows[-1].append(words)
            self.line.clear()
        elif tag == "table":
            self.end_table()
        elif len(tag) == 2 and tag[0] == "h" and tag[1].isdecimal():
            self.flush(prefix="#" * int(tag[1]) + " ")
        elif tag == "pre":
            self.end_pre()
        elif tag != "hr":
            self.end_block(tag)

    def end_pre(self) -> None:
        """Write what was preformatted between fences."""
        words = "".join(self.line).strip("\n").replace("```", "` ` `")
        self.line.clear()
        self.pre = max(self.pre - 1, 0)
        self.blocks.append(f"```\n{words}\n```")

    def end_block(self, tag: str) -> None:
        """Finish something that stood by itself."""
        self.flush()
        if tag in ("ul", "ol") and self.lists:
            self.lists.pop()
            self.tight = bool(self.lists)
        elif tag == "blockquote":
            self.quotes = max(self.quotes - 1, 0)

    def end_mark(self, mark: str) -> None:
        """Close bold or slanted words; spaces within go outside, empty ones go away."""
        if self.line and self.line[-1] == mark:
            self.line.pop()
            return
        last = self.line[-1] if self.line else ""
        if last.endswith(" ") and last.strip():
            self.line[-1] = last.rstrip()
            self.line.extend((mark, " "))
        else:
            self.line.append(mark)

    def end_link(self) -> None:
        """Write a link with its words."""
        if not self.links:
            return
        href, begin = self.links.pop()
        words = "".join(self.line[begin:]).strip()
        if href and words:
            del self.line[begin:]
            self.line.append(f"[{words}]({_address(href)})")

    def end_table(self) -> None:
        """Write a table, its first row as the heads."""
        rows = [row for row in self.rows or [] if row]
        self.rows = None
        self.line.clear()
        if not rows:
            return
        width = min(max(len(row) for row in rows), 30)
        cells = [(row + [""] * width)[:width] for row in rows]
        lines = ["| " + " | ".join(row) + " |" for row in cells]
        lines.insert(1, "|" + "---|" * width)
        self.blocks.append("\n".join(lines))


def _address(address: str) -> str:
    return address.strip().replace(" ", "%20").replace("(", "%28").replace(")", "%29")


def html_to_markdown(html: str) -> str:
    """Return Markdown for HTML: headings, lists, tables, links, pictures, code, emphasis.

    What is too large or too tangled to be read safely comes back as its text.
    """
    if is_too_much(html):
        return bare_text(html)
    writer = _Writer()
    # Relative addresses are ours to resolve; the cleaner lets them through.
    for token in _TOKEN.finditer(_cleaner.clean(html)):
        closing, tag, attributes, data = token.groups()
        if data is not None:
            writer.text(data)
        elif closing:
            writer.end(tag)
        else:
            writer.start(tag, dict(ATTRIBUTE.findall(attributes)))
    writer.flush()
    return _MANY.sub("\n\n", clean_text("\n\n".join(writer.blocks))).strip()
