"""What repeats in the rows of a list, drawn once for all of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup, escape
from sqlalchemy import Row

from helpdesk.lib.clock import now
from helpdesk.tickets import wording
from helpdesk.tickets.lifecycle import UNFINISHED, StatusClass
from helpdesk.tickets.queries.groups import Bounds
from helpdesk.tickets.views.listing import HOLD_WORDS
from helpdesk.web.atoms import avatar, channel_icon, icon, priority, status, tag, vip
from helpdesk.web.due import chip, words_of
from helpdesk.web.i18n import ago, duration
from helpdesk.web.page import status_shape


@dataclass(frozen=True, slots=True)
class Atoms:
    """Pieces of HTML by the values they stand for."""

    priority: dict[int, Markup]
    status: dict[tuple[str, str | None, str], Markup]
    # Instead of how long it waits: what it waits for, or how it ended. Empty for what is open.
    state: dict[tuple[str, str | None, str], Markup]
    channel: dict[str, Markup]
    owner: dict[int | None, Markup]
    vip: Markup
    major: Markup
    thanks: Markup
    undelivered: Markup
    risk: dict[str, Markup]


def atoms_of(rows: Sequence[Row[Any]]) -> Atoms:
    """Draw what the rows need, each piece once."""
    return Atoms(
        priority={level: priority(level) for level in {row.priority for row in rows}},
        status={
            (group, key, name): status(status_shape(group, key), wording.status_name(name), True)
            for group, key, name in {
                (row.status_class, row.status_key, row.status_name) for row in rows
            }
        },
        state={
            key: _state(*key)
            for key in {(row.status_class, row.hold_reason, row.status_name) for row in rows}
        },
        channel={name: channel_icon(name) for name in {row.channel for row in rows}},
        owner={
            key: avatar(key, name, labelled=True)
            for key, name in {(row.owner_id, row.owner_name) for row in rows}
        },
        vip=vip(),
        major=tag(_("Major"), "danger"),
        thanks=tag(_("Thanks"), "ok"),
        # i18n: in a list: mail of ours about this ticket was not delivered
        undelivered=tag(_("Mail came back"), "warn"),
        risk={reasons: _risk(reasons) for reasons in {row.risk for row in rows}},
    )


def _state(status_class: str, reason: str | None, name: str) -> Markup:
    if status_class == StatusClass.PENDING:
        picture, css = icon("pause", 12, extra="fill"), "pause"
        said = wording.word(HOLD_WORDS, reason) if reason else _("Waiting")
    elif status_class in {StatusClass.RESOLVED, StatusClass.CLOSED}:
        picture, css, said = icon("check", 12), "met", wording.status_name(name)
    else:
        return Markup("")
    return Markup('<span class="sla {}">{}{}</span>').format(css, picture, said)


def _risk(reasons: str) -> Markup:
    """Draw a quiet mark that says why a ticket is at risk; nothing when it is not."""
    if not reasons:
        return Markup("")
    words = (str(wording.word(wording.RISK_REASONS, reason)) for reason in reasons.split())
    said = _("At risk: %(reasons)s", reasons="; ".join(words))
    return Markup('<span class="risk" title="{}">{}</span>').format(
        said, icon("triangle-alert", 14, said)
    )


def stamp(moment: datetime) -> str:
    """Return a moment as ``<time datetime>`` and the scripts want it."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


