"""Pages about mail for administrators: mailboxes, the quarantine, the outbox."""

from helpdesk.channels.email.views import mailboxes, quarantine, sending
from helpdesk.channels.email.views.blueprint import bp

__all__ = ["bp", "mailboxes", "quarantine", "sending"]
