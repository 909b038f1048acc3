"""The pages of Set up: one blueprint, ``bp``, with its routes in these modules."""

from helpdesk.setup.views import (
    answers,
    audit,
    background,
    calendars,
    home,
    messages,
    plans,
    promises,
    replaying,
    roles,
    search,
    staff,
    webhooks,
    work,
)
from helpdesk.setup.views.blueprint import bp

__all__ = [
    "answers",
    "audit",
    "background",
    "bp",
    "calendars",
    "home",
    "messages",
    "plans",
    "promises",
    "replaying",
    "roles",
    "search",
    "staff",
    "webhooks",
    "work",
]
