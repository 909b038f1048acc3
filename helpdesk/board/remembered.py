"""What runs on the board, remembered by each process for as long as the numbers of queues.

The queue's page shows it to everybody, and everybody is shown the same but for the audience: one
query serves them all. Who hears that the board changed asks for it anew.
"""

from dataclasses import dataclass
from datetime import datetime

from flask import g
from sqlalchemy import func, select

from helpdesk.board.models import Alert, AlertTicket, Audience, State, state_of
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries import counts
from helpdesk.web.live import announce

TOPIC = "desk"
KIND = "board"
SEEN = "board_seen"
"""The preference that says up to which edition its owner has put notices away."""


@dataclass(frozen=True, slots=True)
class Running:
    """A notice as the strip and the side of the queue show it."""

    id: int
    headline: str
    severity: str
    audience: str
    team_id: int | None
    author_id: int | None
    starts_at: datetime
    ends_at: datetime
    edition: int
    tickets: int
    """How many tickets are linked that every member of staff may see."""

    def is_for(self, actor: Actor) -> bool:
        """Whether the actor is among those it is for; who writes it is."""
        return (
            self.audience != Audience.TEAM
            or self.team_id in actor.team_ids
            or (self.author_id is not None and self.author_id == actor.person_id)
        )

    def is_put_away(self, actor: Actor) -> bool:
        """Whether the actor has seen it as it stands now, and put it away."""
        seen = actor.preferences.get(SEEN)
        return isinstance(seen, dict) and seen.get(str(self.id)) == self.edition


def announce_board() -> None:
    """Tell open pages that the board changed."""
    announce(TOPIC, KIND)


def running(actor: Actor, *, afresh: bool = False) -> list[Running]:
    """Return what runs now and is for the actor, the worst first.

    ``afresh`` asks the database whatever is remembered.
    """
    moment = now()
    order = {"outage": 0, "degraded": 1}
    found = [
        row
        for row in _remembered(actor, afresh)
        if row.is_for(actor) and state_of(row.starts_at, row.ends_at, None, moment) is State.RUNNING
    ]
    return sorted(found, key=lambda row: (order.get(row.severity, 2), row.starts_at, row.id))


def _remembered(actor: Actor, afresh: bool) -> list[Running]:
    if "board" not in g or afresh:
        asked_by = None if afresh else actor.person_id
        g.board = counts.memory().recall(asked_by, "board", _read, shared=True)
    found: list[Running] = g.board
    return found


def _read() -> list[Running]:
    tickets = (
        select(func.count())
        .select_from(AlertTicket)
        .join(Ticket, Ticket.id == AlertTicket.ticket_id)
        .where(
            AlertTicket.alert_id == Alert.id,
            Ticket.restricted.is_(False),
            Ticket.hidden_at.is_(None),
        )
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(
            Alert.id,
            Alert.headline,
            Alert.severity,
            Alert.audience,
            Alert.team_id,
            Alert.author_id,
            Alert.starts_at,
            Alert.ends_at,
            Alert.edition,
            tickets.label("tickets"),
        ).where(Alert.ends_at > now(), Alert.fixed_at.is_(None))
    )
    return [Running(*row) for row in rows]
