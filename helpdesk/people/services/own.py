"""What everybody may change about themselves: name, language, looks, availability.

It needs no permission over other people.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l

from helpdesk.db import db
from helpdesk.people import audit, typed_text
from helpdesk.people.access import Actor
from helpdesk.people.errors import Missing, Refused
from helpdesk.people.models import Account
from helpdesk.people.services import persons

THEMES = ("system", "light", "dark")
DENSITIES = ("compact", "default", "comfortable")
KEYS = ("on", "off")
AVAILABILITIES = ("available", "busy", "away")


def set_preferences(actor: Actor, wanted: Mapping[str, Any]) -> bool:
    """Change the actor's own theme, density and keyboard; False when nothing changes.

    Raises Missing for the house itself, Refused for values there are none of.
    """
    account = account_of(actor)
    allowed: dict[str, tuple[object, ...]] = {
        "theme": THEMES,
        "density": DENSITIES,
        "keys": KEYS,
    }
    for key, value in wanted.items():
        if key not in allowed or value not in allowed[key]:
            raise Refused("preference", _l("Choose one from the list."), key)
    new = {**account.preferences, **wanted}
    if new == account.preferences:
        return False
    account.preferences = new
    return True


def set_unwanted_notices(actor: Actor, kinds: Sequence[str]) -> None:
    """Say of what the actor does not want to be told."""
    account = account_of(actor)
    account.preferences = {**account.preferences, "no_notices": [str(kind) for kind in kinds]}


def set_mailed_notices(actor: Actor, kinds: Sequence[str], quiet: Sequence[str] | None) -> None:
    """Say of what the actor wants to be told by mail, and from when to when not ("21:00")."""
    account = account_of(actor)
    account.preferences = {
        **account.preferences,
        "mail_notices": [str(kind) for kind in kinds],
        "mail_quiet": list(quiet) if quiet is not None else None,
    }


def set_put_away(actor: Actor, key: str, seen: Mapping[str, int]) -> None:
    """Remember what the actor has put away, and in which edition; ``key`` names the place."""
    account = account_of(actor)
    account.preferences = {**account.preferences, key: dict(seen)}


def set_details(actor: Actor, *, name: str, language: str | None, time_zone: str | None) -> bool:
    """Change the actor's own name, language and time zone; False when nothing changes.

    Raises Refused.
    """
    person = account_of(actor).person
    name = typed_text.name(name, 200)
    persons.check_language(language or None)
    persons.check_time_zone(time_zone or None)
    old = {"name": person.name, "language": person.language, "time_zone": person.time_zone}
    new = {"name": name, "language": language or None, "time_zone": time_zone or None}
    changes = audit.difference(old, new)
    if not changes:
        return False
    person.name, person.language, person.time_zone = name, new["language"], new["time_zone"]
    person.version += 1
    persons.changed(actor, person, changes)
    return True


def set_availability(actor: Actor, availability: str) -> None:
    """Say whether the actor is there for calls and new work. Raises Refused."""
    if availability not in AVAILABILITIES:
        raise Refused("availability", _l("Choose one from the list."), "availability")
    account_of(actor).availability = availability


def account_of(actor: Actor) -> Account:
    """Return the actor's account. Raises Missing for the house itself."""
    if actor.account_id is None:
        raise Missing
    return db.session.get_one(Account, actor.account_id)
