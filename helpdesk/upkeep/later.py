"""Sending answers whose moment has come."""

import logging

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from helpdesk.db import db, transaction
from helpdesk.jobs import job
from helpdesk.notify import notices
from helpdesk.people.access import Denied, Permission
from helpdesk.people.acting import actor_of
from helpdesk.people.models import Desk
from helpdesk.tickets.queries.access import NotFound
from helpdesk.tickets.services import Refused, later

log = logging.getLogger(__name__)


@job(every=5)
def send_later_answers() -> int:
    """Say what was to be said by now, each in a transaction of its own; returns how many."""
    with transaction():
        keys = later.due()
        language = db.session.scalar(select(Desk.language).limit(1)) or "en"
    count = 0
    with force_locale(language):
        for key in keys:
            count += _send(key)
    return count


def _send(key: int) -> int:
    """Say one answer, or write down why it can't be; 1 when it was said."""
    try:
        with transaction():
            found = later.claimed(key)
            if found is None:
                return 0
            author = actor_of(found.person_id)
            if author is None:
                raise Denied(Permission.TICKET_WORK)
            later.say(author, found)
        return 1
    except (Denied, NotFound):
        why = _("Who wrote it may not answer here any more.")
    except Refused as refused:
        why = str(refused)
    except Exception:
        log.exception("An answer that was to leave now can't be sent: %d", key)
        why = _("Something went wrong. Send it yourself.")
    with transaction():
        stopped = later.stopped(key, why)
        if stopped is not None:
            owner = stopped.ticket.owner_id
            concerned = {stopped.person_id, *([owner] if owner is not None else [])}
            notices.tell(dict.fromkeys(concerned, notices.Kind.NOT_SENT), stopped.ticket_id, None)
    return 0
