"""What an article of each kind begins with: an outline to be filled in, in its own language."""

from flask_babel import force_locale
from flask_babel import gettext as _

from helpdesk.kb.models import Kind
from helpdesk.web.i18n import LANGUAGES


def outline(kind: Kind, language: str) -> str:
    """Return the outline of a kind, in the article's language as far as we speak it."""
    with force_locale(language if language in LANGUAGES else "en"):
        return "\n".join(_LINES[kind]()) + "\n"


def _how_to() -> list[str]:
    return [
        f"## {_('Before you begin')}",
        "",
        f"- {_('What you need')}",
        "",
        f"## {_('Steps')}",
        "",
        f"1. {_('First step')}",
        f"2. {_('Second step')}",
        "",
        f"## {_('How you know it worked')}",
        "",
        f"## {_('If it does not work')}",
        "",
    ]


def _known_error() -> list[str]:
    return [
        f"## {_('What people see')}",
        "",
        f"## {_('Who is affected')}",
        "",
        f"## {_('Cause')}",
        "",
        f"## {_('Way around')}",
        "",
        f"1. {_('First step')}",
        "",
        f"## {_('When it will be fixed')}",
        "",
    ]


def _faq() -> list[str]:
    return [
        f"## {_('First question?')}",
        "",
        str(_("A short answer.")),
        "",
        f"## {_('Second question?')}",
        "",
        str(_("A short answer.")),
        "",
    ]


def _troubleshooting() -> list[str]:
    return [
        str(_("What this is about, in a line.")),
        "",
        "## Step: cable",
        str(_("Is the cable plugged in at both ends?")),
        f"- {_('Yes')} → restart",
        f"- {_('No')} → plug-in",
        "",
        "## Step: plug-in",
        str(_("Plug it in and wait a minute. Does it work now?")),
        f"- {_('Yes')} → done",
        f"- {_('No')} → restart",
        "",
        "## Step: restart",
        str(_("Turn it off and on again. Does it work now?")),
        f"- {_('Yes')} → done",
        f"- {_('No')} → hand-over",
        "",
        "## Step: done",
        str(_("Good. Nothing else to do.")),
        "- solved",
        "",
        "## Step: hand-over",
        str(_("Log a ticket: a technician goes on from here.")),
        "- hand over",
    ]


def _general() -> list[str]:
    return [""]


_LINES = {
    Kind.HOW_TO: _how_to,
    Kind.KNOWN_ERROR: _known_error,
    Kind.FAQ: _faq,
    Kind.TROUBLESHOOTING: _troubleshooting,
    Kind.GENERAL: _general,
}
