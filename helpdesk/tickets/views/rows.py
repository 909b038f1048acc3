"""What repeats in the rows of a list, drawn once for all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup, escape
from sqlalchemy import Row

from helpdesk.lib.clock import now
from helpdesk.tickets import wording
from helpdesk.tickets.lifecycle import StatusClass
from helpdesk.tickets.views.listing import HOLD_WORDS
from helpdesk.web.atoms import avatar, channel_icon, icon, priority, status, tag, vip
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


def stamp(moment: datetime) -> str:
    """Return a moment as ``<time datetime>`` and the scripts want it."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def waiting(since: datetime) -> Markup:
    """Return how long something waits, counting on in the browser."""
    said = duration((now() - since).total_seconds())
    return Markup(f'<span class="sla" data-since="{stamp(since)}">{escape(said)}</span>')  # noqa: S704


def updated(moment: datetime) -> Markup:
    """Return how long ago a row was changed, counting on in the browser."""
    said = escape(ago(moment))
    return Markup(f'<time datetime="{stamp(moment)}" data-time="ago">{said}</time>')  # noqa: S704
