"""Pages and parts of pages about promises."""

from helpdesk.sla.views import anew, on_ticket, promised
from helpdesk.sla.views.blueprint import bp

__all__ = ["anew", "bp", "on_ticket", "promised"]
