"""What the pages of lists are made from: the filter in the address, the side navigation."""

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
from helpdesk.tickets.lifecycle import HoldReason
from helpdesk.tickets.queries import counts, groups, views
from helpdesk.tickets.queries.filters import (
    EVERYTHING,
    Due,
    Filter,
    Flag,
    My,
    Parsed,
    Sort,
    parse,
    to_query,
)
from helpdesk.tickets.queries.load import Load, loads
from helpdesk.tickets.queries.views import SavedView
from helpdesk.tickets.seed import VIEW_NAMES, VIEWS
from helpdesk.tickets.views.blueprint import bp
from helpdesk.web.i18n import duration, reader_zone

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
    "supplier": _l("Supplier"),
    "due": _l("Due"),
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
    Flag.UNDELIVERED: _l("Mail came back"),
    Flag.VIP: _l("VIP"),
    Flag.MAJOR: _l("Major incident"),
    Flag.UNEXPLAINED: _l("Missed, nobody has said why"),
    Flag.OVER_TIME: _l("The time told has passed"),
    Flag.AT_RISK: _l("At risk"),
}


def sort_names_of(*, timed: bool) -> dict[Sort, str]:
    """Return what the orders are called; ``timed`` where something in the list is due."""
    waiting = _("Time left") if timed else _("Longest waiting")
    return {Sort.WAITING: str(waiting), Sort.UPDATED: str(_("Last change"))}


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

DUE_NAMES = {
    Due.OVERDUE: _l("Overdue"),
    Due.SOON: _l("In the next 2 hours"),
    Due.TODAY: _l("Today"),
    Due.NONE: _l("Nothing is due"),
}

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
        **_in_hand(actor),
    }


def _in_hand(actor: Actor) -> dict[str, str]:
    """Return how much of the work that rules may give them the actor has; empty without a limit."""
    load = counts.memory().recall(actor.person_id, "in hand", lambda: _load_of(actor))
    if load is None or load.most is None:
        return {"in_hand": "", "in_hand_short": ""}
    words = wording.load_words(load.in_hand, load.most)
    return {"in_hand": words, "in_hand_short": f"{load.in_hand}\u00a0/\u00a0{load.most}"}


def _load_of(actor: Actor) -> Load | None:
    if actor.person_id is None:
        return None
    return loads([actor.person_id]).get(actor.person_id)


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
                hot=line.overdue,
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


# ---- Times in rows ----


@bp.app_template_filter("since")
def since(moment: datetime) -> str:
    """Return how long ago a moment was, in full: ``2h 20m``."""
    return duration((now() - moment).total_seconds())
