"""The verbs of Set up: everything that says how the desk is called and works.

Each verb takes the actor first, checks permission and rules, changes rows and writes the audit
log; none commits. ``Refused`` says which rule forbids it, ``Changed`` that somebody else edited
the same field meanwhile.
"""

from helpdesk.setup.services import (
    calendars,
    categories,
    causes,
    desk_settings,
    keeping,
    priorities,
    promises,
    queues,
    quick_templates,
    roles,
    statuses,
    suppliers,
    tags,
    teams,
)
from helpdesk.setup.services.editing import Changed

__all__ = [
    "Changed",
    "calendars",
    "categories",
    "causes",
    "desk_settings",
    "keeping",
    "priorities",
    "promises",
    "queues",
    "quick_templates",
    "roles",
    "statuses",
    "suppliers",
    "tags",
    "teams",
]
