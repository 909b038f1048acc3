"""The queue: where a technician's day begins."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from helpdesk.people.access import Actor, Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.people.services import own
from helpdesk.tickets.lifecycle import DUE_RANK, StatusClass
from helpdesk.tickets.queries import counts, labels, lists, work
from helpdesk.tickets.queries.filters import NARROWING, Filter, Sort, to_lists, to_query
from helpdesk.tickets.queries.groups import Bounds
from helpdesk.tickets.views.answers import (
    number_of,
    ticket_url,
)
from helpdesk.tickets.views.beginning import Step, first_steps
from helpdesk.tickets.views.blueprint import bp
from helpdesk.tickets.views.chips import Chip, chips_of, title_of
from helpdesk.tickets.views.listing import (
    DENSITY_NAMES,
    GROUP_CSS,
    GROUP_NAMES,
    Side,
    address_of,
    frame_of,
    side_of,
    sort_names_of,
    topics_of,
    wanted_list,
)
from helpdesk.tickets.views.page import WORDS
from helpdesk.tickets.views.rows import drawer
from helpdesk.web.i18n import reader_zone

MOST_ROWS = 400
"""Rows that are brought up to date at once; who has loaded more sees the first of them."""


@bp.get("/queue")
@require(Permission.TICKET_READ)
def home() -> str:
    """Show a list of tickets with its filters, counts and preview."""
    actor = current_actor()
    parsed = wanted_list()
    wanted = parsed.filter
    side = side_of(actor, wanted)
    chips = chips_of(wanted, labels.names_in(actor, wanted, side.queue_names), parsed.problems)
    title = title_of(wanted, side)
    colleagues = work.at_work(actor, wanted.queues)
    shown = _list_context(actor, wanted, side.queue_lines, title, chips)
    sort_names = sort_names_of(timed=shown["timed"])
    return render_template(
        "tickets/queue.html",
        **shown,
        side=side,
        title=title,
        chips=chips,
        colleagues=[row for row in colleagues if row.id != actor.person_id],
        sorts=[
            (sort == wanted.sort, name, address_of(replace(wanted, sort=sort)))
            for sort, name in sort_names.items()
        ],
        densities=DENSITY_NAMES,
        named=any(view.filter == wanted for view in side.saved),
        density=actor.preferences.get("density", "default"),
        lists=to_lists(wanted),
        sort_name=sort_names[Sort.WAITING if wanted.by_waiting else Sort.UPDATED],
        **frame_of(actor),
        may_export=actor.can(Permission.TICKET_EXPORT),
        may_bulk=actor.can(Permission.TICKET_BULK),
        may_merge=actor.can(Permission.TICKET_MERGE),
        may_bin=actor.can(Permission.TICKET_BIN),
    )


@bp.get("/queue/list")
@require(Permission.TICKET_READ)
def list_again() -> str:
    """Show the rows of a list anew: somebody changed something."""
    actor = current_actor()
    wanted = wanted_list().filter
    lines = counts.queues(actor)
    names = {line.id: line.name for line in lines}
    chips = chips_of(wanted, labels.names_in(actor, wanted, names))
    side = Side(mine=[], queues=[], views=[], queue_lines=lines, saved=[])
    title = title_of(wanted, side)
    return render_template(
        "tickets/_list.html",
        title=title,
        **_list_context(actor, wanted, lines, title, chips),
    )


@bp.get("/queue/more")
@require(Permission.TICKET_READ)
def more_rows() -> str:
    """Show the rows after a cursor."""
    actor = current_actor()
    wanted = wanted_list().filter
    after = lists.read_cursor(request.args.get("after", ""))
    page = lists.page(actor, wanted, zone=reader_zone(), after=after)
    return render_template(
        "tickets/_rows.html", **_row_context(actor, wanted, page, after), totals=None
    )


@bp.get("/queue/side")
@require(Permission.TICKET_READ)
def side_again() -> str:
    """Show the side navigation anew, with the line of the present list marked."""
    actor = current_actor()
    side = side_of(actor, wanted_list().filter)
    return render_template(
        "tickets/_side.html",
        side=side,
        topics=topics_of(side.queue_lines),
        query=to_query(wanted_list().filter),
    )


@bp.post("/queue/density")
@require(Permission.TICKET_READ)
def set_density() -> Response:
    """Change how close together the reader's rows stand."""
    own.set_preferences(current_actor(), {"density": request.form.get("density", "")})
    return redirect(address_of(wanted_list().filter), 303)


@bp.post("/queue/availability")
@require(Permission.SELF_USE)
def set_availability() -> Response:
    """Say whether the reader is there for new work."""
    own.set_availability(current_actor(), request.form.get("availability", ""))
    return redirect(address_of(wanted_list().filter), 303)


