"""The words that scripts show, in the reader's language.

A script asks for a text by its key and fills the placeholders itself, so they are left in here.
Times share their words with ``helpdesk.web.i18n``.
"""

from functools import cache

from flask_babel import gettext as _
from flask_babel import pgettext

from helpdesk.web.i18n import html_language


def js_strings() -> dict[str, str]:
    """Return the texts of the scripts by their keys, placeholders unfilled."""
    return _in_language(html_language())


@cache
def _in_language(_language: str) -> dict[str, str]:
    return {**_general(), **_finding(), **_writing(), **_states(), **_times()}


def _general() -> dict[str, str]:
    return {
        "close": _("Close"),
        "try-again": _("Try again"),
        "undo": _("Undo"),
        # i18n: seconds that are left to undo something, as short as can be
        "undo.left": _("%(n)d s"),
        "undone": _("Undone"),
        "undo.failed": _("This could not be undone."),
        "undo.late": _("It is too late, or somebody has changed it since."),
        "keys.title": _("Keyboard"),
        "keys.all": _("All keys"),
        "keys.move": _("Next, previous"),
        "keys.open": pgettext("key", "Open"),
        "keys.select": _("Select"),
        "keys.range": _("Select up to here"),
        "list.selected": _("%(n)s selected"),
        "list.new": _("%(n)s new"),
        "list.changed": _("The list has changed"),
        "remove": _("Remove %(label)s"),
        "copied": _("Copied"),
        "copy.failed": _("The browser did not allow copying."),
    }


def _finding() -> dict[str, str]:
    return {
        "palette.title": _("Command palette"),
        "palette.search": _("Search or jump"),
        "palette.found": _("Commands and places"),
        "palette.do": _("Do"),
        "palette.none": _("Nothing found"),
        "palette.everything": _("Everything"),
        "palette.move": _("move"),
        "palette.run": _("run"),
        "palette.filter": _("filter"),
        "palette.keys": _("all shortcuts"),
        "suggestions": _("Suggestions"),
        "suggestions.none": _("Nothing found"),
        "suggestions.found": _("Found: %(n)s"),
        "suggestions.failed": _("The desk does not answer. Try again in a moment."),
    }


def _writing() -> dict[str, str]:
    return {
        "md.bold": _("bold text"),
        "md.code": _("code"),
        "md.link": _("link"),
        "md.item": _("item"),
        "md.italic": _("slanted text"),
        "md.heading": _("Heading"),
        "md.column": _("Column"),
        "md.name": _("name"),
        "md.question": _("Does it work now?"),
        "md.yes": _("Yes"),
        "md.no": _("No"),
        "draft.saving": _("Saving"),
        "draft.saved": _("Draft saved"),
        "draft.kept": _("Offline, kept in this browser"),
        "draft.clash": _("You changed this draft in another window."),
        "draft.take": _("Use that text"),
        "draft.keep": _("Keep this text"),
        "files": _("Files"),
        "file.kb": _("%(n)s KB"),
        "file.mb": _("%(n)s MB"),
        "file.image": _("Picture"),
        "file.sending": _("Sending, %(percent)s%%"),
        "file.done": _("%(name)s is attached"),
        "file.large": _("Too large. At most %(limit)s."),
        "file.refused": _("This file was refused."),
        "file.unreachable": _("The desk does not answer."),
        "file.wait": _("Your message leaves as soon as the files are there."),
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
        "preview.failed": _("The preview could not be loaded."),
        "live.live": _("Live"),
        "live.reconnecting": _("Reconnecting"),
        "live.offline": _("Offline"),
        "live.paused": _("Paused"),
    }


def _times() -> dict[str, str]:
    return {
        "due.over": _("Overdue now: %(what)s"),
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
