"""What the ticket's page and its fragments are made from."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import request
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from helpdesk.lib.clock import now
from helpdesk.people.absent import away_now
from helpdesk.people.access import Actor
from helpdesk.tickets import wording
from helpdesk.tickets.companions import Draft
from helpdesk.tickets.lifecycle import OPEN_ASSIGNMENT, UNFINISHED, HoldReason, StatusClass, move
from helpdesk.tickets.models import Assignment, Ticket
from helpdesk.tickets.queries import later as later_queries
from helpdesk.tickets.queries import neighbours, side_talks, timeline
from helpdesk.tickets.queries import page as around_page
from helpdesk.tickets.queries.filters import KEYS, Filter, parse, to_query
from helpdesk.tickets.queries.page import StatusChoice
from helpdesk.tickets.services import time_with_children
from helpdesk.tickets.services.drafts import stamp_of
from helpdesk.tickets.side_talks import SideTalk
from helpdesk.tickets.views import asking
from helpdesk.tickets.views.lines import File, Line, file_of, fold, lines_of
from helpdesk.web.i18n import reader_zone

WORDS = {
    "kinds": wording.KINDS,
    "impacts": wording.IMPACTS,
    "urgencies": wording.URGENCIES,
    "outcomes": wording.OUTCOMES,
    "hold_reasons": wording.HOLD_REASONS,
    "bin_reasons": wording.BIN_REASONS,
    "priorities": wording.PRIORITIES,
    "channels": wording.CHANNELS,
    "by_channel": wording.BY_CHANNEL,
    "channel_icons": wording.CHANNEL_ICONS,
    "status_css": wording.status_css,
    "status_class_css": wording.STATUS_CSS,
    "status_label": wording.status_label,
    "status_name": wording.status_name,
}
"""Words that the templates of tickets use, under the name ``words``."""


# ---- The timeline ----


@dataclass(slots=True)
class Timeline:
    """The lines of a tab, and what it takes to go on from there."""

    ticket: Ticket
    show: timeline.Show
    lines: list[Line]
    journal: timeline.Journal
    earlier: timeline.Place | None
    start: timeline.Place | None
    newest_first: bool
    # What a telephone's button says for the lines between the first and the last.
    folded: str
    last_visit: datetime | None
    # The side conversation that it shows, instead of a tab.
    talk: SideTalk | None = None

    @property
    def talk_names(self) -> str:
        """Whom the side conversation is with."""
        return side_talks.names(self.talk) if self.talk is not None else ""

    @property
    def tab(self) -> str:
        """What it shows, as an address says it: a tab, or a side conversation."""
        return f"{OF_TALK}{self.talk.id}" if self.talk is not None else self.show.value


def timeline_of(
    actor: Actor,
    ticket: Ticket,
    *,
    show: timeline.Show = timeline.Show.ALL,
    before: timeline.Place | None = None,
    since: timeline.Place | None = None,
    newest_first: bool = False,
    last_visit: datetime | None = None,
    talk: SideTalk | None = None,
) -> Timeline:
    """Return a page of the timeline. Three queries, and one for the mail room's answer.

    Two more when an event names another ticket: which of those may the reader see?
    """
    journal = timeline.as_seen_by(actor, timeline.journal_of(ticket))
    of_talk = talk.id if talk is not None else None
    page = timeline.entries_page(journal, show, before=before, since=since, talk=of_talk)
    lines = lines_of(page.entries, ticket, actor, last_visit=last_visit, hidden=journal.hidden)
    folded = fold(lines) if page.earlier is None and before is None else ""
    if newest_first:
        lines = _newest_first(lines)
    return Timeline(
        ticket=ticket,
        show=show,
        lines=lines,
        journal=journal,
        earlier=page.earlier,
        start=page.start,
        newest_first=newest_first,
        folded=folded,
        last_visit=last_visit,
        talk=talk,
    )


OF_TALK = "side-"
"""Before the key of a side conversation, where an address says what the timeline shows."""


def shown_of(ticket: Ticket, asked: str) -> tuple[timeline.Show, SideTalk | None]:
    """Return the tab, or the side conversation, that an address names; all when it names none."""
    if asked.startswith(OF_TALK):
        key = asked.removeprefix(OF_TALK)
        talk = side_talks.find(ticket, int(key)) if key.isdigit() and len(key) < 16 else None
        return timeline.Show.ALL, talk
    try:
        return timeline.Show(asked), None
    except ValueError:
        return timeline.Show.ALL, None


def _newest_first(lines: list[Line]) -> list[Line]:
    """Turn the lines round; a day's name stands above the first line of it that is met."""
    days: list[str | None] = []
    current: str | None = None
    for line in lines:
        current = line.day or current
        days.append(current)
    for place, line in enumerate(lines):
        is_last_of_day = place + 1 == len(lines) or lines[place + 1].day is not None
        line.day = days[place] if is_last_of_day else None
    return lines[::-1]


