"""Moving a ticket through its life: statuses, holding, resolving, closing, reopening, the bin."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.lib.clock import now
from helpdesk.people.absent import stand_in
from helpdesk.people.access import SYSTEM, Actor, Permission
from helpdesk.tickets.companions import Link
from helpdesk.tickets.desk import Cause, Status
from helpdesk.tickets.lifecycle import (
    UNFINISHED,
    BinReason,
    HoldReason,
    LinkType,
    Outcome,
    StatusClass,
    move,
)
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services import choose, suppliers
from helpdesk.tickets.services.act import Act
from helpdesk.tickets.services.assign import acknowledge_mine
from helpdesk.tickets.services.audience import may_read
from helpdesk.tickets.services.errors import Refused
from helpdesk.tickets.services.open import finish
from helpdesk.tickets.services.suppliers import SupplierWait
from helpdesk.tickets.services.talk import check_writable


def check_move(ticket: Ticket, end: StatusClass, verb: str) -> None:
    """Raise Refused unless the table of moves lets this verb take the ticket there."""
    check_writable(ticket)
    allowed = move(StatusClass(ticket.status_class), end)
    if allowed is None:
        raise Refused("move-not-allowed", _l("A ticket can't go there from its present status."))
    if allowed != verb:
        raise Refused("move-by-verb", _l("This move needs its own step: %(verb)s.", verb=allowed))


def change_status(
    actor: Actor, ticket: Ticket, status: Status, *, undo_for: int = 0
) -> Entry | None:
    """Move to another status by the verb that the table of moves names.

    None when it is there already. Resolving, which asks for a cause, is refused here. Raises
    Denied, Refused.
    """
    if status.retired_at is not None:
        raise Refused("status-retired", _l("This status is no longer in use."), "status")
    if status.id == ticket.status_id:
        return None
    end = StatusClass(status.status_class)
    verb = move(StatusClass(ticket.status_class), end)
    if verb == "hold":
        reason = HoldReason(status.hold_reason or "other")
        return hold(actor, ticket, reason, status=status, undo_for=undo_for)
    if verb == "wake":
        return wake(actor, ticket, status=status, undo_for=undo_for)
    if verb == "reopen":
        return reopen(actor, ticket, status=status, undo_for=undo_for)
    if verb == "close":
        return close(actor, ticket, undo_for=undo_for)
    check_move(ticket, end, "change_status")
    act = Act(actor, ticket)
    act.status(status)
    return act.done("change-status", undo_for=undo_for)


def hold(
    actor: Actor,
    ticket: Ticket,
    reason: HoldReason,
    *,
    note: str = "",
    wake_at: datetime | None = None,
    status: Status | None = None,
    supplier: SupplierWait | None = None,
    undo_for: int = 0,
) -> Entry:
    """Put a ticket on hold until something happens or until ``wake_at`` (snooze).

    Raises Denied, Refused. A ticket that waits for a date needs one in the future. For a supplier
    ``supplier`` says whom; without it they are whom it waited for before, if anybody.
    """
    check_move(ticket, StatusClass.PENDING, "hold")
    if wake_at is not None and wake_at <= now():
        raise Refused("wake-in-past", _l("Choose a time that is still to come."), "wake_at")
    if reason is HoldReason.DATE and wake_at is None:
        raise Refused("wake-missing", _l("Choose when it should come back."), "wake_at")
    act = Act(actor, ticket)
    acknowledge_mine(act)
    act.status(status or choose.status_of(StatusClass.PENDING, hold_reason=reason))
    act.set("hold_reason", reason)
    act.set("wake_at", wake_at)
    if reason is not HoldReason.SUPPLIER:
        suppliers.end_within(act)
    elif supplier is not None:
        suppliers.set_within(act, supplier)
    act.set_quietly(hold_note=note.strip()[:300], woken_at=None, customer_replied=False)
    return act.done("hold", body=note.strip(), undo_for=undo_for)


def wake(actor: Actor, ticket: Ticket, *, status: Status | None = None, undo_for: int = 0) -> Entry:
    """Bring a waiting ticket back: by hand, by its wake time or by the customer's answer.

    As when it is reopened, it never comes back to a retired queue. Raises Denied, Refused.
    """
    check_move(ticket, StatusClass.OPEN, "wake")
    act = Act(actor, ticket)
    wake_within(act, status)
    return act.done("wake", undo_for=undo_for)


def wake_within(act: Act, status: Status | None = None) -> None:
    """Wake the ticket as part of an act."""
    act.status(status or choose.status_of(StatusClass.OPEN))
    act.set("hold_reason", None)
    act.set("wake_at", None)
    suppliers.end_within(act)
    act.set_quietly(hold_note="", woken_at=act.at)


def wake_due(limit: int = 200) -> int:
    """Wake the tickets whose time has come; returns how many. Called by the worker."""
    due = list(
        db.session.scalars(
            select(Ticket)
            .where(Ticket.wake_at <= now(), Ticket.hidden_at.is_(None))
            .order_by(Ticket.wake_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )
    for ticket in due:
        if ticket.status_class == StatusClass.PENDING:
            wake(SYSTEM, ticket)
        else:
            ticket.wake_at = None
    return len(due)


def resolve(
    actor: Actor,
    ticket: Ticket,
    *,
    outcome: Outcome,
    solution: str,
    cause: Cause | None = None,
    with_children: bool = False,
    force: bool = False,
    undo_for: int = 0,
    undo_group: str | None = None,
) -> Entry:
    """Say that it is fixed, why it happened and what fixed it.

    Open children hold a ticket open: they are resolved too (``with_children``) or overruled
    (``force``, a permission of its own). Raises Denied, Refused.
    """
    check_move(ticket, StatusClass.RESOLVED, "resolve")
    if not solution.strip():
        raise Refused("solution-missing", _l("Say what fixed it, or what was found."), "solution")
    if outcome in {Outcome.SOLVED, Outcome.WORKAROUND} and cause is None and not ticket.cause_id:
        raise Refused("cause-missing", _l("Choose a cause."), "cause")
    children = open_children(ticket)
    if children and not with_children:
        if not force:
            raise Refused(
                "open-children",
                _l("%(count)d linked tickets are still open.", count=len(children)),
                "with_children",
            )
        actor.demand(Permission.TICKET_FORCE)
    act = Act(actor, ticket)
    act.undo_group = undo_group
    acknowledge_mine(act)
    finish(act, cause=cause, solution=solution.strip(), outcome=outcome)
    entry = act.done("resolve", body=solution.strip(), undo_for=undo_for)
    if with_children:
        for child in children:
            if child.hidden_at is None and child.status_class in UNFINISHED:
                resolve(
                    actor,
                    child,
                    outcome=outcome,
                    solution=solution,
                    cause=cause or child.cause or ticket.cause,
                    with_children=True,
                    undo_for=undo_for,
                    undo_group=undo_group,
                )
    return entry


def open_children(ticket: Ticket) -> list[Ticket]:
    """Return the children that still need work."""
    return list(
        db.session.scalars(
            select(Ticket)
            .join(Link, Link.to_id == Ticket.id)
            .where(
                Link.from_id == ticket.id,
                Link.type == LinkType.PARENT,
                Ticket.status_class.in_(UNFINISHED),
                Ticket.hidden_at.is_(None),
            )
            .order_by(Ticket.id)
        )
    )


def open_below(ticket: Ticket) -> list[Ticket]:
    """Return all that is resolved along with a ticket: its open children and theirs."""
    found = []
    for child in open_children(ticket):
        found += [child, *open_below(child)]
    return found


def close(actor: Actor, ticket: Ticket, *, undo_for: int = 0, quiet: bool = False) -> Entry:
    """End a resolved ticket: nobody has said otherwise, or the customer agreed."""
    check_move(ticket, StatusClass.CLOSED, "close")
    act = Act(actor, ticket)
    act.status(choose.status_of(StatusClass.CLOSED))
    act.set_quietly(closed_at=act.at, customer_replied=False)
    return act.done("close", undo_for=undo_for, quiet=quiet)


def close_due(resolved_before: datetime, limit: int = 200) -> int:
    """Close what was resolved before the moment and not disputed since. Called by the worker."""
    due = list(
        db.session.scalars(
            select(Ticket)
            .where(
                Ticket.status_class == StatusClass.RESOLVED,
                Ticket.resolved_at < resolved_before,
                Ticket.hidden_at.is_(None),
            )
            .order_by(Ticket.resolved_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )
    for ticket in due:
        close(SYSTEM, ticket, quiet=True)
    return len(due)


def reopen(
    actor: Actor,
    ticket: Ticket,
    *,
    reason: str = "",
    status: Status | None = None,
    undo_for: int = 0,
) -> Entry:
    """Open a resolved or closed ticket again; it goes back to its home queue and owner.

    From a queue that was retired meanwhile it goes where new tickets land. A restricted ticket
    goes to another restricted queue of the team; without one it is refused. Raises Denied, Refused.
    """
    check_move(ticket, StatusClass.OPEN, "reopen")
    act = Act(actor, ticket)
    reopen_within(act, status)
    return act.done("reopen", body=reason.strip(), undo_for=undo_for)


def reopen_within(act: Act, status: Status | None = None) -> None:
    """Reopen the ticket as part of an act."""
    ticket = act.ticket
    act.status(status or choose.status_of(StatusClass.OPEN))
    act.set_quietly(
        resolved_at=None,
        resolved_by_id=None,
        closed_at=None,
        first_contact_fix=False,
        waiting_since=act.at,
        reopenings=ticket.reopenings + 1,
        thanked=False,
    )
    act.set("outcome", None)
    owner = ticket.owner
    stays = owner is not None and owner.retired_at is None and owner.is_technician
    if not stays:
        act.set("owner_id", None)
    # Who answers for it stays who did; the work goes round those who are away.
    worker = stand_in(ticket.owner_id) if ticket.owner_id is not None else None
    if worker is not None and worker != ticket.owner_id and not may_read(ticket, worker):
        worker = None
    act.assign(queue_id=ticket.queue_id, technician_id=worker)


def bin_ticket(
    actor: Actor, ticket: Ticket, reason: BinReason, *, block: str = "", undo_for: int = 0
) -> Entry:
    """Put spam or a mistake into the bin, from which it comes back for 30 days.

    ``block`` says whose mail is to be put aside from now on, "sender" or their whole "domain";
    the channel that the ticket came by does it, and takes it back when the ticket comes back.
    """
    check_writable(ticket)
    act = Act(actor, ticket, Permission.TICKET_BIN)
    act.set("hidden_at", act.at)
    act.set("bin_reason", reason)
    if block:
        act.note_change("block", None, block)
    return act.done("bin", undo_for=undo_for, quiet=True)


def restore(actor: Actor, ticket: Ticket, *, undo_for: int = 0) -> Entry:
    """Take a ticket out of the bin, as it was. Raises Denied, Refused.

    As when it is reopened, it never comes back to a retired queue.
    """
    if ticket.hidden_at is None or ticket.bin_reason is None:
        raise Refused("not-binned", _l("This ticket is not in the bin."))
    if is_emptied(ticket):
        raise Refused("bin-emptied", _l("The bin was emptied. This ticket can't come back."))
    act = Act(actor, ticket, Permission.TICKET_BIN)
    restore_within(act)
    return act.done("restore", undo_for=undo_for, quiet=True)


def is_emptied(ticket: Ticket) -> bool:
    """Whether the ticket's days in the bin are over and its texts are gone."""
    return ticket.bin_reason is not None and not ticket.subject


def restore_within(act: Act) -> None:
    """Take the ticket out of the bin as part of an act."""
    act.set("hidden_at", None)
    act.set("bin_reason", None)
