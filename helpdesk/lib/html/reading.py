"""HTML to text for people: for the ticket's text, its snippet, the search index and plain mail."""

import re
from html import unescape

import nh3

from helpdesk.lib.html.cleaning import ATTRIBUTE, DROPPED, TAGS
from helpdesk.lib.html.guard import bare_text, is_too_much
from helpdesk.lib.text import clean_text

# The parser of browsers gives simple, well-formed HTML, which one pass over its tags can read.
_text_cleaner = nh3.Cleaner(
    tags=TAGS,
    clean_content_tags=DROPPED,
    attributes={"a": {"href"}, "img": {"alt"}, "ol": {"start"}},
    link_rel=None,
    url_schemes={"http", "https", "mailto", "tel"},
)

_TOKEN = re.compile(r'<(/?)([a-z0-9]+)((?: [a-z-]+="[^"]*")*)>|([^<]+)')
_BREAKS = set("address blockquote center dd details div dl dt figcaption figure".split()) | set(
    "h1 h2 h3 h4 h5 h6 hr ol p pre summary table tr ul caption li".split()
)
_APART = set("blockquote dl h1 h2 h3 h4 h5 h6 ol p pre table ul".split())
_WHITE = re.compile(r"[ \t\n\r\f]+")
_MAX_QUOTE = 20


class _TextWriter:
    """Collects lines of text while the tags of cleaned HTML go by. No tree, no recursion."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.places: list[int] = []
        """Where in the HTML each of the lines begins, as far as `place` was kept."""
        self.place = self.begun = 0
        self.line: list[str] = []
        self.bullet = ""
        """What stands before the next text: the mark of a list item that has none yet."""
        self.quote = 0
        self.pre = 0
        self.lists: list[int | None] = []
        """The open lists: the next number, None for one without numbers."""
        self.links: list[tuple[str, int]] = []
        self.gap = False
        self.depth = 0
        """The quotes around the last line."""

    def text(self, data: str) -> None:
        """Take text between tags, still escaped."""
        if self.pre:
            self.preformatted(data)
            return
        data = _WHITE.sub(" ", _unescaped(data))
        if not self.line or self.line[-1].endswith((" ", "\t")):
            data = data.lstrip(" ")
        if data:
            self.line.append(data)

    def preformatted(self, data: str) -> None:
        """Take text whose line ends count."""
        place, empty = self.place, False
        for number, line in enumerate(data.split("\n")):
            if number:
                self.end_line(gap=empty)
            if not self.line:
                self.begun = place
            self.line.append(_unescaped(line))
            place += len(line) + 1
            empty = not line

    def end_line(self, *, gap: bool = False) -> None:
        """Finish the current line; `gap` puts an empty one before the next."""
        line = "".join(self.line).replace("\xa0", " ").rstrip()
        self.line.clear()
        begun, self.begun = self.begun, self.place
        if line:
            line, self.bullet = self.bullet + line, ""
            depth = min(self.quote, _MAX_QUOTE)
            if self.gap and self.lines:
                self.lines.append(("> " * min(depth, self.depth)).rstrip())
                self.places.append(begun)
            self.lines.append("> " * depth + line)
            self.places.append(begun)
            self.gap, self.depth = False, depth
        if gap and not self.bullet:
            self.gap = True

    def apart(self) -> None:
        """Put one empty line between blocks."""
        self.end_line(gap=not self.lists)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take an opening tag."""
        if tag == "br":
            self.end_line(gap=not self.line)
        elif tag == "img":
            alt = _WHITE.sub(" ", attributes.get("alt", "")).strip()
            if alt:
                self.text(f"[{alt}]")
        elif tag == "a":
            self.links.append((unescape(attributes.get("href", "")), len(self.line)))
        elif tag in ("td", "th"):
            if self.line and not self.line[-1].endswith("\t"):
                self.line.append("\t")
        elif tag in _BREAKS:
            self.start_block(tag, attributes)

    def start_block(self, tag: str, attributes: dict[str, str]) -> None:
        """Take the opening tag of something that stands on lines of its own."""
        if tag in _APART:
            self.apart()
        else:
            self.end_line()
        if tag == "blockquote":
            self.quote += 1
        elif tag == "pre":
            self.pre += 1
        elif tag == "ul":
            self.lists.append(None)
        elif tag == "ol":
            first = attributes.get("start", "")
            self.lists.append(int(first) if first.isascii() and first.isdigit() else 1)
        elif tag == "li":
            self.start_item()
        elif tag == "hr":
            self.line.append("-" * 20)
            self.end_line()

    def start_item(self) -> None:
        """Set the mark of a list item."""
        indent = "  " * min(max(len(self.lists) - 1, 0), 10)
        number = self.lists[-1] if self.lists else None
        self.bullet = f"{indent}- " if number is None else f"{indent}{number}. "
        if number is not None:
            self.lists[-1] = number + 1

    def end(self, tag: str) -> None:
        """Take a closing tag."""
        if tag == "a":
            self.end_link()
        elif tag in _BREAKS:
            if tag == "blockquote":
                self.end_line()
                self.quote = max(self.quote - 1, 0)
            elif tag == "pre":
                self.pre = max(self.pre - 1, 0)
            elif tag in ("ul", "ol") and self.lists:
                self.end_line()
                self.lists.pop()
            if tag in _APART:
                self.apart()
            else:
                self.end_line()
            if tag == "li":
                self.bullet = ""

    def end_link(self) -> None:
        """Say the address of a link when its words don't say it already."""
        if not self.links:
            return
        href, begin = self.links.pop()
        label = "".join(self.line[begin:]).strip()
        address = href.removeprefix("mailto:").removeprefix("tel:")
        if label and address and address.rstrip("/") not in label and label not in address:
            self.line.append(f" <{address}>")


def _unescaped(data: str) -> str:
    # The cleaner writes no other references than these.
    data = data.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", "\xa0")
    return data.replace("&quot;", '"').replace("&amp;", "&")


def to_text(html: str) -> str:
    """Return readable text for HTML: paragraphs, lists, quotes (`> `), links with their address.

    Never raises and has no limit on depth; what is too large or tangled is only stripped of tags.
    """
    if is_too_much(html):
        return bare_text(html)
    writer = _written(_text_cleaner.clean(html))
    return clean_text("\n".join(writer.lines)).strip("\n")


def cleaned_lines(cleaned: str) -> list[tuple[str, int]]:
    """Return the lines of text of HTML that `clean` wrote, each with where it begins in that."""
    writer = _written(cleaned)
    return [
        (clean_text(line).replace("\n", " "), place)
        for line, place in zip(writer.lines, writer.places, strict=True)
    ]


def _written(cleaned: str) -> _TextWriter:
    writer = _TextWriter()
    for token in _TOKEN.finditer(cleaned):
        closing, tag, attributes, data = token.groups()
        writer.place = token.start()
        if not writer.line:
            writer.begun = token.start()
        if data is not None:
            writer.text(data)
        elif closing:
            writer.end(tag)
        else:
            writer.start(tag, dict(ATTRIBUTE.findall(attributes)))
    writer.end_line()
    return writer
