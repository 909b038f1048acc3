"""The application factory and the lists that say what the program consists of.

Everything that takes part is named here: blueprints (pages), handlers (reactions to events),
jobs (background work) and commands. Nothing registers itself by being imported.
"""

import logging
from collections.abc import Callable

import click
from flask import Blueprint, Flask

import config
from helpdesk import db, events, frame, web
from helpdesk.people import guard, passwords
from helpdesk.people.events import TechnicianDeactivated
from helpdesk.tickets import announce, persons, search
from helpdesk.tickets.events import EntryRedacted, TicketEvent
from helpdesk.tickets.queries import teams as team_queues
from helpdesk.web import live

BLUEPRINTS: list[Blueprint] = []
"""Pages, in the order in which they are registered."""

HANDLERS: list[tuple[type, Callable[..., None]]] = [
    (TicketEvent, search.on_ticket_event),
    (TicketEvent, announce.on_ticket_event),
    (EntryRedacted, search.on_redacted),
    (TechnicianDeactivated, persons.on_technician_deactivated),
]
"""Reactions to events, in the order in which they run."""

JOBS: list[object] = []
"""Background work of `helpdesk worker`."""

COMMANDS: list[click.Command] = []
"""Commands and groups of `helpdesk`."""


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
    web.init_app(app, settings)
    passwords.init_app(app, settings)
    guard.init_app(app, queues_of=team_queues.queue_ids)
    frame.init_app(app)
    live.init_app(app, team_queues.audible_topics)
    persons.register_merging()
    for event_type, handler in HANDLERS:
        events.subscribe(event_type, handler)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    return app
