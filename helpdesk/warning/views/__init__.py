"""Pages and parts of pages of early warning."""

from helpdesk.warning.views import at_risk, spikes
from helpdesk.warning.views.blueprint import bp

__all__ = ["at_risk", "bp", "spikes"]
