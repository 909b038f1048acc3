"""Being away: from when to when, and who covers."""

from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people import absent, audit, typed_text
from helpdesk.people.access import Actor, Denied, Permission
from helpdesk.people.errors import Missing, Refused
from helpdesk.people.models import Absence, Person, TeamMember

LONGEST = timedelta(days=730)
"""Who is away longer than that has left."""


def may_manage(actor: Actor, person_id: int) -> bool:
    """Whether the actor may say when somebody is away: oneself, one's team, or everybody."""
    if person_id == actor.person_id or actor.can(Permission.ACCOUNT_EDIT):
        return True
    if not actor.lead_team_ids:
        return False
    member = select(TeamMember.person_id).where(
        TeamMember.person_id == person_id, TeamMember.team_id.in_(actor.lead_team_ids)
    )
    return db.session.scalar(member.limit(1)) is not None


def add(
    actor: Actor,
    person: Person,
    starts_at: datetime,
    ends_at: datetime,
    *,
    cover: Person | None = None,
    note: str = "",
) -> Absence:
    """Say that somebody is away. Moments are aware UTC. Raises Denied, Refused."""
    _demand(actor, person.id)
    if not person.is_technician or person.retired_at is not None:
        raise Refused("not-staff", _l("Choose somebody who works here."), "person")
    if ends_at <= starts_at:
        raise Refused("absence-backwards", _l("It ends before it begins."), "until")
    if ends_at <= now():
        raise Refused("absence-over", _l("That is over already."), "until")
    if ends_at - starts_at > LONGEST:
        raise Refused("absence-too-long", _l("Nobody is away for more than two years."), "until")
    # Two who say it at once come one after the other.
    db.session.execute(select(Person.id).where(Person.id == person.id).with_for_update())
    if _between(person.id, starts_at, ends_at) is not None:
        raise Refused("absence-overlaps", _l("They are away then already."), "begins")
    if cover is not None:
        _check_cover(person, cover, starts_at, ends_at)
    row = Absence(
        person_id=person.id,
        starts_at=starts_at,
        ends_at=ends_at,
        cover_id=cover.id if cover is not None else None,
        note=typed_text.line(note, 200, "note"),
        created_by_id=actor.person_id,
    )
    db.session.add(row)
    db.session.flush()
    absent.changed()
    said: dict[str, audit.Change] = {
        "from": [None, starts_at.isoformat()],
        "until": [None, ends_at.isoformat()],
        "cover": [None, cover.name if cover is not None else None],
    }
    audit.record(actor, "absence-added", person, said)
    return row


def _check_cover(person: Person, cover: Person, starts_at: datetime, ends_at: datetime) -> None:
    if cover.id == person.id:
        raise Refused("cover-self", _l("Choose somebody else to cover."), "cover")
    if not cover.is_technician or cover.retired_at is not None:
        raise Refused("cover-gone", _l("This technician takes no tickets."), "cover")
    if _between(cover.id, starts_at, ends_at) is not None:
        message = _l("%(name)s is away then too.", name=cover.name)
        raise Refused("cover-away", message, "cover")


def end(actor: Actor, row: Absence) -> None:
    """Say that somebody is back, or does not go after all. Raises Denied."""
    _demand(actor, row.person_id)
    moment = now()
    audit.record(
        actor, "absence-ended", row.person, {"until": [row.ends_at.isoformat(), moment.isoformat()]}
    )
    if row.starts_at >= moment:
        db.session.delete(row)
    else:
        row.ends_at = min(row.ends_at, moment)
    db.session.flush()
    absent.changed()


def absence_for(actor: Actor, absence_id: int) -> Absence:
    """Return an absence that is not over, which the actor may manage. Raises Missing."""
    row = db.session.get(Absence, absence_id)
    if row is None or row.ends_at <= now() or not may_manage(actor, row.person_id):
        raise Missing
    return row


def coming(actor: Actor, *, limit: int = 200) -> list[Absence]:
    """Return who is or will be away, the one who goes first at the top. Raises Denied."""
    actor.demand(Permission.TICKET_READ)
    return list(
        db.session.scalars(
            select(Absence)
            .options(joinedload(Absence.person), joinedload(Absence.cover))
            .where(Absence.ends_at > now())
            .order_by(Absence.starts_at, Absence.id)
            .limit(limit)
        )
    )


def covered_by(person_id: int) -> list[Absence]:
    """Return for whom somebody covers now or will."""
    return list(
        db.session.scalars(
            select(Absence)
            .options(joinedload(Absence.person))
            .where(Absence.ends_at > now(), Absence.cover_id == person_id)
            .order_by(Absence.starts_at)
        )
    )


def forget_person(person_id: int) -> None:
    """Nobody who has left is away, or covers."""
    rows = db.session.scalars(
        select(Absence).where(
            Absence.ends_at > now(),
            or_(Absence.person_id == person_id, Absence.cover_id == person_id),
        )
    )
    for row in rows:
        if row.person_id == person_id:
            row.ends_at = max(row.starts_at + timedelta(seconds=1), now())
        else:
            row.cover_id = None
    absent.changed()


def _between(person_id: int, starts_at: datetime, ends_at: datetime) -> Absence | None:
    return db.session.scalar(
        select(Absence)
        .where(
            Absence.person_id == person_id,
            Absence.starts_at < ends_at,
            Absence.ends_at > starts_at,
            Absence.ends_at > now(),
        )
        .limit(1)
    )


def _demand(actor: Actor, person_id: int) -> None:
    if not may_manage(actor, person_id):
        raise Denied(Permission.ACCOUNT_EDIT)
