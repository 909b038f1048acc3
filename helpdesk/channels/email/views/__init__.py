"""Pages about mail: mailboxes, the quarantine, the outbox; and what mail adds to other pages."""

from helpdesk.channels.email.views import (
    access,
    alarms,
    api,
    beginning,
    mailboxes,
    public_files,
    quarantine,
    sending,
    signature_pages,
    writing,
)
from helpdesk.channels.email.views.blueprint import bp

__all__ = [
    "access",
    "alarms",
    "api",
    "beginning",
    "bp",
    "mailboxes",
    "public_files",
    "quarantine",
    "sending",
    "signature_pages",
    "writing",
]
