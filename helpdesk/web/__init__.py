"""The web base: templates, static files, the edge of a request, errors, languages, live updates."""

from pathlib import Path

from flask import Flask
from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined

from config import Settings
from helpdesk.web import assets, atoms, due, edge, errors, i18n, page, panels, security
from helpdesk.web.strings import js_strings
from helpdesk.web.templating import Templates

TEMPLATES = Path(__file__).parent / "templates"


def init_app(app: Flask, settings: Settings) -> None:
    """Prepare the application for pages. Register blueprints afterwards."""
    own = FileSystemLoader(TEMPLATES)
    app.jinja_environment = Templates
    app.jinja_loader = ChoiceLoader([own])
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.add_extension("jinja2.ext.do")
    app.jinja_env.globals.update(
        static_url=assets.static_url,
        styles=assets.STYLES,
        panels_for=panels.panels_for,
        js_strings=js_strings,
        settings=settings,
        due_chip=due.chip_of,
        due_strip=due.strip,
        **page.GLOBALS,
        **atoms.DRAWN,
    )
    app.jinja_env.filters.update(page.FILTERS, stamp=due.stamp, left_words=due.left_words)
    edge.begin(app, settings)
    i18n.init_app(app)
    errors.init_app(app)
    security.init_app(app, settings)
    edge.end(app)
    app.register_blueprint(assets.bp)
    app.register_blueprint(i18n.bp)