ORDER_COOKIE = "hearth-timeline"
"""Remembers in the browser which end of the timeline its reader wants on top."""


def wants_newest_first() -> bool:
    """Whether the reader wants the newest entry on top: asked now, or chosen earlier."""
    return (request.values.get("order") or request.cookies.get(ORDER_COOKIE)) == "newest"


# ---- The composer ----


@dataclass(slots=True)
class Written:
    """A draft as the composer shows it."""

    body: str
    stamp: str
    files: list[File]
    fields: dict[str, Any]


@dataclass(slots=True)
class SideBox:
    """To whom a message goes that is not for the customer, and in which conversation."""

    to: list[dict[str, Any]] = field(default_factory=list)
    cc: list[dict[str, Any]] = field(default_factory=list)
    subject: str = ""
    talk: int | None = None
    # The ticket's files that are chosen to be sent along.
    files: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Composer:
    """What the composer of a ticket needs, on its page and in the preview of a queue."""

    ticket: Ticket
    # The tab that is open: "reply", "note", "call" or "side".
    kind: str
    drafts: dict[str, Written]
    to: list[dict[str, Any]]
    cc: list[dict[str, Any]]
    statuses: list[StatusChoice]
    seen: int
    list_query: str = ""
    # What an answer to the customer has to say besides, and a message to others.
    questions: list[Markup] = field(default_factory=list)
    side_questions: list[Markup] = field(default_factory=list)
    side: SideBox = field(default_factory=SideBox)

    def draft(self, kind: str) -> Written:
        """Return the draft of a kind, an empty one if there is none."""
        return self.drafts.get(kind) or Written("", "", [], {})


def composer_of(
    actor: Actor,
    ticket: Ticket,
    *,
    seen: int,
    copies: list[around_page.Named],
    statuses: list[StatusChoice] | None = None,
    list_query: str = "",
    has_drafts: bool = True,
) -> Composer:
    """Return the composer with the actor's drafts. One query, two without the ``statuses``."""
    found = around_page.drafts_of(actor, ticket) if has_drafts else {}
    written = {kind: _written(draft) for kind, draft in found.items()}
    customer = ticket.requester or ticket.customer
    fields = written["reply"].fields if "reply" in written else {}
    newest = max(found.values(), key=lambda draft: draft.updated_at, default=None)
    return Composer(
        ticket=ticket,
        kind=newest.kind if newest is not None and newest.body else "reply",
        drafts=written,
        to=_people(fields.get("to")) or [{"id": customer.id, "name": customer.name}],
        cc=_people(fields.get("cc"))
        if "cc" in fields
        else [{"id": row.id, "name": row.name} for row in copies],
        statuses=[
            status
            for status in (around_page.statuses() if statuses is None else statuses)
            if status.status_class in {StatusClass.OPEN, StatusClass.PENDING}
        ],
        seen=seen,
        list_query=list_query,
        questions=asking.asked(asking.Form.REPLY, ticket),
        side_questions=asking.asked(asking.Form.SIDE, ticket),
        side=_side_box(ticket, written.get("side")),
    )


def _side_box(ticket: Ticket, kept: Written | None) -> SideBox:
    """Return to whom a kept message to others goes. Asks for its conversation, if it has one."""
    if kept is None:
        return SideBox()
    key = str(kept.fields.get("side") or "")
    talk = side_talks.known(ticket, int(key)) if key.isdigit() and len(key) < 16 else None
    return SideBox(
        to=_people(kept.fields.get("to")),
        cc=_people(kept.fields.get("cc")),
        subject=talk.subject if talk is not None else str(kept.fields.get("subject") or ""),
        talk=talk.id if talk is not None else None,
    )


def _written(draft: Draft) -> Written:
    return Written(
        body=draft.body,
        stamp=stamp_of(draft),
        files=[file_of(row) for row in draft.attachments],
        fields=dict(draft.fields),
    )


def _people(rows: Any) -> list[dict[str, Any]]:
    if not isinstance(rows, list):
        return []
    return [row for row in rows if isinstance(row, dict) and "id" in row and "name" in row]


# ---- The list a ticket was opened from ----


def list_filter() -> Filter | None:
    """Return the list that the reader came from, as the address says it; None when it says none.

    ``?in=queue%3D3`` names the list; the keys of a filter may also stand in the address itself.
    """
    packed = request.values.get("in", "")
    if packed:
        values = MultiDict(part.partition("=")[::2] for part in packed.split("&"))
        return parse({key: values.getlist(key) for key in values}).filter
    if any(key in request.args for key in KEYS if key != "q"):
        return parse({key: request.args.getlist(key) for key in request.args}).filter
    return None


