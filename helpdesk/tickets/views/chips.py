"""The chips of a list: what its filter says, in words; and what the list is called."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from helpdesk.tickets import wording
from helpdesk.tickets.lifecycle import StatusClass
from helpdesk.tickets.queries import labels
from helpdesk.tickets.queries.filters import (
    EVERYTHING,
    NARROWING,
    Filter,
    Owner,
    Period,
    Problem,
)
from helpdesk.tickets.views.listing import (
    DUE_NAMES,
    FLAG_NAMES,
    HOLD_WORDS,
    KEY_NAMES,
    MY_NAMES,
    Side,
    address_of,
    view_name,
)
from helpdesk.web.i18n import short_date


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter as the page shows it. Without ``clear`` there is nothing to take away."""

    key: str
    name: str
    value: str
    clear: str | None = None
    problem: bool = False


def title_of(wanted: Filter, side: Side) -> str:
    """Return what a list is called."""
    named = next((view for view in side.saved if view.filter == wanted), None)
    if named is not None:
        return view_name(named)
    if wanted.my is not None:
        return str(MY_NAMES[wanted.my])
    if len(wanted.queues) == 1:
        line = side.queue(wanted.queues[0])
        if line is not None:
            return line.name
    if wanted.words:
        return str(_("Search"))
    return str(_("All queues")) if wanted == EVERYTHING else str(_("Filtered tickets"))


def chips_of(wanted: Filter, names: labels.Names, problems: tuple[Problem, ...] = ()) -> list[Chip]:
    """Return the chips of a list: status and owner always, others when they narrow it.

    Values that were not understood, and records that are not there, are shown as problems.
    """
    found = [
        Chip(
            "class",
            str(KEY_NAMES["class"]),
            _classes(wanted),
            _clear(wanted, "class") if wanted.classes else None,
        ),
        Chip(
            "owner",
            str(KEY_NAMES["owner"]),
            _values(wanted, "owner", names) or str(_("Anyone")),
            _clear(wanted, "owner") if wanted.owners else None,
            problem=_is_missing(wanted, "owner", names),
        ),
    ]
    found.extend(
        Chip(
            key,
            str(KEY_NAMES[key]),
            _values(wanted, key, names),
            _clear(wanted, key),
            problem=_is_missing(wanted, key, names),
        )
        for key in NARROWING
        if wanted.has(key)
        and key not in {"class", "owner"}
        # A queue of its own is the title.
        and not (key == "queue" and len(wanted.queues) == 1 and wanted.queues[0] in names["queue"])
    )
    found.extend(
        Chip(problem.key, str(KEY_NAMES[problem.key]), problem.value, address_of(wanted), True)
        for problem in problems
    )
    return found


def _clear(wanted: Filter, key: str) -> str:
    return address_of(wanted.without(key))


def _classes(wanted: Filter) -> str:
    classes = wanted.effective_classes
    if classes == frozenset(StatusClass):
        return str(_("Any"))
    if not wanted.classes and classes == EVERYTHING.effective_classes:
        return str(_("Open + waiting"))
    return " + ".join(str(wording.STATUS_CLASSES[each]) for each in StatusClass if each in classes)


_WORDS: dict[str, Mapping[Any, object]] = {
    "priority": wording.PRIORITIES,
    "kind": wording.KINDS,
    "channel": wording.CHANNELS,
    "flag": FLAG_NAMES,
    "hold": HOLD_WORDS,
    "due": DUE_NAMES,
}


def _values(wanted: Filter, key: str, names: labels.Names) -> str:
    """Return what one key of a filter says, in words."""
    if key == "q":
        return wanted.words
    if key in {"opened", "updated"}:
        period = wanted.opened if key == "opened" else wanted.updated
        return period_words(period) if period is not None else ""
    words = _WORDS.get(key)
    if words is not None:
        known = {str(value): str(name) for value, name in words.items()}
        return ", ".join(known[value] for value in wanted.values(key))
    said = []
    for value in wanted.values(key):
        if value == Owner.ME:
            said.append(str(_("Me")))
        elif value == Owner.NONE:
            said.append(str(_("Nobody")))
        else:
            said.append(names.get(key, {}).get(int(value)) or str(_("not found")))
    return ", ".join(said)


_RECORDS = frozenset(
    {"queue", "owner", "customer", "organisation", "site", "category", "supplier", "tag"}
)


def _is_missing(wanted: Filter, key: str, names: labels.Names) -> bool:
    """Whether a filter names a record that is not there, or that the reader may not know of."""
    if key not in _RECORDS:
        return False
    known = names.get(key, {})
    return any(value.isdigit() and int(value) not in known for value in wanted.values(key))


def period_words(period: Period) -> str:
    """Return a period as people say it."""
    if period.days == 0:
        return str(_("today"))
    if period.days is not None:
        if period.longer_ago:
            return str(_("more than %(days)d days ago", days=period.days))
        return str(_("within %(days)d days", days=period.days))
    if period.start is not None and period.end is not None:
        first, last = short_date(period.start), short_date(period.end)
        return str(_("%(first)s to %(last)s", first=first, last=last))
    if period.start is not None:
        return str(_("since %(day)s", day=short_date(period.start)))
    return str(_("until %(day)s", day=short_date(period.end))) if period.end is not None else ""
