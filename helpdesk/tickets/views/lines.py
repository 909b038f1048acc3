"""Journal entries as lines of the timeline: what to show of each, worked out before the template.

The queue's preview and the ticket's page show the same lines.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.lib.html import show_inline_images, text_to_html
from helpdesk.people.access import SYSTEM, Actor
from helpdesk.people.models import Person
from helpdesk.tickets import wording
from helpdesk.tickets.companions import Mention
from helpdesk.tickets.delivery import Delivery, deliveries
from helpdesk.tickets.lifecycle import EntryKind
from helpdesk.tickets.models import Attachment, Entry, Ticket
from helpdesk.tickets.queries.access import hidden_among
from helpdesk.tickets.queries.timeline import Place, other_ticket
from helpdesk.tickets.sentences import extras, sentence
from helpdesk.tickets.side_talks import HEAR, WRITE
from helpdesk.tickets.views.bodies import html_of, shown_closed
from helpdesk.tickets.written_by import is_by_itself, macro_of, policy_of, rule_of
from helpdesk.web.i18n import HTML_LANGUAGES, day, language_of, local, time_tag

BACK_DATED = timedelta(minutes=5)
"""An entry recorded so much later than it happened shows both times."""

PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""Types that may be shown in place; what the bytes really are is checked when they are sent."""

FOLD_FROM = 6
"""From so many lines on, a telephone shows the first, the last two, and a button between."""

_EVENT_ICONS = {
    "acknowledge": "check",
    "add-time": "timer",
    "assign": "user-plus",
    "bin": "filter-x",
    "bounce": "circle-alert",
    "close": "circle-check",
    "expect": "alarm-clock",
    "expected-passed": "alarm-clock",
    "hand-over": "arrow-left-right",
    "hold": "alarm-clock",
    "link": "git-pull-request",
    "merge": "merge",
    "merged": "merge",
    "mistaken": "undo-2",
    "promise-missed": "timer",
    "promise-warned": "timer",
    "redact": "shield-alert",
    "reopen": "history",
    "replay": "history",
    "resolve": "circle-check",
    "return": "corner-down-left",
    "set-major": "triangle-alert",
    "split": "git-pull-request",
    "take": "user-plus",
    "tell": "mail",
    "undo": "history",
    "wake": "bell",
}


@dataclass(slots=True)
class File:
    """A file below a message."""

    id: int
    name: str
    size: int
    is_picture: bool


@dataclass(slots=True)
class Line:
    """One entry as the timeline shows it."""

    entry: Entry
    # The day it begins, when the line before it was of another.
    day: str | None
    is_event: bool
    css: str
    icon: str
    # Events: the sentence. Others: the author, and by which way.
    said: Markup
    author: str
    way: str
    body: Markup
    html_lang: str
    fresh: bool
    mine: bool
    when: Markup
    place: Place
    # Other numbers than the page's: an entry of a ticket that was merged into it.
    from_ticket: int | None
    late: datetime | None
    files: list[File] = field(default_factory=list)
    changes: list[Markup] = field(default_factory=list)
    held_back: bool = False
    recipients: str = ""
    delivery: Delivery | None = None
    # Hidden on a telephone until asked for.
    folded: bool = False

    @property
    def by_rule(self) -> bool:
        """Whether a rule of the desk, or a step of a policy, wrote it."""
        return bool(self.entry.changes) and is_by_itself(self.entry)

    @property
    def by_macro(self) -> str:
        """The macro with which it was written; empty without one."""
        return macro_of(self.entry) if self.entry.changes else ""

    @property
    def protected(self) -> bool:
        """Whether it came signed or encrypted, or left encrypted: a higher room says how."""
        envelope = self.entry.envelope or {}
        return "security" in envelope or bool(envelope.get("encrypt"))

    @property
    def talk(self) -> int | None:
        """The side conversation it stands in."""
        found = (self.entry.envelope or {}).get("side")
        return found if isinstance(found, int) else None

    @property
    def marked(self) -> bool:
        """Whether something about its time or its place is unusual."""
        return self.late is not None or self.from_ticket is not None