def nearby(actor: Actor, ticket: Ticket) -> neighbours.Neighbours | None:
    """Return the ticket's place in the list the reader came from. One query, or none."""
    wanted = list_filter()
    if wanted is None:
        return None
    return neighbours.neighbours(actor, wanted, ticket, zone=reader_zone())


# ---- The whole page ----


@dataclass(slots=True)
class Pieces:
    """The ticket's assignments as its panel shows them."""

    open: list[Assignment]
    ended: list[Assignment]
    to_acknowledge: list[Assignment]


def pieces_of(actor: Actor, ticket: Ticket) -> Pieces:
    """Sort the assignments: open ones, ended ones, and those the actor may acknowledge."""
    still = [row for row in ticket.assignments if row.state in OPEN_ASSIGNMENT]
    return Pieces(
        open=still,
        ended=[row for row in ticket.assignments if row.state == "resolved"],
        to_acknowledge=[
            row
            for row in still
            if row.state == "assigned"
            and (
                row.technician_id == actor.person_id
                or (row.technician_id is None and row.queue_id in actor.queue_ids)
            )
        ],
    )


def status_choices(ticket: Ticket, statuses: list[StatusChoice]) -> list[tuple[StatusChoice, str]]:
    """Return the statuses the ticket may move to, and how: at once or through a dialog.

    Waiting for a date asks for the date, for a supplier whom, resolving for cause and solution.
    """
    found = []
    here = StatusClass(ticket.status_class)
    for status in statuses:
        verb = move(here, StatusClass(status.status_class))
        if status.id == ticket.status_id:
            found.append((status, "set"))
        elif verb == "resolve":
            found.append((status, "resolve"))
        elif verb == "hold" and status.hold_reason in {HoldReason.DATE, HoldReason.SUPPLIER}:
            found.append((status, "hold"))
        elif verb is not None:
            found.append((status, "set"))
    return found


def _away(ticket: Ticket) -> dict[int, str]:
    """Return in words who of those who work on a ticket is away."""
    open_rows = [row for row in ticket.assignments if row.state in OPEN_ASSIGNMENT]
    named = [ticket.owner_id, *(row.technician_id for row in open_rows)]
    people = {key for key in named if key is not None}
    if not people or ticket.status_class not in UNFINISHED:
        return {}
    gone = away_now()
    return {key: wording.away_words(gone[key]) for key in people if key in gone}


def head_context(actor: Actor, ticket: Ticket) -> dict[str, Any]:
    """Return what the head and the properties of the page show. Four queries at most."""
    beside = around_page.beside(actor, ticket)
    links = around_page.links_of(actor, ticket) if beside.has_links else around_page.Links()
    near = nearby(actor, ticket)
    wanted = list_filter()
    known = around_page.statuses()
    return {
        "ticket": ticket,
        "actor": actor,
        "words": WORDS,
        "around": beside.around,
        "has_drafts": beside.has_drafts,
        "later": later_queries.waiting(ticket) if beside.has_later else [],
        "links": links,
        "talks": side_talks.of_ticket(ticket) if beside.has_talks else [],
        "talk_names": side_talks.names,
        "tasks": around_page.tasks_of(ticket) if beside.has_tasks else {},
        "pieces": pieces_of(actor, ticket),
        "away": _away(ticket) if beside.somebody_away else {},
        # Only parents have time below them, and most tickets are none.
        "time_in_all": time_with_children(ticket) if links.children else ticket.time_spent,
        "others": beside.others,
        "last_visit": beside.last_visit,
        "near": near,
        "statuses": known,
        "status_choices": status_choices(ticket, known),
        "list_query": to_query(wanted) if wanted is not None else "",
        "supplier_late": (
            ticket.supplier_promised_at is not None and ticket.supplier_promised_at <= now()
        ),
        # Parts whose supplier is late.
        "parts_late": {
            row.id
            for row in ticket.assignments
            if row.supplier_promised_at is not None and row.supplier_promised_at <= now()
        },
        "unfinished": ticket.status_class in UNFINISHED and ticket.hidden_at is None,
        "writable": ticket.hidden_at is None and ticket.merged_into_id is None,
    }


def page_context(actor: Actor, ticket: Ticket) -> dict[str, Any]:
    """Return everything the page shows at first; what is costly comes later by itself."""
    context = head_context(actor, ticket)
    shown = timeline_of(
        actor,
        ticket,
        newest_first=wants_newest_first(),
        last_visit=context["last_visit"],
    )
    context["timeline"] = shown
    context["composer"] = composer_of(
        actor,
        ticket,
        seen=shown.journal.newest_id,
        copies=context["around"].copies,
        statuses=context["statuses"],
        list_query=context["list_query"],
        has_drafts=context["has_drafts"],
    )
    return context
