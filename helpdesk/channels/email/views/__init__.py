"""Pages about mail for administrators: mailboxes, the quarantine, the outbox."""

from helpdesk.channels.email.views import (
    access,
    alarms,
    api,
    beginning,
    mailboxes,
    protection,
    quarantine,
    sending,
)
from helpdesk.channels.email.views.blueprint import bp

__all__ = [
    "access",
    "alarms",
    "api",
    "beginning",
    "bp",
    "mailboxes",
    "protection",
    "quarantine",
    "sending",
]
