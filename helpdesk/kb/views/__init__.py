"""The knowledge base on screen: its own pages, and its part of a ticket's page."""

from helpdesk.kb.views import (
    editors,
    files,
    history,
    in_work,
    jumping,
    listing,
    many,
    moving,
    on_ticket,
    reading,
    shelves,
    states,
    writing,
)
from helpdesk.kb.views.blueprint import bp

__all__ = [
    "bp",
    "editors",
    "files",
    "history",
    "in_work",
    "jumping",
    "listing",
    "many",
    "moving",
    "on_ticket",
    "reading",
    "shelves",
    "states",
    "writing",
]
