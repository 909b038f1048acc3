"""What a desk without any ticket says to those who set it up: where to begin."""

from dataclasses import dataclass
from typing import Any

from flask import current_app, url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.people.access import Actor, Permission
from helpdesk.tickets.models import Ticket

SETTING_UP = (
    Permission.SETUP_DESK,
    Permission.SETUP_TEAMS,
    Permission.SETUP_TICKETS,
    Permission.SETUP_ROLES,
    Permission.SETUP_MAIL,
)
"""Whoever has one of these sets the desk up."""

STEPS: tuple[tuple[str, Permission, Any], ...] = (
    ("mail.mailboxes", Permission.SETUP_MAIL, _l("Connect a mailbox")),
    ("setup.messages", Permission.SETUP_MAIL, _l("Say what customers are told")),
    ("people.import_form", Permission.PERSON_IMPORT, _l("Bring people in")),
    ("setup.queues", Permission.SETUP_TEAMS, _l("Arrange the queues")),
)
"""What makes tickets come, who may do it, and what the link to it says."""


@dataclass(frozen=True, slots=True)
class Step:
    """A link to what may be done first."""

    name: str
    url: str


def first_steps(actor: Actor) -> list[Step]:
    """Return what the actor may do to bring the desk to life; nothing once there was a ticket."""
    if not any(actor.can(permission) for permission in SETTING_UP):
        return []
    if db.session.scalar(select(Ticket.id).limit(1)) is not None:
        return []
    return [
        Step(str(name), url_for(endpoint))
        for endpoint, permission, name in STEPS
        if actor.can(permission) and endpoint in current_app.view_functions
    ]
