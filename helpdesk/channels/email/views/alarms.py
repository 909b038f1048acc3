"""Saying aloud, on pages of others, what is the matter with mailboxes."""

import time
from dataclasses import dataclass

from flask import current_app, render_template
from markupsafe import Markup

from helpdesk.channels.email.alarms import alarms
from helpdesk.channels.email.muting import answers_wait
from helpdesk.people.access import Permission
from helpdesk.people.guard import actor_or_none
from helpdesk.tickets.models import Ticket

FINE_FOR = 20.0
"""Seconds for which a process does not look again once nothing was wrong."""


@dataclass(slots=True)
class Quiet:
    """Until when a process need not look; what *is* wrong is never remembered, and ends at once."""

    seconds: float = FINE_FOR
    until: float = 0.0


def quiet() -> Quiet:
    """Return what the application remembers. Tests that travel in time remember nothing."""
    seconds = 0.0 if current_app.testing else FINE_FOR
    found: Quiet = current_app.extensions.setdefault("hearth-mail-alarms", Quiet(seconds))
    return found


def in_strips(_subject: object) -> Markup | None:
    """Return what administrators have to do about mailboxes, above every page of theirs."""
    actor = actor_or_none()
    if actor is None or not actor.can(Permission.SETUP_MAIL):
        return None
    known, moment = quiet(), time.monotonic()
    if moment < known.until:
        return None
    found = alarms()
    if not found:
        known.until = moment + known.seconds
    return Markup(render_template("mail/_alarms.html", alarms=found)) if found else None  # noqa: S704 (our own template)


def in_composer(ticket: Ticket) -> Markup | None:
    """Return that an answer would wait, above the field in which it is written."""
    mailbox = answers_wait(ticket)
    if mailbox is None:
        return None
    return Markup(render_template("mail/_waits.html", mailbox=mailbox))  # noqa: S704 (our own template)
