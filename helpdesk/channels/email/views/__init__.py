"""Pages about mail for administrators: mailboxes, the quarantine, the outbox."""

from helpdesk.channels.email.views import (
    access,
    alarms,
    api,
    beginning,
    doubts,
    encrypting,
    keys,
    mailboxes,
    protection,
    quarantine,
    sending,
    spam,
)
from helpdesk.channels.email.views.blueprint import bp

__all__ = [
    "access",
    "alarms",
    "api",
    "beginning",
    "bp",
    "doubts",
    "encrypting",
    "keys",
    "mailboxes",
    "protection",
    "quarantine",
    "sending",
    "spam",
]
