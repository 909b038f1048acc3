"""The chip that says how much time is left until something is due; it ticks in the browser."""

from datetime import UTC, datetime, timedelta

from flask_babel import gettext as _
from markupsafe import Markup, escape

from helpdesk.lib.clock import now
from helpdesk.web.atoms import icon
from helpdesk.web.i18n import deadline, duration

NEAR = timedelta(minutes=45)
NOT_NEAR = timedelta(hours=2)
AROUND = 28.9
"""Length of the ring's circle in its drawing (2 π 4.6)."""

_CHIP = (
    '<span class="sla%s" data-due="%s" data-due-since="%s" title="%s">'
    '<svg viewBox="0 0 12 12" aria-hidden="true" fill="none" stroke-width="2.2">'
    '<circle class="trk" cx="6" cy="6" r="4.6"/>'
    '<circle class="val" cx="6" cy="6" r="4.6" stroke-dasharray="%.1f 28.9"/>'
    '<path class="bang" d="M6 3.3v3M6 8.4v.3"/></svg>'
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
    match promise:
        case "acknowledge":
            return _("ack"), _("To be acknowledged by %(when)s")
        case "first-reply":
            return _("reply"), _("First reply due by %(when)s")
        case "next-reply":
            return _("reply"), _("Reply due by %(when)s")
        case "part-acknowledge":
            return _("ack"), _("This part is to be acknowledged by %(when)s")
        case "part-fix":
            return _("part"), _("This part is due by %(when)s")
        case _other:
            return _("fix"), _("Fix due by %(when)s")


def stamp(moment: datetime) -> str:
    """Return a moment as scripts read it: in whole seconds, never earlier than it is.

    A script that asks again when something is due must not ask before the server thinks so too.
    """
    whole = moment.astimezone(UTC) + timedelta(microseconds=999_999)
    return f"{whole:%Y-%m-%dT%H:%M:%SZ}"


def left_of(due: datetime, since: datetime, moment: datetime) -> float:
    """Return which part of the time on the wall is left, from 1 (all) down to 0."""
    left, whole = due - moment, due - since
    return max(0.0, min(1.0, left / whole)) if whole > timedelta() else 0.0


def left_words(left: timedelta) -> str:
    """Return the time left in words; what is over has a minus: ``24m``, ``−18m``."""
    seconds = left.total_seconds()
    return ("−" if seconds <= 0 else "") + duration(seconds)


def chip(due: datetime, since: datetime, words: tuple[str, str], moment: datetime) -> Markup:
    """Draw the chip of a promise that is due, with its ``words_of``.

    The time left ticks, so it is not what a screen reader hears: that is the moment it is due.
    """
    css = urgency(due, since, moment)
    short, sentence = words
    said = escape(sentence % {"when": deadline(due)})
    return Markup(  # noqa: S704 (words of our own, escaped above)
        _CHIP
        % (
            f" {css}" if css else "",
            stamp(due),
            stamp(since),
            said,
            left_of(due, since, moment) * AROUND,
            left_words(due - moment),
            escape(short),
            said,
        )
    )


def chip_of(due: datetime, since: datetime, promise: str) -> Markup:
    """Draw the chip of one promise that stands alone."""
    return chip(due, since, words_of(promise), now())


def strip(due: datetime, since: datetime, promise: str) -> Markup:
    """Draw what a telephone shows of it above a ticket: time left, a bar, the moment."""
    moment = now()
    css = urgency(due, since, moment)
    sentence = words_of(promise)[1]
    left = Markup("<span data-due-left>{}</span>").format(left_words(due - moment))
    return Markup(
        '<div class="due-strip {}" data-due="{}" data-due-since="{}">{}<b class="num"'
        ' aria-hidden="true">{}</b><progress class="bar" max="100" value="{}" data-due-bar'
        ' aria-hidden="true"></progress><span>{}</span></div>'
    ).format(
        css,
        stamp(due),
        stamp(since),
        icon("timer", 14),
        left if css == "over" else escape(_("%(left)s left")) % {"left": left},
        round(100 * (1 - left_of(due, since, moment))),
        sentence % {"when": deadline(due)},
    )
