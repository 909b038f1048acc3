"""The words that scripts show, in the reader's language.

A script asks for a text by its key and fills the placeholders itself, so they are left in here.
Times share their words with ``helpdesk.web.i18n``.
"""

from flask_babel import gettext as _


def js_strings() -> dict[str, str]:
    """Return the texts of the scripts by their keys, placeholders unfilled."""
    return {**_general(), **_states(), **_times()}


def _general() -> dict[str, str]:
    return {
        "close": _("Close"),
        "try-again": _("Try again"),
        "undo": _("Undo"),
        "undone": _("Undone"),
        "undo.failed": _("This could not be undone."),
        "undo.late": _("It is too late, or somebody has changed it since."),
        "keys.title": _("Keyboard"),
        "keys.all": _("All keys"),
    }


def _states() -> dict[str, str]:
    return {
        "failed.title": _("That did not work."),
        "failed.unchanged": _("Nothing was changed, and what you typed is still here."),
        "unreachable.title": _("The desk does not answer."),
        "unreachable.text": _("What you typed is still here."),
        "offline.since": _("Offline since %(time)s."),
        "offline.write": _("You can keep writing."),
        "offline.waiting": _("You can keep writing. Changes waiting for the connection: %(n)s."),
        "offline.try": _("The desk does not answer. Try again in a moment."),
    }


def _times() -> dict[str, str]:
    return {
        "time.now": _("now"),
        "time.m": _("%(m)dm"),
        "time.h": _("%(h)dh"),
        "time.hm": _("%(h)dh %(m)dm"),
        "time.d": _("%(d)dd"),
        "time.dh": _("%(d)dd %(h)dh"),
        "day.mon": _("Mon"),
        "day.tue": _("Tue"),
        "day.wed": _("Wed"),
        "day.thu": _("Thu"),
        "day.fri": _("Fri"),
        "day.sat": _("Sat"),
        "day.sun": _("Sun"),
        "day.today": _("Today"),
        "day.yesterday": _("Yesterday"),
        "month.jan": _("Jan"),
        "month.feb": _("Feb"),
        "month.mar": _("Mar"),
        "month.apr": _("Apr"),
        "month.may": _("May"),
        "month.jun": _("Jun"),
        "month.jul": _("Jul"),
        "month.aug": _("Aug"),
        "month.sep": _("Sep"),
        "month.oct": _("Oct"),
        "month.nov": _("Nov"),
        "month.dec": _("Dec"),
        "date.day": _("%(day)d %(month)s"),
        "date.year": _("%(day)d %(month)s %(year)d"),
        "date.weekday": _("%(weekday)s %(date)s"),
        "date.time": _("%(day)s %(time)s"),
    }
