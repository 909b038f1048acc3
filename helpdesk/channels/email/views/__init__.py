"""Pages about mail: mailboxes, the quarantine, the outbox; and what mail adds to other pages."""

from helpdesk.channels.email.views import (
    access,
    alarms,
    api,
    beginning,
    doubts,
    encrypting,
    fates,
    handling,
    keys,
    mailboxes,
    protection,
    public_files,
    quarantine,
    sending,
    signature_pages,
    spam,
    writing,
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
    "fates",
    "handling",
    "keys",
    "mailboxes",
    "protection",
    "public_files",
    "quarantine",
    "sending",
    "signature_pages",
    "spam",
    "writing",
]
