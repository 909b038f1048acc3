"""Saved views: naming a filter, for oneself or for everybody. Nothing here touches a ticket."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor, Permission
from helpdesk.tickets.companions import View
from helpdesk.tickets.queries.counts import memory
from helpdesk.tickets.queries.filters import Filter, to_lists
from helpdesk.tickets.services.errors import Refused

COLOURS = ("c1", "c2", "c3", "c4", "c5", "c6", "danger")
"""Names of the palette's colours that a view's mark may have."""

MAX_VIEWS = 40
"""Views of one person, or shared ones."""


def save_view(
    actor: Actor,
    name: str,
    wanted: Filter,
    *,
    colour: str = "c1",
    shared: bool = False,
    team_id: int | None = None,
) -> View:
    """Keep a filter under a name: for the actor, for everybody, or for one of the actor's teams.

    Raises Denied, Refused.
    """
    actor.demand(Permission.VIEW_SHARE if shared else Permission.TICKET_READ)
    if actor.person_id is None and not shared:
        raise Refused("no-person", _l("Only a person has views of their own."))
    if team_id is not None and (not shared or team_id not in actor.team_ids):
        raise Refused("team-not-yours", _l("Choose one of your own teams."), "team")
    view = View(
        name=_name(name),
        owner_id=None if shared else actor.person_id,
        team_id=team_id,
        colour=_colour(colour),
        filters=to_lists(wanted),
    )
    used = [row.position for row in _beside(view)]
    if len(used) >= MAX_VIEWS:
        raise Refused("views-many", _l("There are enough views. Remove one first."), "name")
    view.position = max(used, default=-1) + 1
    db.session.add(view)
    db.session.flush()
    _will_change(actor)
    return view


def change_view(
    actor: Actor,
    view: View,
    *,
    name: str,
    colour: str,
    wanted: Filter | None = None,
) -> None:
    """Give a view another name, colour or filter. Raises Denied, Refused."""
    _check_mine(actor, view)
    view.name, view.colour = _name(name), _colour(colour)
    if wanted is not None:
        view.filters = to_lists(wanted)


def move_view(actor: Actor, view: View, by: int) -> None:
    """Move a view up (-1) or down (1) among those it stands with. Raises Denied."""
    _check_mine(actor, view)
    order = _beside(view)
    start = order.index(view)
    end = min(max(start + by, 0), len(order) - 1)
    order.insert(end, order.pop(start))
    for position, row in enumerate(order):
        row.position = position


def retire_view(actor: Actor, view: View) -> None:
    """Take a view out of use. Raises Denied."""
    _check_mine(actor, view)
    view.retired_at = now()


def _check_mine(actor: Actor, view: View) -> None:
    """Raise Denied unless it is the actor's own view, or a shared one they may change."""
    _will_change(actor)
    if view.owner_id is None or view.owner_id != actor.person_id:
        actor.demand(Permission.VIEW_SHARE)


def _will_change(actor: Actor) -> None:
    """Let the actor see the change at once, whatever the process remembers of their views."""
    if actor.person_id is not None:
        memory().forget(actor.person_id)


def _beside(view: View) -> list[View]:
    """Return the views among which this one has its place, in order."""
    same_owner = (
        View.owner_id.is_(None) if view.owner_id is None else View.owner_id == view.owner_id
    )
    statement = select(View).where(View.retired_at.is_(None), same_owner)
    return list(db.session.scalars(statement.order_by(View.position, View.name, View.id)))


def _name(name: str) -> str:
    name = " ".join(name.split())[:100]
    if not name:
        raise Refused("name-missing", _l("Give the view a name."), "name")
    return name


def _colour(colour: str) -> str:
    if colour not in COLOURS:
        raise Refused("colour-unknown", _l("Choose one of the colours."), "colour")
    return colour
