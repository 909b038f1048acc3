"""The board in words."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from helpdesk.board.forms import AUDIENCES, SEVERITIES
from helpdesk.board.models import Alert, AlertLine, Audience, Severity, State

STATES = {
    State.COMING: _l("To come"),
    State.RUNNING: _l("Running"),
    State.EXPIRED: _l("Over"),
    State.FIXED: _l("Fixed"),
}
STATE_TAGS = {
    State.COMING: "info",
    State.RUNNING: "warn",
    State.EXPIRED: "",
    State.FIXED: "ok",
}
ICONS = {
    Severity.INFORMATION: "message-square-warning",
    Severity.DEGRADED: "triangle-alert",
    Severity.OUTAGE: "zap",
}
FIELDS = {
    "headline": _l("headline"),
    "body": _l("text"),
    "severity": _l("how bad it is"),
    "audience": _l("who sees it"),
    "team_id": _l("team"),
    "starts_at": _l("from"),
    "ends_at": _l("until"),
}


def audience(alert: Alert) -> str:
    """Say who sees a notice."""
    if alert.audience == Audience.TEAM and alert.team is not None:
        return str(_("Team %(name)s", name=alert.team.name))
    return str(AUDIENCES[Audience(alert.audience)])


def severity(value: str) -> str:
    """Say how bad it is."""
    return str(SEVERITIES[Severity(value)])


def done(line: AlertLine) -> str:
    """Say what happened to a notice, without who did it."""
    if line.kind == "written":
        return str(_("put it on the board"))
    if line.kind == "fixed":
        return str(_("marked it as fixed"))
    if line.kind == "said":
        return str(_("wrote how it goes on"))
    fields = ", ".join(str(FIELDS[name]) for name in line.changes if name in FIELDS)
    return str(_("changed: %(fields)s", fields=fields))


def context() -> dict[str, Any]:
    """Return the words that the board's templates use."""
    return {
        "states": STATES,
        "state_tags": STATE_TAGS,
        "severity_icons": ICONS,
        "said_audience": audience,
        "said_severity": severity,
        "said_done": done,
    }
