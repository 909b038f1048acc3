"""It is fixed: everybody who asked is told, once.

The notice is held while it is marked fixed, and everything that is sent is written down in the
same transaction: two people who press at once, or a process that dies between, tell nobody twice
and forget nobody.

Whoever needs both locks the notice first and then tickets, several in order of their numbers. Only
this order is possible here: which tickets are to be locked is known once nobody can link another.
Linking follows it, also while a call is logged.
"""

from dataclasses import dataclass, replace

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from helpdesk.board.events import FixedForPerson
from helpdesk.board.models import Alert, AlertListener, AlertTicket
from helpdesk.board.remembered import announce_board
from helpdesk.board.writing import add_line, check_unfixed
from helpdesk.db import db
from helpdesk.events import publish
from helpdesk.lib.clock import now
from helpdesk.notify import notices
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import Person
from helpdesk.tickets import services
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import hidden_among
from helpdesk.tickets.services.errors import Refused
from helpdesk.tickets.services.talk import Said


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who waits for the end of a trouble.

    With a ticket of their own they are told there; staff without one by a notice.
    """

    row: AlertListener
    person: Person
    ticket: Ticket | None


def waiting_for(alert: Alert) -> list[Waiting]:
    """Return who has not been told yet, in the order in which they asked."""
    return [one for one in listeners(alert) if one.row.told_at is None]


def listeners(alert: Alert) -> list[Waiting]:
    """Return who waits for the end or waited for it, in the order in which they asked.

    A ticket that was merged goes on in the other; nobody is told through one in the bin.
    """
    rows = db.session.scalars(
        select(AlertListener)
        .where(AlertListener.alert_id == alert.id)
        .options(joinedload(AlertListener.person), joinedload(AlertListener.ticket))
        .order_by(AlertListener.id)
    )
    return [Waiting(row, row.person, _living(row.ticket)) for row in rows]


def _living(ticket: Ticket | None) -> Ticket | None:
    if ticket is not None and ticket.merged_into_id is not None:
        ticket = db.session.get(Ticket, ticket.merged_into_id)
    return ticket if ticket is not None and ticket.hidden_at is None else None


def known_to(actor: Actor, people: list[Waiting]) -> list[Waiting]:
    """Return those whom the actor may know of: not who waits through a ticket they can't see."""
    hidden = hidden_among(actor, [one.row.ticket_id for one in people if one.row.ticket_id])
    return [one for one in people if one.row.ticket_id not in hidden]


def fix(actor: Actor, alert: Alert, closing: str, *, expected: int) -> list[Waiting]:
    """Mark a trouble as fixed and tell everybody who waits; returns whom.

    ``alert`` is locked. ``closing`` is what customers read. ``expected`` is the number of people
    that the actor saw and agreed to; when it has grown since, nobody is told. Who writes on the
    board may write to those who asked for it, whatever else they may do with tickets. Raises
    Denied, Refused.
    """
    actor.demand(Permission.BOARD_WRITE)
    check_unfixed(alert)
    closing = closing.strip()
    if not closing:
        raise Refused("closing-missing", _l("Say that it is fixed, and how."), "closing")
    _lock_tickets(alert)
    people = waiting_for(alert)
    reached = len(known_to(actor, people))
    if reached > expected:
        raise Refused(
            "fix-unconfirmed",
            _l("Meanwhile it is %(count)d people who will be told. Look again.", count=reached),
        )
    alert.fixed_at = alert.ends_at = now()
    alert.starts_at = min(alert.starts_at, alert.fixed_at)
    alert.closing = closing
    alert.edition += 1
    add_line(actor, alert, "fixed", text=closing)
    _tell(actor, alert, people)
    announce_board()
    return people


def _lock_tickets(alert: Alert) -> None:
    """Lock the tickets through which somebody waits, and read anew how they stand.

    One may have been merged into another; nobody merges it any more once it is locked.
    """
    mine = [one.row.ticket_id for one in waiting_for(alert) if one.row.ticket_id is not None]
    # Asked for first: a list of numbers is looked up one by one, a query within the query would
    # have every ticket read.
    survivors = db.session.scalars(
        select(Ticket.merged_into_id).where(Ticket.id.in_(mine), Ticket.merged_into_id.is_not(None))
    ).all()
    db.session.scalars(
        select(Ticket)
        .where(Ticket.id.in_({*mine, *survivors}))
        .order_by(Ticket.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def _tell(actor: Actor, alert: Alert, people: list[Waiting]) -> None:
    may_write = replace(actor, permissions=actor.permissions | {Permission.TICKET_WORK})
    common = _seen_by_all(alert)
    staff: dict[int, notices.Kind] = {}
    for one in people:
        one.row.told_at = alert.fixed_at
        if one.ticket is not None:
            # An answer on the ticket, which stays as it is and with whom it is.
            services.reply(
                may_write,
                one.ticket,
                Said(alert.closing),
                to=[one.person],
                cc=[],
                verb="broadcast",
                claims=False,
            )
        elif one.row.ticket_id is None and common is not None:
            staff[one.person.id] = notices.Kind.TROUBLE_FIXED
        elif one.person.id != actor.person_id:
            publish(FixedForPerson(one.person, alert.headline, alert.closing))
    if common is not None:
        notices.tell(staff, common, actor.person_id)


def _seen_by_all(alert: Alert) -> int | None:
    """Return a ticket of the notice that every member of staff may see: notices hang on one."""
    return db.session.scalar(
        select(AlertTicket.ticket_id)
        .join(Ticket, Ticket.id == AlertTicket.ticket_id)
        .where(
            AlertTicket.alert_id == alert.id,
            Ticket.restricted.is_(False),
            Ticket.hidden_at.is_(None),
        )
        .order_by(Ticket.major.desc(), Ticket.id)
        .limit(1)
    )