def lines_of(
    entries: Sequence[Entry],
    ticket: Ticket,
    reader: Actor,
    *,
    last_visit: datetime | None = None,
    day_before: date | None = None,
    hidden: Collection[int] | None = None,
    on_paper: bool = False,
) -> list[Line]:
    """Return the lines for entries in the order in which they happened.

    Events that name a ticket which the reader may not see are left out, because for them there
    is no such ticket.
    ``last_visit`` is when the reader last had the ticket open: what others wrote since is fresh.
    ``day_before`` is the day of the line that already stands above these; ``hidden`` are the
    tickets named in the journal that the reader may not see, when the caller knows them already.
    ``on_paper`` names the reader, too: others will read it.
    """
    others = {entry.id: other_ticket(entry.verb, entry.changes) for entry in entries}
    if hidden is None:
        hidden = hidden_among(reader, {number for number in others.values() if number is not None})
    entries = [entry for entry in entries if others[entry.id] not in hidden]
    sent = deliveries(
        [
            entry.id
            for entry in entries
            if (entry.kind == EntryKind.MESSAGE and not entry.inbound) or entry.verb == WRITE
        ]
    )
    mentioned = _mentioned(entries)
    lines = []
    previous = day_before
    for entry in entries:
        today = local(entry.happened_at).date()
        line = _line(entry, ticket, None if on_paper else reader, mentioned.get(entry.id, []))
        line.day = day(entry.happened_at) if today != previous else None
        line.fresh = (
            last_visit is not None
            and entry.recorded_at > last_visit
            and entry.author_id != reader.person_id
            and not line.is_event
        )
        line.delivery = sent.get(entry.id)
        lines.append(line)
        previous = today
    return lines


def _author(entry: Entry) -> str:
    """Return who wrote an entry: a person, a rule of the desk, or the house."""
    if entry.author is not None:
        return entry.author.name
    return policy_of(entry) or rule_of(entry) or SYSTEM.name


def _line(entry: Entry, ticket: Ticket, reader: Actor | None, mentioned: Sequence[str]) -> Line:
    is_event = entry.kind == EntryKind.EVENT
    mine = (
        reader is not None and entry.author_id is not None and entry.author_id == reader.person_id
    )
    line = Line(
        entry=entry,
        day=None,
        is_event=is_event,
        css="" if is_event else _css(entry),
        icon=_EVENT_ICONS.get(entry.verb, "workflow") if is_event else _icon(entry),
        said=sentence(entry, reader) if is_event else Markup(""),
        author=_("You") if mine else _author(entry),
        way="" if is_event else _way(entry, ticket),
        body=Markup(""),
        html_lang=language_of_entry(entry, ticket),
        fresh=False,
        mine=mine,
        when=time_tag(entry.happened_at, "clock"),
        place=Place(entry.happened_at, entry.id),
        from_ticket=entry.ticket_id if entry.ticket_id != ticket.id else None,
        late=entry.recorded_at if entry.recorded_at - entry.happened_at > BACK_DATED else None,
    )
    if entry.redacted_at is not None:
        return line
    if not is_event:
        line.changes = extras(entry.changes)
        line.recipients = _recipients(entry)
        _show_body(line, mentioned, whole=reader is None)
    elif entry.verb == "resolve" and entry.body:
        line.body = Markup(text_to_html(entry.body))  # noqa: S704 (text_to_html escapes)
    return line


def _show_body(line: Line, mentioned: Sequence[str], *, whole: bool) -> None:
    """Show what was said; ``whole`` leaves open what is quoted, for paper."""
    entry = line.entry
    html = html_of(entry) if whole else shown_closed(entry)
    shown: set[int] = set()
    if "data-cid" in html:
        pictures = {
            row.content_id: row
            for row in entry.attachments
            if row.content_id and row.content_type in PICTURES and row.redacted_at is None
        }
        urls = {
            key: url_for("tickets.picture", attachment_id=row.id) for key, row in pictures.items()
        }
        html = show_inline_images(html, urls)
        shown = {row.id for key, row in pictures.items() if urls[key] in html}
    line.held_back = "data-remote-src" in html
    for name in mentioned:
        html = html.replace(
            f"@{Markup.escape(name)}", f"<b class=accent>@{Markup.escape(name)}</b>"
        )
    line.body = Markup(html)  # noqa: S704 (cleaned before it was stored, or escaped above)
    line.files = [file_of(row) for row in entry.attachments if row.id not in shown]


def file_of(row: Attachment) -> File:
    """Return a file as a page shows it; a redacted one has no name any more."""
    return File(
        id=row.id if row.redacted_at is None else 0,
        name=row.name or _("redacted"),
        size=row.size,
        is_picture=row.content_type in PICTURES,
    )


def _css(entry: Entry) -> str:
    if entry.kind == EntryKind.NOTE:
        return "note aside" if entry.verb in {WRITE, HEAR} else "note"
    if entry.kind == EntryKind.CALL:
        return "call"
    return "" if entry.inbound else "mine"