@bp.get("/search")
@require(Permission.TICKET_READ)
def search_page() -> Response:
    """Lead to the list of everything that contains some words, finished work too."""
    wanted = wanted_list().filter
    return redirect(address_of(replace(wanted, classes=wanted.classes or tuple(StatusClass))))


# ---- What the templates get ----


def _list_context(
    actor: Actor,
    wanted: Filter,
    lines: list[counts.QueueLine],
    title: str,
    chips: list[Chip],
) -> dict[str, Any]:
    """Return what the table shows. Two queries at most; a queue by itself takes one."""
    after = lists.read_cursor(request.args.get("after", ""))
    asked = number_of(request.args.get("rows")) or lists.PAGE_ROWS
    limit = min(max(asked, lists.PAGE_ROWS), MOST_ROWS)
    page = lists.page(actor, wanted, zone=reader_zone(), after=after, limit=limit)
    context = {
        **_row_context(actor, wanted, page, after),
        "totals": _totals(actor, wanted, lines),
        "topics": topics_of(lines, wanted),
    }
    if not page.rows and after is None:
        context["empty"] = _empty(actor, wanted, lines, title, chips)
    return context


def _totals(actor: Actor, wanted: Filter, lines: list[counts.QueueLine]) -> lists.Counts | None:
    """Count the list; a queue without further filters is counted for the side navigation."""
    for line in lines:
        if line.id == wanted.only_queue:
            return lists.Counts(line.total, line.by_group)
    return lists.counts(actor, wanted, zone=reader_zone())


def _row_context(
    actor: Actor, wanted: Filter, page: lists.Page, after: lists.Cursor | None
) -> dict[str, Any]:
    query = to_query(wanted)
    path = ticket_url(1, query)
    may_work = actor.can(Permission.TICKET_WORK)
    bounds = Bounds.here(reader_zone())
    # What is due stands first: where the first row is not due, nothing is.
    timed = wanted.by_waiting and bool(page.rows) and page.rows[0].rank == DUE_RANK
    return {
        "page": page,
        "wanted": wanted,
        "query": query,
        "grouped": wanted.by_waiting,
        "timed": timed,
        # A group that began on the page before goes on without a second heading.
        "last_group": bounds.group_of(after.rank or 0, after.moment) if after else None,
        "group_of": bounds.group_of,
        "group_names": GROUP_NAMES,
        "group_css": GROUP_CSS,
        "draw": drawer(
            page.rows,
            # Building an address for each of fifty rows would cost more than reading them.
            path=path.partition("?")[0][:-1],
            packed=f"?{path.partition('?')[2]}" if query else "",
            bounds=bounds if wanted.by_waiting else None,
            timed=timed,
            may_work=may_work,
        ),
        "may_work": may_work,
        "words": WORDS,
        "empty": None,
    }


@dataclass(frozen=True, slots=True)
class Empty:
    """What an empty list says: that the work is done, or which filters leave nothing."""

    title: str
    # The words asked for, the other filters in words, how many they are, the list without them.
    words: str = ""
    filters: str = ""
    narrowing: int = 0
    without: str = ""
    # What was resolved today, which queue needs somebody most, and the list with what is resolved.
    resolved: int = 0
    needy: counts.QueueLine | None = None
    needy_url: str = ""
    with_resolved: str = ""
    # Where to begin, on a desk that never had a ticket.
    steps: Sequence[Step] = ()


def _empty(
    actor: Actor,
    wanted: Filter,
    lines: list[counts.QueueLine],
    title: str,
    chips: list[Chip],
) -> Empty:
    narrowing = [key for key in NARROWING if wanted.has(key) and key != "queue"]
    if narrowing:
        # "With any status" narrows nothing, so it is no reason for there being none.
        anything = set(wanted.classes) == set(StatusClass)
        unsaid = {"q", "class"} if anything else {"q"}
        said = [
            chip
            for chip in chips
            if chip.key in narrowing and chip.key not in unsaid and not chip.problem
        ]
        return Empty(
            title,
            words=wanted.words,
            filters=", ".join(f"{chip.name} {chip.value}" for chip in said),
            narrowing=len(narrowing),
            without=address_of(Filter(my=wanted.my, queues=wanted.queues, sort=wanted.sort)),
        )
    steps = first_steps(actor)
    if steps:
        return Empty(title, steps=steps)
    needy = max(lines, key=lambda line: line.unowned, default=None)
    if needy is not None and (not needy.unowned or wanted.queues == (needy.id,)):
        needy = None
    shown = {*wanted.effective_classes, StatusClass.RESOLVED}
    with_resolved = replace(
        wanted, classes=tuple(each for each in StatusClass if each in shown), sort=Sort.WAITING
    )
    return Empty(
        title,
        resolved=work.resolved_today(actor, zone=reader_zone()),
        needy=needy,
        needy_url=address_of(Filter(queues=(needy.id,))) if needy is not None else "",
        with_resolved=address_of(with_resolved),
    )
