"""What the frame of every page shows: the desk, the rooms one may enter, one's own menu."""

import time
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, g, has_request_context, redirect, url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.wrappers import Response

from helpdesk.db import db
from helpdesk.notify.views import bell
from helpdesk.people.access import Permission
from helpdesk.people.guard import MARK, actor_or_none
from helpdesk.people.models import Desk
from helpdesk.setup.places import PERMISSIONS as SETUP_PERMISSIONS

DESK_SECONDS = 5.0
"""How long a process may show an old name of the desk."""


@dataclass(frozen=True, slots=True)
class Room:
    """A part of the workspace in the rail. ``foot`` ones stand at its lower end.

    Any of the permissions opens it.
    """

    key: str
    endpoint: str
    icon: str
    name: Any
    keys: str
    permissions: tuple[Permission, ...]
    foot: bool = False


ROOMS = (
    Room("queue", "tickets.home", "inbox", _l("Queue"), "g q", (Permission.TICKET_READ,)),
    Room("knowledge", "kb.home", "book-open", _l("Articles"), "g k", (Permission.KB_READ,)),
    Room("people", "people.index", "contact-round", _l("People"), "g p", (Permission.PERSON_READ,)),
    Room("notices", "notices.home", "bell", _l("Notices"), "g n", (Permission.TICKET_READ,), True),
    Room("setup", "setup.home", "settings-2", _l("Set up"), "g s", SETUP_PERMISSIONS, True),
)

ADDRESSES = {"jump": "tickets.jump", "theme": "people.account_theme"}
"""Where the scripts of every page find what they ask for, under the names they know."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One entry of the rail or of the menu, ready for the template."""

    key: str
    url: str
    icon: str
    name: str
    keys: str = ""
    foot: bool = False
    post: bool = False


@dataclass(frozen=True, slots=True)
class DeskShown:
    """What pages say of the desk."""

    name: str
    is_demo: bool


def _desk() -> DeskShown | None:
    kept: tuple[float, DeskShown] | None = current_app.extensions.get("hearth-desk")
    if kept is not None and time.monotonic() - kept[0] < DESK_SECONDS:
        return kept[1]
    row = db.session.execute(select(Desk.name, Desk.is_demo)).first()
    if row is None:
        return None
    shown = DeskShown(row.name, row.is_demo)
    current_app.extensions["hearth-desk"] = (time.monotonic(), shown)
    return shown


def _frame() -> dict[str, Any]:
    """Fill in the frame; called for the first template of a request.

    What the worker writes, a mail, has none.
    """
    if has_request_context() and "rooms" not in g:
        g.rooms, g.me_items = [], []
        try:
            g.desk = _desk()
            actor = actor_or_none()
        except Exception:
            # The error page must stand even when the database does not.
            current_app.logger.exception("the frame could not be filled")
            g.desk, actor = None, None
        known = current_app.view_functions
        if actor is not None:
            g.addresses = {
                name: url_for(endpoint) for name, endpoint in ADDRESSES.items() if endpoint in known
            }
            g.rooms = [
                _room(room)
                for room in ROOMS
                if room.endpoint in known and any(actor.can(one) for one in room.permissions)
            ]
            g.me_items = [
                Shown("account", url_for(endpoint), icon, str(name), post=post)
                for endpoint, icon, name, post in ME
                if endpoint in known
            ]
    return {"room": "", "has_side": False}


ME: tuple[tuple[str, str, Any, bool], ...] = (
    ("people.account", "user-cog", _l("Your account"), False),
    ("people.away", "calendar-clock", _l("Away and cover"), False),
    ("people.sign_out", "log-out", _l("Sign out"), True),
)


def _room(room: Room) -> Shown:
    url, name = url_for(room.endpoint), str(room.name)
    return Shown(room.key, url, room.icon, name, keys=room.keys, foot=room.foot)


def _home() -> Response:
    """Lead to the first room that the reader may enter, or to their account."""
    _frame()
    return redirect(g.rooms[0].url if g.rooms else url_for("people.account"))


setattr(_home, MARK, (str(Permission.SELF_USE),))


def init_app(app: Flask) -> None:
    """Let every template find the frame, and let the bare address lead into it."""
    app.context_processor(_frame)
    app.jinja_env.globals["bell"] = bell
    app.add_url_rule("/", "home", _home)
