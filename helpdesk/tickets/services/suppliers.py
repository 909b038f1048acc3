"""Waiting for a supplier: for whom, under which number of theirs, and what they promised."""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _l

from helpdesk.lib.clock import now
from helpdesk.people.access import Actor
from helpdesk.tickets.desk import Supplier
from helpdesk.tickets.lifecycle import HoldReason, StatusClass
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services.act import Act
from helpdesk.tickets.services.errors import Refused


@dataclass(frozen=True, slots=True)
class SupplierWait:
    """For whom a ticket waits. Without a supplier it waits for one whom nobody named."""

    supplier: Supplier | None = None
    reference: str = ""
    """Their number of it."""
    promised_at: datetime | None = None
    """What they promised (UTC)."""


def waits_for_supplier(ticket: Ticket) -> bool:
    """Whether the ticket waits for a supplier now, named or not."""
    return ticket.status_class == StatusClass.PENDING and ticket.hold_reason == HoldReason.SUPPLIER


def set_supplier(
    actor: Actor, ticket: Ticket, wait: SupplierWait, *, undo_for: int = 0
) -> Entry | None:
    """Say for whom a ticket waits that waits already, or what they promise now.

    None when nothing changes. Raises Denied, Refused.
    """
    if not waits_for_supplier(ticket):
        raise Refused("not-waiting", _l("This ticket does not wait for a supplier."))
    act = Act(actor, ticket)
    set_within(act, wait)
    return act.done("set-supplier", undo_for=undo_for) if act.changes else None


def set_within(act: Act, wait: SupplierWait) -> None:
    """Say for whom a ticket waits as part of an act. Raises Refused."""
    ticket, supplier = act.ticket, wait.supplier
    check_wait(wait, ticket.supplier_id, ticket.supplier_promised_at)
    act.set("supplier_id", supplier.id if supplier is not None else None)
    act.set("supplier_reference", wait.reference.strip()[:120])
    act.set("supplier_promised_at", wait.promised_at)


def check_wait(wait: SupplierWait, supplier_id: int | None, promised_at: datetime | None) -> None:
    """Raise Refused for what makes no sense.

    A supplier that is named already may be retired, a promise that was given may be past.
    """
    supplier = wait.supplier
    if supplier is None and (wait.reference.strip() or wait.promised_at is not None):
        raise Refused("supplier-missing", _l("Choose whom it waits for."), "supplier")
    if supplier is not None and supplier.retired_at is not None and supplier.id != supplier_id:
        raise Refused("supplier-retired", _l("This supplier is no longer in use."), "supplier")
    is_new = wait.promised_at != promised_at
    if wait.promised_at is not None and is_new and wait.promised_at <= now():
        raise Refused("promise-past", _l("Choose a time that is still to come."), "promised_at")


def reference_of(ticket: Ticket, supplier_id: int) -> str:
    """Return a supplier's number of what they have of a ticket; empty when they gave none."""
    if waits_for_supplier(ticket) and ticket.supplier_id == supplier_id:
        return ticket.supplier_reference
    of_parts = [row for row in ticket.assignments if row.supplier_id == supplier_id]
    of_parts.sort(key=lambda row: (row.waits_since is None, -row.id))
    if of_parts:
        return of_parts[0].supplier_reference
    return ticket.supplier_reference if ticket.supplier_id == supplier_id else ""


def suppliers_of(ticket: Ticket) -> list[Supplier]:
    """Return for whom a ticket and its parts wait or waited last, the ticket's own first."""
    named = [ticket.supplier, *(row.supplier for row in ticket.assignments)]
    return list(dict.fromkeys(one for one in named if one is not None))


def end_within(act: Act) -> None:
    """The ticket waits for nobody any more: what was promised about this wait is over.

    Whom it waited for and their number stay, because their answers still come under it.
    """
    act.set("supplier_promised_at", None)
