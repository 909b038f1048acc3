"""The blueprint that all pages about mail share. They stand in Set up, under Mail."""

from typing import Any

from flask import Blueprint, current_app
from werkzeug.exceptions import NotFound as NothingHere

from helpdesk.channels.email import ledger
from helpdesk.channels.email.models import Mailbox
from helpdesk.channels.email.secure import keys
from helpdesk.db import db
from helpdesk.notify import undelivered
from helpdesk.people.access import Permission
from helpdesk.people.guard import actor_or_none
from helpdesk.tickets.queries.access import NotFound

bp = Blueprint("mail", __name__, template_folder="../templates", url_prefix="/setup/mail")


@bp.context_processor
def tabs() -> dict[str, Any]:
    """Give every page the numbers that its tabs show."""
    actor = actor_or_none()
    if actor is None or not actor.can(Permission.SETUP_MAIL):
        return {}
    return {
        "place": "mail",
        "quarantine_count": ledger.quarantine_count(actor),
        "failed_count": undelivered.failed_count(actor),
        "keys_count": keys.ending_count(),
    }


def mailbox_for(mailbox_id: int, *, lock: bool = False) -> Mailbox:
    """Return a mailbox that is in use. Raises NotFound."""
    row = db.session.get(Mailbox, mailbox_id, with_for_update=lock or None)
    if row is None or row.retired_at is not None:
        raise NotFound
    return row


@bp.errorhandler(NotFound)
def _not_found(_error: NotFound) -> Any:
    """Answer the same for what is not there and for what may not be seen."""
    return current_app.handle_http_exception(NothingHere())
