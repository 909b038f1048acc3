"""Reading the alert board: who sees which notice, and what of its tickets.

A notice may have tickets that its reader may not see: they get neither the tickets nor their
number, and nobody who waits for its end through one of them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import joinedload, selectinload

from helpdesk.board.models import (
    Alert,
    AlertLine,
    AlertListener,
    AlertTicket,
    Audience,
    State,
    state_of,
)
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import Team
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import NotFound, visible

PAGE = 30
TICKETS_SHOWN = 50


def readable(actor: Actor) -> ColumnElement[bool]:
    """Return the condition on Alert that says what the actor may read.

    A team's notice is for its members; who writes on the board reads all of it.
    """
    if actor.can(Permission.BOARD_WRITE):
        return true()
    return or_(
        Alert.audience != Audience.TEAM.value,
        Alert.team_id.in_(actor.team_ids),
        and_(Alert.author_id.is_not(None), Alert.author_id == actor.person_id),
    )


def alert_for(
    actor: Actor,
    number: int,
    *,
    permission: Permission = Permission.TICKET_READ,
    lock: bool = False,
) -> Alert:
    """Return the notice with this number if the actor may read it. Raises Denied, NotFound."""
    actor.demand(permission)
    statement = select(Alert).where(Alert.id == number, readable(actor))
    if lock:
        statement = statement.with_for_update(of=Alert).execution_options(populate_existing=True)
    alert = db.session.scalar(statement)
    if alert is None:
        raise NotFound
    return alert


# ---- The board ----


def current(actor: Actor) -> list[Alert]:
    """Return what runs or is to come, the earliest first. Raises Denied."""
    actor.demand(Permission.TICKET_READ)
    return list(
        db.session.scalars(
            select(Alert)
            .where(Alert.ends_at > now(), Alert.fixed_at.is_(None), readable(actor))
            .options(joinedload(Alert.author), joinedload(Alert.team))
            .order_by(Alert.starts_at, Alert.id)
        )
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of the past begins: after the notice that ended then."""

    ended_at: datetime
    id: int

    def __str__(self) -> str:
        """Return it as it stands in an address."""
        return f"{int(self.ended_at.timestamp() * 1_000_000)}-{self.id}"

    @classmethod
    def parse(cls, text: str | None) -> "Place | None":
        """Read one from an address; None for what is none."""
        at, _dash, key = (text or "").partition("-")
        if not (at.isdecimal() and key.isdecimal() and len(at) < 18 and len(key) < 16):
            return None
        whole, rest = divmod(int(at), 1_000_000)
        return cls(datetime.fromtimestamp(whole, now().tzinfo).replace(microsecond=rest), int(key))


def past(actor: Actor, *, after: Place | None = None) -> list[Alert]:
    """Return a page of what is over, the latest first, one more than a page if there is more."""
    actor.demand(Permission.TICKET_READ)
    statement = select(Alert).where(Alert.ends_at <= now(), readable(actor))
    if after is not None:
        earlier = and_(Alert.ends_at == after.ended_at, Alert.id < after.id)
        statement = statement.where(
            Alert.ends_at <= after.ended_at, or_(Alert.ends_at < after.ended_at, earlier)
        )
    return list(
        db.session.scalars(
            statement.options(joinedload(Alert.author), joinedload(Alert.team))
            .order_by(Alert.ends_at.desc(), Alert.id.desc())
            .limit(PAGE + 1)
        )
    )


def linked_numbers(actor: Actor, alert_ids: Collection[int]) -> dict[int, int]:
    """Return how many tickets of each notice the actor may see; few are ever asked for."""
    rows = db.session.execute(
        select(AlertTicket.alert_id, func.count())
        .join(Ticket, Ticket.id == AlertTicket.ticket_id)
        .where(AlertTicket.alert_id.in_(alert_ids), visible(actor), Ticket.hidden_at.is_(None))
        .group_by(AlertTicket.alert_id)
    )
    return {row[0]: row[1] for row in rows}


def tickets_of(actor: Actor, alert: Alert) -> list[Ticket]:
    """Return the tickets of a notice that the actor may see, the weightiest first."""
    return list(
        db.session.scalars(
            select(Ticket)
            .join(AlertTicket, AlertTicket.ticket_id == Ticket.id)
            .where(AlertTicket.alert_id == alert.id, visible(actor), Ticket.hidden_at.is_(None))
            .options(joinedload(Ticket.status), joinedload(Ticket.customer))
            .order_by(Ticket.major.desc(), Ticket.priority, Ticket.id)
            .limit(TICKETS_SHOWN + 1)
        )
    )


def teams() -> list[Team]:
    """Return the teams a notice can be for."""
    return list(
        db.session.scalars(select(Team).where(Team.retired_at.is_(None)).order_by(Team.name))
    )


# ---- A ticket's page ----


def of_ticket(actor: Actor, ticket: Ticket) -> list[Alert]:
    """Return the notices a ticket is linked to, or one that was merged into it; newest first."""
    return list(
        db.session.scalars(
            select(Alert)
            .where(
                Alert.id.in_(
                    select(AlertTicket.alert_id)
                    .join(Ticket, Ticket.id == AlertTicket.ticket_id)
                    .where(or_(Ticket.id == ticket.id, Ticket.merged_into_id == ticket.id))
                ),
                readable(actor),
            )
            .order_by(Alert.id.desc())
            .limit(5)
        )
    )


def listening(alert_ids: Collection[int], person_ids: Collection[int]) -> set[tuple[int, int]]:
    """Return which of these people wait for the end of which of these notices."""
    if not alert_ids:
        return set()
    rows = db.session.execute(
        select(AlertListener.alert_id, AlertListener.person_id).where(
            AlertListener.alert_id.in_(alert_ids), AlertListener.person_id.in_(person_ids)
        )
    )
    return {(row[0], row[1]) for row in rows}


# ---- The public ----


@dataclass(frozen=True, slots=True)
class PublicNotice:
    """A notice as customers may read it: nothing of tickets, nothing that was said to staff."""

    id: int
    headline: str
    body: str
    severity: str
    state: State
    starts_at: datetime
    ends_at: datetime
    updates: tuple[tuple[datetime, str], ...]
    """When something was said and what, the newest first."""


def public_notices() -> list[PublicNotice]:
    """Return what runs or is to come and is for everybody, the earliest first.

    Anybody may ask: it needs no actor.
    """
    moment = now()
    rows = db.session.scalars(
        select(Alert)
        .where(
            Alert.ends_at > moment,
            Alert.fixed_at.is_(None),
            Alert.audience == Audience.PUBLIC.value,
        )
        .options(selectinload(Alert.lines))
        .order_by(Alert.starts_at, Alert.id)
    )
    return [
        PublicNotice(
            id=row.id,
            headline=row.headline,
            body=row.body,
            severity=row.severity,
            state=state_of(row.starts_at, row.ends_at, row.fixed_at, moment),
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            updates=tuple((line.at, line.text) for line in row.lines if _is_public(line)),
        )
        for row in rows
    ]


def _is_public(line: AlertLine) -> bool:
    return line.kind == "said" and line.public
