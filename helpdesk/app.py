"""The application factory and the lists that say what the program consists of.

Everything that takes part is named here: blueprints (pages), handlers (reactions to events),
jobs (background work) and commands. Nothing registers itself by being imported.
"""

import logging
from collections.abc import Callable

from flask import Blueprint, Flask

import config
from helpdesk import db, events
from helpdesk.tickets import companions, search  # noqa: F401 (companions: maps the tables)
from helpdesk.tickets.events import EntryRedacted, TicketEvent

BLUEPRINTS: list[Blueprint] = []
"""Pages, in the order in which they are registered."""

HANDLERS: list[tuple[type, Callable[..., None]]] = [
    (TicketEvent, search.on_ticket_event),
    (EntryRedacted, search.on_redacted),
]
"""Reactions to events, in the order in which they run."""


def create_app(settings: config.Settings | None = None) -> Flask:
    """Build the web application for ``settings`` (read from the environment by default)."""
    settings = settings or config.load()
    logging.basicConfig(
        level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    app = Flask("helpdesk", static_folder=None, template_folder=None)
    app.config.update(
        SETTINGS=settings,
        SECRET_KEY=settings.secret_key,
        TESTING=settings.testing,
        MAX_CONTENT_LENGTH=settings.max_upload,
    )
    db.init_app(app, settings)
    for event_type, handler in HANDLERS:
        events.subscribe(event_type, handler)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    return app
