"""Pages about mail for administrators: mailboxes, the quarantine, the outbox."""

from helpdesk.channels.email.views import mailboxes, protection, quarantine, sending
from helpdesk.channels.email.views.blueprint import bp

__all__ = ["bp", "mailboxes", "protection", "quarantine", "sending"]
