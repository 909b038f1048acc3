"""Pieces of a ticket that wait for suppliers: what the journal tells of it, and how a wait ends.

A wait is written beside its assignment and, as it begins, changes and ends, into the journal
under ``part_waits``: by the keys of assignments, how each waited before and waits now. Clocks read
only the journal.
"""

from collections.abc import MutableMapping
from typing import Any

from helpdesk.db import db
from helpdesk.tickets.desk import Supplier
from helpdesk.tickets.lifecycle import OPEN_ASSIGNMENT, UNFINISHED
from helpdesk.tickets.models import Assignment, Ticket

FIELD = "part_waits"


def told(row: Assignment) -> dict[str, object] | None:
    """Return how an assignment waits as the journal keeps it; None while it does not."""
    if row.waits_since is None or row.supplier_id is None:
        return None
    promised = row.supplier_promised_at
    return {
        "supplier": {
            "id": row.supplier_id,
            "name": db.session.get_one(Supplier, row.supplier_id).name,
        },
        "reference": row.supplier_reference,
        "promised_at": promised.isoformat() if promised is not None else None,
        "part": row.queue.name,
    }


def note(
    changes: MutableMapping[str, Any], row: Assignment, before: dict[str, object] | None
) -> None:
    """Add to an act's changes how an assignment waits now. It needs its key by then."""
    after = told(row)
    if before == after:
        return
    was, now = changes.setdefault(FIELD, [{}, {}])
    was.setdefault(str(row.id), before)
    now[str(row.id)] = after


def end(row: Assignment) -> None:
    """Let an assignment wait no more.

    For whom it waited and their number stay, because their answers still come under it.
    """
    row.waits_since, row.supplier_promised_at, row.wait_note = None, None, ""


def end_with_parts(ticket: Ticket, changes: MutableMapping[str, Any]) -> None:
    """End the waits of pieces that have ended, and of all when the ticket is finished."""
    finished = ticket.status_class not in UNFINISHED
    for row in ticket.assignments:
        if row.waits_since is not None and (finished or row.state not in OPEN_ASSIGNMENT):
            before = told(row)
            end(row)
            note(changes, row, before)


def carry(source: Assignment, to: Assignment, changes: MutableMapping[str, Any]) -> None:
    """Let a colleague in the same queue, who gets the piece, wait for the same supplier.

    ``to`` needs its key by then.
    """
    if source.waits_since is None:
        return
    to.waits_since, to.wait_note = source.waits_since, source.wait_note
    to.supplier_id, to.supplier_reference = source.supplier_id, source.supplier_reference
    to.supplier_promised_at = source.supplier_promised_at
    note(changes, to, None)
