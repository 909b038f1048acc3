"""Who is away now, and who covers for them: what every room that gives out work asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import aliased

from helpdesk.db import ask_again, db, once
from helpdesk.lib.clock import now
from helpdesk.people.models import Absence, Person


@dataclass(frozen=True, slots=True)
class Away:
    """Somebody who is away: until when, and who covers for them."""

    person_id: int
    until: datetime
    cover_id: int | None
    cover: str
    """The name of who covers; empty when nobody does."""


def away_now() -> Mapping[int, Away]:
    """Return who is away at this moment, by person. Asked once a transaction."""
    return once(_KEY, _away_now)


_KEY = "away"


def changed() -> None:
    """Let the next question within this transaction see what changed."""
    ask_again(_KEY)


def _away_now() -> Mapping[int, Away]:
    moment = now()
    cover = aliased(Person)
    rows = db.session.execute(
        select(Absence.person_id, Absence.ends_at, cover.id, cover.name)
        .join(cover, cover.id == Absence.cover_id, isouter=True)
        .where(Absence.ends_at > moment, Absence.starts_at <= moment)
        .order_by(Absence.ends_at)
    )
    return {
        person_id: Away(person_id, until, cover_id, name or "")
        for person_id, until, cover_id, name in rows
    }


def stand_in(person_id: int) -> int | None:
    """Return who does somebody's work now: they themselves, else who covers, else nobody.

    Who covers may be away too; then it is who covers for them.
    """
    away, seen = away_now(), set[int]()
    found: int | None = person_id
    while found is not None and found in away:
        if found in seen:
            return None
        seen.add(found)
        found = away[found].cover_id
    return found
