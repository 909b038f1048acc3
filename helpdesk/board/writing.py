"""Writing on the alert board: a notice, a change of it, and what is said as things go on."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

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


def change(actor: Actor, alert: Alert, wording: Wording, *, seen: int | None = None) -> bool:
    """Change a notice; False when nothing is new. ``seen`` is the edition the form showed.

    Raises Denied, Refused.
    """
    actor.demand(Permission.BOARD_WRITE)
    check_unfixed(alert)
    if seen is not None and seen != alert.edition:
        raise Refused("changed-meanwhile", _l("Somebody changed it meanwhile. Look at it again."))
    wording = _checked(wording)
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
