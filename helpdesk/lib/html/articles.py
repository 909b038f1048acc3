"""Articles written in Markdown, as HTML for their readers.

More than an answer to a customer may have: headings one can point at, callouts, steps, tables
that scroll, pictures and links within the knowledge base. What names a file or another article is
resolved by the caller; what resolves to nothing stays as text. Everything passes an allow-list
of its own at the end, so that what the parser might let through does not reach a page.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from helpdesk.lib.html.cleaning import DROPPED
from helpdesk.lib.html.markdown import link_addresses
from helpdesk.lib.html.plain import text_to_html
from helpdesk.lib.text import clean_text

MAX_ARTICLE = 100_000
"""Characters of an article's text; a book belongs into a file."""

CALLOUTS = {
    "note": "note",
    "important": "note",
    "info": "note",
    "tip": "tip",
    "warning": "warning",
    "caution": "danger",
    "danger": "danger",
}
"""What may stand in ``> [!…]``, and which of our four callouts it is."""
WORDS = {"note": "Note", "tip": "Tip", "warning": "Warning", "danger": "Danger"}

_CALLOUT = re.compile(r"\[!([A-Za-z]{3,9})\][ \t]*(.*)")
_SLUG = re.compile(r"[^\w]+")
_OUTSIDE = re.compile(r"(?:https?://|mailto:|tel:)", re.IGNORECASE)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_NUMBER = re.compile(r"\d{1,5}")
_CLASSES = {
    *("callout", "callout-h", "note", "tip", "warning", "danger", "steps", "table-wrap"),
    *("missing", "picture", "elsewhere"),
}
_LANGUAGE = re.compile(r"language-[A-Za-z0-9+#-]{1,30}")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of an article: its level (2 or 3), its words, and what a link to it names."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Target:
    """Where a link or a picture leads, and what it is called when nothing else is said."""

    url: str
    name: str = ""
    picture: bool = False


Resolve = Callable[[str], Target | None]


def _nowhere(_name: str) -> Target | None:
    return None


@dataclass(slots=True)
class Shown:
    """An article as HTML, and its headings in order."""

    html: str
    headings: list[Heading] = field(default_factory=list)


def article_to_html(
    text: str,
    *,
    file: Resolve = _nowhere,
    article: Resolve = _nowhere,
    words: Mapping[str, str] = WORDS,
) -> Shown:
    """Return an article as HTML that can be put into a page.

    ``file`` resolves names of the article's own files, ``article`` the keys of others
    (``[words](article:key)``); None for what there is not, or what this reader may not see.
    ``words`` name the four callouts, best in the language of the article.
    """
    text = clean_text(text)
    if len(text) > MAX_ARTICLE:
        return Shown(text_to_html(text))
    resolved: dict[str, Target | None] = {}
    outcome = Shown("")
    env = {
        "hearth": _Reading(file, article, words, resolved, outcome),
    }
    outcome.html = _cleaner.clean(str(_markdown.render(text, env))).strip()
    return outcome


def keys_in(text: str) -> set[str]:
    """Return the keys of other articles that a text links to."""
    return {unquote(key) for key in re.findall(r"\(article:([^\s()]{1,120})", text)}


def files_in(text: str) -> set[str]:
    """Return the names of files that a text shows or links to: all that have no scheme."""
    found: set[str] = set()

    def take(name: str) -> Target | None:
        found.add(name)
        return None

    article_to_html(text, file=take)
    return found


@dataclass(slots=True)
class _Reading:
    """What one article is being read with."""

    file: Resolve
    article: Resolve
    words: Mapping[str, str]
    resolved: dict[str, Target | None]
    outcome: Shown
    anchors: dict[str, int] = field(default_factory=dict)

    def target(self, address: str) -> Target | None:
        """Return where an address leads; asked once each."""
        if address not in self.resolved:
            self.resolved[address] = self._find(address)
        return self.resolved[address]

    def _find(self, address: str) -> Target | None:
        if _OUTSIDE.match(address) or address.startswith("#"):
            return Target(address)
        if address.startswith("article:"):
            return self.article(unquote(address.removeprefix("article:")))
        if _SCHEME.match(address) or address.startswith("/"):
            return None
        return self.file(unquote(address).removeprefix("./"))

    def anchor(self, words: str) -> str:
        """Return a name for a heading that no other heading of this article has."""
        plain = unicodedata.normalize("NFKC", words).casefold()
        name = _SLUG.sub("-", plain).strip("-")[:60] or "part"
        count = self.anchors.get(name, 0) + 1
        self.anchors[name] = count
        return f"s-{name}" if count == 1 else f"s-{name}-{count}"


def _callouts(state: StateCore) -> None:
    """Make callouts of quotes that begin with ``[!NOTE]`` and its kin."""
    kept: list[Token] = []
    opened: list[str] = []
    tokens = state.tokens
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.type == "blockquote_open":
            kind, rest = _callout_of(tokens, at)
            opened.append(kind)
            if kind:
                token.tag = "div"
                token.attrSet("class", f"callout {kind}")
                kept.append(token)
                words = state.env["hearth"].words if "hearth" in state.env else WORDS
                kept.extend(_paragraph(words[kind], token.level + 1))
                if rest.strip():
                    tokens[at + 2].content = rest
                    at += 1
                else:
                    # Past the paragraph, which held nothing else.
                    at += 4
                continue
        elif token.type == "blockquote_close" and opened and opened.pop():
            token.tag = "div"
        kept.append(token)
        at += 1
    state.tokens = kept


