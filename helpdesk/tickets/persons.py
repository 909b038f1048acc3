"""What happens to tickets when something happens to people: merging, leaving."""

from sqlalchemy import or_, select, update

from helpdesk.db import db
from helpdesk.people.access import Permission
from helpdesk.people.events import TechnicianDeactivated
from helpdesk.people.services import merge
from helpdesk.tickets.companions import Follower, Presence, Task, View
from helpdesk.tickets.lifecycle import OPEN_ASSIGNMENT, UNFINISHED
from helpdesk.tickets.models import Assignment, Ticket
from helpdesk.tickets.services.act import Act

PERSON_COLUMNS = (
    ("ticket", "customer_id", ()),
    ("ticket", "requester_id", ()),
    ("ticket", "owner_id", ()),
    ("assignment", "technician_id", ()),
    ("task", "person_id", ()),
    ("follower", "person_id", ("ticket_id",)),
    ("copy_recipient", "person_id", ("ticket_id",)),
    ("view", "owner_id", ()),
)
"""Columns that follow a person who is merged into another; the journal keeps its author."""


def register_merging() -> None:
    """Tell the people room which of our columns move when two records are made one."""
    for table, column, alone in PERSON_COLUMNS:
        merge.register(table, column, alone=alone)


def on_technician_deactivated(event: TechnicianDeactivated) -> None:
    """Pass on what a technician leaves behind: tickets, assignments, tasks and views.

    A successor takes each assignment and each ticket; without one the work waits in its queue
    again, unowned. Every ticket's journal says so.
    """
    leaver, heir = event.person, event.successor
    heir_id = heir.id if heir is not None else None
    held = select(Assignment.ticket_id).where(
        Assignment.technician_id == leaver.id, Assignment.state.in_(OPEN_ASSIGNMENT)
    )
    tickets = db.session.scalars(
        select(Ticket)
        .where(
            or_(Ticket.owner_id == leaver.id, Ticket.id.in_(held)),
            Ticket.status_class.in_(UNFINISHED),
        )
        .order_by(Ticket.id)
    )
    for ticket in list(tickets):
        # Whoever may deactivate a technician may pass their work on; the verb's own permission
        # is about working tickets, which an administrator need not do.
        act = Act(event.actor, ticket, Permission.ACCOUNT_EDIT)
        if ticket.owner_id == leaver.id:
            act.set("owner_id", heir_id)
        for row in act.open_assignments():
            if row.technician_id == leaver.id:
                row.state, row.ended_at = "withdrawn", act.at
                act.assign(queue_id=row.queue_id, technician_id=heir_id, moved_from_id=row.id)
        act.note_change("assigned", leaver.name, heir.name if heir is not None else None)
        act.done("pass-on", quiet=True)
    _pass_on_the_rest(leaver.id, heir_id)


def _pass_on_the_rest(leaver_id: int, heir_id: int | None) -> None:
    open_tasks = (Task.person_id == leaver_id, Task.done_at.is_(None))
    db.session.execute(update(Task).where(*open_tasks).values(person_id=heir_id))
    if heir_id is not None:
        db.session.execute(update(View).where(View.owner_id == leaver_id).values(owner_id=heir_id))
    for row in db.session.scalars(select(Follower).where(Follower.person_id == leaver_id)):
        db.session.delete(row)
        if heir_id is not None and db.session.get(Follower, (row.ticket_id, heir_id)) is None:
            db.session.add(Follower(ticket_id=row.ticket_id, person_id=heir_id))
    for presence in db.session.scalars(select(Presence).where(Presence.person_id == leaver_id)):
        db.session.delete(presence)
    db.session.flush()
