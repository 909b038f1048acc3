"""The pages of Set up: one blueprint, ``bp``, with its routes in these modules."""

from helpdesk.setup.views import audit, home, roles, staff, work
from helpdesk.setup.views.blueprint import bp

__all__ = ["audit", "bp", "home", "roles", "staff", "work"]
