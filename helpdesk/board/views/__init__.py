"""The alert board on screen: its own pages, and its parts of other rooms' pages."""

from helpdesk.board.views import on_queue, on_ticket, pages
from helpdesk.board.views.blueprint import bp

__all__ = ["bp", "on_queue", "on_ticket", "pages"]
