"""Pages and parts of pages about promises."""

from helpdesk.sla.views import on_ticket
from helpdesk.sla.views.blueprint import bp

__all__ = ["bp", "on_ticket"]
