"""Promises on the ticket's page: the cards of its clocks, and the ledger behind them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from flask import render_template
from markupsafe import Markup
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.access import Permission
from helpdesk.people.guard import actor_or_none, current_actor, require
from helpdesk.sla import business_time, ledger, owners, stored
from helpdesk.sla.clocks import Promise
from helpdesk.sla.expected import expected_with
from helpdesk.sla.models import Clock, Policy, PolicyVersion
from helpdesk.sla.standing import WHOLE
from helpdesk.sla.views import words
from helpdesk.sla.views.blueprint import bp
from helpdesk.tickets.lifecycle import UNFINISHED, StatusClass
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import get_for
from helpdesk.web.due import urgency

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Card:
    """One clock as the page shows it."""

    row: Clock
    promise: Promise
    policy: str
    used: timedelta
    length: timedelta
    priority: int
    css: str
    ticks: bool = False
    """Whether time left is time on the wall: the desk does not close before it is due."""
    whose: str = ""
    """The supplier whose promise it is."""

    @property
    def said(self) -> str:
        """The promise by its name: Gold P2."""
        return f"{self.policy} P{self.priority}"

    @property
    def share(self) -> int:
        """Time used of what was promised, in percent; more than 100 when it was missed."""
        return round(100 * self.used / self.length)

    @property
    def left(self) -> timedelta:
        """Open time left; negative when it was missed."""
        return self.length - self.used

    @property
    def in_time(self) -> bool:
        """Whether it was kept in time, or still can be."""
        return self.used <= self.length and self.row.missed_at is None


def of_ticket(ticket: Ticket) -> Markup | None:
    """Return the cards of a ticket's clocks, and when the customer may expect it."""
    actor = actor_or_none()
    if actor is None or not actor.can(Permission.TICKET_READ):
        return None
    cards, has_parts = _cards_and_parts(ticket)
    fixes = [card.row for card in cards if card.promise is Promise.FIX and not card.whose]
    fix = fixes[0].due_at if fixes else None
    is_open = ticket.status_class in UNFINISHED and ticket.hidden_at is None
    if not cards and not is_open and not has_parts:
        return None
    return Markup(  # noqa: S704 (our own template)
        render_template(
            "sla/_cards.html",
            ticket=ticket,
            cards=cards,
            has_parts=has_parts,
            said=words,
            told=expected_with(ticket, fix),
            is_open=is_open,
            is_ours=ticket.status_class != StatusClass.PENDING,
            may_work=actor.can(Permission.TICKET_WORK) and ticket.hidden_at is None,
        )
    )


def of_preview(ticket: Ticket) -> Markup | None:
    """Return the two clocks that matter most, in the order in which promises fall due."""
    order = list(Promise)
    actor = actor_or_none()
    if actor is None or not actor.can(Permission.TICKET_READ):
        return None
    cards, _has_parts = _cards_and_parts(ticket)
    cards = [card for card in cards if not card.whose][:2]
    cards.sort(key=lambda card: order.index(card.promise))
    if not cards:
        return None
    return Markup(  # noqa: S704 (our own template)
        render_template("sla/_preview.html", ticket=ticket, cards=cards, said=words)
    )


def _cards_and_parts(ticket: Ticket) -> tuple[list[Card], bool]:
    """Return a ticket's clocks, the one that is due first at the top, and whether parts have some.

    Those of parts stand at the assignments; of suppliers only the one that runs. One query, and
    one more where a supplier is waited for.
    """
    rows = db.session.execute(
        select(Clock, Policy.name)
        .join(PolicyVersion, PolicyVersion.id == Clock.policy_version_id)
        .join(Policy, Policy.id == PolicyVersion.policy_id)
        .where(Clock.ticket_id == ticket.id, Clock.state != "none")
    ).all()
    shown = [
        (row, policy)
        for row, policy in rows
        if row.piece == WHOLE or (row.piece < WHOLE and row.state == "running")
    ]
    names = owners.names_of(ticket, {row.piece for row, _policy in shown})
    cards = [_card(row, policy, ticket.priority, names) for row, policy in shown]
    order = list(Promise)
    # What runs stands first, by its moment; then what is halted; what was kept comes last.
    rank = {"running": 0, "halted": 1, "met": 2}
    cards.sort(
        key=lambda card: (
            rank[card.row.state],
            card.row.due_at.timestamp() if card.row.due_at else 0.0,
            order.index(card.promise),
        ),
    )
    return cards, any(row.piece > WHOLE for row, _policy in rows)


def _card(row: Clock, policy: str, priority: int, names: Mapping[int, str]) -> Card:
    moment = now()
    used = timedelta(seconds=row.used)
    css, ticks = "", False
    if row.due_at is not None and row.owed_since is not None:
        calendar = stored.calendar_of(row.calendar_version_id)
        used += business_time.between(calendar, row.counted_at, moment)
        css = urgency(row.due_at, row.owed_since, moment)
        left = business_time.between(calendar, moment, row.due_at)
        # Beyond a day the browser would write days, which open time is never written in.
        ticks = moment < row.due_at <= moment + _DAY and left == row.due_at - moment
    elif row.state == "halted":
        css = "pause"
    elif row.missed_at is not None:
        css = "missed"
    length = timedelta(seconds=row.length)
    promise, whose = Promise(row.promise), names.get(row.piece, "")
    return Card(row, promise, policy, used, length, priority, css, ticks, whose)


@bp.get("/tickets/<int:number>/promises")
@require(Permission.TICKET_READ)
def ledger_dialog(number: int) -> str:
    """Explain every minute of every promise of a ticket."""
    actor = current_actor()
    ticket = get_for(actor, number)
    return render_template(
        "sla/ledger.html", ticket=ticket, ledger=ledger.ledger_of(actor, ticket), said=words
    )
