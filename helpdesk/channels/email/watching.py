"""What is wrong with a mailbox although nobody complains: gaps, silence, failing for long.

Each is worked out from what the mailbox says of itself, so an alarm ends by itself, and
administrators are written to once for each that begins.
"""

from datetime import timedelta

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from helpdesk.channels.email.models import Mailbox, MailMessage
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.web.i18n import moment

PATIENCE = timedelta(minutes=15)
"""How long a server may fail before somebody is told: most trouble ends by itself."""
RECENTLY = timedelta(days=30)

Wrong = tuple[str, bool, str]
"""A name that tells it from the next, whether it is grave, and what to say."""


def wrong_with(mailbox: Mailbox) -> Wrong | None:
    """Return the gravest thing that is wrong with a mailbox in use; None when nothing is."""
    for found in (_failing(mailbox), _missing(mailbox), _not_sending(mailbox), _silent(mailbox)):
        if found is not None:
            return found
    return None


def _failing(mailbox: Mailbox) -> Wrong | None:
    since = mailbox.failing_since
    if since is None or since > now() - PATIENCE:
        return None
    words = _("It has not been read since %(time)s.", time=moment(since))
    return f"failing {since.isoformat()}", True, f"{words} {mailbox.last_error}"


def _not_sending(mailbox: Mailbox) -> Wrong | None:
    since = mailbox.send_failing_since
    if since is None or since > now() - PATIENCE:
        return None
    words = _("Nothing could be sent through it since %(time)s.", time=moment(since))
    return f"not-sending {since.isoformat()}", True, f"{words} {mailbox.send_error}"


def _missing(mailbox: Mailbox) -> Wrong | None:
    if not mailbox.missing_count:
        return None
    words = ngettext(
        "The server holds %(num)d message that is not in the ledger.",
        "The server holds %(num)d messages that are not in the ledger.",
        mailbox.missing_count,
    )
    return f"missing {mailbox.missing_count}", True, words


def _silent(mailbox: Mailbox) -> Wrong | None:
    if not mailbox.silent_hours or mailbox.failing_since is not None:
        return None
    last = db.session.scalar(
        select(MailMessage.received_at)
        .where(MailMessage.mailbox_id == mailbox.id)
        .order_by(MailMessage.id.desc())
        .limit(1)
    )
    since = last or mailbox.created_at
    if since > now() - timedelta(hours=mailbox.silent_hours):
        return None
    words = _("No mail has come since %(time)s.", time=moment(since))
    return f"silent {since.isoformat()}", False, words