def _callout_of(tokens: list[Token], at: int) -> tuple[str, str]:
    """Return the kind of a quote that is a callout and what follows its mark; else empty texts."""
    if at + 2 >= len(tokens) or tokens[at + 2].type != "inline":
        return "", ""
    first, _newline, rest = tokens[at + 2].content.partition("\n")
    found = _CALLOUT.fullmatch(first.strip())
    kind = CALLOUTS.get(found[1].lower(), "") if found else ""
    if not kind or found is None:
        return "", ""
    return kind, "\n".join(filter(None, [found[2], rest]))


def _paragraph(words: str, level: int) -> list[Token]:
    start = Token("paragraph_open", "p", 1, attrs={"class": "callout-h"}, level=level, block=True)
    inline = Token("inline", "", 0, content=words, children=[], level=level + 1)
    return [start, inline, Token("paragraph_close", "p", -1, level=level, block=True)]


def _structure(state: StateCore) -> None:
    """Give headings their level and a name, and mark the steps of the article itself."""
    reading: _Reading | None = state.env.get("hearth")
    for at, token in enumerate(state.tokens):
        if token.type in ("heading_open", "heading_close"):
            token.tag = {"h1": "h2", "h2": "h2", "h3": "h3"}.get(token.tag, "h4")
        if token.type == "heading_open" and reading is not None:
            said = _plain(state.tokens[at + 1])
            anchor = reading.anchor(said)
            token.attrSet("id", anchor)
            if token.level == 0 and token.tag in ("h2", "h3"):
                reading.outcome.headings.append(Heading(int(token.tag[1]), said, anchor))
        elif token.type == "ordered_list_open" and token.level == 0:
            token.attrSet("class", "steps")
        elif token.type in ("td_open", "th_open"):
            side = str(token.attrs.pop("style", "")).removeprefix("text-align:")
            if side in ("center", "right"):
                token.attrSet("align", side)


def _plain(inline: Token) -> str:
    parts = (child.content for child in inline.children or [] if child.type != "html_inline")
    return " ".join("".join(parts).split())[:120]


def _resolve(state: StateCore) -> None:
    """Let links and pictures lead to where they are for this reader."""
    reading: _Reading | None = state.env.get("hearth")
    if reading is None:
        return
    for block in state.tokens:
        if block.type != "inline" or not block.children:
            continue
        kept: list[Token] = []
        open_links: list[bool] = []
        for at, token in enumerate(block.children):
            if token.type == "link_open":
                target = reading.target(str(token.attrGet("href") or ""))
                open_links.append(target is not None)
                if target is None:
                    kept.append(_span("missing", 1))
                    continue
                token.attrSet("href", target.url)
                kept.append(token)
                if target.name and block.children[at + 1].type == "link_close":
                    kept.append(Token("text", "", 0, content=target.name))
            elif token.type == "link_close":
                is_link = open_links.pop() if open_links else True
                kept.append(token if is_link else _span("missing", -1))
            elif token.type == "image":
                kept.extend(_image(reading, token))
            else:
                kept.append(token)
        block.children = kept


def _span(name: str, nesting: int) -> Token:
    attrs: dict[str, str | int | float] = {"class": name}
    if nesting == 1:
        return Token("span_open", "span", 1, attrs=attrs)
    return Token("span_close", "span", -1)


def _image(reading: _Reading, token: Token) -> list[Token]:
    """A picture of our own is shown; one from elsewhere is a link, which tells nobody we read."""
    address = str(token.attrGet("src") or "")
    target = reading.target(address)
    alt = "".join(child.content for child in token.children or []) or unquote(address)
    if target is not None and target.picture:
        token.attrSet("src", target.url)
        token.attrSet("loading", "lazy")
        return [token]
    words = Token("text", "", 0, content=alt)
    if target is None:
        return [_span("missing", 1), words, _span("missing", -1)]
    attrs: dict[str, str | int | float] = {"href": target.url, "class": "elsewhere"}
    return [Token("link_open", "a", 1, attrs=attrs), words, Token("link_close", "a", -1)]


_markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_markdown.core.ruler.after("block", "callouts", _callouts)
_markdown.core.ruler.push("link_addresses", link_addresses)
_markdown.core.ruler.push("resolve", _resolve)
_markdown.core.ruler.push("structure", _structure)


def _table_open(_self: RendererHTML, *_rest: object) -> str:
    # What scrolls can be reached by the keyboard.
    return '<div class="table-wrap" tabindex="0"><table>\n'


def _table_close(_self: RendererHTML, *_rest: object) -> str:
    return "</table></div>\n"


_markdown.add_render_rule("table_open", _table_open)
_markdown.add_render_rule("table_close", _table_close)

_TAGS = set(
    """a blockquote br code del div em h2 h3 h4 hr img li ol p pre s span strong table tbody td th
    thead tr ul""".split()
)


def _attribute(tag: str, name: str, value: str) -> str | None:
    """Decide about one attribute of what our own parser wrote."""
    if name == "class":
        if tag == "code":
            return value if _LANGUAGE.fullmatch(value) else None
        return value if set(value.split()) <= _CLASSES else None
    if name == "id":
        return value if tag in ("h2", "h3", "h4") and value.startswith("s-") else None
    if name == "href":
        return value if _OUTSIDE.match(value) or value[:1] in ("#", "/") else None
    if name == "src":
        return value if value.startswith("/") and not value.startswith("//") else None
    if name == "start":
        return value if _NUMBER.fullmatch(value) else None
    return value


_cleaner = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags=DROPPED,
    attributes={
        "*": {"class", "id", "title"},
        "a": {"href"},
        "img": {"src", "alt", "loading"},
        "ol": {"start"},
        "div": {"tabindex"},
        "td": {"align"},
        "th": {"align"},
    },
    attribute_filter=_attribute,
    link_rel="noopener noreferrer",
    url_schemes={"http", "https", "mailto", "tel"},
)
