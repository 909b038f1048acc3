"""The pages of people and access: one blueprint, ``bp``, with its routes in these modules."""

from helpdesk.people.views import (
    access,
    account,
    away,
    importing,
    listing,
    merging,
    organisation,
    person,
    signing,
)
from helpdesk.people.views.blueprint import bp

__all__ = [
    "access",
    "account",
    "away",
    "bp",
    "importing",
    "listing",
    "merging",
    "organisation",
    "person",
    "signing",
]
