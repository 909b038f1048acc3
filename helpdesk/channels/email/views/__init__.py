"""Pages about mail for administrators: mailboxes, the quarantine, the outbox."""

from helpdesk.channels.email.views import (
    access,
    alarms,
    api,
    beginning,
    keys,
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
    "keys",
    "mailboxes",
    "protection",
    "quarantine",
    "sending",
]
