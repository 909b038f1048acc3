"""The allow-list: what of somebody else's HTML may stand in a page of ours."""

import re
from collections.abc import Mapping
from html import escape, unescape
from urllib.parse import unquote

import nh3

from helpdesk.lib.html.guard import bare_text, is_too_much
from helpdesk.lib.html.plain import text_to_html

# Elements that carry text and structure. No style, no class, no id: nothing from a message may
# reach our style sheet or our scripts. No svg or math: their other parsing rules are what most
# escapes from cleaners were made of.
TAGS = set(
    """a abbr address b bdi bdo big blockquote br caption center cite code col colgroup dd del
    details dfn div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q
    rp rt ruby s samp small span strike strong sub summary sup table tbody td tfoot th thead time tr
    tt u ul var wbr""".split()
)
_ATTRIBUTES = {
    "*": {"dir", "lang", "title"},
    "a": {"href"},
    "img": {"alt", "height", "src", "width"},
    "col": {"span"},
    "colgroup": {"span"},
    "li": {"value"},
    "ol": {"reversed", "start", "type"},
    "td": {"align", "colspan", "rowspan", "valign"},
    "th": {"align", "colspan", "rowspan", "scope", "valign"},
    "tr": {"align", "valign"},
    "time": {"datetime"},
}
# What these hold is never text for people.
DROPPED = set(
    """applet audio base canvas embed frame frameset head iframe link map math meta noembed noframes
    noscript object script select style svg template textarea title video xmp""".split()
)
_LINK = re.compile(r"\s*(?:https?://|mailto:|tel:)", re.IGNORECASE)
_REMOTE = re.compile(r"\s*(?:https?:)?//", re.IGNORECASE)
_EMBEDDED = re.compile(
    r"\s*data:image/(?:png|jpe?g|gif|webp);base64,[A-Za-z0-9+/=\s]+", re.IGNORECASE
)
_NUMBER = re.compile(r"\d{1,4}%?")
_SMALL = {"0", "1", "2"}


def _attribute(tag: str, name: str, value: str) -> str | None:
    """Decide about one allowed attribute: its value, or None to drop it."""
    if tag == "a" and name == "href":
        return value.strip() if _LINK.match(value) else None
    if tag == "img" and name == "src":
        if value.strip().lower().startswith("cid:") or _REMOTE.match(value):
            return value.strip()
        return value if _EMBEDDED.fullmatch(value) else None
    if name in ("width", "height", "colspan", "rowspan", "span", "start", "value"):
        return value.strip() if _NUMBER.fullmatch(value.strip()) else None
    return value


_cleaner = nh3.Cleaner(
    tags=TAGS,
    clean_content_tags=DROPPED,
    attributes=_ATTRIBUTES,
    attribute_filter=_attribute,
    link_rel="noopener noreferrer nofollow",
    set_tag_attribute_values={"a": {"target": "_blank"}},
    url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
)

# In what the cleaner writes every attribute value is quoted and every `<` of text is escaped, so
# that these patterns can't be led astray.
_IMG = re.compile(r'<img((?: [a-z-]+="[^"]*")*)>')
ATTRIBUTE = re.compile(r' ([a-z-]+)="([^"]*)"')
_DATA_CID = re.compile(r' data-cid="([^"]*)"')


def clean(html: str) -> str:
    """Return HTML that can be put into a page: an allow-list of elements, no scripts, no styles.

    Links open in a new tab and tell the other side nothing. A remote image keeps its address in
    `data-remote-src` until the reader asks for it; an image of the same message has `data-cid`
    (see `show_inline_images`); tracking pixels are dropped. HTML that is too large or too tangled
    to parse safely comes back as its text.
    """
    if is_too_much(html):
        return text_to_html(bare_text(html))
    return _IMG.sub(_image, _cleaner.clean(html)).strip()


def _image(match: re.Match[str]) -> str:
    attributes = dict(ATTRIBUTE.findall(match[1]))
    source = attributes.pop("src", "")
    if source.lower().startswith("cid:"):
        attributes["data-cid"] = source[4:]
    elif source.lower().startswith("data:"):
        attributes["src"] = source
    elif source:
        if attributes.get("width") in _SMALL or attributes.get("height") in _SMALL:
            return ""
        attributes["data-remote-src"] = f"https:{source}" if source.startswith("//") else source
    elif not attributes.get("alt"):
        return ""
    # Values come from the cleaner's own output and are escaped already.
    return "<img" + "".join(f' {name}="{value}"' for name, value in attributes.items()) + ">"


def show_inline_images(cleaned: str, urls: Mapping[str, str]) -> str:
    """Give the images of a message, known by content-id, the addresses where we serve them.

    `cleaned` comes from `clean`. Images without an address stay placeholders.
    """

    def source(match: re.Match[str]) -> str:
        url = urls.get(unquote(unescape(match[1])))
        return f' src="{escape(url)}"' if url is not None else match[0]

    return _DATA_CID.sub(source, cleaned)
