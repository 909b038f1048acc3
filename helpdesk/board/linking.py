"""Tickets and the board: which tickets are about a trouble, and who is told of its end."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select

from helpdesk.board.models import Alert, AlertListener, AlertTicket
from helpdesk.board.remembered import announce_board
from helpdesk.board.writing import check_unfixed
from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.access import Actor, Permission
from helpdesk.people.models import Person
from helpdesk.people.services import merge
from helpdesk.tickets import services
from helpdesk.tickets.lifecycle import UNFINISHED, Kind, LinkType
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.queries.access import visible
from helpdesk.tickets.services.act import Act
from helpdesk.tickets.services.errors import Refused
from helpdesk.tickets.services.talk import check_writable

_OURS = frozenset({Kind.PROBLEM, Kind.CHANGE})
"""Kinds of ticket that are about our own work: nobody waits to hear of them."""


def register_merging() -> None:
    """Let who waits follow a person's record that becomes part of another."""
    merge.register("alert_listener", "person_id", alone=("alert_id",))


def asker(ticket: Ticket) -> Person:
    """Return whom a message about the ticket goes to."""
    return ticket.requester or ticket.customer


def link(actor: Actor, alert: Alert, ticket: Ticket) -> bool:
    """Say that a ticket is about the trouble; False when it was said already.

    Its customer is told when it is fixed, unless the ticket is about our own work. Raises Denied,
    Refused.
    """
    actor.demand(Permission.TICKET_WORK)
    check_unfixed(alert)
    check_writable(ticket)
    if db.session.get(AlertTicket, (alert.id, ticket.id)) is not None:
        return False
    db.session.add(
        AlertTicket(
            alert_id=alert.id, ticket_id=ticket.id, linked_by_id=actor.person_id, linked_at=now()
        )
    )
    act = Act(actor, ticket)
    # Not by its headline: it may be for another team than those who read the ticket.
    act.note_change("alert", None, alert.id)
    act.done("link-alert", quiet=True)
    if ticket.kind not in _OURS:
        _add(actor, alert, asker(ticket), ticket)
    announce_board()
    return True


def unlink(actor: Actor, alert: Alert, ticket: Ticket) -> bool:
    """Say that a ticket is not about the trouble: who waited through it waits no longer.

    A ticket stands for those merged into it. Raises Denied, Refused.
    """
    actor.demand(Permission.TICKET_WORK)
    check_unfixed(alert)
    merged = select(Ticket.id).where(
        or_(Ticket.id == ticket.id, Ticket.merged_into_id == ticket.id)
    )
    rows = list(
        db.session.scalars(
            select(AlertTicket).where(
                AlertTicket.alert_id == alert.id, AlertTicket.ticket_id.in_(merged)
            )
        )
    )
    waiting = select(AlertListener).where(
        AlertListener.alert_id == alert.id, AlertListener.ticket_id.in_(merged)
    )
    for row in [*rows, *db.session.scalars(waiting)]:
        db.session.delete(row)
    if not rows:
        return False
    act = Act(actor, ticket)
    act.note_change("alert", alert.id, None)
    act.done("unlink-alert", quiet=True)
    announce_board()
    return True


def same_trouble(actor: Actor, alert: Alert, ticket: Ticket) -> bool:
    """Link a ticket to the trouble, and below the major incident or problem that stands for it.

    Only those that the actor may see are taken, and only when the ticket has no parent yet.
    Raises Denied, Refused.
    """
    is_new = link(actor, alert, ticket)
    related: set[int] = set()
    for major, kind in ((True, LinkType.PARENT), (False, LinkType.CAUSED_BY)):
        other = _standing_for(actor, alert, ticket, major=major)
        if other is None or other.id in related:
            continue
        related.add(other.id)
        start, end = (other, ticket) if major else (ticket, other)
        try:
            services.link(actor, start, end, kind)
        except Refused:
            # It stands below another ticket already, where somebody has put it.
            continue
    return is_new


def _standing_for(actor: Actor, alert: Alert, ticket: Ticket, *, major: bool) -> Ticket | None:
    """Return the open major incident, or problem, that stands for the trouble."""
    if ticket.major or ticket.kind in _OURS:
        return None
    is_it = Ticket.major.is_(True) if major else Ticket.kind == Kind.PROBLEM.value
    return db.session.scalar(
        select(Ticket)
        .join(AlertTicket, AlertTicket.ticket_id == Ticket.id)
        .where(
            AlertTicket.alert_id == alert.id,
            is_it,
            Ticket.id != ticket.id,
            Ticket.hidden_at.is_(None),
            Ticket.status_class.in_([str(one) for one in UNFINISHED]),
            visible(actor),
        )
        .order_by(Ticket.id)
        .limit(1)
    )


# ---- Who is told of its end ----


def tell_customer(actor: Actor, alert: Alert, ticket: Ticket, wanted: bool) -> bool:
    """Let a ticket's customer be told when it is fixed, or not; False when nothing changes.

    Raises Denied, Refused.
    """
    actor.demand(Permission.TICKET_WORK)
    check_unfixed(alert)
    check_writable(ticket)
    person = asker(ticket)
    done = _add(actor, alert, person, ticket) if wanted else _remove(alert, person)
    if done:
        act = Act(actor, ticket)
        act.note_change("told-when-fixed", not wanted, wanted)
        act.done("tell-when-fixed" if wanted else "tell-no-more", quiet=True)
    return done


def tell_me(actor: Actor, alert: Alert, wanted: bool) -> bool:
    """Let the actor be told when it is fixed, or not. Raises Denied, Refused."""
    actor.demand(Permission.TICKET_READ)
    check_unfixed(alert)
    person = db.session.get(Person, actor.person_id) if actor.person_id is not None else None
    if person is None:
        raise Refused("nobody", _l("Nobody is signed in."))
    return _add(actor, alert, person, None) if wanted else _remove(alert, person)


def _add(actor: Actor, alert: Alert, person: Person, ticket: Ticket | None) -> bool:
    known = db.session.scalar(
        select(AlertListener.id).where(
            AlertListener.alert_id == alert.id, AlertListener.person_id == person.id
        )
    )
    if known is not None:
        return False
    db.session.add(
        AlertListener(
            alert_id=alert.id,
            person_id=person.id,
            ticket_id=ticket.id if ticket is not None else None,
            added_by_id=actor.person_id,
            added_at=now(),
        )
    )
    db.session.flush()
    return True


def _remove(alert: Alert, person: Person) -> bool:
    row = db.session.scalar(
        select(AlertListener).where(
            AlertListener.alert_id == alert.id, AlertListener.person_id == person.id
        )
    )
    if row is None:
        return False
    db.session.delete(row)
    db.session.flush()
    return True
