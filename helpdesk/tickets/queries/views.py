"""Saved views: which of them somebody has, and finding one."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select

from helpdesk.db import db
from helpdesk.people.access import Actor, Permission
from helpdesk.tickets.companions import View
from helpdesk.tickets.queries.access import NotFound
from helpdesk.tickets.queries.counts import memory
from helpdesk.tickets.queries.filters import Filter, parse

MAX_SHOWN = 60


@dataclass(frozen=True, slots=True)
class SavedView:
    """A view as lists show it. ``name`` is the stored one; shipped views have a ``key``."""

    id: int
    key: str | None
    name: str
    colour: str
    personal: bool
    team_id: int | None
    position: int
    filter: Filter


def _theirs(actor: Actor) -> ColumnElement[bool]:
    """Return the condition on View of those the actor has: their own, their teams', everybody's."""
    shared = or_(View.team_id.is_(None), View.team_id.in_(sorted(actor.team_ids)))
    return and_(
        View.retired_at.is_(None),
        or_(View.owner_id == actor.person_id, and_(View.owner_id.is_(None), shared)),
    )


def views_of(actor: Actor) -> list[SavedView]:
    """Return the actor's views: the shared ones, then their own, each in its order."""
    actor.demand(Permission.TICKET_READ)
    return memory().recall(actor.person_id, "view list", lambda: _views_of(actor))


def _views_of(actor: Actor) -> list[SavedView]:
    rows = db.session.execute(
        select(
            View.id,
            View.key,
            View.name,
            View.colour,
            View.owner_id,
            View.team_id,
            View.position,
            View.filters,
        )
        .where(_theirs(actor))
        .order_by(View.owner_id.is_not(None), View.position, View.name, View.id)
        .limit(MAX_SHOWN)
    )
    return [
        SavedView(
            id=row.id,
            key=row.key,
            name=row.name,
            colour=row.colour,
            personal=row.owner_id is not None,
            team_id=row.team_id,
            position=row.position,
            filter=parse(row.filters).filter,
        )
        for row in rows
    ]


def view_for(actor: Actor, view_id: int) -> View:
    """Return a view the actor has. Raises Denied, NotFound."""
    actor.demand(Permission.TICKET_READ)
    view = db.session.scalar(select(View).where(View.id == view_id, _theirs(actor)))
    if view is None:
        raise NotFound
    return view


def may_change(actor: Actor, *, personal: bool) -> bool:
    """Whether the actor may change a view they have: their own always, shared ones by permission.

    A view that is personal and that they have is their own.
    """
    return personal or actor.can(Permission.VIEW_SHARE)
