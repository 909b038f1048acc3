"""The smallest parts of a page, drawn in Python because a list draws hundreds of them.

A Jinja macro that calls other macros costs tens of microseconds; a function that remembers what
it drew costs one. Templates import these from ``macros/icons.html`` and ``macros/atoms.html``
like any macro.
"""

from functools import lru_cache

from flask_babel import gettext as _
from markupsafe import Markup, escape

from helpdesk.web.assets import digest
from helpdesk.web.i18n import html_language
from helpdesk.web.page import avatar_colour, initials

_SPRITE = "vendor/icons.svg"

_CHANNEL_PICTURES = {
    "email": "mail",
    "phone": "phone",
    "portal": "monitor",
    "chat": "messages-square",
    "sms": "message-square-warning",
    "fax": "file-text",
    "walk-in": "user-round",
    "visit": "map-pin",
    "monitoring": "radio-tower",
}


@lru_cache(maxsize=4096)
def icon(name: str, size: int | str = "", label: str = "", extra: str = "") -> Markup:
    """Draw an icon of the sprite. Beside a word it is decoration; alone it needs a label."""
    classes = f"i{f' s{size}' if size else ''}{f' {extra}' if extra else ''}"
    role = Markup('role="img" aria-label="{}"').format(label) if label else 'aria-hidden="true"'
    return Markup(  # noqa: S704 (every part is ours or escaped)
        f'<svg class="{escape(classes)}" {role}>'
        f'<use href="/static/{digest(_SPRITE)}/{_SPRITE}#i-{escape(name)}"/></svg>'
    )


def avatar(
    id: int | None,  # noqa: A002 (templates say avatar(id=…))
    name: str | None,
    size: int = 24,
    presence: str = "",
    labelled: bool = False,
) -> Markup:
    """Draw somebody's initials in their colour; without an id, an empty circle.

    ``labelled`` when the name does not stand beside it; ``presence`` is available, busy or away.
    """
    if id is None:
        return _nobody(_("Nobody"), size)
    return _somebody(id, name or "", size, presence, labelled)


@lru_cache(maxsize=64)
def _nobody(label: str, size: int) -> Markup:
    classes = f"av none{f' s{size}' if size != 24 else ''}"
    return Markup('<span class="{}" role="img" aria-label="{}" title="{}">{}</span>').format(
        classes, label, label, icon("plus", 12)
    )


@lru_cache(maxsize=4096)
def _somebody(id: int, name: str, size: int, presence: str, labelled: bool) -> Markup:  # noqa: A002
    said = Markup('role="img" aria-label="{}" title="{}"').format(name, name)
    dot = Markup('<span class="pres {}"></span>').format(presence) if presence else ""
    classes = f"av {avatar_colour(id)}{f' s{size}' if size != 24 else ''}"
    role = said if labelled else Markup('aria-hidden="true"')
    return Markup('<span class="{}" {}>{}{}</span>').format(classes, role, initials(name), dot)


def priority_word(level: int) -> str:
    """Return the name of a priority."""
    names = {1: _("Critical"), 2: _("High"), 3: _("Medium"), 4: _("Low")}
    return str(names[level])


def priority(level: int, word: bool = False) -> Markup:
    """Draw a priority, 1 to 4, as shape and text; ``word`` adds its name."""
    return _priority(level, priority_word(level) if word else "")


@lru_cache(maxsize=64)
def _priority(level: int, word: str) -> Markup:
    if level == 1:
        picture = (
            '<svg viewBox="0 0 14 14" aria-hidden="true"><rect x=".5" y=".5" width="13"'
            ' height="13" rx="3.5" fill="currentColor"/><path d="M7 3.4v4.3M7 10.3v.2"'
            ' stroke="var(--surface)" stroke-width="1.9" stroke-linecap="round"/></svg>'
        )
    else:
        second = ' class="off"' if level > 3 else ""
        third = ' class="off"' if level > 2 else ""
        picture = (
            '<svg viewBox="0 0 14 14" aria-hidden="true" fill="currentColor">'
            '<rect x="1" y="9" width="3.2" height="4" rx="1"/>'
            f'<rect{second} x="5.4" y="5.4" width="3.2" height="7.6" rx="1"/>'
            f'<rect{third} x="9.8" y="1.8" width="3.2" height="11.2" rx="1"/></svg>'
        )
    text = f"P{level} {word}".rstrip()
    return Markup('<span class="prio p{}">{}{}</span>').format(level, Markup(picture), text)  # noqa: S704


@lru_cache(maxsize=512)
def status(shape: str, name: str, only_dot: bool = False) -> Markup:
    """Draw a status; ``shape`` is new, asg, open, wait or done (see ``status_shape``)."""
    if only_dot:
        return Markup('<span class="st {}" title="{}"><span class="vh">{}</span></span>').format(
            shape, name, name
        )
    return Markup('<span class="st {}">{}</span>').format(shape, name)


def tag(text: object, tone: str = "") -> Markup:
    """Draw a tag; ``tone`` is acc, ok, warn, danger, pause, note or line."""
    classes = f"tag {tone}" if tone else "tag"
    return Markup('<span class="{}">{}</span>').format(classes, text)


def vip() -> Markup:
    """Mark a person of importance."""
    return Markup('<span class="tag warn sm">{}</span>').format(_("VIP"))


def channel_icon(channel: str, size: int = 14) -> Markup:
    """Draw the way a contact came."""
    return _channel_icon(channel, size, html_language())


@lru_cache(maxsize=128)
def _channel_icon(channel: str, size: int, _language: str) -> Markup:
    names = {
        "email": _("Email"),
        "phone": _("Phone"),
        "portal": _("Portal"),
        "chat": _("Chat"),
        "sms": _("SMS"),
        "fax": _("Fax"),
        "walk-in": _("Walk-in"),
        "visit": _("Visit"),
        "monitoring": _("Monitoring"),
    }
    return icon(_CHANNEL_PICTURES.get(channel, "lock"), size, names.get(channel, _("Staff")))


DRAWN = {
    "draw_icon": icon,
    "draw_avatar": avatar,
    "draw_priority": priority,
    "draw_priority_word": priority_word,
    "draw_status": status,
    "draw_tag": tag,
    "draw_vip": vip,
    "draw_channel_icon": channel_icon,
}
"""Globals of the templates under which the macro files find these."""
