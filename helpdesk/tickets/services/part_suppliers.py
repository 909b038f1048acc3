"""A piece of a ticket waits for a supplier, while colleagues go on with theirs."""

from flask_babel import lazy_gettext as _l

from helpdesk.people.access import Actor
from helpdesk.tickets.models import Entry, Ticket
from helpdesk.tickets.services import waits
from helpdesk.tickets.services.act import Act
from helpdesk.tickets.services.assign import acknowledge_rows, check_open, find_open
from helpdesk.tickets.services.errors import Refused
from helpdesk.tickets.services.suppliers import SupplierWait, check_wait


def set_part_waits(
    actor: Actor,
    ticket: Ticket,
    assignment_id: int,
    wait: SupplierWait,
    *,
    note: str = "",
    changing: bool | None = None,
    undo_for: int = 0,
) -> Entry | None:
    """Let an assignment wait for a supplier, or note what they say now if it waits already.

    ``note`` is a word to colleagues; nobody outside reads it. ``changing`` says what the actor
    believed: a wait that somebody began or ended meanwhile is refused rather than overwritten.
    Whoever says for whom it waits has it, so it is acknowledged. None when nothing changes. Raises
    Denied, Refused.
    """
    check_open(ticket)
    act = Act(actor, ticket)
    row = find_open(ticket, assignment_id)
    waited = row.waits_since is not None
    if changing is not None and changing != waited:
        raise Refused("wait-changed", _l("Somebody changed meanwhile whether this part waits."))
    if wait.supplier is None:
        raise Refused("supplier-missing", _l("Choose whom it waits for."), "supplier")
    check_wait(wait, row.supplier_id, row.supplier_promised_at)
    before, noted = waits.told(row), row.wait_note
    row.supplier_id, row.supplier = wait.supplier.id, wait.supplier
    row.supplier_reference = wait.reference.strip()[:120]
    row.supplier_promised_at = wait.promised_at
    row.wait_note = note.strip()[:300]
    row.waits_since = row.waits_since or act.at
    waits.note(act.changes, row, before)
    if not act.changes and row.wait_note == noted:
        return None
    if not waited and row.state == "assigned":
        acknowledge_rows(act, [row])
    verb = "set-part-supplier" if waited else "part-waits"
    said = row.wait_note if row.wait_note != noted else ""
    return act.done(verb, body=said, undo_for=undo_for)


def end_part_wait(
    actor: Actor, ticket: Ticket, assignment_id: int, *, undo_for: int = 0
) -> Entry | None:
    """Take up again what waited for a supplier: they are done, or it goes on without them.

    None when it did not wait. Raises Denied, Refused.
    """
    check_open(ticket)
    act = Act(actor, ticket)
    row = find_open(ticket, assignment_id)
    if row.waits_since is None:
        return None
    before = waits.told(row)
    waits.end(row)
    waits.note(act.changes, row, before)
    return act.done("part-works", undo_for=undo_for)
