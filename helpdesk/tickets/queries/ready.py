"""Who may be given work now, and why somebody may not: the one place that says so."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, select, true

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people import hours
from helpdesk.people.absent import Away, away_now
from helpdesk.people.models import Account, Desk, Person, SignInSession
from helpdesk.tickets.queries.load import Load, in_hand, most_at_once


class Hindrance(StrEnum):
    """Why rules give somebody nothing now; the first that holds is named."""

    NO_ACCOUNT = "no-account"
    """They cannot sign in, or work no tickets any more."""
    ABSENT = "absent"
    """They are away from day to day, and perhaps somebody covers."""
    OFF = "off"
    """These are not their working hours."""
    AWAY = "away"
    """They said that they are away."""
    BUSY = "busy"
    """They said that they are busy."""
    SILENT = "silent"
    """No page of theirs was open for as long as the desk allows."""
    FULL = "full"
    """They have as much in hand as they may be given."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands to new work; ``hindrance`` is None when they may be given some."""

    hindrance: Hindrance | None
    load: Load
    absence: Away | None = None
    back_at: datetime | None = None
    """When their working hours begin (UTC); None also where none are known to come."""


_NOTHING = Load(0, None)
_NOBODY = Standing(Hindrance.NO_ACCOUNT, _NOTHING)


def standings(person_ids: Collection[int]) -> Mapping[int, Standing]:
    """Return how each of these people stands to new work, in a few queries for all of them.

    By hand anybody can be given anything; this is what rules go by, and what one is shown.
    """
    if not person_ids:
        return {}
    rows = db.session.execute(
        select(
            Person.id, Account.availability, in_hand(), most_at_once(), _is_there().label("there")
        )
        .join(Account, Account.person_id == Person.id)
        .where(
            Person.id.in_(person_ids),
            Person.is_technician,
            Person.retired_at.is_(None),
            Account.deactivated_at.is_(None),
        )
    ).all()
    absent, off = away_now(), hours.off_now([row.id for row in rows])
    found = {
        key: Standing(Hindrance.ABSENT, _NOTHING, absent[key]) if key in absent else _NOBODY
        for key in person_ids
    }
    for key, availability, number, most, is_there in rows:
        load = Load(number, most)
        hindrance: Hindrance | None = None
        if key in absent:
            hindrance = Hindrance.ABSENT
        elif key in off:
            hindrance = Hindrance.OFF
        elif availability != "available":
            hindrance = Hindrance(availability)
        elif not is_there:
            hindrance = Hindrance.SILENT
        elif load.is_full:
            hindrance = Hindrance.FULL
        found[key] = Standing(hindrance, load, absent.get(key), off.get(key))
    return found


def _is_there() -> ColumnElement[bool]:
    """Return whether an account has a page open, as far as the desk asks for it.

    A session remembers when it was last used to within ``guard.SEEN_EVERY``, so that requests
    need not write. One that was signed out of says nothing, however lately it was used.
    """
    minutes = db.session.scalar(select(Desk.silent_minutes).limit(1))
    if minutes is None:
        return true()
    moment = now()
    return (
        select(SignInSession.id)
        .where(
            SignInSession.account_id == Account.id,
            SignInSession.revoked_at.is_(None),
            SignInSession.expires_at > moment,
            SignInSession.seen_at > moment - timedelta(minutes=minutes),
        )
        .correlate(Account)
        .exists()
    )
