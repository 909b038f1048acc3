"""Saying aloud, on pages of others, what is the matter with mailboxes."""

from flask import render_template
from markupsafe import Markup

from helpdesk.channels.email.alarms import alarms
from helpdesk.channels.email.muting import answers_wait
from helpdesk.people.access import Permission
from helpdesk.people.guard import actor_or_none
from helpdesk.tickets.models import Ticket


def in_strips(_subject: object) -> Markup | None:
    """Return what administrators have to do about mailboxes, above every page of theirs."""
    actor = actor_or_none()
    if actor is None or not actor.can(Permission.SETUP_MAIL):
        return None
    found = alarms()
    return Markup(render_template("mail/_alarms.html", alarms=found)) if found else None  # noqa: S704 (our own template)


def in_composer(ticket: Ticket) -> Markup | None:
    """Return that an answer would wait, above the field in which it is written."""
    mailbox = answers_wait(ticket)
    if mailbox is None:
        return None
    return Markup(render_template("mail/_waits.html", mailbox=mailbox))  # noqa: S704 (our own template)
