"""What the pages of lists are made from: the side navigation, chips, titles and rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from werkzeug.datastructures import MultiDict

from helpdesk.lib.clock import now
from helpdesk.people.access import Actor, Permission
from helpdesk.tickets import wording
from helpdesk.tickets.lifecycle import HoldReason, StatusClass
from helpdesk.tickets.queries import counts, groups, labels, views
from helpdesk.tickets.queries.filters import (
    EVERYTHING,
    NARROWING,
    Filter,
    Flag,
    My,
    Owner,
    Parsed,
    Period,
    Problem,
    Sort,
    parse,
    to_query,
)
from helpdesk.tickets.queries.views import SavedView
from helpdesk.tickets.seed import VIEW_NAMES, VIEWS
from helpdesk.tickets.views.blueprint import bp
from helpdesk.web.i18n import duration, reader_zone, short_date

KEY_NAMES = {
    "my": _l("My work"),
    "queue": _l("Queue"),
    "class": _l("Status"),
    "priority": _l("Priority"),
    "owner": _l("Owner"),
    "customer": _l("Customer"),
    "organisation": _l("Organisation"),
    "site": _l("Site"),
    "category": _l("Category"),
    "tag": _l("Tag"),
    "kind": _l("Kind"),
    "channel": _l("Channel"),
    "flag": _l("Flag"),
    "hold": _l("Waits for"),
    "opened": _l("Opened"),
    "updated": _l("Last change"),
    "q": _l("Words"),
    "sort": _l("Sort"),
}
"""What the keys of a filter are called on its chips."""

MY_NAMES = {
    My.ASSIGNED: _l("Assigned to me"),
    My.ACKNOWLEDGE: _l("To acknowledge"),
    My.REPLIED: _l("Customer replied"),
    My.MENTIONED: _l("Mentioned"),
    My.FOLLOWING: _l("Following"),
}

MY_ICONS = {
    My.ASSIGNED: "circle-user-round",
    My.ACKNOWLEDGE: "badge-check",
    My.REPLIED: "reply",
    My.MENTIONED: "at-sign",
    My.FOLLOWING: "eye",
}

FLAG_NAMES = {
    Flag.REPLIED: _l("Customer replied"),
    Flag.UNACKNOWLEDGED: _l("To be acknowledged"),
    Flag.WOKEN: _l("Woken up"),
    Flag.REOPENED: _l("Reopened"),
    Flag.UNTOUCHED: _l("Untouched for 3 days"),
    Flag.THANKED: _l("Only said thanks"),
    Flag.VIP: _l("VIP"),
    Flag.MAJOR: _l("Major incident"),
}

SORT_NAMES = {Sort.WAITING: _l("Longest waiting"), Sort.UPDATED: _l("Last change")}

DENSITY_NAMES = {
    "compact": _l("Compact"),
    "default": _l("Standard"),
    "comfortable": _l("Comfortable"),
}

AVAILABILITY_NAMES = {
    "available": _l("Available"),
    "busy": _l("Busy"),
    "away": _l("Away"),
}

HOLD_WORDS = {
    HoldReason.CUSTOMER: _l("Customer"),
    HoldReason.SUPPLIER: _l("Supplier"),
    HoldReason.DATE: _l("Date"),
    HoldReason.CHANGE: lazy_pgettext("kind", "Change"),
    HoldReason.OTHER: _l("Other"),
}
"""Short words for what a ticket waits for, as its row says it."""

GROUP_NAMES = {
    groups.OVERDUE: _l("Overdue"),
    groups.SOON: _l("Due in the next 2 hours"),
    groups.TODAY: _l("Later today"),
    groups.LATER: _l("After today"),
    **wording.PRIORITIES,
    9: _l("Waiting"),
}
"""Names of the groups of a queue."""

GROUP_CSS = {groups.OVERDUE: "over", groups.SOON: "soon", groups.TODAY: "", groups.LATER: ""}
"""Classes of the headings of what is due; those of the others are named by their rank."""

VIEW_ENGLISH = {key: name for key, name, _colour, _filters in VIEWS}


def view_name(view: SavedView) -> str:
    """Return the name of a view: translated while it is one of ours that nobody renamed."""
    if view.key is not None and VIEW_ENGLISH.get(view.key) == view.name:
        return str(VIEW_NAMES[view.key])
    return view.name


# ---- The filter in the address ----


def lists_of(values: MultiDict[str, str]) -> dict[str, list[str]]:
    """Return the values of a request as lists of texts by key."""
    return {key: values.getlist(key) for key in values}


def wanted_list() -> Parsed:
    """Return the filter that the address asks for."""
    return parse(lists_of(request.args))


def address_of(wanted: Filter) -> str:
    """Return the address of a list."""
    query = to_query(wanted)
    home = url_for("tickets.home")
    return f"{home}?{query}" if query else home


def frame_of(actor: Actor) -> dict[str, Any]:
    """Return what stands around the side navigation: logging a call, one's own availability."""
    return {
        "log_url": url_for("tickets.log_call") if actor.can(Permission.TICKET_LOG) else "",
        "availability": actor.preferences.get("availability", "available"),
        "availabilities": AVAILABILITY_NAMES,
    }


