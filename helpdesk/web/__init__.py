"""The web base: templates, static files, the edge of a request, errors, languages, live updates."""

import re
from pathlib import Path

from flask import Flask
from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined

from config import Settings
from helpdesk.web import assets, edge, errors, i18n, panels, security
from helpdesk.web.strings import js_strings

TEMPLATES = Path(__file__).parent / "templates"


def initials(name: str) -> str:
    """Return one or two letters for an avatar: ``Priya Nair`` → PN, ``何美玲`` → 美玲.

    A name that mixes scripts (``何美玲 Ho Mei-Ling``) is shown by its Latin part.
    """
    latin = [word for word in re.split(r"[\s\-]+", name) if word[:1].isalpha() and word.isascii()]
    if latin:
        first = latin[0][0]
        return (first + latin[-1][0] if len(latin) > 1 else latin[0][:2]).upper()
    words = name.split()
    if len(words) > 1:
        return (words[0][0] + words[-1][0]).upper()
    return name[-2:] if len(name) <= 3 else name[:2].upper()


def status_shape(status_class: str, key: str | None = None) -> str:
    """Return the CSS class whose dot stands for a status: new, asg, open, wait or done."""
    if key == "assigned":
        return "asg"
    return {"new": "new", "open": "open", "pending": "wait"}.get(status_class, "done")


def init_app(app: Flask, settings: Settings) -> None:
    """Prepare the application for pages. Register blueprints afterwards."""
    own = FileSystemLoader(TEMPLATES)
    app.jinja_loader = ChoiceLoader([own])
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.add_extension("jinja2.ext.do")
    app.jinja_env.globals.update(
        static_url=assets.static_url,
        panels_for=panels.panels_for,
        js_strings=js_strings,
        settings=settings,
    )
    app.jinja_env.filters.update(initials=initials, status_shape=status_shape)
    edge.begin(app, settings)
    i18n.init_app(app)
    errors.init_app(app)
    security.init_app(app, settings)
    edge.end(app)
    app.register_blueprint(assets.bp)
