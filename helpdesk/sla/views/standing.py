"""How a promise stands, before and after it is worked out anew, in the reader's words."""

from helpdesk.sla.replay import Stand
from helpdesk.web.i18n import _, moment


def due(stand: Stand | None) -> str:
    """Return when it is due: "Mon 23 Nov 17:00", "paused", "–"."""
    if stand is None or stand.state in {"met", "none"}:
        return "–"
    if stand.due_at is None:
        return _("paused")
    return moment(stand.due_at)


def verdict(stand: Stand | None) -> str:
    """Return whether it was kept: "kept", "missed since …", "runs", "not promised"."""
    if stand is None:
        return _("not promised")
    if stand.missed_at is not None:
        return _("missed since %(time)s", time=moment(stand.missed_at))
    if stand.state == "met":
        return _("kept")
    return _("nothing owed") if stand.state == "none" else _("not missed")


def tone(stand: Stand | None) -> str:
    """Return the colour of the verdict; the words say the same."""
    if stand is None:
        return "muted"
    if stand.missed_at is not None:
        return "danger"
    return "ok" if stand.state == "met" else ""