# ---- The side navigation ----


@dataclass(frozen=True, slots=True)
class NavLine:
    """One line of the side navigation. ``hot`` is the part of the number that asks for action."""

    name: str
    url: str
    icon: str = ""
    colour: str = ""
    number: int | None = None
    hot: int = 0
    current: bool = False
    restricted: bool = False
    view_id: int | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """The side navigation, and what the page needs of what was read for it."""

    mine: list[NavLine]
    queues: list[NavLine]
    views: list[NavLine]
    queue_lines: list[counts.QueueLine]
    saved: list[SavedView]

    def queue(self, key: int) -> counts.QueueLine | None:
        """Return a queue the actor may see."""
        return next((line for line in self.queue_lines if line.id == key), None)

    @property
    def queue_names(self) -> dict[int, str]:
        """The names of the queues the actor may see."""
        return {line.id: line.name for line in self.queue_lines}


def side_of(actor: Actor, wanted: Filter | None) -> Side:
    """Return the side navigation with its counts; ``wanted`` marks where the reader is."""
    lines = counts.queues(actor)
    saved = views.views_of(actor)
    numbers = counts.matching(actor, {view.id: view.filter for view in saved}, zone=reader_zone())
    return Side(
        mine=_my_lines(actor, wanted),
        queues=[
            NavLine(
                name=line.name,
                url=address_of(Filter(queues=(line.id,))),
                icon="lock" if line.restricted else "layers",
                number=line.total,
                hot=line.unacknowledged,
                current=wanted is not None and wanted.queues == (line.id,),
                restricted=line.restricted,
            )
            for line in lines
        ],
        views=[
            NavLine(
                name=view_name(view),
                url=address_of(view.filter),
                colour=view.colour,
                number=numbers.get(view.id),
                current=wanted == view.filter,
                view_id=view.id,
            )
            for view in saved
        ],
        queue_lines=lines,
        saved=saved,
    )


def _my_lines(actor: Actor, wanted: Filter | None) -> list[NavLine]:
    mine = counts.my_work(actor)
    numbers = {
        My.ASSIGNED: (mine.assigned, 0),
        My.ACKNOWLEDGE: (mine.acknowledge, mine.acknowledge),
        My.REPLIED: (mine.replied, 0),
        My.MENTIONED: (mine.mentioned, 0),
        My.FOLLOWING: (mine.following, 0),
    }
    return [
        NavLine(
            name=str(MY_NAMES[my]),
            url=address_of(Filter(my=my)),
            icon=MY_ICONS[my],
            number=number,
            hot=hot,
            current=wanted is not None and wanted.my is my,
        )
        for my, (number, hot) in numbers.items()
    ]


MAX_TOPICS = 50
"""Queues whose news one page listens to."""


def topics_of(lines: list[counts.QueueLine], wanted: Filter = EVERYTHING) -> str:
    """Return the live topics of a list: its queues, else all that the reader may see."""
    keys = [line.id for line in lines if not wanted.queues or line.id in wanted.queues]
    return " ".join(f"queue:{key}" for key in keys[:MAX_TOPICS])


# ---- Title and chips ----


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


_RECORDS = frozenset({"queue", "owner", "customer", "organisation", "site", "category", "tag"})


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


# ---- Times in rows ----


@bp.app_template_filter("since")
def since(moment: datetime) -> str:
    """Return how long ago a moment was, in full: ``2h 20m``."""
    return duration((now() - moment).total_seconds())