def _icon(entry: Entry) -> str:
    if entry.verb in {WRITE, HEAR}:
        return "messages-square"
    if entry.kind == EntryKind.NOTE:
        return "lock"
    if entry.kind == EntryKind.MESSAGE and not entry.inbound:
        return "reply"
    if entry.verb == "call-attempt":
        return "phone-off"
    return wording.CHANNEL_ICONS.get(entry.channel, "mail")  # type: ignore[call-overload, no-any-return]


def _way(entry: Entry, ticket: Ticket) -> str:
    """Say how it was said: "replied by email", "internal note", "call with Ho Mei-Ling"."""
    if entry.verb == "hear-automatic":
        return str(_("automatic answer, only for staff"))
    if entry.verb == WRITE:
        return str(_("wrote to %(names)s", names=_names(entry, "to")))
    if entry.verb == HEAR:
        return str(_("answered, only for staff"))
    if entry.kind == EntryKind.NOTE:
        return str(_("internal note"))
    by = wording.word(wording.BY_CHANNEL, entry.channel)
    if entry.kind == EntryKind.CALL:
        return _way_of_call(entry, ticket)
    if entry.inbound:
        passed_on = (entry.envelope or {}).get("passed_on_by")
        return by if not passed_on else f"{by}, {_('passed on by %(name)s', name=passed_on)}"
    if entry.verb == "broadcast":
        return str(_("wrote to everybody concerned"))
    return str(_("replied %(by)s", by=by))


def _way_of_call(entry: Entry, ticket: Ticket) -> str:
    name = (ticket.requester or ticket.customer).name
    if entry.verb == "call-attempt":
        return str(_("called %(name)s, nobody answered", name=name))
    if entry.public:
        return str(_("summary of the call, shared with %(name)s", name=name))
    if entry.channel in {"walk-in", "visit"}:
        return str(_("met %(name)s", name=name))
    if entry.inbound:
        return str(_("call from %(name)s", name=name))
    return str(_("call to %(name)s", name=name))


def _recipients(entry: Entry) -> str:
    """Name those who got it beside the customer; nobody needs to be told what is usual."""
    return _names(entry, "cc")


def _names(entry: Entry, which: str) -> str:
    rows = (entry.envelope or {}).get(which)
    names = [_person_name(row) for row in rows] if isinstance(rows, list) else []
    return ", ".join(name for name in names if name)


def _person_name(row: object) -> str:
    if isinstance(row, Mapping):
        return str(row.get("name") or row.get("address") or "")
    return row if isinstance(row, str) else ""


def language_of_entry(entry: Entry, ticket: Ticket) -> str:
    """Return the language of what a customer wrote, for fonts and for being read aloud."""
    if not entry.inbound or entry.author is None or entry.author.is_technician:
        return ""
    known = language_of(ticket.language or entry.author.language)
    return HTML_LANGUAGES[known] if known is not None else ""


_AT = re.compile(r"@\w")


def _mentioned(entries: Iterable[Entry]) -> dict[int, list[str]]:
    """Return the names mentioned in each entry; asks only when one looks as if it had any."""
    ids = [
        entry.id
        for entry in entries
        if entry.kind in {EntryKind.NOTE, EntryKind.CALL} and _AT.search(entry.body)
    ]
    found: dict[int, list[str]] = {}
    if ids:
        rows = db.session.execute(
            select(Mention.entry_id, Person.name)
            .join(Person, Person.id == Mention.person_id)
            .where(Mention.entry_id.in_(ids))
        )
        for entry_id, name in rows:
            found.setdefault(entry_id, []).append(name)
    return found


def fold(lines: Sequence[Line]) -> str:
    """Mark the lines a telephone hides at first; return what its button says, or nothing.

    The first line, the last two things that were said and whatever is new are always shown.
    """
    if len(lines) < FOLD_FROM:
        return ""
    said = [line for line in lines if not line.is_event]
    kept = {line.entry.id for line in [lines[0], *said[-2:]]}
    hidden = [line for line in lines if line.entry.id not in kept and not line.fresh]
    for line in hidden:
        line.folded = True
    counts = {
        kind: sum(line.entry.kind == kind for line in hidden)
        for kind in (EntryKind.MESSAGE, EntryKind.NOTE, EntryKind.CALL, EntryKind.EVENT)
    }
    parts = [
        ngettext("%(num)d message", "%(num)d messages", counts[EntryKind.MESSAGE]),
        ngettext("%(num)d note", "%(num)d notes", counts[EntryKind.NOTE]),
        ngettext("%(num)d call", "%(num)d calls", counts[EntryKind.CALL]),
        ngettext("%(num)d event", "%(num)d events", counts[EntryKind.EVENT]),
    ]
    return ", ".join(part for part, count in zip(parts, counts.values(), strict=True) if count)
