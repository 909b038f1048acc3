"""The verbs of this room, by what they are about.

``persons``, ``contact_points``, ``organisations``, ``merge`` and ``importing`` change people;
``teams``, ``accounts`` and ``roles`` change who may do what; ``sign_in``, ``sessions``, ``links``
and ``own`` are what everybody does for themselves. No verb commits, apart from what ``sign_in``
must remember of a refusal.
"""

from helpdesk.people.services import (
    accounts,
    contact_points,
    importing,
    links,
    merge,
    organisations,
    own,
    persons,
    roles,
    sessions,
    sign_in,
    teams,
    throttle,
)
from helpdesk.people.services.contact_points import find_or_create_by_address

__all__ = [
    "accounts",
    "contact_points",
    "find_or_create_by_address",
    "importing",
    "links",
    "merge",
    "organisations",
    "own",
    "persons",
    "roles",
    "sessions",
    "sign_in",
    "teams",
    "throttle",
]