_ROW = (
    '<tr id="row-%(number)d" data-row="%(number)d" data-href="%(link)s%(tail)s"'
    ' data-preview="%(link)s/preview%(tail)s"%(unread)s%(group)s>'
    '<td class="c-ck"><input type="checkbox" class="ck" name="ticket" value="%(number)d"'
    ' form="bulk" data-pick aria-label="%(select)s %(number)d"></td>'
    '<td class="c-p">%(priority)s</td>'
    '<td class="c-s">%(state)s</td>'
    '<td class="c-t"><span class="subj">%(status)s'
    '<a class="id" href="%(link)s%(tail)s" data-row-link>%(number)d</a>'
    '<span class="t"%(lang)s title="%(subject)s">%(subject)s</span>%(marks)s'
    '<span class="meta">%(channel)s</span></span></td>'
    '<td class="c-cu"><span class="row row4"><span class="cu">%(customer)s</span>%(vip)s'
    "</span></td>"
    '<td class="c-a">%(owner)s</td>'
    '<td class="c-u r muted t12 num">'
    '<time datetime="%(updated)s" data-time="ago">%(ago)s</time></td></tr>'
)

_WAITING = '<span class="sla"><span data-since="%s">%s</span>%s</span>'

_TAKE = (
    '<button type="button" class="av none" hx-post="%s/take" hx-swap="none"'
    ' aria-label="%s %d" title="%s">%s</button>'
)


def drawer(
    rows: Sequence[Row[Any]],
    *,
    path: str,
    packed: str,
    bounds: Bounds | None,
    timed: bool = False,
    may_work: bool,
) -> Callable[[Row[Any]], Markup]:
    """Return the function that draws these rows of a list, each a ``<tr>``.

    Fifty rows are the dearest part of the desk's busiest page. A template escapes and hands on
    every piece by itself, thirty a row; here a row is one piece, and only what people typed needs
    escaping. ``path`` is the address of a ticket without its number, ``packed`` what follows it;
    ``bounds`` tells the groups of a queue apart and is None in a list without any. ``timed`` where
    the column says how much time is left: what nothing is promised for says that it waits.
    """
    atoms = atoms_of(rows)
    select, take, hint = (
        escape(_("Select")),
        escape(_("Take")),
        escape(_("Nobody owns it: take it")),
    )
    promises = {name: words_of(name) for name in {row.due_promise for row in rows} if name}
    waits = Markup(" <small>{}</small>").format(_("waiting")) if timed else ""
    plus, tail, moment = icon("plus", 12), escape(packed), now()

    def draw(row: Row[Any]) -> Markup:
        number, group, link = row.number, row.status_class, f"{path}{row.number}"
        pieces = {
            "number": number,
            "link": link,
            "tail": tail,
            "unread": ' class="un"' if row.customer_replied or group == StatusClass.NEW else "",
            "group": f' data-in="{bounds.group_of(row.rank, row.moment)}"' if bounds else "",
            "select": select,
            "priority": atoms.priority[row.priority],
            "state": atoms.state[group, row.hold_reason, row.status_name],
            "status": atoms.status[group, row.status_key, row.status_name],
            "lang": f' lang="{escape(row.language.replace("_", "-"))}"' if row.language else "",
            "subject": escape(row.subject),
            "marks": (atoms.major if row.major else "")
            + (atoms.thanks if row.thanked else "")
            + (atoms.undelivered if row.undelivered_at is not None else "")
            + atoms.risk[row.risk],
            "channel": f"{atoms.channel[row.channel]}{row.contacts if row.contacts > 1 else ''}",
            "customer": escape(row.customer_name),
            "vip": atoms.vip if row.vip else "",
            "updated": stamp(row.updated_at),
            "ago": ago(row.updated_at),
        }
        if row.due_at is not None:
            words = promises[row.due_promise]
            pieces["state"] = chip(row.due_at, row.due_since, words, moment)
        elif not pieces["state"]:
            said = duration((moment - row.waiting_since).total_seconds())
            pieces["state"] = _WAITING % (stamp(row.waiting_since), said, waits)
        if row.owner_id is None and may_work and group in UNFINISHED:
            pieces["owner"] = _TAKE % (link, take, number, hint, plus)
        else:
            pieces["owner"] = atoms.owner[row.owner_id]
        return Markup(_ROW % pieces)  # noqa: S704 (what people typed was escaped above)

    return draw
