"""What every desk starts with: statuses, the priority matrix, causes, views, one queue.

Idempotent: what is there already, renamed or retired, is left alone.
"""

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.tickets.companions import View
from helpdesk.tickets.desk import Cause, PriorityCell, Status
from helpdesk.tickets.lifecycle import DEFAULT_MATRIX

STATUSES: list[tuple[str, str, str, str | None, bool]] = [
    # key, name, class, hold reason, default of its class
    ("new", "New", "new", None, True),
    ("assigned", "Assigned", "open", None, False),
    ("working", "Working", "open", None, True),
    ("waiting-customer", "Waiting on customer", "pending", "customer", True),
    ("waiting-supplier", "Waiting on supplier", "pending", "supplier", False),
    ("waiting-date", "Waiting for a date", "pending", "date", False),
    ("waiting-change", "Waiting for a change", "pending", "change", False),
    ("resolved", "Resolved", "resolved", None, True),
    ("closed", "Closed", "closed", None, True),
]

STATUS_NAMES = {
    "new": _l("New"),
    "assigned": _l("Assigned"),
    "working": _l("Working"),
    "waiting-customer": _l("Waiting on customer"),
    "waiting-supplier": _l("Waiting on supplier"),
    "waiting-date": _l("Waiting for a date"),
    "waiting-change": _l("Waiting for a change"),
    "resolved": _l("Resolved"),
    "closed": _l("Closed"),
}
"""Names of the built-in statuses in the reader's language, unless the desk renamed them."""

CAUSES = [
    "How-to or training",
    "Hardware fault",
    "Software fault",
    "Network fault",
    "Configuration or change",
    "Access or account",
    "Supplier",
    "User error",
    "New or changed request",
    "Could not be reproduced",
]

VIEWS: list[tuple[str, str, str, dict[str, list[str]]]] = [
    # key, name, colour, filter as in the URL
    ("breaching", "Breaching today", "danger", {"due": ["today"]}),
    ("at-risk", "At risk", "c3", {"flag": ["at-risk"]}),
    ("unassigned", "Unassigned", "c2", {"owner": ["none"]}),
    ("customer-replied", "Customer replied", "c1", {"flag": ["replied"]}),
    ("untouched", "Untouched for 3 days", "c3", {"flag": ["untouched"]}),
    ("waiting", "Waiting on customer", "c4", {"class": ["pending"], "hold": ["customer"]}),
    (
        *("suppliers", "Waiting on suppliers", "c4"),
        {"hold": ["supplier"]},
    ),
    ("woken", "Woken up", "c5", {"flag": ["woken"]}),
    ("reopened", "Reopened", "c6", {"flag": ["reopened"]}),
]

VIEW_NAMES = {
    "breaching": _l("Breaching today"),
    "at-risk": _l("At risk"),
    "unassigned": _l("Unassigned"),
    "customer-replied": _l("Customer replied"),
    "untouched": _l("Untouched for 3 days"),
    "waiting": _l("Waiting on customer"),
    "suppliers": _l("Waiting on suppliers"),
    "woken": _l("Woken up"),
    "reopened": _l("Reopened"),
}


def ensure_ticket_setup() -> None:
    """Add the built-in statuses, matrix cells, causes and views that are missing."""
    have = set(db.session.scalars(select(Status.key)))
    for position, (key, name, status_class, reason, default) in enumerate(STATUSES):
        if key not in have:
            db.session.add(
                Status(
                    key=key,
                    name=name,
                    status_class=status_class,
                    hold_reason=reason,
                    is_default=default,
                    position=position,
                )
            )
    cells = {(cell.impact, cell.urgency) for cell in db.session.scalars(select(PriorityCell))}
    for (impact, urgency), priority in DEFAULT_MATRIX.items():
        if (impact, urgency) not in cells:
            db.session.add(PriorityCell(impact=impact, urgency=urgency, priority=priority))
    if db.session.scalar(select(Cause.id).limit(1)) is None:
        for position, name in enumerate(CAUSES):
            db.session.add(Cause(name=name, position=position))
    views = set(db.session.scalars(select(View.key)))
    for position, (key, name, colour, filters) in enumerate(VIEWS):
        if key not in views:
            db.session.add(
                View(key=key, name=name, colour=colour, filters=filters, position=position)
            )
    db.session.flush()
