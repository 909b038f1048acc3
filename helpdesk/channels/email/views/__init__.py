"""Pages about mail for administrators: mailboxes, the quarantine, the outbox."""

from helpdesk.channels.email.views import (
    access,
    alarms,
    api,
    beginning,
    encrypting,
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
    "encrypting",
    "keys",
    "mailboxes",
    "protection",
    "quarantine",
    "sending",
]
