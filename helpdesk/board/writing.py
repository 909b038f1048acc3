"""Writing on the alert board: a notice, a change of it, and what is said as things go on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l

from helpdesk.board.models import Alert, AlertLine, Audience, Severity
from helpdesk.board.remembered import announce_board
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people import typed_text
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import Team
from helpdesk.tickets.services.errors import Refused

LONGEST = timedelta(days=366)
"""A notice that stands longer is no notice any more."""


@dataclass(frozen=True, slots=True)
class Wording:
    """What a notice says, to whom and from when to when (UTC)."""

    headline: str
    body: str
    severity: Severity
    audience: Audience
    starts_at: datetime
    ends_at: datetime
    team_id: int | None = None


class ChangedMeanwhile(Exception):
    """Somebody changed the same fields of the same notice meanwhile.

    ``theirs`` maps those fields to what was saved; ``by`` is who saved it, where that is known.
    """

    def __init__(self, theirs: Mapping[str, object], by: str | None) -> None:
        """Carry what the page shows beside what was typed."""
        super().__init__(", ".join(theirs))
        self.theirs = dict(theirs)
        self.by = by


def wording_of(alert: Alert) -> Wording:
    """Return what a notice says now."""
    return Wording(
        headline=alert.headline,
        body=alert.body,
        severity=Severity(alert.severity),
        audience=Audience(alert.audience),
        starts_at=alert.starts_at,
        ends_at=alert.ends_at,
        team_id=alert.team_id,
    )


def write(actor: Actor, wording: Wording) -> Alert:
    """Put a notice on the board. Raises Denied, Refused."""
    actor.demand(Permission.BOARD_WRITE)
    wording = _checked(wording)
    if wording.ends_at <= now():
        raise Refused("ends-past", _l("Choose an end that is still to come."), "ends_at")
    alert = Alert(author_id=actor.person_id, created_at=now(), **asdict(wording))
    db.session.add(alert)
    db.session.flush()
    add_line(actor, alert, "written")
    announce_board()
    return alert


def change(actor: Actor, alert: Alert, wording: Wording, *, seen: Wording | None = None) -> bool:
    """Change a notice; False when nothing is new. ``seen`` is what the form showed.

    What the person left as it was stays as somebody else saved it meanwhile. Raises Denied,
    Refused, and ChangedMeanwhile for fields that both changed to different values.
    """
    actor.demand(Permission.BOARD_WRITE)
    check_unfixed(alert)
    wording = _checked(_meant(alert, wording, seen))
    changes: dict[str, object] = {}
    for name, value in asdict(wording).items():
        old = getattr(alert, name)
        if old != value:
            changes[name] = [_plain(old), _plain(value)]
            setattr(alert, name, value)
    if not changes:
        return False
    alert.edition += 1
    add_line(actor, alert, "changed", changes=changes)
    announce_board()
    return True


def _meant(alert: Alert, wording: Wording, seen: Wording | None) -> Wording:
    """Return what the notice is to say: what was typed, and elsewhere what stands now."""
    if seen is None:
        return wording
    stands, theirs = wording_of(alert), {}
    meant: dict[str, Any] = {}
    for name in (field.name for field in fields(Wording)):
        mine, shown, now_there = (getattr(one, name) for one in (wording, seen, stands))
        if mine == shown:
            continue
        meant[name] = mine
        if now_there not in (shown, mine):
            theirs[name] = now_there
    if theirs:
        raise ChangedMeanwhile(theirs, _last_editor(alert))
    return replace(stands, **meant)


def _last_editor(alert: Alert) -> str | None:
    return next(
        (line.author.name for line in alert.lines if line.kind == "changed" and line.author), None
    )


def say(actor: Actor, alert: Alert, text: str) -> AlertLine:
    """Say how it goes on. Raises Denied, Refused."""
    actor.demand(Permission.BOARD_WRITE)
    check_unfixed(alert)
    if not text.strip():
        raise Refused("text-missing", _l("There is nothing to say yet."), "text")
    alert.edition += 1
    line = add_line(actor, alert, "said", text=text.strip())
    announce_board()
    return line


def check_unfixed(alert: Alert) -> None:
    """Raise Refused for a notice of what is fixed: it stands as it was."""
    if alert.fixed_at is not None:
        raise Refused("alert-fixed", _l("It is fixed already."))


def add_line(
    actor: Actor,
    alert: Alert,
    kind: str,
    *,
    text: str = "",
    changes: dict[str, object] | None = None,
) -> AlertLine:
    """Write down what happened to a notice."""
    line = AlertLine(
        alert=alert,
        kind=kind,
        author_id=actor.person_id,
        at=now(),
        text=text,
        changes=changes or {},
        public=alert.audience == Audience.PUBLIC,
    )
    db.session.add(line)
    return line


def _checked(wording: Wording) -> Wording:
    """Return the wording as it is kept. Raises Refused."""
    headline = typed_text.line(wording.headline, 200, "headline")
    if not headline:
        raise Refused("headline-missing", _l("Say in a line what is the matter."), "headline")
    if wording.ends_at <= wording.starts_at:
        raise Refused("ends-early", _l("Choose an end after the beginning."), "ends_at")
    if wording.ends_at - wording.starts_at > LONGEST:
        raise Refused("ends-late", _l("Choose an end within a year."), "ends_at")
    team_id = wording.team_id if wording.audience is Audience.TEAM else None
    if wording.audience is Audience.TEAM:
        team = db.session.get(Team, team_id) if team_id is not None else None
        if team is None or team.retired_at is not None:
            raise Refused("team-missing", _l("Choose the team it is for."), "team")
    return Wording(
        headline=headline,
        body=wording.body.strip(),
        severity=wording.severity,
        audience=wording.audience,
        starts_at=wording.starts_at,
        ends_at=wording.ends_at,
        team_id=team_id,
    )


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
