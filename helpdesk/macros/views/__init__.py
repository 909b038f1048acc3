"""Pages of macros: the finder, running one, and Set up › Macros."""

from helpdesk.macros.views import editing, using, why
from helpdesk.macros.views.blueprint import bp

__all__ = ["bp", "editing", "using", "why"]
