"""The chip that says how much time is left until something is due; it ticks in the browser."""

from datetime import datetime, timedelta

from flask_babel import gettext as _
from markupsafe import Markup, escape

from helpdesk.lib.clock import now
from helpdesk.web.i18n import duration
from helpdesk.web.i18n import moment as day_and_time

NEAR = timedelta(minutes=45)
NOT_NEAR = timedelta(hours=2)
AROUND = 28.9
"""Length of the ring's circle in its drawing (2 π 4.6)."""

_CHIP = (
    '<span class="sla%s" data-due="%s" data-due-since="%s" title="%s">'
    '<svg viewBox="0 0 12 12" aria-hidden="true" fill="none" stroke-width="2.2">'
    '<circle class="trk" cx="6" cy="6" r="4.6"/>'
    '<circle class="val" cx="6" cy="6" r="4.6" stroke-dasharray="%.1f 28.9"/></svg>'
    '<span aria-hidden="true" data-due-left>%s</span><small aria-hidden="true">%s</small>'
    '<span class="vh">%s</span></span>'
)


def urgency(due: datetime, since: datetime, moment: datetime) -> str:
    """Return ``over``, ``warn`` or nothing: how a chip is coloured.

    Near is the last fifth of the time, yet never more than two hours nor less than 45 minutes.
    """
    left = due - moment
    if left <= timedelta():
        return "over"
    return "warn" if left <= max(NEAR, min(NOT_NEAR, (due - since) / 5)) else ""


def words_of(promise: str) -> tuple[str, str]:
    """Return what is due in one short word, and as a sentence with ``%(when)s``."""
    return {
        "acknowledge": (_("ack"), _("To be acknowledged by %(when)s")),
        "first-reply": (_("reply"), _("First reply due by %(when)s")),
        "next-reply": (_("reply"), _("Reply due by %(when)s")),
        "fix": (_("fix"), _("Fix due by %(when)s")),
    }[promise]


def chip(due: datetime, since: datetime, promise: str) -> Markup:
    """Draw the chip of a promise that is due; deadlines are absolute for who hears the page."""
    moment = now()
    css = urgency(due, since, moment)
    short, sentence = words_of(promise)
    left, whole = due - moment, due - since
    share = max(0.0, min(1.0, left / whole)) if whole > timedelta() else 0.0
    said = escape(sentence % {"when": day_and_time(due)})
    return Markup(  # noqa: S704 (words of our own, escaped above)
        _CHIP
        % (
            f" {css}" if css else "",
            f"{due:%Y-%m-%dT%H:%M:%SZ}",
            f"{since:%Y-%m-%dT%H:%M:%SZ}",
            said,
            share * AROUND,
            ("−" if css == "over" else "") + duration(left.total_seconds()),
            escape(short),
            said,
        )
    )
