"""What every page says about its reader and how small things are drawn for templates."""

import unicodedata
from functools import lru_cache
from typing import Any

from flask import g

from helpdesk.web.assets import static_url
from helpdesk.web.i18n import html_language
from helpdesk.web.live import page_mark

THEMES = ("light", "dark")
DENSITIES = ("compact", "comfortable")

AVATAR_COLOURS = 6


def page_attributes() -> dict[str, object]:
    """Return the attributes of ``<html>``, which style sheets and scripts read.

    None leaves an attribute out: without a theme the system decides, and the default density
    needs no name.
    """
    actor = g.get("actor")
    preferences = actor.preferences if actor is not None else {}
    theme, density = preferences.get("theme"), preferences.get("density")
    return {
        "lang": html_language(),
        "data-theme": theme if theme in THEMES else None,
        "data-density": density if density in DENSITIES else None,
        "data-keys": "off" if preferences.get("keys") == "off" else None,
        "data-zone": actor.time_zone if actor is not None else "UTC",
        "data-person": actor.person_id if actor is not None else None,
        "data-icons": static_url("vendor/icons.svg"),
        "data-theme-url": addresses().get("theme"),
    }


def addresses() -> dict[str, str]:
    """Return where the scripts of a page find things: ``jump`` and ``theme``, once they exist.

    The rooms above know their own addresses and put them into ``g.addresses``.
    """
    known: dict[str, str] = g.get("addresses", {})
    return known


@lru_cache(maxsize=4096)
def initials(name: str) -> str:
    """Return one or two letters for an avatar: ``Priya Nair`` → PN, ``李伟`` → 李伟.

    A name in two scripts (``何美玲 Ho Mei-Ling``) is shown by its alphabetic part, HM; a name of
    three Chinese characters by the given name, 美玲.
    """
    words = [word for word in name.split() if word[0].isalpha()]
    alphabetic = [word for word in words if not _is_cjk(word[0])]
    if alphabetic:
        first, last = alphabetic[0], alphabetic[-1]
        return (first[0] + last[0] if len(alphabetic) > 1 else first[:2]).upper()
    if len(words) > 1:
        return words[0][0] + words[-1][0]
    return (words[0] if words else name.strip())[-2:].upper() or "?"


def _is_cjk(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith(("CJK", "HIRAGANA", "KATAKANA", "HANGUL"))


def avatar_colour(key: int | str) -> str:
    """Return the class that colours an avatar: always the same one for the same person."""
    return f"a{int(key) % AVATAR_COLOURS + 1}"


def status_shape(status_class: str, key: str | None = None) -> str:
    """Return the CSS class whose dot stands for a status: new, asg, open, wait or done."""
    if key == "assigned":
        return "asg"
    return {"new": "new", "open": "open", "pending": "wait"}.get(status_class, "done")


GLOBALS: dict[str, Any] = {
    "page_attributes": page_attributes,
    "addresses": addresses,
    "page_mark": page_mark,
}
FILTERS: dict[str, Any] = {
    "initials": initials,
    "avatar_colour": avatar_colour,
    "status_shape": status_shape,
}
